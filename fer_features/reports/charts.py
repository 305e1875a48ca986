"""Line charts and interval plots of reports, as coordinates for the templates."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

#: Plot area of a chart in its viewBox of 320 x 200: left, right, top, bottom.
LEFT, RIGHT, TOP, BOTTOM = 42.0, 310.0, 10.0, 170.0

#: Number of colours in the style sheet.
N_COLORS = 8

#: Dash patterns, so that lines do not differ by colour only.
DASH_PATTERNS = ("none", "7 3", "2 2")
REFERENCE_DASHES = "2 3"

#: Radii of markers in units of the viewBox: of the smallest and of the largest.
MIN_RADIUS, MAX_RADIUS = 1.5, 5.0
#: Area of a marker as fraction of the largest, where a line has no sizes.
DEFAULT_SIZE = 0.2


@dataclasses.dataclass(frozen=True, eq=False)
class Line:
    """A line of a chart.

    Attributes
    ----------
    points : array-like, shape (m, 2)
        x and y.
    sizes : array-like, shape (m,), or None
        Areas of the markers as fractions of the largest; None for small markers of equal size.
    band : array-like, shape (m, 2), or None
        Lower and upper limit of a shaded band.
    reference : bool
        A dotted reference line without markers.
    """

    points: Any
    sizes: Any = None
    band: Any = None
    reference: bool = False


@dataclasses.dataclass(frozen=True)
class SvgLine:
    """A line in coordinates of the viewBox: attributes of SVG elements, and markers (x, y, radius)."""

    points: str
    markers: tuple[tuple[float, float, float], ...]
    band: str
    dashes: str
    color: str


@dataclasses.dataclass(frozen=True)
class LineChart:
    """A chart for the macro `chart`; ticks are pairs of a coordinate of the viewBox and a text."""

    lines: tuple[SvgLine, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    x_label: str
    y_label: str
    about: str


@dataclasses.dataclass(frozen=True)
class ValueRow:
    """A row of an interval plot: a value, the value as text, and the limits of its interval if it has one.

    Rows that are not emphasized are grey.
    """

    name: str
    value: float
    text: str
    low: float | None = None
    high: float | None = None
    emphasized: bool = True


@dataclasses.dataclass(frozen=True)
class SvgRow:
    """A row in percent of the width: position of the value, and left end and width of the interval."""

    name: str
    text: str
    emphasized: bool
    position: float
    interval: tuple[float, float] | None


@dataclasses.dataclass(frozen=True)
class IntervalPlot:
    """An interval plot for the macro `interval_plot`; `mark` is the position of a vertical line in percent."""

    rows: tuple[SvgRow, ...]
    limits: tuple[str, str]
    about: str
    mark: float | None


def line_chart(
    lines: Sequence[Line],
    x: tuple[float, float],
    y: tuple[float, float],
    labels: tuple[str, str],
    about: str,
    integer_x: bool = False,
) -> LineChart:
    """A chart of lines with linear axes.

    Parameters
    ----------
    lines : sequence of Line
    x, y : (float, float)
        Limits of the axes.
    labels : (str, str)
        Axis labels.
    about : str
        Text alternative.
    integer_x : bool, default False
        Whether ticks of the x axis are integers.

    Returns
    -------
    LineChart
    """

    def to_x(value: Any) -> Any:
        return np.round(LEFT + (RIGHT - LEFT) * (np.asarray(value, float) - x[0]) / max(x[1] - x[0], 1e-9), 1)

    def to_y(value: Any) -> Any:
        return np.round(BOTTOM - (BOTTOM - TOP) * (np.asarray(value, float) - y[0]) / max(y[1] - y[0], 1e-9), 1)

    svg_lines: list[SvgLine] = []
    for k, line in enumerate(lines):
        points = np.asarray(line.points, float).reshape(-1, 2)
        at = np.stack([to_x(points[:, 0]), to_y(points[:, 1])], 1)
        sizes = np.full(len(points), DEFAULT_SIZE) if line.sizes is None else np.asarray(line.sizes, float)
        radii = np.round(MIN_RADIUS + (MAX_RADIUS - MIN_RADIUS) * np.sqrt(sizes), 1)
        band: list[tuple[float, float]] = []
        if line.band is not None:
            low, high = np.asarray(line.band, float).T
            band = [*zip(at[:, 0], to_y(high), strict=True), *zip(at[::-1, 0], to_y(low[::-1]), strict=True)]
        markers = tuple((float(a), float(b), float(r)) for (a, b), r in zip(at, radii, strict=True))
        svg_lines.append(
            SvgLine(
                points=" ".join(f"{a:g},{b:g}" for a, b in at),
                markers=() if line.reference else markers,
                band=" ".join(f"{a:g},{b:g}" for a, b in band),
                dashes=REFERENCE_DASHES if line.reference else DASH_PATTERNS[k % len(DASH_PATTERNS)],
                color="var(--soft)" if line.reference else f"var(--c{k % N_COLORS})",
            )
        )
    return LineChart(
        lines=tuple(svg_lines),
        x_ticks=tuple((float(to_x(t)), f"{t:g}") for t in axis_ticks(*x, min_step=float(integer_x))),
        y_ticks=tuple((float(to_y(t)), f"{t:g}") for t in axis_ticks(*y)),
        x_label=labels[0],
        y_label=labels[1],
        about=about,
    )


def interval_plot(
    rows: Sequence[ValueRow], limits: tuple[float, float], about: str, mark: float | None = None
) -> IntervalPlot:
    """Values with intervals on horizontal lines.

    Parameters
    ----------
    rows : sequence of ValueRow
    limits : (float, float)
        Of the scale; values outside it are shown at its ends.
    about : str
        Text alternative.
    mark : float, optional
        Position of a vertical line, such as the chance level.

    Returns
    -------
    IntervalPlot
    """
    low, high = limits

    def percent(value: float) -> float:
        return round(100 * float(np.clip((value - low) / max(high - low, 1e-9), 0, 1)), 2)

    svg_rows: list[SvgRow] = []
    for row in rows:
        interval = None
        if row.low is not None and row.high is not None:
            interval = (percent(row.low), round(percent(row.high) - percent(row.low), 2))
        svg_rows.append(SvgRow(row.name, row.text, row.emphasized, percent(row.value), interval))
    return IntervalPlot(tuple(svg_rows), (f"{low:g}", f"{high:g}"), about, None if mark is None else percent(mark))


def axis_ticks(low: float, high: float, min_step: float = 0.0) -> list[float]:
    """Round values from `low` to `high`, about five, at least `min_step` apart.

    Examples
    --------
    >>> axis_ticks(0.55, 0.9)
    [0.6, 0.7, 0.8, 0.9]
    """
    span = max(high - low, 1e-9)
    power = 10.0 ** np.floor(np.log10(span / 5))
    step = max(next(power * s for s in (1, 2, 5, 10) if span / (power * s) <= 6), min_step)
    steps = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1)
    return [round(float(t), 10) + 0.0 for t in steps * step]  # + 0.0 turns -0.0 into 0.0
