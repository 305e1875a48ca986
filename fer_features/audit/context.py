"""What checks share: their result, the samples they use, and repeated fits on these."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..evaluation.eligible_samples import eligible_samples, groups_for_folds
from ..evaluation.fit_predict import FitTask, fit_predict
from ..evaluation.protocol import Folds, choose_protocol
from ..pipelines import can_extract
from ..samples.table import Samples

#: Results of a check: no problem; a limitation that should be known; a problem that makes scores untrustworthy; not
#: applicable.
STATUSES = ("pass", "warning", "fail", "skipped")


@dataclasses.dataclass(frozen=True)
class ValueFigure:
    """Values with intervals, for a report.

    Attributes
    ----------
    rows : tuple of (str, float, float or None, float or None)
        Name, value, and the limits of its interval.
    about : str
        What is shown.
    mark : float or None
        A reference value, such as the chance level.
    """

    rows: tuple[tuple[str, float, float | None, float | None], ...]
    about: str
    mark: float | None = None


@dataclasses.dataclass(frozen=True)
class CurveFigure:
    """Accuracy against a number of subjects, for a report."""

    n_subjects: tuple[int, ...]
    accuracy: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Check:
    """Result of one check.

    Attributes
    ----------
    name : str
    status : {'pass', 'warning', 'fail', 'skipped'}
    message : str
        The reason, in one line.
    details : dict, optional
        Values on which it rests, ready for JSON.
    figure : ValueFigure or CurveFigure, optional
        Values that a report plots.

    Examples
    --------
    >>> from fer_features.audit import Check
    >>> Check("duplicates", "warning", "2 copies of training images", {"n_copies": 2}).to_dict()
    {'name': 'duplicates', 'status': 'warning', 'message': '2 copies of training images', 'details': {'n_copies': 2}}
    """

    name: str
    status: str
    message: str
    details: dict[str, Any] = dataclasses.field(default_factory=dict)
    figure: ValueFigure | CurveFigure | None = None

    def __str__(self) -> str:
        return f"{self.status:7s} {self.name}: {self.message}"

    def to_dict(self) -> dict[str, Any]:
        """Name, status, message and details, ready for JSON."""
        return {"name": self.name, "status": self.status, "message": self.message, "details": self.details}


@dataclasses.dataclass(frozen=True)
class AuditContext:
    """The pipeline and the samples that checks use.

    Attributes
    ----------
    model : estimator
        Cloned by the checks, not fitted.
    X : Samples
        Labelled samples from which features can be extracted.
    label : ndarray of int, shape (n,)
    subject : ndarray of int, shape (n,), or None
        Codes of the subjects, see `group_codes`; None where no subjects are known.
    seed, n_jobs : int
    """

    model: BaseEstimator
    X: Samples
    label: np.ndarray
    subject: np.ndarray | None
    seed: int = 0
    n_jobs: int = 1

    def folds(self, max_folds: int, grouped: bool = True) -> Folds:
        """As many stratified folds as the data allow, up to `max_folds`, by subject where known and `grouped`."""
        subject = self.subject if grouped else None
        counts = []
        for code in np.unique(self.label):
            mask = self.label == code
            counts.append(int(mask.sum()) if subject is None else len(np.unique(subject[mask])))
        k = max(2, min(max_folds, *counts))
        protocol = choose_protocol(f"{k}fold", self.label, subject, self.X.info.classes, 1, self.seed)
        return list(protocol.split(self.label, subject))

    @property
    def units(self) -> np.ndarray:
        """What is resampled for intervals: subjects, or samples where these are unknown; codes, shape (n,)."""
        unit = np.arange(len(self.label)) if self.subject is None else self.subject
        return np.unique(unit, return_inverse=True)[1]


def audit_context(model: BaseEstimator, X: Samples, max_samples: int, seed: int, n_jobs: int) -> AuditContext:
    """The samples that a run would train on, or those of random subjects where there are more than `max_samples`.

    Raises
    ------
    FerError
        Where no sample has a label and features.
    """
    indices, _ = eligible_samples(can_extract(model, X), X)
    subject = groups_for_folds(X[indices])
    rng = np.random.default_rng(seed)
    if len(indices) > max_samples:
        unit = np.arange(len(indices)) if subject is None else subject
        names, codes = np.unique(unit, return_inverse=True)
        order = rng.permutation(len(names))
        # Complete subjects up to the limit, and two in any case.
        total = np.cumsum(np.bincount(codes)[order])
        kept = np.isin(codes, order[: max(2, int((total <= max_samples).sum()))])
        indices, subject = indices[kept], None if subject is None else subject[kept]
    return AuditContext(model, X[indices], X.label_codes[indices], subject, seed, n_jobs)


def cross_val_predictions(
    context: AuditContext, tasks: list[tuple[Any, np.ndarray, Folds]], label: str
) -> list[np.ndarray]:
    """Predictions of the test samples of folds, for several models, targets and folds.

    Parameters
    ----------
    context : AuditContext
    tasks : list of (estimator, target of shape (n,), folds)
    label : str
        Shown with the progress.

    Returns
    -------
    list of ndarray, shape (n,)
        For each task the prediction of every sample.
    """
    fits = [FitTask(model, target, train, test) for model, target, folds in tasks for train, test in folds]
    outcomes = fit_predict(fits, context.X, n_jobs=context.n_jobs, label=label)
    found = []
    for _, target, folds in tasks:
        predicted = target.copy()
        for _, test in folds:
            predicted[test] = next(outcomes).predicted
        found.append(predicted)
    return found


def percentage_points(fraction: float) -> str:
    """A fraction in percentage points: 0.183 is 18.3."""
    return f"{100 * fraction:.1f}"
