"""HTML pages that need nothing beside themselves: rendering, pictures, charts as numbers for the templates."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

#: Longer side of a picture in pixels; larger ones are made smaller.
SIDE = 112

#: Where a chart is drawn, in units of its box of 320 x 200: left, right, top, bottom.
LEFT, RIGHT, TOP, BOTTOM = 36.0, 310.0, 10.0, 170.0

#: How lines are told apart by more than their colour.
DASHES = ("none", "7 3", "2 2")

#: Letters that Markdown takes for more than themselves.
MARKS = "\\`*_{}[]<>|#~"


def render(template: str, **content: Any) -> str:
    """A template of this package, filled in; of HTML everything that is filled in is escaped."""
    # Imported here, as only what makes pages needs it.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["plain"] = plain
    return templates.get_template(template).render(**content)


def plain(text: Any) -> str:
    """Text that Markdown takes as it is, on one line."""
    return "".join(f"\\{letter}" if letter in MARKS else letter for letter in " ".join(str(text).split()))


def picture(pixels: np.ndarray, alt: str, side: int = SIDE) -> dict[str, Any]:
    """A picture as a data URI. Small ones as PNG, which keeps every pixel, others as JPEG.

    Parameters
    ----------
    pixels : ndarray, shape (H, W) or (H, W, 3) uint8
        Grey, or blue, green and red.
    alt : str
        What it shows, for who does not see it.
    side : int
        Larger pictures are scaled so that their longer side has so many pixels.
    """
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 82])
        kind = "jpeg"
    else:
        _, data = cv2.imencode(".png", pixels)
        kind = "png"
    source = f"data:image/{kind};base64,{base64.b64encode(data.tobytes()).decode()}"
    return {"source": source, "alt": alt, "width": pixels.shape[1], "height": pixels.shape[0]}


def ticks(low: float, high: float, least: float = 0.0) -> list[float]:
    """Round values from `low` to `high`, about five, at least `least` apart."""
    span = max(high - low, 1e-9)
    power = 10.0 ** np.floor(np.log10(span / 5))
    step = next(power * s for s in (1, 2, 5, 10) if span / (power * s) <= 6)
    # 0 is added to what may be -0.
    step = max(step, least)
    steps = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1)
    return [round(float(t), 10) + 0.0 for t in steps * step]


def chart(
    lines: Sequence[dict[str, Any]],
    x: tuple[float, float],
    y: tuple[float, float],
    words: tuple[str, str],
    about: str,
    counts: bool = False,
) -> dict[str, Any]:
    """A chart of lines for the macro `chart` of the templates.

    Parameters
    ----------
    lines : sequence of dict
        'name', 'points' (m, 2); optional 'sizes' (m,), the areas of dots in shares of the largest, 'band' (m, 2), low
        and high, and 'plain', for a line of reference without dots.
    x, y : (float, float)
        Ends of the axes.
    words : (str, str)
        What stands along them.
    about : str
        What the chart shows, for who does not see it.
    counts : bool
        Whether the x axis has whole numbers only.

    Returns
    -------
    dict
    """

    def across(value: Any) -> Any:
        return np.round(LEFT + (RIGHT - LEFT) * (np.asarray(value, float) - x[0]) / max(x[1] - x[0], 1e-9), 1)

    def up(value: Any) -> Any:
        return np.round(BOTTOM - (BOTTOM - TOP) * (np.asarray(value, float) - y[0]) / max(y[1] - y[0], 1e-9), 1)

    drawn = []
    for k, line in enumerate(lines):
        points = np.asarray(line["points"], float).reshape(-1, 2)
        places = np.stack([across(points[:, 0]), up(points[:, 1])], 1)
        sizes = np.sqrt(np.asarray(line.get("sizes", np.full(len(points), 0.2)), float))
        band = []
        if "band" in line:
            low, high = np.asarray(line["band"], float).T
            band = [*zip(places[:, 0], up(high), strict=True), *zip(places[::-1, 0], up(low[::-1]), strict=True)]
        dots = [(*map(float, at), round(1.5 + 3.5 * float(s), 1)) for at, s in zip(places, sizes, strict=True)]
        drawn.append(
            {
                "name": line["name"],
                "points": " ".join(f"{a:g},{b:g}" for a, b in places),
                "dots": [] if line.get("plain") else dots,
                "band": " ".join(f"{a:g},{b:g}" for a, b in band),
                "dash": "2 3" if line.get("plain") else DASHES[k % len(DASHES)],
                "colour": "var(--soft)" if line.get("plain") else f"var(--c{k % 8})",
            }
        )
    return {
        "lines": drawn,
        "x_ticks": [(float(across(t)), f"{t:g}") for t in ticks(*x, least=float(counts))],
        "y_ticks": [(float(up(t)), f"{t:g}") for t in ticks(*y)],
        "x_words": words[0],
        "y_words": words[1],
        "about": about,
    }


def spans(
    rows: Sequence[dict[str, Any]], ends: tuple[float, float], about: str, mark: float | None = None
) -> dict[str, Any]:
    """Figures with intervals as lines below each other, for the macro `spans` of the templates.

    Parameters
    ----------
    rows : sequence of dict
        'name', 'value', 'told' (the figure in words); optional 'low' and 'high'; 'sure', grey instead of colour where
        it is False.
    ends : (float, float)
        Of the scale.
    about : str
        What they show, for who does not see it.
    mark : float, optional
        Where a line is drawn through all of them, such as chance or no difference.
    """
    low, high = ends

    def at(value: float) -> float:
        return round(100 * float(np.clip((value - low) / max(high - low, 1e-9), 0, 1)), 2)

    drawn = []
    for row in rows:
        interval = None
        if row.get("low") is not None:
            interval = (at(row["low"]), round(at(row["high"]) - at(row["low"]), 2))
        drawn.append({**row, "at": at(row["value"]), "interval": interval, "sure": row.get("sure", True)})
    return {"rows": drawn, "about": about, "mark": None if mark is None else at(mark), "ends": [f"{v:g}" for v in ends]}
