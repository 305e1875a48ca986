"""What a descriptor sees on a face, as pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..exceptions import FerError
from ..extractors import Align
from ..samples.table import Samples
from ..vision.displacement import registered
from ..vision.flow import dense_flow
from ..vision.geometry import PARTS, interocular_distance, similarity
from ..vision.hog import cell_histograms
from ..vision.lbp import lbp_codes

#: Order in which the points of a part are joined, and whether the line closes.
CLOSED = {"left eye", "right eye", "outer lips", "inner lips"}


def draw_feature(feature: str, X: Samples, size: int = 128) -> Any:
    """Draw neutral, apex, and what a descriptor makes of them.

    Parameters
    ----------
    feature : str
        One of `DRAWINGS`.
    X : Samples
        One row with images and landmarks (landmarks alone do for 'landmarks').
    size : int
        Of the aligned crop in pixels.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    FerError
        For an unknown feature, a column that is absent, or a row without a face.
    """
    if feature not in DRAWINGS:
        raise FerError(f"no drawing of '{feature}': one of {', '.join(DRAWINGS)} is needed")
    if X.missing("landmarks").any():
        raise FerError(f"row {X.rows[0]} has no landmarks: there is no face to draw")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels: list[tuple[str, Callable[[Any], None]]] = []
    if "images" in X:
        Z = Align(size=size).transform(X)
        neutral, apex = Z.frame("images", 0)[0], Z.frame("images", -1)[0]
        panels += [("neutral", lambda axes: _grey(axes, neutral)), ("apex", lambda axes: _grey(axes, apex))]
    elif feature == "landmarks":
        Z = X
    else:
        raise FerError(f"the drawing of '{feature}' needs the column 'images', which is absent")
    panels += DRAWINGS[feature](Z)
    figure = Figure(figsize=(3.2 * len(panels), 3.6), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    for place, (title, draw) in enumerate(panels, 1):
        axes = figure.add_subplot(1, len(panels), place)
        draw(axes)
        axes.set_title(title, fontsize=10)
        axes.set_axis_off()
    return figure


def _hog(Z: Samples) -> list[tuple[str, Callable[[Any], None]]]:
    neutral, apex = (cell_histograms(Z.frame("images", t), 9, 8)[0] for t in (0, -1))
    change = apex - neutral
    return [
        ("HOG of the apex", lambda axes: _glyphs(axes, apex, 8, "white", "black")),
        ("more than at neutral", lambda axes: _glyphs(axes, np.maximum(change, 0), 8, "#ff9d5c", "black")),
        ("less than at neutral", lambda axes: _glyphs(axes, np.maximum(-change, 0), 8, "#6cb6ff", "black")),
    ]


def _glyphs(axes: Any, cells: np.ndarray, cell: int, colour: str, ground: str) -> None:
    # An edge runs across its gradient: a quarter turn from the bin's angle, which is measured with y down.
    from matplotlib.collections import LineCollection

    rows, columns, orientations = cells.shape
    angle = (np.arange(orientations) + 0.5) * np.pi / orientations + np.pi / 2
    along = np.stack([np.cos(angle), np.sin(angle)], -1) * cell * 0.48
    y, x = np.mgrid[:rows, :columns] * cell + (cell - 1) / 2
    centre = np.stack([x, y], -1)[:, :, None]
    lines = np.stack([centre - along, centre + along], -2).reshape(-1, 2, 2)
    strength = np.clip(cells / max(np.percentile(cells, 99), 1e-9), 0, 1).ravel()
    shown = strength > 0.05
    axes.add_collection(LineCollection(lines[shown], colors=colour, alpha=strength[shown], linewidths=1.4))
    axes.set_xlim(-0.5, columns * cell - 0.5)
    axes.set_ylim(rows * cell - 0.5, -0.5)
    axes.set_aspect("equal")
    axes.add_patch(_background(axes, ground))


def _background(axes: Any, colour: str) -> Any:
    # The frame is hidden, and with it the ground of the axes.
    from matplotlib.patches import Rectangle

    return Rectangle((0, 0), 1, 1, transform=axes.transAxes, color=colour, zorder=0)


def _lbp(Z: Samples) -> list[tuple[str, Callable[[Any], None]]]:
    neutral, apex = (lbp_codes(Z.frame("images", t), 2)[0] for t in (0, -1))
    return [
        ("LBP labels, neutral", lambda axes: _labels(axes, neutral)),
        ("LBP labels, apex", lambda axes: _labels(axes, apex)),
    ]


def _labels(axes: Any, codes: np.ndarray) -> None:
    # Uniform patterns by their direction as hue; flat and mixed ones, which have none, in grey.
    hue = (codes.astype(int) - 1) % 8 / 8
    ones = (codes.astype(int) - 1) // 8
    picture = np.stack([hue, np.where((codes > 0) & (codes < 57), 0.75, 0), 0.35 + 0.6 * np.clip(ones, 0, 7) / 7], -1)
    from matplotlib.colors import hsv_to_rgb

    axes.imshow(hsv_to_rgb(picture), interpolation="nearest")


def _flow(Z: Samples) -> list[tuple[str, Callable[[Any], None]]]:
    flow = dense_flow(Z.frame("images", 0), Z.frame("images", -1))[0]
    neutral = Z.frame("images", 0)[0]
    return [
        (f"flow, up to {np.hypot(*flow.reshape(-1, 2).T).max():.1f} px", lambda axes: _colours(axes, flow)),
        ("flow on the neutral face", lambda axes: _arrows(axes, neutral, flow)),
    ]


def _colours(axes: Any, flow: np.ndarray) -> None:
    from matplotlib.colors import hsv_to_rgb

    length = np.hypot(flow[..., 0], flow[..., 1])
    hue = np.arctan2(flow[..., 1], flow[..., 0]) / (2 * np.pi) % 1
    strength = np.clip(length / max(np.percentile(length, 99), 1.0), 0, 1)
    axes.imshow(hsv_to_rgb(np.stack([hue, strength, np.ones_like(hue)], -1)))


def _arrows(axes: Any, picture: np.ndarray, flow: np.ndarray, step: int = 7) -> None:
    _grey(axes, picture)
    y, x = np.mgrid[step // 2 : picture.shape[0] : step, step // 2 : picture.shape[1] : step]
    dx, dy = flow[y, x].transpose(2, 0, 1)
    moving = np.hypot(dx, dy) >= 0.5
    axes.quiver(x[moving], y[moving], dx[moving], dy[moving], color="#ffd54a", **ARROWS)


def _landmarks(Z: Samples) -> list[tuple[str, Callable[[Any], None]]]:
    neutral, apex = registered(Z["landmarks"])[0]
    moved = (apex - neutral).astype(float)
    points = Z.frame("landmarks", 0)[0].astype(float)
    # Displacements are upright and in inter-ocular distances: brought into the picture that they are drawn on.
    place = similarity(neutral, points)
    moved = moved @ place[:, :2].T
    picture = Z.frame("images", 0)[0] if "images" in Z else None
    return [("displacement, head motion taken out", lambda axes: _moved(axes, picture, points, moved))]


def _moved(axes: Any, picture: np.ndarray | None, points: np.ndarray, moved: np.ndarray) -> None:
    if picture is None:
        axes.set_aspect("equal")
        axes.invert_yaxis()
    else:
        _grey(axes, picture)
    for name, where in PARTS.items():
        line = points[where]
        line = np.concatenate([line, line[:1]]) if name in CLOSED else line
        axes.plot(*line.T, color="#6cb6ff", linewidth=1)
    axes.quiver(*points.T, *moved.T, color="#e4572e", **ARROWS)
    length = np.linalg.norm(moved, axis=1) / interocular_distance(points)
    axes.text(
        0.02,
        0.02,
        f"up to {length.max():.2f} inter-ocular distances",
        transform=axes.transAxes,
        fontsize=7,
        color="#e4572e",
    )


def _grey(axes: Any, picture: np.ndarray) -> None:
    axes.imshow(picture, cmap="gray", vmin=0, vmax=255)


#: Arrows in pixels of the picture, y down.
ARROWS: dict[str, Any] = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.006}

#: Name -> panels (title, drawing) of an aligned row.
DRAWINGS: dict[str, Callable[[Samples], list[tuple[str, Callable[[Any], None]]]]] = {
    "hog": _hog,
    "lbp": _lbp,
    "flow": _flow,
    "landmarks": _landmarks,
}
