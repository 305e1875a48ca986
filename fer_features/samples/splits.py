"""Predefined splits of a data set: which samples train, and which splits can be evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .table import Samples

#: Values of the column 'split'; empty text where a sample is in none.
SPLITS = ("train", "validation", "test", "")

#: Name of a split in files and folders, in lower case -> value of the column 'split'.
SPLIT_SYNONYMS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev", "publictest"), "validation"),
    **dict.fromkeys(("test", "testing", "privatetest"), "test"),
}

#: Predefined splits that can be evaluated by a model trained on 'train'.
EVALUATION_SPLITS = ("validation", "test")


def split_column(X: Samples) -> np.ndarray | None:
    """Predefined split of each sample, (n,) str; None where there are none."""
    return np.asarray(X["split"]) if "split" in X else None


def in_training_split(X: Samples) -> np.ndarray:
    """Samples of the split 'train', labelled or not, (n,) bool; all without predefined splits."""
    split = split_column(X)
    return np.ones(len(X), bool) if split is None else split == "train"


def training_mask(X: Samples) -> np.ndarray:
    """Samples to train on, (n,) bool: the labelled ones of the split 'train', or all labelled ones without splits."""
    training = X.is_labelled & in_training_split(X)
    return training if training.any() else X.is_labelled


def evaluation_splits(split: np.ndarray | None) -> tuple[str, ...]:
    """The predefined splits that a model of the split 'train' can be evaluated on, given that of each sample."""
    present = set() if split is None else set(split.tolist())
    return tuple(name for name in EVALUATION_SPLITS if {name, "train"} <= present)
