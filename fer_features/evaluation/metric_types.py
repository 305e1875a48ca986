"""Types of the metrics of a set of predictions."""

from __future__ import annotations

import dataclasses


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
        Number of predictions, true classes in rows and predicted classes in columns. With repeated folds each sample
        has several predictions; all other counts are numbers of samples.
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
