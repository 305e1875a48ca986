"""What a model leans on, drawn on the mean face of each class."""

from __future__ import annotations

import dataclasses
import textwrap
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..evaluation.cross_validation import class_name
from ..explain.contributions import by_place, check_leaning, columns_of, contributions, directions, is_linear, rows_of
from ..explain.locations import Places, places_of
from ..extractors import Align
from ..extractors.features import extractors_of
from ..pipelines import name_of, prepared
from ..samples.table import Samples
from ..vision.displacement import registered
from ..vision.geometry import PARTS, interocular_distance
from .descriptors import ARROWS, CLOSED

#: Colours from nothing to the most that a place has: of cells, which let the face through, and of circles, which lie
#: on a small part of it.
OVER_FACES = [(1.0, 0.8, 0.2, 0.0), (1.0, 0.65, 0.1, 0.4), (0.9, 0.2, 0.05, 0.7), (0.5, 0.0, 0.15, 0.9)]
SOLID = ["#fff8e1", "#ffb300", "#e53914", "#80002a"]

#: What colours and arrows mean, in words that stand below the picture.
LEAD = (
    "{}: how much the features of a place add to the lead of the class, which is its mean score on its own rows "
    "above that on all rows; 1 is what each place would have if all added the same, and 0 is nothing, or against it."
)
GAIN = (
    "{}: gain (loss taken away in training) of all splits by the features of a place in the trees of the class; 1 is "
    "what each place would have if all gained the same. Gain does not tell what speaks for a class from what speaks "
    "against it."
)
SPOTS = "Measures between landmarks, such as the width of the mouth, count at their points."
APEX = "Faces: mean apex of the class."
MOVES = (
    "Faces: mean neutral. Arrows: how points have moved where the score of the class is {} standard deviations above "
    "its mean."
)

#: Arrows are as long as at this many standard deviations above the mean score: about where rows of the class are.
DEVIATIONS = 2


@dataclasses.dataclass(frozen=True)
class Face:
    """A mean face: the picture (H, W), None without images; its landmarks (68, 2), None without."""

    picture: np.ndarray | None
    points: np.ndarray | None


def draw_leaning(model: BaseEstimator, X: Samples, feature: str) -> Any:
    """Draw which cells or landmarks a model leans on, a panel a class.

    Parameters
    ----------
    model : Pipeline
        Fitted, as `make_pipeline` makes it, with one of the classifiers that `leaning` knows.
    X : Samples
        Labelled rows of every class of the model; they give the mean faces and, for linear models, the mean features.
    feature : str
        Name of one of the pipeline's extractors.

    Returns
    -------
    matplotlib.figure.Figure
        The title names the model and the data, the caption says what colours and arrows mean.

    Raises
    ------
    FerError
        As `leaning` and `places_of` do.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize
    from matplotlib.figure import Figure

    check_leaning(model, feature)
    whole = contributions(model, X)
    leans = whole[:, columns_of(model, feature)]
    places = places_of(dict(extractors_of(model))[feature])
    heat = heat_maps(by_place(leans, places), places)
    arrows = directions(model, X, feature)
    rows = rows_of(model, X)
    labels, codes = np.asarray(X["label"])[rows], model.named_steps["classifier"].classes_
    faces = _faces(model, X[rows], labels, codes, neutral=arrows is not None)
    parts = _parts(model, feature, leans.sum(1), whole.sum(1))

    columns = min(len(codes), 3)
    lines = -(-len(codes) // columns)
    width = 2.7 * columns + 1.1
    figure = Figure(figsize=(width, 3.6 * lines + 1.2), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    colours = LinearSegmentedColormap.from_list("leaning", SOLID if places.spots else OVER_FACES)
    # One scale for all classes, so that panels can be compared.
    scale = ScalarMappable(Normalize(0, max(float(heat.max()), 1.0)), colours)
    grey = contrast(faces)
    panels = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for k, axes in enumerate(panels):
        axes.set_axis_off()
        if k >= len(codes):
            continue
        _draw_face(axes, faces[k], grey)
        if places.spots:
            _draw_spots(axes, faces[k], places, heat[k], scale, None if arrows is None else arrows[k])
        else:
            _draw_cells(axes, faces[k], heat[k], scale)
        axes.set_title(f"{class_name(X, codes[k])}, {(labels == codes[k]).sum()} rows{parts[k]}", fontsize=10)
    if places.spots:
        _make_room(panels[0], faces)
    bar = figure.colorbar(scale, ax=panels.tolist(), shrink=0.7, aspect=30, pad=0.02, label="times an even share")
    # The colours of cells lie over grey here too, as they do over faces.
    bar.ax.set_facecolor("#8c8c8c")
    synthetic = " (synthetic)" if X.info.synthetic else ""
    title = f"{name_of(model)}: what it leans on in {feature}\n{X.info.dataset}{synthetic}, {len(rows)} rows\n"
    figure.suptitle(title, fontsize=11)
    words = [(LEAD if is_linear(model) else GAIN).format("Colour and size" if places.spots else "Colour")]
    words += [SPOTS] if ((places.spread > 0).sum(1) > 1).any() else []
    words += [APEX] if arrows is None else [MOVES.format(DEVIATIONS)]
    caption = "\n".join(textwrap.wrap(" ".join(words), round(16.5 * width)))
    figure.supxlabel(f"\n{caption}", fontsize=8, x=0.02, ha="left")
    return figure


def _parts(model: BaseEstimator, feature: str, part: np.ndarray, whole: np.ndarray) -> list[str]:
    """What part of the whole the features that are drawn make up in each class, where the model has others too."""
    if len(extractors_of(model)) == 1:
        return [""] * len(whole)
    what = "lead" if is_linear(model) else "gain"
    return [
        f"\n{feature}: {100 * a / b:.0f} % of the {what}" if b > 0 else f"\nno {what}"
        for a, b in zip(part, whole, strict=True)
    ]


def heat_maps(shares: np.ndarray, places: Places) -> np.ndarray:
    """Shares in units of an even one: of landmarks (classes, m); of cells as pictures, (classes, 160, 160)."""
    if places.spots:
        return shares * shares.shape[1]
    # Cells of several sizes lie over each other; on a fine raster they add up.
    n = 160
    maps = np.zeros((len(shares), n, n))
    for k, box in enumerate(places.boxes):
        left, top, right, bottom = np.rint(n * box).astype(int)
        maps[:, top:bottom, left:right] += shares[:, k, None, None] / ((box[2] - box[0]) * (box[3] - box[1]))
    return maps


def _faces(model: BaseEstimator, X: Samples, labels: np.ndarray, codes: np.ndarray, neutral: bool) -> list[Face]:
    """The mean apex of each class; or the mean neutral face, from which displacements start, for all of them."""
    if "images" in X and "align" not in model.named_steps:
        X = Align().transform(X)
    X = prepared(model, X)
    if neutral:
        return [mean_face(X, 0)] * len(codes)
    return [mean_face(X[labels == code], -1) for code in codes]


def mean_face(X: Samples, t: int) -> Face:
    """The mean of frame `t` over all rows: pictures, and landmarks in their pixels; of landmarks alone upright."""
    picture = points = None
    if "images" in X:
        batches = (X[start : start + 64] for start in range(0, len(X), 64))
        picture = sum(batch.frame("images", t).sum(0, dtype=np.float64) for batch in batches) / len(X)
    if "landmarks" in X:
        points = registered(X["landmarks"])[:, t] if picture is None else X.frame("landmarks", t)
        points = np.nanmean(points, axis=0, dtype=np.float64)
    return Face(picture, points)


def contrast(faces: list[Face]) -> tuple[float, float]:
    """Grey values that are shown as black and white: a mean of many faces has few that are dark or bright."""
    pictures = [face.picture for face in faces if face.picture is not None]
    low, high = np.percentile(pictures, [1, 99.8]) if pictures else (0, 255)
    return float(low), float(max(high, low + 1))


def _draw_face(axes: Any, face: Face, grey: tuple[float, float]) -> None:
    if face.picture is not None:
        axes.imshow(face.picture, cmap="gray", vmin=grey[0], vmax=grey[1])
        return
    assert face.points is not None
    axes.set_aspect("equal")
    for name, where in PARTS.items():
        line = face.points[where]
        line = np.concatenate([line, line[:1]]) if name in CLOSED else line
        axes.plot(*line.T, color="#9aa7b4", linewidth=1)


def _draw_cells(axes: Any, face: Face, heat: np.ndarray, scale: Any) -> None:
    assert face.picture is not None
    height, width = face.picture.shape
    box = (-0.5, width - 0.5, height - 0.5, -0.5)
    axes.imshow(heat, cmap=scale.cmap, norm=scale.norm, extent=box, interpolation="nearest")


def _draw_spots(axes: Any, face: Face, places: Places, heat: np.ndarray, scale: Any, arrows: np.ndarray | None) -> None:
    assert face.points is not None
    # Area by share, so that a large circle is not taken for more than it is; large ones lie below small ones.
    order = np.argsort(-heat)
    at, heat = places.positions(face.points)[order], heat[order]
    colours = {"c": heat, "cmap": scale.cmap, "norm": scale.norm}
    axes.scatter(*at.T, s=4 + 160 * scale.norm(heat), **colours, linewidths=0.4, edgecolors="black")
    if arrows is not None:
        moves = DEVIATIONS * arrows * interocular_distance(face.points)
        axes.quiver(*face.points.T, *moves.T, color="#4cc9f0", **{**ARROWS, "width": 0.007})


def _make_room(axes: Any, faces: list[Face]) -> None:
    """Show all landmarks, of which the jaw's lie beyond the crop, with room for circles and arrows."""
    points = np.concatenate([face.points for face in faces if face.points is not None])
    if faces[0].picture is not None:
        height, width = faces[0].picture.shape
        points = np.concatenate([points, [(-0.5, -0.5), (width - 0.5, height - 0.5)]])
    (left, top), (right, bottom) = points.min(0), points.max(0)
    room = 0.05 * (right - left)
    axes.set_xlim(left - room, right + room)
    axes.set_ylim(bottom + room, top - room)
