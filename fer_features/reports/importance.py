"""The section of a report on feature importance: contributions or occlusion sensitivity, on mean faces."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from ..audit.context import AuditContext
from ..evaluation.eligible_samples import groups_for_folds, training_indices
from ..exceptions import FerError
from ..explain.contributions import (
    class_codes,
    contributions_by_location,
    feature_columns,
    feature_contributions,
    has_contributions,
    is_linear,
)
from ..explain.locations import feature_locations
from ..explain.occlusion import OcclusionSensitivity, alignment_of, extractor_columns, occlusion_sensitivity
from ..extractors.features import named_extractors
from ..pipelines import fitted_members, pipeline_name
from ..plotting.faces import MeanFace, contrast_limits, mean_face
from ..plotting.importance import GAIN_CAPTION, LEAD_CAPTION, SHARED_CAPTION, relative_heat
from ..plotting.overlays import blend_heatmap, draw_circles, render_face
from ..samples.data_info import class_name
from ..samples.feature_blocks import stored_features
from ..samples.table import Samples
from .html import EmbeddedImage, ImageCard, embedded_image, sentence_case

#: Longer side of an image of a face, in pixels.
FACE_SIDE_PX = 176
#: Number of samples of each class for mean faces, and for the mean features of linear models.
MAX_SAMPLES_PER_CLASS = 200
#: Longest duration of a fit, in seconds, for which the model is fitted again without the samples that are occluded.
MAX_FIT_SECONDS = 20.0
#: Number of folds, of which the first is held out.
N_FOLDS = 5
#: Number of samples of each class below which the caption warns that they are only examples.
MIN_SAMPLES_PER_CLASS = 3
#: Lower bound of the end of the colour scale of decreases.
MIN_SCALE_END = 0.02

CONTRIBUTION_PREFIX = "Colour on the mean apex of each class ({} training samples)"
OCCLUSION_CAPTION = (
    "Colour on the mean apex of each class: decrease of the {kind} of the true class when a cell is replaced{how}, "
    "one cell at a time. Mean over {n} held-out samples ({each} of each class){fitted}. Cells without colour cause no "
    "decrease. Cells with redundant information compensate for each other, so a small decrease does not prove that a "
    "cell is irrelevant."
)
FEW_SAMPLES_CAPTION = " So few samples are only examples: their features take long to compute."

#: Names of the rows and columns of cells.
ROW_NAMES = ("forehead", "brows and eyes", "eyes and nose", "nose and cheeks", "mouth", "chin")
COLUMN_NAMES = ("left", "left of the middle", "middle", "right of the middle", "right")


@dataclasses.dataclass(frozen=True)
class ImportanceFigure:
    """One mean face per class; `maximum` is the end of the colour scale, as text."""

    title: str
    cards: tuple[ImageCard, ...]
    maximum: str
    caption: str


@dataclasses.dataclass(frozen=True)
class ImportanceSection:
    """Content of the section: figures, and the reasons for absent figures as text."""

    figures: tuple[ImportanceFigure, ...]
    absent: str


def importance_section(
    model: Any, unfitted: BaseEstimator, X: Samples, predictions: pd.DataFrame, seconds: float, seed: int
) -> ImportanceSection:
    """Figures of the contributions of features, and of occlusion sensitivity where contributions are not supported.

    Parameters
    ----------
    model : estimator
        Fitted on the training samples.
    unfitted : estimator
        The same, to be fitted without some samples where `model` was fitted on all evaluated samples.
    X : Samples
        The table that was evaluated.
    predictions : DataFrame
        Of the reported split.
    seconds : float
        Duration of one fit.
    seed : int
        Random state of the choice of samples.

    Returns
    -------
    ImportanceSection
    """
    if stored_features(X):
        return ImportanceSection((), "The data are extracted features: there are no faces on which to show importance.")
    figures: list[ImportanceFigure] = []
    absent: list[str] = []
    supported = [member for member in fitted_members(model) if has_contributions(member)]
    for member in supported:
        suffix = "" if member is model else f" in {pipeline_name(member)}, a member of the ensemble"
        found, missing = _contribution_figures(member, X, seed, suffix)
        figures += found
        absent += missing
    if supported != [model]:
        try:
            figures.append(_occlusion_figure(model, unfitted, X, predictions, seconds, seed))
        except FerError as error:
            absent.append(f"No occlusion sensitivity: {error}.")
    return ImportanceSection(tuple(figures), " ".join(absent))


def _contribution_figures(model: Any, X: Samples, seed: int, suffix: str) -> tuple[list[ImportanceFigure], list[str]]:
    """A figure for each extractor of a linear or tree model, and the reasons for missing ones."""
    indices = training_indices(model, X)
    codes = class_codes(model, X)
    X = X[_per_class(X.label_codes, indices, codes, seed)]
    every = feature_contributions(model, X)
    names, faces = [class_name(X.info, code) for code in codes], _faces(model, X, codes)
    kind, kind_caption = ("lead", LEAD_CAPTION) if is_linear(model) else ("gain", GAIN_CAPTION)
    figures, absent = [], []
    for feature, extractor in named_extractors(model):
        try:
            locations = feature_locations(extractor)
        except FerError as error:
            absent.append(f"{sentence_case(str(error))}.")
            continue
        own = every[:, feature_columns(model, feature)]
        heat = relative_heat(contributions_by_location(own, locations), locations)
        maximum = max(float(heat.max()), 1.0)
        cards = []
        for k, (name, (face, image)) in enumerate(zip(names, faces, strict=True)):
            lines = [name]
            if len(named_extractors(model)) > 1:
                fraction = own[k].sum() / every[k].sum() if every[k].sum() > 0 else 0.0
                lines.append(f"{100 * fraction:.0f} % of the {kind} is from {feature}")
            if locations.landmarks:
                image = draw_circles(image, face, locations, heat[k] / maximum)
            else:
                image = blend_heatmap(image, heat[k] / maximum)
            cards.append(ImageCard((_image(image, f"mean face of {name}: importance of {feature}"),), tuple(lines)))
        caption = kind_caption.format(CONTRIBUTION_PREFIX.format(len(X)))
        caption += f" {SHARED_CAPTION}" if locations.has_shared_features else ""
        figures.append(ImportanceFigure(f"{feature}{suffix}", tuple(cards), f"{maximum:.1f} times the mean", caption))
    return figures, absent


def _occlusion_figure(
    model: BaseEstimator, unfitted: Any, X: Samples, predictions: pd.DataFrame, seconds: float, seed: int
) -> ImportanceFigure:
    held_out, fitted, how_fitted = _held_out(model, unfitted, X, predictions, seconds, seed)
    found = occlusion_sensitivity(fitted, held_out, seed)
    codes = np.array(list(found.score_drop))
    every = held_out.label_codes
    faces = _faces(model, held_out[_per_class(every, np.arange(len(every)), np.unique(every), seed)], codes)
    maximum = max(max(float(drop.max()) for drop in found.score_drop.values()), MIN_SCALE_END)
    cards = []
    for (_, image), (code, drop) in zip(faces, found.score_drop.items(), strict=True):
        name = class_name(X.info, code)
        blended = _image(blend_heatmap(image, np.maximum(drop, 0) / maximum), f"mean face of {name}: occlusion")
        row, column = np.unravel_index(drop.argmax(), drop.shape)
        where = f"{ROW_NAMES[int(row)]}, {COLUMN_NAMES[int(column)]}"
        cards.append(ImageCard((blended,), (name, f"largest decrease {drop.max():.2f}: {where}")))
    return ImportanceFigure(
        title=f"Occlusion sensitivity of {pipeline_name(model)}",
        cards=tuple(cards),
        maximum=f"a decrease of {maximum:.2f}",
        caption=_occlusion_caption(found, model, X, how_fitted),
    )


def _occlusion_caption(found: OcclusionSensitivity, model: BaseEstimator, X: Samples, how_fitted: str) -> str:
    used = extractor_columns(model)
    motion = "landmarks" in used and X.column("landmarks").shape[1] > 1
    how = [*["by grey"] * ("images" in used), *["by landmarks that only follow the head motion"] * motion]
    counts = list(found.n_samples.values())
    each = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
    caption = OCCLUSION_CAPTION.format(
        kind=found.kind if found.kind == "probability" else "score relative to the mean of the classes",
        how=f" {' and '.join(how)}",
        n=sum(counts),
        each=each,
        fitted=how_fitted,
    )
    return caption + (FEW_SAMPLES_CAPTION if min(counts) < MIN_SAMPLES_PER_CLASS else "")


def _held_out(
    model: BaseEstimator, unfitted: Any, X: Samples, predictions: pd.DataFrame, seconds: float, seed: int
) -> tuple[Samples, BaseEstimator, str]:
    """Samples on which a model was not fitted, that model, and a remark on its fit for the caption."""
    indices = np.unique(predictions["sample"])
    if "split" in predictions:
        known = np.isin(np.asarray(X[indices]["label"]), model.classes_)
        return X[indices[known]], model, ""
    if seconds > MAX_FIT_SECONDS:
        raise FerError(f"the model was fitted on all samples, and a fit without some samples takes {seconds:.0f} s")
    table = X[indices]
    subject = groups_for_folds(table)
    codes, label = table.label_codes, np.asarray(table["label"])
    train, test = AuditContext(unfitted, table, codes, subject, seed).folds(N_FOLDS)[0]
    fitted = unfitted.fit(table[train], label[train])
    known = np.isin(label[test], fitted.classes_)
    n = f"{len(np.unique(subject[test]))} subjects" if subject is not None else f"{len(test)} samples"
    return table[test[known]], fitted, f", for a model that was fitted without these {n}"


def _per_class(codes_of: np.ndarray, indices: np.ndarray, codes: Sequence[int] | np.ndarray, seed: int) -> np.ndarray:
    """At most `MAX_SAMPLES_PER_CLASS` random indices of each class, sorted."""
    rng, of_index = np.random.default_rng(seed), codes_of[indices]
    chosen = [rng.permutation(indices[of_index == code])[:MAX_SAMPLES_PER_CLASS] for code in codes]
    return np.sort(np.concatenate(chosen))


def _faces(model: BaseEstimator, X: Samples, codes: np.ndarray) -> list[tuple[MeanFace, np.ndarray]]:
    """The mean apex of each class, and its image; all with the same contrast, so that they can be compared."""
    label = X.label_codes
    crops = alignment_of(model, X).transform(X) if "images" in X else X
    faces = [mean_face(crops[label == code], -1) for code in codes]
    limits = contrast_limits(faces)
    return [(face, render_face(face, limits)) for face in faces]


def _image(pixels: np.ndarray, alt: str) -> EmbeddedImage:
    """An embedded image smaller than the rendered one, so that it is a JPEG of a few kilobytes."""
    return embedded_image(pixels, alt, FACE_SIDE_PX)
