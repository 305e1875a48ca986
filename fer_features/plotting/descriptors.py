"""Plots of what a descriptor computes from a face: HOG glyphs, LBP labels, optical flow, landmark displacements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..exceptions import FerError
from ..extractors import Align
from ..samples.table import Samples
from ..vision.flow import dense_flow
from ..vision.geometry import FACE_REGIONS, estimate_similarity, interocular_distance
from ..vision.hog import cell_histograms
from ..vision.lbp import lbp_codes
from ..vision.registration import register_landmarks
from .faces import CLOSED_CONTOURS
from .literal_text import with_literal_text

#: Arrows whose lengths are in pixels of the image, y down.
ARROW_STYLE: dict[str, Any] = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.006}

#: Orientations and pixels per cell of the HOG that is plotted.
HOG_ORIENTATIONS, HOG_PIXELS_PER_CELL = 9, 8

#: Radius of the LBP that is plotted, in pixels.
LBP_RADIUS_PX = 2

#: Uniform LBP labels with a direction are 1 to 56: 7 numbers of ones times 8 directions. The patterns 0 (no ones) and
#: 57 (all ones) have no direction, nor have the non-uniform patterns, whose label is 58.
N_LBP_DIRECTIONS, MAX_DIRECTED_LBP_LABEL = 8, 56

#: Distance between the arrows of a flow field, and the length below which none is drawn, in pixels.
ARROW_SPACING_PX, MIN_ARROW_LENGTH_PX = 7, 0.5

#: A panel: its title, and the function that plots it into axes.
Panel = tuple[str, Callable[[Any], None]]


@with_literal_text
def plot_descriptor(feature: str, X: Samples, size: int = 128) -> Any:
    """Plot the neutral frame, the apex, and what a descriptor computes from them.

    Parameters
    ----------
    feature : {'hog', 'lbp', 'flow', 'landmarks'}
        A key of `DESCRIPTOR_PLOTS`.
    X : Samples
        One sample with images and landmarks; landmarks are enough for 'landmarks'.
    size : int, default 128
        Side of the aligned crop in pixels.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    FerError
        For an unknown feature, an absent column, or a sample without landmarks.

    Examples
    --------
    >>> from fer_features import Samples
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> neutral = apex = 40 * MEAN_FACE + 60
    >>> figure = plot_descriptor("landmarks", Samples.from_arrays(landmarks=np.stack([neutral, apex])[None]))
    >>> [axes.get_title() for axes in figure.axes]
    ['displacement without head motion']
    """
    if feature not in DESCRIPTOR_PLOTS:
        raise FerError(f"'{feature}' cannot be plotted: choose one of {', '.join(DESCRIPTOR_PLOTS)}")
    if X.missing("landmarks").any():
        raise FerError(f"sample {X.indices[0]} has no landmarks: so its face cannot be plotted: choose another one")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels: list[Panel] = []
    if "images" in X:
        Z = Align(size=size).transform(X)
        neutral, apex = Z.frame("images", 0)[0], Z.frame("images", -1)[0]
        panels += [("neutral", lambda axes: _plot_image(axes, neutral)), ("apex", lambda axes: _plot_image(axes, apex))]
    elif feature == "landmarks":
        Z = X
    else:
        raise FerError(f"the plot of '{feature}' needs the column 'images', which is absent")
    panels += DESCRIPTOR_PLOTS[feature](Z)
    figure = Figure(figsize=(3.2 * len(panels), 3.6), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    for position, (title, plot) in enumerate(panels, 1):
        axes = figure.add_subplot(1, len(panels), position)
        plot(axes)
        axes.set_title(title, fontsize=10)
        axes.set_axis_off()
    return figure


def _hog_panels(Z: Samples) -> list[Panel]:
    neutral, apex = (cell_histograms(Z.frame("images", t), HOG_ORIENTATIONS, HOG_PIXELS_PER_CELL)[0] for t in (0, -1))
    change = apex - neutral
    return [
        ("HOG of the apex", lambda axes: _plot_glyphs(axes, apex, "white")),
        ("increase from neutral", lambda axes: _plot_glyphs(axes, np.maximum(change, 0), "#ff9d5c")),
        ("decrease from neutral", lambda axes: _plot_glyphs(axes, np.maximum(-change, 0), "#6cb6ff")),
    ]


def _plot_glyphs(axes: Any, histograms: np.ndarray, color: str) -> None:
    """Plot a line along the edge of each cell and orientation; its opacity is the value of the bin."""
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Rectangle

    # An edge is perpendicular to its gradient. Angles of bins are measured with y down.
    n_rows, n_columns, n_orientations = histograms.shape
    side = HOG_PIXELS_PER_CELL
    angle = (np.arange(n_orientations) + 0.5) * np.pi / n_orientations + np.pi / 2
    half_line = np.stack([np.cos(angle), np.sin(angle)], -1) * side * 0.48
    y, x = np.mgrid[:n_rows, :n_columns] * side + (side - 1) / 2
    centre = np.stack([x, y], -1)[:, :, None]
    lines = np.stack([centre - half_line, centre + half_line], -2).reshape(-1, 2, 2)
    opacity = np.clip(histograms / max(np.percentile(histograms, 99), 1e-9), 0, 1).ravel()
    visible = opacity > 0.05
    axes.add_collection(LineCollection(lines[visible], colors=color, alpha=opacity[visible], linewidths=1.4))
    axes.set_xlim(-0.5, n_columns * side - 0.5)
    axes.set_ylim(n_rows * side - 0.5, -0.5)
    axes.set_aspect("equal")
    # The axes are off, which hides their background too.
    axes.add_patch(Rectangle((0, 0), 1, 1, transform=axes.transAxes, color="black", zorder=0))


def _lbp_panels(Z: Samples) -> list[Panel]:
    neutral, apex = (lbp_codes(Z.frame("images", t), LBP_RADIUS_PX)[0] for t in (0, -1))
    return [
        ("LBP labels, neutral", lambda axes: _plot_lbp_labels(axes, neutral)),
        ("LBP labels, apex", lambda axes: _plot_lbp_labels(axes, apex)),
    ]


def _plot_lbp_labels(axes: Any, labels: np.ndarray) -> None:
    """Plot uniform patterns with their direction as hue and their number of ones as brightness, others in grey."""
    from matplotlib.colors import hsv_to_rgb

    index = labels.astype(int) - 1
    hue = index % N_LBP_DIRECTIONS / N_LBP_DIRECTIONS
    saturation = np.where((labels > 0) & (labels <= MAX_DIRECTED_LBP_LABEL), 0.75, 0)
    brightness = 0.35 + 0.6 * np.clip(index // N_LBP_DIRECTIONS, 0, 7) / 7
    axes.imshow(hsv_to_rgb(np.stack([hue, saturation, brightness], -1)), interpolation="nearest")


def _flow_panels(Z: Samples) -> list[Panel]:
    flow = dense_flow(Z.frame("images", 0), Z.frame("images", -1))[0]
    neutral = Z.frame("images", 0)[0]
    largest = np.hypot(*flow.reshape(-1, 2).T).max()
    return [
        (f"flow, up to {largest:.1f} px", lambda axes: _plot_flow_colors(axes, flow)),
        ("flow on the neutral frame", lambda axes: _plot_flow_arrows(axes, neutral, flow)),
    ]


def _plot_flow_colors(axes: Any, flow: np.ndarray) -> None:
    """Plot a flow field with the direction as hue and the length as saturation."""
    from matplotlib.colors import hsv_to_rgb

    length = np.hypot(flow[..., 0], flow[..., 1])
    hue = np.arctan2(flow[..., 1], flow[..., 0]) / (2 * np.pi) % 1
    saturation = np.clip(length / max(np.percentile(length, 99), 1.0), 0, 1)
    axes.imshow(hsv_to_rgb(np.stack([hue, saturation, np.ones_like(hue)], -1)))


def _plot_flow_arrows(axes: Any, image: np.ndarray, flow: np.ndarray) -> None:
    _plot_image(axes, image)
    step = ARROW_SPACING_PX
    y, x = np.mgrid[step // 2 : image.shape[0] : step, step // 2 : image.shape[1] : step]
    dx, dy = flow[y, x].transpose(2, 0, 1)
    visible = np.hypot(dx, dy) >= MIN_ARROW_LENGTH_PX
    axes.quiver(x[visible], y[visible], dx[visible], dy[visible], color="#ffd54a", **ARROW_STYLE)


def _landmark_panels(Z: Samples) -> list[Panel]:
    neutral, apex = register_landmarks(Z["landmarks"])[0]
    displacement = (apex - neutral).astype(float)
    landmarks = Z.frame("landmarks", 0)[0].astype(float)
    # Registered landmarks are upright and in interocular distances; arrows are plotted in pixels of the image.
    to_image = estimate_similarity(neutral, landmarks)
    displacement = displacement @ to_image[:, :2].T
    image = Z.frame("images", 0)[0] if "images" in Z else None
    title = "displacement without head motion"
    return [(title, lambda axes: _plot_displacement(axes, image, landmarks, displacement))]


def _plot_displacement(axes: Any, image: np.ndarray | None, landmarks: np.ndarray, displacement: np.ndarray) -> None:
    if image is None:
        axes.set_aspect("equal")
        axes.invert_yaxis()
    else:
        _plot_image(axes, image)
    for name, region in FACE_REGIONS.items():
        line = landmarks[region]
        line = np.concatenate([line, line[:1]]) if name in CLOSED_CONTOURS else line
        axes.plot(*line.T, color="#6cb6ff", linewidth=1)
    axes.quiver(*landmarks.T, *displacement.T, color="#e4572e", **ARROW_STYLE)
    length = np.linalg.norm(displacement, axis=1) / interocular_distance(landmarks)
    text = f"up to {length.max():.2f} interocular distances"
    axes.text(0.02, 0.02, text, transform=axes.transAxes, fontsize=7, color="#e4572e")


def _plot_image(axes: Any, image: np.ndarray) -> None:
    axes.imshow(image, cmap="gray", vmin=0, vmax=255)


#: Name of a descriptor -> function that returns the panels of one aligned sample.
DESCRIPTOR_PLOTS: dict[str, Callable[[Samples], list[Panel]]] = {
    "hog": _hog_panels,
    "lbp": _lbp_panels,
    "flow": _flow_panels,
    "landmarks": _landmark_panels,
}
