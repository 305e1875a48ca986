"""`Scores`: the metrics of an evaluation and how they were obtained, as written to ``scores.json``."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from .._serialization import from_jsonable, to_jsonable
from ..exceptions import FerError

#: A block that only some runs have; it is absent from the JSON where it is None.
_OPTIONAL: Mapping[str, bool] = {"omit_none": True}


@dataclasses.dataclass(frozen=True)
class ClassMetrics:
    """Precision, recall, F1 and number of samples of one class."""

    precision: float
    recall: float
    f1: float
    n_samples: int


@dataclasses.dataclass(frozen=True)
class Calibration:
    """Agreement of probabilities with the true classes.

    Attributes
    ----------
    ece : float
        Expected calibration error, 0 to 1.
    brier : float
        Brier score, 0 to 2.
    log_loss : float
        In nats.
    bins : tuple of (float, float, int)
        Mean confidence, accuracy and number of samples per bin of confidence.
    """

    ece: float
    brier: float
    log_loss: float
    bins: tuple[tuple[float, float, int], ...]


@dataclasses.dataclass(frozen=True)
class RiskCoverage:
    """Accuracy of the most confident samples.

    Attributes
    ----------
    coverage : tuple of float
        Fractions of the samples, increasing to 1.
    accuracy : tuple of float
        Accuracy of that fraction of the samples, those with the highest confidence.
    aurc : float
        Area under the risk-coverage curve.
    """

    coverage: tuple[float, ...]
    accuracy: tuple[float, ...]
    aurc: float

    def accuracy_at(self, coverage: float) -> float:
        """Accuracy at one of the listed coverages."""
        return self.accuracy[self.coverage.index(coverage)]


@dataclasses.dataclass(frozen=True)
class Rejection:
    """Effect of rejecting samples with a low confidence.

    Attributes
    ----------
    threshold : float
        Samples whose largest probability is below it are rejected.
    coverage : float
        Fraction of samples that are not rejected.
    selective_accuracy : float or None
        Accuracy of the samples that are not rejected; None where all are rejected.
    accuracy : float
        Accuracy of all samples.
    """

    threshold: float
    coverage: float
    selective_accuracy: float | None
    accuracy: float


@dataclasses.dataclass(frozen=True)
class LearningCurve:
    """Accuracy against the number of training subjects.

    Attributes
    ----------
    unit : {'subjects', 'samples'}
        'samples' where subjects are unknown.
    n_train : tuple of int
    accuracy : tuple of float
    ci95 : tuple of (float, float)
    n_folds, n_repeats : int
        Folds, and random subsets per fold and point.
    """

    unit: str
    n_train: tuple[int, ...]
    accuracy: tuple[float, ...]
    ci95: tuple[tuple[float, float], ...]
    n_folds: int
    n_repeats: int


@dataclasses.dataclass(frozen=True)
class Metrics:
    """Metrics of one set of predictions.

    Attributes
    ----------
    accuracy, balanced_accuracy, macro_f1 : float
    ci95 : dict of str to (float, float)
        95 % CI of these three, by bootstrap over subjects (over samples where subjects are unknown).
    n_samples, n_subjects : int
        `n_subjects` is 0 where subjects are unknown.
    per_class : dict of str to ClassMetrics
    confusion : tuple of tuple of int
        Counts, true classes in rows and predicted classes in columns.
    per_subject : dict of str to float
        Accuracy of each subject; empty where subjects are unknown.
    subject_mean, subject_sd : float or None
        Mean and SD of the accuracy over subjects.
    n_duplicates : int
        Samples whose image also occurs in the training samples.
    accuracy_excluding_duplicates : float or None
    calibration : Calibration or None
    risk_coverage : RiskCoverage or None
        None where the model gives no probabilities.
    """

    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    ci95: dict[str, tuple[float, float]]
    n_samples: int
    n_subjects: int
    per_class: dict[str, ClassMetrics]
    confusion: tuple[tuple[int, ...], ...]
    per_subject: dict[str, float]
    subject_mean: float | None
    subject_sd: float | None
    n_duplicates: int = 0
    accuracy_excluding_duplicates: float | None = None
    calibration: Calibration | None = None
    risk_coverage: RiskCoverage | None = None

    @property
    def majority_baseline(self) -> float:
        """Accuracy of always predicting the most frequent class."""
        counts = [sum(row) for row in self.confusion]
        return max(counts) / max(1, sum(counts))


@dataclasses.dataclass(frozen=True)
class DataRecord:
    """The data that were evaluated.

    Attributes
    ----------
    dataset : str
    synthetic : bool
    fingerprint : str
        Hash of images, landmarks and labels of the evaluated samples.
    subjects_from : str
        Source of the subject ids, see `fer_features.samples.table.DataInfo`; 'unknown' where folds ignore subjects.
    subjects_confidence : float or None
        Of inferred subjects, in [0, 1].
    notes : tuple of str
    """

    dataset: str
    synthetic: bool
    fingerprint: str
    subjects_from: str
    subjects_confidence: float | None
    notes: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class FoldRecord:
    """One fold: its sizes, test subjects, accuracy and fit time in seconds."""

    fold: int
    n_train: int
    n_test: int
    subjects: tuple[Any, ...]
    accuracy: float
    seconds: float


@dataclasses.dataclass(frozen=True)
class Scores:
    """The metrics of an evaluation and how they were obtained.

    Attributes
    ----------
    pipeline : str
        Pipeline specification.
    protocol : str
        Cross-validation or predefined split, as text.
    classes : tuple of str
    data : DataRecord
    metrics : Metrics
        Of all held-out predictions; with predefined splits of the reported one.
    folds : tuple of FoldRecord
    excluded : dict of str to int
        Labelled samples that were not evaluated, by reason.
    leakage : str
        Why the scores may be too high, or empty.
    versions : dict of str to str
    n_features_computed : int
        Feature vectors computed, one per sample and extractor setting.
    seconds : float
    splits : dict of str to Metrics
        Of each evaluated predefined split.
    notes : tuple of str
        Remarks on the evaluation itself.
    timing : dict of str to float, or None
        Seconds per stage of the run.
    peak_memory_mb : float or None
    rejection : Rejection or None
    learning_curve : LearningCurve or None
    landmarker : dict or None
        Metrics of the landmarker that was trained with the model.
    search : dict or None
        Summary of the hyper-parameter search that chose the settings.
    command : dict or None
        Options of the command line.
    """

    pipeline: str
    protocol: str
    classes: tuple[str, ...]
    data: DataRecord
    metrics: Metrics
    folds: tuple[FoldRecord, ...]
    excluded: dict[str, int]
    leakage: str
    versions: dict[str, str]
    n_features_computed: int
    seconds: float
    splits: dict[str, Metrics] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    timing: dict[str, float] | None = dataclasses.field(default=None, metadata=_OPTIONAL)
    peak_memory_mb: float | None = dataclasses.field(default=None, metadata=_OPTIONAL)
    rejection: Rejection | None = dataclasses.field(default=None, metadata=_OPTIONAL)
    learning_curve: LearningCurve | None = dataclasses.field(default=None, metadata=_OPTIONAL)
    landmarker: dict[str, Any] | None = dataclasses.field(default=None, metadata=_OPTIONAL)
    search: dict[str, Any] | None = dataclasses.field(default=None, metadata=_OPTIONAL)
    command: dict[str, Any] | None = dataclasses.field(default=None, metadata=_OPTIONAL)

    @property
    def title(self) -> str:
        """Pipeline and data set in a few words."""
        return f"{self.pipeline} on {self.data.dataset}{' (synthetic)' if self.data.synthetic else ''}"

    def replace(self, **changes: Any) -> Scores:
        """A copy with some attributes replaced."""
        return dataclasses.replace(self, **changes)

    def to_json(self) -> str:
        """The content of ``scores.json``."""
        return json.dumps(to_jsonable(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Scores:
        """Read what `to_json` wrote.

        Raises
        ------
        FerError
            For text that is not JSON, an absent field, or a value of another type.
        """
        try:
            return from_jsonable(cls, json.loads(text))
        except (ValueError, RecursionError) as error:
            raise FerError(f"not the scores of this version of fer_features: {error}") from error
