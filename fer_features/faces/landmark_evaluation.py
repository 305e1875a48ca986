"""Evaluation of landmarks: normalized mean error, failure rate, and cumulative error distribution."""

from __future__ import annotations

import dataclasses
import re
import time
from typing import Any

import numpy as np
from joblib import delayed
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

from .._parallel import parallel
from .._progress import progress
from ..exceptions import FerError
from ..vision.shape_model import outer_eye_distance
from .confidence import MIN_CONFIDENCE
from .landmarker_training import AnnotatedFrames, train_landmarker, training_boxes
from .localizer import SupportsLandmarks

#: A face with a larger error, as a fraction of the outer eye distance, counts as a failure.
FAILURE_THRESHOLD = 0.10
#: Errors at which the cumulative distribution is evaluated, as fractions of the outer eye distance.
CURVE_ERRORS = np.linspace(0, FAILURE_THRESHOLD, 41)


@dataclasses.dataclass(frozen=True)
class LandmarkErrors:
    """Errors of a landmarker on n faces; NaN where the detector missed the face.

    Attributes
    ----------
    nme : ndarray, shape (n,), float64
        Normalized mean error, see `normalized_mean_error`.
    confidence : ndarray, shape (n,), float64
        In 0..1.
    seconds : ndarray, shape (n,), float64
        CPU time of the landmarks of one face, without detection.
    fold : ndarray, shape (n,), int, or None
        Fold in which the face was in the test set; None without cross-validation.
    """

    nme: np.ndarray
    confidence: np.ndarray
    seconds: np.ndarray
    fold: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class ErrorCurve:
    """Cumulative error distribution (CED).

    Attributes
    ----------
    nme : list of float
        Errors as fractions of the outer eye distance, rounded to 4 digits.
    fraction : list of float
        Fraction of all faces with at most this error; missed faces count as errors above all others.
    """

    nme: list[float]
    fraction: list[float]


@dataclasses.dataclass(frozen=True)
class LandmarkScores:
    """Scores of a landmarker; errors are fractions of the outer eye distance and exclude missed faces.

    Attributes
    ----------
    n_faces : int
    n_subjects : int or None
        None if the subjects are not known.
    grouped : bool
        Whether the subjects are known.
    detection_rate : float
        Fraction of faces for which the detector returned the correct box.
    nme, nme_median, nme_p95, nme_max : float
        Mean, median, 95th percentile and maximum of the normalized mean error.
    nme_subject_sd : float
        SD of the mean error over subjects.
    failure_rate : float
        Fraction of faces that were missed or have an error above FAILURE_THRESHOLD.
    auc : float
        Area under the cumulative error distribution up to FAILURE_THRESHOLD, divided by FAILURE_THRESHOLD, in 0..1.
    confident_fraction : float
        Fraction of detected faces with a confidence of at least MIN_CONFIDENCE.
    ms_per_face : float
        Median CPU time of the landmarks of one face in milliseconds, without detection.
    curve : ErrorCurve
    """

    n_faces: int
    n_subjects: int | None
    grouped: bool
    detection_rate: float
    nme: float
    nme_median: float
    nme_subject_sd: float
    nme_p95: float
    nme_max: float
    failure_rate: float
    auc: float
    confident_fraction: float
    ms_per_face: float
    curve: ErrorCurve

    def to_json(self) -> dict[str, Any]:
        """The attributes, the normalization and the failure threshold, as a dict that can be written as JSON."""
        normalization = {
            "normalized_by": "outer eye distance (points 36 and 45)",
            "failure_threshold": FAILURE_THRESHOLD,
        }
        return normalization | dataclasses.asdict(self)


def normalized_mean_error(points: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Normalized mean error (NME): mean distance of the 68 points as a fraction of the outer eye distance.

    Parameters
    ----------
    points, landmarks : ndarray, shape (n, 68, 2)
        Detected and true iBUG-68 points in pixels.

    Returns
    -------
    ndarray, shape (n,), float64

    References
    ----------
    C. Sagonas, E. Antonakos, G. Tzimiropoulos, S. Zafeiriou, M. Pantic, "300 faces in-the-wild challenge: database and
    results", Image and Vision Computing 47, 2016, doi:10.1016/j.imavis.2016.01.002.

    Examples
    --------
    >>> from fer_features.faces.landmark_evaluation import normalized_mean_error
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> truth = 100 * MEAN_FACE[None]  # outer eye distance 144
    >>> normalized_mean_error(truth + [0.0, 7.2], truth)
    array([0.05])
    """
    return np.linalg.norm(points - landmarks, axis=-1).mean(-1) / outer_eye_distance(landmarks)


def evaluate_landmarker(
    landmarker: SupportsLandmarks, frames: AnnotatedFrames, faces: str = "detect"
) -> LandmarkErrors:
    """Errors of a fitted landmarker on annotated frames.

    Parameters
    ----------
    landmarker : Landmarker or RegressionTreeLandmarker
    frames : AnnotatedFrames
    faces : {'detect', 'crop'}, default='detect'
        See `training_boxes`.

    Returns
    -------
    LandmarkErrors
        Without `fold`.
    """
    return _errors_in_boxes(landmarker, frames, training_boxes(frames, faces))


def _errors_in_boxes(landmarker: SupportsLandmarks, frames: AnnotatedFrames, boxes: np.ndarray) -> LandmarkErrors:
    nme, confidence, seconds = (np.full(len(frames), np.nan) for _ in range(3))
    for i in np.flatnonzero(np.isfinite(boxes).all(1)):
        start = time.process_time()
        points, confidences = landmarker.detect_landmarks(frames.images[i], boxes[i : i + 1])
        seconds[i] = time.process_time() - start
        nme[i] = normalized_mean_error(points, frames.landmarks[i : i + 1])[0]
        confidence[i] = confidences[0]
    return LandmarkErrors(nme, confidence, seconds)


def cross_validate_landmarker(
    frames: AnnotatedFrames, cv: str = "10fold", faces: str = "detect", random_state: int = 0, n_jobs: int = 1
) -> LandmarkErrors:
    """Errors of `train_landmarker` on held-out subjects, by cross-validation grouped by subject.

    Parameters
    ----------
    frames : AnnotatedFrames
    cv : str, default='10fold'
        'loso' (leave-one-subject-out) or the number of folds, such as '5fold'.
    faces : {'detect', 'crop'}, default='detect'
        See `training_boxes`.
    random_state : int, default=0
        Seed of the assignment of subjects to folds, and of the training.
    n_jobs : int, default=1
        Number of folds that run in parallel; -1 uses all cores.

    Returns
    -------
    LandmarkErrors

    Raises
    ------
    FerError
        For an unknown protocol, or fewer subjects than folds.
    """
    n_subjects = len(np.unique(frames.groups))
    number = cv.removesuffix("fold")
    if cv != "loso" and not (re.fullmatch("[0-9]{1,9}fold", cv) and int(number) >= 2):
        raise FerError(f"unknown protocol '{cv}': 'loso', '5fold', '10fold' or another number of folds is needed")
    if n_subjects < (2 if cv == "loso" else int(number)):
        raise FerError(f"{n_subjects} subject(s) are too few for {cv}: use cv='{max(n_subjects, 2)}fold' or fewer")
    splitter = LeaveOneGroupOut() if cv == "loso" else GroupKFold(int(number), shuffle=True, random_state=random_state)
    splits = list(splitter.split(np.zeros(len(frames)), groups=frames.groups))
    boxes = training_boxes(frames, faces)
    calls = (delayed(_evaluate_fold)(frames, boxes, train, test, faces, random_state) for train, test in splits)
    results = parallel(calls, len(splits), n_jobs)
    nme, confidence, seconds = (np.full(len(frames), np.nan) for _ in range(3))
    fold = np.full(len(frames), -1)
    for k, ((_, test), errors) in enumerate(zip(splits, progress(results, len(splits), "folds"), strict=True)):
        nme[test], confidence[test], seconds[test], fold[test] = errors.nme, errors.confidence, errors.seconds, k
    return LandmarkErrors(nme, confidence, seconds, fold)


def _evaluate_fold(
    frames: AnnotatedFrames, boxes: np.ndarray, train: np.ndarray, test: np.ndarray, faces: str, random_state: int
) -> LandmarkErrors:
    landmarker, _ = train_landmarker(frames.subset(train), random_state, faces, boxes[train])
    return _errors_in_boxes(landmarker, frames.subset(test), boxes[test])


def landmark_scores(errors: LandmarkErrors, frames: AnnotatedFrames) -> LandmarkScores:
    """Summarize the errors of a landmarker.

    Parameters
    ----------
    errors : LandmarkErrors
    frames : AnnotatedFrames
        The frames that the errors refer to.

    Returns
    -------
    LandmarkScores

    Raises
    ------
    FerError
        If the detector missed all faces.
    """
    nme = errors.nme
    detected = np.isfinite(nme)
    if not detected.any():
        raise FerError(f"the detector missed the annotated face in all of {len(nme)} images")
    detected_nme = nme[detected]
    detected_groups = frames.groups[detected]
    subject_means = [detected_nme[detected_groups == subject].mean() for subject in np.unique(detected_groups)]
    fraction = [float((np.nan_to_num(nme, nan=np.inf) <= error).mean()) for error in CURVE_ERRORS]
    return LandmarkScores(
        n_faces=len(nme),
        n_subjects=frames.n_subjects,
        grouped=frames.grouped,
        detection_rate=float(detected.mean()),
        nme=float(detected_nme.mean()),
        nme_median=float(np.median(detected_nme)),
        nme_subject_sd=float(np.std(subject_means)),
        nme_p95=float(np.percentile(detected_nme, 95)),
        nme_max=float(detected_nme.max()),
        failure_rate=float((~detected | (np.nan_to_num(nme, nan=1.0) > FAILURE_THRESHOLD)).mean()),
        auc=float(np.trapezoid(fraction, CURVE_ERRORS) / FAILURE_THRESHOLD),
        confident_fraction=float((errors.confidence[detected] >= MIN_CONFIDENCE).mean()),
        ms_per_face=float(1000 * np.median(errors.seconds[detected])),
        curve=ErrorCurve([round(float(error), 4) for error in CURVE_ERRORS], fraction),
    )


def landmark_summary(scores: LandmarkScores) -> str:
    """Summary of the scores in three lines.

    Parameters
    ----------
    scores : LandmarkScores

    Returns
    -------
    str
    """
    subjects = f"{scores.n_subjects} subjects" if scores.grouped else "subjects unknown: NOT grouped by subject"
    return (
        f"{scores.n_faces} faces, {subjects}; detection rate {100 * scores.detection_rate:.1f} %\n"
        f"NME {100 * scores.nme:.2f} % of the outer eye distance, median {100 * scores.nme_median:.2f} %, "
        f"SD over subjects {100 * scores.nme_subject_sd:.2f}\n"
        f"failure rate (error above {100 * FAILURE_THRESHOLD:.0f} %, or not detected) "
        f"{100 * scores.failure_rate:.2f} %, AUC {scores.auc:.3f}; {scores.ms_per_face:.1f} ms per face"
    )
