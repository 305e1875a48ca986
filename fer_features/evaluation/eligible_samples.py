"""Selection of the samples of a table on which a pipeline is trained, and of those that are divided into folds."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator

from ..exceptions import FerError
from ..pipelines import can_extract
from ..samples.groups import group_codes
from ..samples.splits import evaluation_splits, split_column, training_mask
from ..samples.table import Samples


def training_indices(model: BaseEstimator, X: Samples) -> np.ndarray:
    """Indices of the samples that a pipeline is trained on: labelled, in the split 'train', and with its features."""
    return np.flatnonzero(training_mask(X) & can_extract(model, X))


def groups_for_folds(X: Samples) -> np.ndarray | None:
    """Codes of the subjects by which folds are grouped, shape (n,) int; None unless every subject is known.

    Unlike ``X.groups``, codes count in the order in which subjects occur among these samples.
    """
    groups = X.groups
    return None if groups is None or (groups < 0).any() else group_codes(groups)


def eligible_samples(usable: np.ndarray, X: Samples) -> tuple[np.ndarray, dict[str, int]]:
    """Samples that are divided into folds.

    These are usable and labelled, belong to the split 'train' where predefined splits exist, and have a subject where
    any sample has one.

    Parameters
    ----------
    usable : ndarray of bool, shape (n,)
        Samples whose features can be extracted.
    X : Samples

    Returns
    -------
    indices : ndarray of int
    excluded : dict of str to int
        Number of labelled samples that are not eligible, by reason.

    Raises
    ------
    FerError
        Where no sample is eligible.
    """
    indices, excluded = labelled_samples(usable, X)
    indices, more = samples_for_folds(X, indices)
    return indices, excluded | more


def labelled_samples(usable: np.ndarray, X: Samples) -> tuple[np.ndarray, dict[str, int]]:
    """As `eligible_samples`, of all predefined splits and with or without a known subject."""
    labelled = X.is_labelled
    if not labelled.any():
        raise FerError("no sample has a label: training needs labels")
    excluded = {}
    if (labelled & ~usable).any():
        excluded["landmarks missing"] = int((labelled & ~usable).sum())
    if not (labelled & usable).any():
        raise FerError("no labelled sample has the landmarks that this pipeline needs")
    return np.flatnonzero(labelled & usable), excluded


def samples_for_folds(X: Samples, indices: np.ndarray) -> tuple[np.ndarray, dict[str, int]]:
    """Samples among `indices` that are divided into folds, and the number of the others by reason."""
    excluded = {}
    split = split_column(X[indices])
    if split is not None and evaluation_splits(split):
        excluded["not in the training split"] = int((split != "train").sum())
        indices = indices[split == "train"]
    groups = X[indices].groups
    if groups is not None and (groups < 0).any():
        excluded["subject unknown"] = int((groups < 0).sum())
        indices = indices[groups >= 0]
    return indices, excluded
