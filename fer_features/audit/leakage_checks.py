"""Checks of a pipeline: fitted in the fold only, independent of other samples, without access to labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils import get_tags
from threadpoolctl import threadpool_limits

from ..evaluation.fit_predict import predict_with_scores
from ..exceptions import FerError
from ..samples.feature_blocks import stored_features
from ..samples.table import Samples
from .context import AuditContext, Check

#: Training and test samples of these checks, which extract the features of separate tables again.
N_TRAIN, N_TEST = 240, 20

#: Training samples of each class at least.
N_TRAIN_PER_CLASS = 4

#: Relative change of scores that another order of floating-point sums may cause; leakage changes far more.
TOLERANCE = 1e-2


def check_prefitted_steps(model: BaseEstimator, X: Samples) -> Check:
    """Whether every step that is fitted is unfitted in a clone of the pipeline, and features in files need no fit.

    A step that was fitted before, such as a scaler or a feature selection in a `FrozenEstimator`, was most often
    fitted on all samples. One that was fitted on other subjects is reported too, because it cannot be distinguished.
    Arrays passed as plain parameters are not detected.
    """
    name = "pre-fitted steps"
    fitted = []
    for step_name, step in clone(model).get_params().items():
        if not isinstance(step, BaseEstimator) or not hasattr(step, "fit") or not get_tags(step).requires_fit:
            continue
        # check_is_fitted would accept a union of transformers that need no fit.
        if any(key.endswith("_") and not key.startswith("_") for key in vars(step)):
            fitted.append(step_name)
    if fitted:
        text = f"{', '.join(fitted)} was fitted before the folds were drawn, possibly on test samples"
        return Check(name, "fail", text, {"fitted": fitted})
    if (stored := stored_features(X)) and stored[0].extraction.state:
        text = "the features in files depend on samples of all folds, without labels: trust scores of a held-out split"
        return Check(name, "warning", text, {"fitted": ["features"]})
    return Check(name, "pass", "every step is fitted in each fold", {"fitted": []})


def check_label_leakage(context: AuditContext) -> Check:
    """Whether predictions of test samples change if the table hides or permutes their labels, and hides their ids."""
    name = "label leakage"
    if _uses_other_samples(context.model):
        # Samples must be in tables of their own to hide their labels, and then their features need others.
        return Check(name, "skipped", "features of a sample depend on other samples of its subject")
    train, test = _subset(context)
    rng = np.random.default_rng(context.seed)
    try:
        with threadpool_limits(1):
            fitted = clone(context.model).fit(context.X[train], context.label[train])
            expected, scores, _ = predict_with_scores(fitted, context.X[test])
            largest, n_changed = 0.0, 0
            for label in (np.full(len(test), -1), rng.permutation(context.label)[: len(test)]):
                hidden = {"label": label, "id": np.arange(len(test))}
                table = context.X[test].with_columns(**{k: v for k, v in hidden.items() if k in context.X})
                predicted, changed, _ = predict_with_scores(fitted, table)
                largest = max(largest, _relative_change(scores, changed))
                n_changed = max(n_changed, int((predicted != expected).sum()))
    except (FerError, ValueError, KeyError, IndexError) as error:
        text = f"test samples without labels cannot be predicted: {error}"
        return Check(name, "fail", text, {"error": str(error)})
    details = {"n_samples": len(test), "n_changed": n_changed, "largest_change": largest}
    if largest > TOLERANCE:
        text = f"{n_changed} of {len(test)} predictions change if labels and ids are hidden: the pipeline reads them"
        return Check(name, "fail", text, details)
    return Check(name, "pass", "predictions of test samples do not depend on their labels and ids", details)


def check_row_independence(context: AuditContext) -> Check:
    """Whether the prediction of a sample depends on that sample and the training samples only.

    Test samples are predicted together and one by one, each in a table of its own, by models fitted on a slice of the
    table and on a table with the training samples only. Steps that normalize over a batch, or that read samples
    outside their slice, give different results.
    """
    name = "row independence"
    if _uses_other_samples(context.model):
        text = "neutral__method=subject uses all samples of a subject, including those that are evaluated"
        return Check(name, "warning", text)
    train, test = _subset(context)
    X, y = context.X, context.label[train]
    with threadpool_limits(1):
        sliced = predict_with_scores(clone(context.model).fit(X[train], y), X[test])[1]
        separate = clone(context.model).fit(_separate(X, train), y)
        together = predict_with_scores(separate, _separate(X, test))[1]
        single = [predict_with_scores(separate, _separate(X, test[i : i + 1]))[1] for i in range(len(test))]
    batch, table = _relative_change(together, np.concatenate(single)), _relative_change(sliced, together)
    details = {"n_samples": len(test), "batch_change": batch, "table_change": table}
    if table > TOLERANCE:
        with threadpool_limits(1):
            again = predict_with_scores(clone(context.model).fit(X[train], y), X[test])[1]
        if _relative_change(sliced, again) > TOLERANCE:
            text = "two fits on the same samples differ, so this cannot be checked: set random_state"
            return Check(name, "warning", text, details)
    if batch > TOLERANCE:
        return Check(name, "fail", "the prediction of a sample depends on the samples predicted with it", details)
    if table > TOLERANCE:
        return Check(name, "fail", "the model depends on samples of the table that it was not fitted on", details)
    return Check(name, "pass", "the prediction of a sample does not depend on other test samples", details)


def _subset(context: AuditContext) -> tuple[np.ndarray, np.ndarray]:
    """Some training and test samples of the first fold, with samples of each class."""
    rng = np.random.default_rng(context.seed)
    train, test = context.folds(5)[0]
    some = train[np.sort(rng.permutation(len(train))[:N_TRAIN])]
    label = context.label[train]
    of_class = [np.flatnonzero(label == code)[:N_TRAIN_PER_CLASS] for code in np.unique(label)]
    return np.union1d(some, train[np.concatenate(of_class)]), test[np.sort(rng.permutation(len(test))[:N_TEST])]


def _separate(X: Samples, indices: np.ndarray) -> Samples:
    """Samples as a table of their own, without the features computed so far."""
    return X[indices].with_columns()


def _relative_change(a: np.ndarray, b: np.ndarray) -> float:
    """Largest difference of scores, in units of their SD."""
    return float(np.abs(a - b).max() / (a.std() + 1e-12))


def _uses_other_samples(model: Any) -> bool:
    return any(key.endswith("neutral__method") and value == "subject" for key, value in model.get_params().items())
