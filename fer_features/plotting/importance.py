"""Feature contributions of a model, plotted on the mean face of each class."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..explain.contributions import (
    check_contributions,
    class_codes,
    contributions_by_location,
    displacement_patterns,
    feature_columns,
    feature_contributions,
    is_linear,
    samples_of_model_classes,
)
from ..explain.locations import FeatureLocations, feature_locations
from ..extractors.features import named_extractors
from ..pipelines import pipeline_name
from ..samples.data_info import class_name
from ..samples.table import Samples
from ..vision.geometry import FACE_REGIONS, interocular_distance
from .descriptors import ARROW_STYLE
from .faces import CLOSED_CONTOURS, MeanFace, class_mean_faces, contrast_limits
from .literal_text import with_literal_text

#: Colour maps: of cells, partly transparent so that the face is visible, and of circles.
TRANSPARENT_COLORS = [(1.0, 0.8, 0.2, 0.0), (1.0, 0.65, 0.1, 0.4), (0.9, 0.2, 0.05, 0.7), (0.5, 0.0, 0.15, 0.9)]
OPAQUE_COLORS = ["#fff8e1", "#ffb300", "#e53914", "#80002a"]

#: Side of a heat map of cells, in pixels.
HEAT_MAP_SIDE = 160

#: Captions, by kind of model.
LEAD_CAPTION = (
    "{}: contribution of a location to the lead of the class, which is the mean score of its samples minus the mean "
    "score of all samples. 1 is the contribution if all locations contributed equally; 0 is no contribution or a "
    "negative one."
)
GAIN_CAPTION = (
    "{}: gain (decrease of the training loss) of all splits by the features of a location in the trees of the class. "
    "1 is the gain if all locations gained equally. The gain does not show whether a feature is evidence for the class "
    "or against it."
)
SHARED_CAPTION = "The contribution of a distance between landmarks is divided equally among its landmarks."
APEX_CAPTION = "Faces: mean apex of the class."
PATTERN_CAPTION = (
    "Faces: mean neutral face. Arrows: displacement of the landmarks at a score {} SD above the mean of the class."
)

#: Length of arrows, in SD of the score.
ARROW_LENGTH_SD = 2


@with_literal_text
def plot_feature_contributions(model: BaseEstimator, X: Samples, feature: str) -> Any:
    """Plot the contributions of cells or landmarks to each class.

    Parameters
    ----------
    model : Pipeline
        Fitted, as made by `make_pipeline`, with a classifier that `feature_contributions` supports.
    X : Samples
        Labelled samples of every class of the model, for mean faces and, for linear models, mean features.
    feature : str
        Name of one of the extractors of the pipeline.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    FerError
        As `feature_contributions` and `feature_locations`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize
    from matplotlib.figure import Figure

    check_contributions(model, feature)
    every = feature_contributions(model, X)
    own = every[:, feature_columns(model, feature)]
    locations = feature_locations(dict(named_extractors(model))[feature])
    heat = relative_heat(contributions_by_location(own, locations), locations)
    arrows = displacement_patterns(model, X, feature)
    indices = samples_of_model_classes(model, X)
    label, codes = X.label_codes[indices], class_codes(model, X)
    faces = class_mean_faces(model, X[indices], codes, neutral=arrows is not None)
    fractions = _fractions(model, feature, own.sum(1), every.sum(1))

    n_columns = min(len(codes), 3)
    n_rows = -(-len(codes) // n_columns)
    width = 2.7 * n_columns + 1.1
    figure = Figure(figsize=(width, 3.6 * n_rows + 1.2), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    at_landmarks = bool(locations.landmarks)
    colors = LinearSegmentedColormap.from_list("importance", OPAQUE_COLORS if at_landmarks else TRANSPARENT_COLORS)
    # One scale for all classes, so that they can be compared.
    scale = ScalarMappable(Normalize(0, max(float(heat.max()), 1.0)), colors)
    limits = contrast_limits(faces)
    panels = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True).ravel()
    for k, axes in enumerate(panels):
        axes.set_axis_off()
        if k >= len(codes):
            continue
        _draw_face(axes, faces[k], limits)
        if at_landmarks:
            _draw_landmarks(axes, faces[k], locations, heat[k], scale, None if arrows is None else arrows[k])
        else:
            _draw_cells(axes, faces[k], heat[k], scale)
        n_samples = int((label == codes[k]).sum())
        axes.set_title(f"{class_name(X.info, codes[k])}, {n_samples} samples{fractions[k]}", fontsize=10)
    if at_landmarks:
        _set_limits(panels[0], faces)
    bar = figure.colorbar(
        scale, ax=panels.tolist(), shrink=0.7, aspect=30, pad=0.02, label="contribution relative to the mean"
    )
    bar.ax.set_facecolor("#8c8c8c")  # the transparent colours are over grey here, as on the faces
    title = f"{pipeline_name(model)}: contributions of {feature}\n{X.info.title}, {len(indices)} samples\n"
    figure.suptitle(title, fontsize=11)
    caption = LEAD_CAPTION if is_linear(model) else GAIN_CAPTION
    parts = [caption.format("Colour and size" if at_landmarks else "Colour")]
    parts += [SHARED_CAPTION] if locations.has_shared_features else []
    parts += [APEX_CAPTION] if arrows is None else [PATTERN_CAPTION.format(ARROW_LENGTH_SD)]
    wrapped = "\n".join(textwrap.wrap(" ".join(parts), round(16.5 * width)))
    figure.supxlabel(f"\n{wrapped}", fontsize=8, x=0.02, ha="left")
    return figure


def relative_heat(fractions: np.ndarray, locations: FeatureLocations) -> np.ndarray:
    """Fractions relative to their mean: of landmarks (n_classes, m); of cells as images (n_classes, 160, 160)."""
    if locations.landmarks:
        return fractions * fractions.shape[1]
    # Cells of several sizes overlap; their densities are summed on a fine grid.
    n = HEAT_MAP_SIDE
    maps = np.zeros((len(fractions), n, n))
    for k, box in enumerate(locations.boxes):
        left, top, right, bottom = np.rint(n * box).astype(int)
        maps[:, top:bottom, left:right] += fractions[:, k, None, None] / ((box[2] - box[0]) * (box[3] - box[1]))
    return maps


def _fractions(model: BaseEstimator, feature: str, part: np.ndarray, total: np.ndarray) -> list[str]:
    """Fraction of an extractor in the contributions to each class, as text; empty for a single extractor."""
    if len(named_extractors(model)) == 1:
        return [""] * len(total)
    kind = "lead" if is_linear(model) else "gain"
    return [
        f"\n{feature}: {100 * a / b:.0f} % of the {kind}" if b > 0 else f"\nno {kind}"
        for a, b in zip(part, total, strict=True)
    ]


def _draw_face(axes: Any, face: MeanFace, limits: tuple[float, float]) -> None:
    if face.image is not None:
        axes.imshow(face.image, cmap="gray", vmin=limits[0], vmax=limits[1])
        return
    assert face.landmarks is not None
    axes.set_aspect("equal")
    for name, points in FACE_REGIONS.items():
        line = face.landmarks[points]
        line = np.concatenate([line, line[:1]]) if name in CLOSED_CONTOURS else line
        axes.plot(*line.T, color="#9aa7b4", linewidth=1)


def _draw_cells(axes: Any, face: MeanFace, heat: np.ndarray, scale: Any) -> None:
    assert face.image is not None
    height, width = face.image.shape
    box = (-0.5, width - 0.5, height - 0.5, -0.5)
    axes.imshow(heat, cmap=scale.cmap, norm=scale.norm, extent=box, interpolation="nearest")


def _draw_landmarks(
    axes: Any, face: MeanFace, locations: FeatureLocations, heat: np.ndarray, scale: Any, arrows: np.ndarray | None
) -> None:
    assert face.landmarks is not None
    # The area is proportional to the value; large circles are drawn below small ones.
    order = np.argsort(-heat)
    at, heat = locations.positions(face.landmarks)[order], heat[order]
    colors = {"c": heat, "cmap": scale.cmap, "norm": scale.norm}
    axes.scatter(*at.T, s=4 + 160 * scale.norm(heat), **colors, linewidths=0.4, edgecolors="black")
    if arrows is not None:
        vectors = ARROW_LENGTH_SD * arrows * interocular_distance(face.landmarks)
        axes.quiver(*face.landmarks.T, *vectors.T, color="#4cc9f0", **{**ARROW_STYLE, "width": 0.007})


def _set_limits(axes: Any, faces: list[MeanFace]) -> None:
    """Show all landmarks, also those of the jaw outside the crop, with a margin for circles and arrows."""
    points = np.concatenate([face.landmarks for face in faces if face.landmarks is not None])
    if faces[0].image is not None:
        height, width = faces[0].image.shape
        points = np.concatenate([points, [(-0.5, -0.5), (width - 0.5, height - 0.5)]])
    (left, top), (right, bottom) = points.min(0), points.max(0)
    margin = 0.05 * (right - left)
    axes.set_xlim(left - margin, right + margin)
    axes.set_ylim(bottom + margin, top - margin)
