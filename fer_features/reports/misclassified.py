"""The section of a report on the most confident errors of a model, as images."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from ..evaluation.results import correct_of
from ..explain.occlusion import alignment_of
from ..plotting.overlays import draw_contours
from ..samples.table import Samples
from ..vision.registration import register_landmarks
from .html import EmbeddedImage, ImageCard, embedded_image

#: Number of errors that are shown.
MAX_ERRORS = 12
#: Longer side of an image of a face, in pixels.
FACE_SIDE_PX = 128


@dataclasses.dataclass(frozen=True)
class MisclassifiedSection:
    """Content of the section.

    Attributes
    ----------
    kind : {'probability', 'score'}
        What the model gives for each class. Confidence is the probability of the predicted class, or its score minus
        the score of the true class.
    cards : tuple of ImageCard
        The most confident errors.
    n_errors : int
    n_frames : int
        Frames per sample.
    """

    kind: str
    cards: tuple[ImageCard, ...]
    n_errors: int
    n_frames: int


def misclassified_section(predictions: pd.DataFrame, X: Samples, model: BaseEstimator) -> MisclassifiedSection:
    """Find the most confident errors.

    Parameters
    ----------
    predictions : DataFrame
        Of the reported split.
    X : Samples
        The table that was evaluated.
    model : estimator
        Its alignment crops the faces.

    Returns
    -------
    MisclassifiedSection
    """
    columns = [name for name in predictions if name.startswith(("probability_", "score_"))]
    kind = columns[0].split("_")[0]
    errors = predictions[~correct_of(predictions)]
    values = errors[columns].to_numpy(float)
    index = {name.removeprefix(f"{kind}_"): k for k, name in enumerate(columns)}
    rows = np.arange(len(errors))
    of_predicted = values[rows, errors["predicted"].map(index).to_numpy(int)]
    # A class that is absent from the training samples of a fold has no score.
    of_true = np.nan_to_num(values[rows, errors["true"].map(index).to_numpy(int)])
    confidence = of_predicted if kind == "probability" else of_predicted - of_true
    errors = errors.assign(of_predicted=of_predicted, of_true=of_true, confidence=confidence)
    errors = errors.sort_values("confidence", ascending=False, kind="stable")
    shown = errors.drop_duplicates("sample").head(MAX_ERRORS).to_dict("records")
    return MisclassifiedSection(
        kind=kind,
        cards=tuple(_card(row, X, model, kind) for row in shown),
        n_errors=len(errors),
        n_frames=next((X.column(name).shape[1] for name in ("images", "landmarks") if name in X), 0),
    )


def _card(row: dict[Any, Any], X: Samples, model: BaseEstimator, kind: str) -> ImageCard:
    lines = [
        f"{row['true']} predicted as {row['predicted']}",
        f"{kind} {row['of_predicted']:.2f} ({row['true']} {row['of_true']:.2f})",
        f"sample {row['sample']}" + (f", subject {row['subject']}" if row["subject"] is not None else ""),
    ]
    if str(row["id"]) != str(row["sample"]):
        lines.append(f"id {row['id']}")
    if row.get("duplicate_in_train"):
        lines.append("identical to a training image")
    about = f"sample {row['sample']}, {row['true']} predicted as {row['predicted']}"
    return ImageCard(_frames(X[[row["sample"]]], model, about), tuple(lines))


def _frames(sample: Samples, model: BaseEstimator, about: str) -> tuple[EmbeddedImage, ...]:
    """Neutral and apex frame of a sequence, or the only frame of a still image; none of extracted features."""
    if "images" in sample:
        crops = alignment_of(model, sample).transform(sample)
        n_frames = crops.column("images").shape[1]
        frames = [crops.frame("images", t)[0] for t in ((0, -1) if n_frames > 1 else (0,))]
    elif "landmarks" not in sample:
        return ()
    else:
        landmarks = register_landmarks(sample["landmarks"])[0]
        shapes = np.asarray(landmarks[[0, -1]] if len(landmarks) > 1 else landmarks, float)
        corners = shapes.min((0, 1)), shapes.max((0, 1))
        frames = [draw_contours([points], corners) for points in shapes]
    names = ("neutral", "apex") if len(frames) > 1 else ("face",)
    return tuple(
        embedded_image(frame, f"{about}: {name}", FACE_SIDE_PX) for frame, name in zip(frames, names, strict=True)
    )
