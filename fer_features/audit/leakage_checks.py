"""Checks of a pipeline: that it learns in the fold alone, describes each row by itself, and reads no label."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils import get_tags
from threadpoolctl import threadpool_limits

from ..evaluation.cross_validation import scores_of
from ..exceptions import FerError
from ..samples.table import Samples
from .base import Case, Check

#: Rows that are learnt from and judged in these checks: the pictures of tables that stand alone are described anew.
LEARNT, JUDGED = 240, 20

#: Part of the spread of scores that may come of another order of sums; a leak changes far more.
TOLERANCE = 1e-2

#: What must not change a prediction.
FORBIDDEN = ("label", "id")


def unfitted_steps(model: BaseEstimator) -> Check:
    """Is every step that learns unfitted, when a clone of the pipeline is made for a fold?

    A step that is fitted before, such as a scaler or a choice of features in a `FrozenEstimator`, has learnt from rows
    that nobody knows: from all of these, most often. One that was learnt on other people is told too, for it cannot be
    told apart. Arrays given as plain parameters are not seen.
    """
    name = "steps fitted before the folds"
    fitted = []
    for step_name, step in clone(model).get_params().items():
        if not isinstance(step, BaseEstimator) or not hasattr(step, "fit") or not get_tags(step).requires_fit:
            continue
        # Not check_is_fitted: a union of what needs no fitting passes for fitted there.
        if any(key.endswith("_") and not key.startswith("_") for key in vars(step)):
            fitted.append(step_name)
    if fitted:
        why = f"{', '.join(fitted)} was fitted before the folds were drawn: held-out rows may have been learnt from"
        return Check(name, "broken", {"fitted": fitted}, why)
    return Check(name, "fine", {"fitted": []}, "every step learns in each fold anew")


def hidden_labels(case: Case) -> Check:
    """Do predictions of held-out rows stay the same when the table hides their labels, or has wrong ones, and ids?"""
    name = "labels among the features"
    if _needs_others(case.model):
        # Rows that stand alone, as they must here for their labels to be hidden, cannot be described.
        return Check(name, "skipped", {}, "rows are described by other rows of their subject")
    train, test = _some_rows(case)
    rng = np.random.default_rng(case.seed)
    try:
        with threadpool_limits(1):
            fitted = clone(case.model).fit(case.X[train], case.label[train])
            seen, values, _ = scores_of(fitted, case.X[test])
            worst, changed = 0.0, 0
            for label in (np.full(len(test), -1), rng.permutation(case.label)[: len(test)]):
                given = {"label": label, "id": np.arange(len(test))}
                table = case.X[test].with_columns(**{k: v for k, v in given.items() if k in case.X})
                prediction, hidden, _ = scores_of(fitted, table)
                worst, changed = max(worst, _apart(values, hidden)), max(changed, int((prediction != seen).sum()))
    except (FerError, ValueError, KeyError, IndexError) as error:
        why = f"held-out rows without labels cannot be predicted: {error}"
        return Check(name, "broken", {"error": str(error)}, why)
    figures = {"rows": len(test), "changed": changed, "largest_change": worst}
    if worst > TOLERANCE:
        why = f"{changed} of {len(test)} predictions change when labels and ids are hidden: the pipeline reads them"
        return Check(name, "broken", figures, why)
    return Check(name, "fine", figures, "predictions of held-out rows are the same with labels and ids hidden")


def rows_apart(case: Case) -> Check:
    """Does a row's prediction rest on that row and the training rows alone?

    Held-out rows are predicted together and one by one, each in a table of its own, by models fitted to a slice of the
    table and to a table that holds the training rows and no other. What is scaled in batches, or looks past its slice,
    comes out different.
    """
    name = "rows that look at others"
    if _needs_others(case.model):
        why = "neutral__method=subject describes a row by all rows of its subject, those that are judged among them"
        return Check(name, "look", {}, why)
    train, test = _some_rows(case)
    X, y = case.X, case.label[train]
    with threadpool_limits(1):
        sliced = scores_of(clone(case.model).fit(X[train], y), X[test])[1]
        alone = clone(case.model).fit(_alone(X, train), y)
        together = scores_of(alone, _alone(X, test))[1]
        singly = np.concatenate([scores_of(alone, _alone(X, test[i : i + 1]))[1] for i in range(len(test))])
    batch, table = _apart(together, singly), _apart(sliced, together)
    figures = {"rows": len(test), "batch": batch, "table": table}
    if table > TOLERANCE:
        with threadpool_limits(1):
            again = scores_of(clone(case.model).fit(X[train], y), X[test])[1]
        if _apart(sliced, again) > TOLERANCE:
            return Check(name, "look", figures, "two fits to the same rows differ, so nothing can be told: set a seed")
    if batch > TOLERANCE:
        return Check(name, "broken", figures, "what is predicted of a row changes with the rows predicted beside it")
    if table > TOLERANCE:
        return Check(name, "broken", figures, "the model changes with rows of the table that it was not given to fit")
    return Check(name, "fine", figures, "a row is predicted the same alone and among others, and so is what is learnt")


def _some_rows(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Some rows of the training part and some of the judged part of the first fold."""
    rng = np.random.default_rng(case.seed)
    train, test = case.folds(5)[0]
    some = train[np.sort(rng.permutation(len(train))[:LEARNT])]
    # A class may be rare: some rows of each.
    few = [np.flatnonzero(case.label[train] == code)[:4] for code in np.unique(case.label[train])]
    return np.union1d(some, train[np.concatenate(few)]), test[np.sort(rng.permutation(len(test))[:JUDGED])]


def _alone(X: Samples, rows: np.ndarray) -> Samples:
    """Rows as a table that knows no others, with features to be described anew."""
    return X[rows].with_columns()


def _apart(a: np.ndarray, b: np.ndarray) -> float:
    """Largest difference of scores, in their standard deviation."""
    return float(np.abs(a - b).max() / (a.std() + 1e-12))


def _needs_others(model: Any) -> bool:
    return any(key.endswith("neutral__method") and value == "subject" for key, value in model.get_params().items())
