"""The largest motion of a face at rest, learned from training sequences that begin with the neutral face.

A classifier of expressions without a class 'neutral' assigns one of its classes to a face at rest too. Frames whose
distance to the neutral reference is below a threshold therefore get no expression.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ..expressions import FOLDER_CLASSES, parse_expression
from ..faces.localizer import FaceView
from ..pipelines import required_columns
from ..samples.table import Samples
from .face_view import face_distance, normalized_face

#: Fraction of the training apexes of a class that are regarded as too weak to define the motion of the class.
APEX_QUANTILE = 0.05
#: Number of clips that are read together.
BATCH_CLIPS = 64

#: Image and box of views of which only the landmarks are used.
_NO_IMAGE, _NO_BOX = np.zeros((0, 0), np.uint8), np.zeros(4, np.float32)


@dataclasses.dataclass(frozen=True)
class RestThresholds:
    """Distances to the neutral face below which a face is at rest, see `face_distance`.

    Attributes
    ----------
    landmarks : float or None
        For views with landmarks, in interocular distances. None if it is not known.
    images : float or None
        For views without landmarks, in standard deviations of grey.
    """

    landmarks: float | None = None
    images: float | None = None

    def is_at_rest(self, view: FaceView, neutral_distance: float) -> bool:
        """Whether a view with this distance to the neutral face is at rest."""
        threshold = self.images if view.landmarks is None else self.landmarks
        return threshold is not None and neutral_distance < threshold


def attach_rest_thresholds(model: Any, X: Samples) -> None:
    """Learn the thresholds of a fitted model, and store them as ``model.rest_thresholds_``.

    Parameters
    ----------
    model : estimator
        A model with a class 'neutral' is not changed.
    X : Samples
        The training samples, with the column 'label' and 'landmarks' or 'images'. Clips of one frame are ignored.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples, make_pipeline
    >>> from fer_features.recognition import attach_rest_thresholds
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> faces = np.tile(60 * MEAN_FACE + 100, (12, 2, 1, 1)) + np.random.default_rng(0).normal(0, 0.5, (12, 2, 68, 2))
    >>> faces[::2, 1, [48, 54], 1] -= 9  # the corners of the mouth move up in every second clip
    >>> faces[1::2, 1, 17:27, 1] -= 9  # the brows in the others
    >>> X = Samples.from_arrays(landmarks=faces, label=["joy", "surprise"] * 6, subject=np.arange(12) // 4)
    >>> model = make_pipeline("landmarks_lda", calibration_cv=0).fit(X, X["label"])
    >>> attach_rest_thresholds(model, X)
    >>> 0.01 < model.rest_thresholds_.landmarks < 0.1
    True
    """
    names = X.info.names_of(model.classes_)
    if any(parse_expression(name) == FOLDER_CLASSES.index("neutral") for name in names):
        return
    uses_landmarks = "landmarks" in required_columns(model)
    thresholds = RestThresholds(
        landmarks=rest_threshold(X, "landmarks"), images=None if uses_landmarks else rest_threshold(X, "images")
    )
    if thresholds != RestThresholds():
        model.rest_thresholds_ = thresholds


def rest_threshold(X: Samples, column: str) -> float | None:
    """Learn the threshold from one column of training sequences.

    Parameters
    ----------
    X : Samples
        The first frame of each clip is neutral, the last one is the apex.
    column : {'landmarks', 'images'}

    Returns
    -------
    float or None
        The mean of two distances: the median distance between the neutral frames of two clips of one subject, which is
        0 where no subject has two clips, and the `APEX_QUANTILE` of the distances from the neutral frame to the apex,
        in the class where it is smallest. None without sequences, or if their faces do not move.
    """
    if column not in X or len(X) == 0 or X.column(column).shape[1] < 2:
        return None
    neutral, apex = _normalized_faces(X, column, 0), _normalized_faces(X, column, -1)
    known = np.array([i for i in range(len(X)) if neutral[i] is not None and apex[i] is not None], int)
    if not known.size:
        return None

    def distances(before: list, after: list, pairs: np.ndarray) -> np.ndarray:
        return np.array([face_distance(before[i], after[j]) for i, j in pairs])

    at_apex = distances(neutral, apex, np.stack([known, known], 1))
    labels = X.label_codes[known]
    least = min(np.quantile(at_apex[labels == label], APEX_QUANTILE) for label in np.unique(labels))
    at_rest = distances(neutral, neutral, _pairs_of_clips(X.groups, known))
    return float(least + (np.median(at_rest) if at_rest.size else 0)) / 2 if least > 0 else None


def _pairs_of_clips(groups: np.ndarray | None, indices: np.ndarray) -> np.ndarray:
    """Pairs of consecutive clips of one subject, shape (k, 2)."""
    if groups is None:
        return np.empty((0, 2), int)
    order = indices[np.argsort(groups[indices], kind="stable")]
    pairs = np.stack([order[:-1], order[1:]], 1)
    same = (groups[pairs[:, 0]] == groups[pairs[:, 1]]) & (groups[pairs[:, 0]] >= 0)
    return pairs[same]


def _normalized_faces(X: Samples, column: str, t: int) -> list[np.ndarray | None]:
    """The `normalized_face` of frame `t` of each sample; None where landmarks are missing."""
    faces: list[np.ndarray | None] = []
    for start in range(0, len(X), BATCH_CLIPS):
        for values in X[start : start + BATCH_CLIPS].frame(column, t):
            if column == "images":
                height, width = values.shape
                faces.append(normalized_face(FaceView(values, np.array([0, 0, width, height], np.float32))))
            elif np.isfinite(values).all():
                faces.append(normalized_face(FaceView(_NO_IMAGE, _NO_BOX, landmarks=values)))
            else:
                faces.append(None)
    return faces
