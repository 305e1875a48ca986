"""What checks share: their verdict, the rows they look at, and judging those again and again."""

from __future__ import annotations

import dataclasses
from typing import Any

import joblib
import numpy as np
from sklearn.base import BaseEstimator
from threadpoolctl import threadpool_limits

from .._progress import progress
from ..classifiers import uncalibrated
from ..evaluation.eligible_samples import known_subjects, rows_to_judge
from ..evaluation.protocol import choose_protocol
from ..pipelines import describable
from ..samples.table import Samples

#: Nothing to see; something a person should look at; a score that rests on this cannot be believed; does not apply.
VERDICTS = ("fine", "look", "broken", "skipped")

Folds = list[tuple[np.ndarray, np.ndarray]]


@dataclasses.dataclass(frozen=True)
class Check:
    """What one check found.

    Attributes
    ----------
    name : str
    verdict : {'fine', 'look', 'broken', 'skipped'}
    figures : dict
        What it rests on, ready for JSON.
    why : str
        The reason in a line.
    """

    name: str
    verdict: str
    figures: dict[str, Any]
    why: str

    def __str__(self) -> str:
        return f"{self.verdict:7s} {self.name}: {self.why}"


@dataclasses.dataclass(frozen=True)
class Case:
    """A pipeline under examination and the rows that it is examined on.

    Attributes
    ----------
    model : estimator
    X : Samples
        Rows that can be learnt from, all with a label.
    label : ndarray of int, shape (n,)
    people : ndarray, shape (n,), or None
        Who each row shows; None where nobody is known.
    seed, jobs : int
    """

    model: BaseEstimator
    X: Samples
    label: np.ndarray
    people: np.ndarray | None
    seed: int = 0
    jobs: int = 1

    def folds(self, most: int, grouped: bool = True) -> Folds:
        """At most so many folds, by people where these are known and `grouped`."""
        people = self.people if grouped else None
        counts = []
        for code in np.unique(self.label):
            rows = self.label == code
            counts.append(rows.sum() if people is None else len(np.unique(people[rows])))
        k = max(2, min(most, *counts))
        protocol = choose_protocol(f"{k}fold", self.label, people, self.X.info.classes, 1, self.seed)
        return list(protocol.split(self.label, people))

    @property
    def units(self) -> np.ndarray:
        """What is drawn for intervals: people, or rows where these are unknown; numbers, shape (n,)."""
        return np.unique(np.arange(len(self.label)) if self.people is None else self.people, return_inverse=True)[1]


def examined(model: BaseEstimator, X: Samples, most: int, seed: int, jobs: int) -> Case:
    """The rows that a run would learn from, or some of them by whole people where they are many.

    Raises
    ------
    FerError
        Where no row has a label and can be described.
    """
    rows, _ = rows_to_judge(describable(model, X), X)
    # Rows to judge have a subject each, or none of them has.
    people = None if known_subjects(X, rows) is None else np.asarray(X["subject"])[rows]
    rng = np.random.default_rng(seed)
    if len(rows) > most:
        units = np.arange(len(rows)) if people is None else people
        names, of = np.unique(units, return_inverse=True)
        order = rng.permutation(len(names))
        # Whole people, as long as there is room for them; the first two in any case.
        total = np.cumsum(np.bincount(of)[order])
        kept = np.isin(of, order[: max(2, int((total <= most).sum()))])
        rows, people = rows[kept], None if people is None else people[kept]
    label = np.asarray(X["label"])[rows]
    return Case(model, X[rows], label, people, seed, jobs)


def judged(case: Case, tasks: list[tuple[Any, np.ndarray, Folds]], label: str) -> list[np.ndarray]:
    """Predictions of held-out rows, for several models, targets and folds.

    Parameters
    ----------
    case : Case
        Whose rows they are.
    tasks : list of (estimator, targets of shape (n,), folds)
    label : str
        What is being done, for the bar.

    Returns
    -------
    list of ndarray
        For each task a prediction of every row, in the order of the table.
    """
    pool = joblib.Parallel(n_jobs=case.jobs, return_as="generator")
    work = (joblib.delayed(_task)(model, case.X, target, folds) for model, target, folds in tasks)
    return list(progress(pool(work), len(tasks), label))


def _task(model: Any, X: Samples, target: np.ndarray, folds: Folds) -> np.ndarray:
    # One thread, as in cross-validation: sums come out the same on any machine.
    prediction = target.copy()
    with threadpool_limits(1):
        for train, test in folds:
            prediction[test] = uncalibrated(model).fit(X[train], target[train]).predict(X[test])
    return prediction


def points(share: float) -> str:
    """A share as points: 0.183 is 18.3."""
    return f"{100 * share:.1f}"
