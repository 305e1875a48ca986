"""What to expect of a taught model: leave-one-clip-out, or leave-one-subject-out from two subjects on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..evaluation import EvaluationResult, evaluate_pipeline
from ..samples.table import Samples
from ..trained_model import ScoreRecord

#: Clips of each expression that a lesson should have.
WANTED_CLIPS = 4
#: Fraction of the clips of an expression below which more of them are asked for.
GOOD_RECALL = 0.8
BY_CLIP, BY_SUBJECT = "leave-one-clip-out", "leave-one-subject-out"
#: What an estimate means.
MEANING = {
    BY_CLIP: "It holds for the recorded persons, with this camera and light, today: each clip was predicted by a model "
    "that was fitted on the other clips. Other persons were not tested.",
    BY_SUBJECT: "Each person was predicted by a model that was fitted on the other persons. It holds for persons like "
    "these, with this camera and light.",
}


@dataclasses.dataclass(frozen=True)
class LessonEstimate:
    """The estimate of a lesson.

    Attributes
    ----------
    protocol : str
        `BY_CLIP` or `BY_SUBJECT`.
    meaning : str
    classes : list of str
    confusion : list of list of int
        Number of clips by true and predicted expression. A clip has the largest mean score over its frames.
    n_clips, n_correct : int
    frame_accuracy : float
    chance : float
        Fraction of clips of the most frequent expression.
    advice : list of str
        What to record more of.
    score : ScoreRecord
        Of the frames, for the manifest of the model.
    """

    protocol: str
    meaning: str
    classes: list[str]
    confusion: list[list[int]]
    n_clips: int
    n_correct: int
    frame_accuracy: float
    chance: float
    advice: list[str]
    score: ScoreRecord

    def to_dict(self) -> dict[str, Any]:
        """The values for the page."""
        return {name: value for name, value in dataclasses.asdict(self).items() if name != "score"}


def estimate_lesson(pipeline: Any, X: Samples) -> LessonEstimate:
    """Evaluate a pipeline on a lesson.

    Parameters
    ----------
    pipeline : estimator
        Not fitted.
    X : Samples
        See `fer_features.live.lesson_data.lesson_samples`; each expression has at least two clips.

    Returns
    -------
    LessonEstimate
    """
    clip, subject, label = np.asarray(X["clip"]), np.asarray(X["subject"]), np.asarray(X.label_codes)
    protocol = BY_SUBJECT if _all_shown_by_two(label, subject) else BY_CLIP
    groups = subject if protocol == BY_SUBJECT else clip
    result = evaluate_pipeline(pipeline, X.with_columns(subject=groups), "loso")
    classes = list(X.info.classes)
    numbers, first = np.unique(clip, return_index=True)
    predicted = _clip_predictions(result, clip, numbers)
    confusion = np.zeros((len(classes), len(classes)), int)
    np.add.at(confusion, (label[first], predicted), 1)
    counts = confusion.sum(1)
    metrics = result.scores.metrics
    score = ScoreRecord(
        protocol=protocol,
        n_samples=metrics.n_samples,
        n_subjects=len(np.unique(subject)),
        accuracy=metrics.accuracy,
        balanced_accuracy=metrics.balanced_accuracy,
        macro_f1=metrics.macro_f1,
        ci95=metrics.ci95,
        leakage="" if protocol == BY_SUBJECT else "training and evaluated clips show the same persons",
    )
    return LessonEstimate(
        protocol=protocol,
        meaning=MEANING[protocol],
        classes=classes,
        confusion=confusion.tolist(),
        n_clips=len(numbers),
        n_correct=int(np.trace(confusion)),
        frame_accuracy=metrics.accuracy,
        chance=float(counts.max() / counts.sum()),
        advice=lesson_advice(classes, confusion),
        score=score,
    )


def lesson_advice(classes: Sequence[str], confusion: np.ndarray) -> list[str]:
    """What to record more of.

    Examples
    --------
    >>> lesson_advice(["joy", "wink"], np.array([[4, 0], [2, 2]]))
    ['wink is taken for joy in 2 of 4 clips: record more clips of both, and show them more differently.']
    """
    advice = []
    for i, name in enumerate(classes):
        n_clips, others = int(confusion[i].sum()), confusion[i].copy()
        others[i] = 0
        if others.sum() > (1 - GOOD_RECALL) * n_clips:
            other, n_taken = classes[int(others.argmax())], int(others.max())
            advice.append(
                f"{name} is taken for {other} in {n_taken} of {n_clips} clips: record more clips of both, and show "
                "them more differently."
            )
        elif n_clips < WANTED_CLIPS:
            advice.append(f"Record {WANTED_CLIPS - n_clips} more of {name}: the estimate of {n_clips} is uncertain.")
    return advice or [
        "All expressions are recognized. Clips in other light and other poses of the head make it robust."
    ]


def _all_shown_by_two(label: np.ndarray, subject: np.ndarray) -> bool:
    """Whether each expression is shown by at least two subjects: otherwise a fold would lack a class."""
    return all(len(np.unique(subject[label == code])) > 1 for code in np.unique(label))


def _clip_predictions(result: EvaluationResult, clip: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Code of the expression with the largest mean score over the frames of each clip."""
    table = result.predictions
    values = table[[name for name in table if name.startswith(("probability_", "score_"))]].to_numpy()
    of_clip = clip[table["sample"].to_numpy()]
    return np.array([values[of_clip == number].mean(0).argmax() for number in numbers])
