"""Class names of a table as label codes during a fit, so that results do not depend on the names."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exceptions import FerError
from ..samples.table import Samples
from ..samples.validation import UNLABELLED, clean_labels


class ClassCoding:
    """The class names of fitted labels, which are codes inside the model.

    Parameters
    ----------
    names : tuple of str
        Class name of each code.
    codes : array-like of int, shape (k,)
        Codes of the classes that occur, increasing.

    Attributes
    ----------
    classes : ndarray of str, shape (k,)
        The names, sorted, as scikit-learn orders classes.

    Notes
    -----
    The order of classes determines ties and random numbers of some classifiers. Codes keep the order of the data set,
    so that a model that is fitted on names makes the same predictions as one that is fitted on codes.
    """

    def __init__(self, names: tuple[str, ...], codes: Any):
        self.names = np.array(names)
        self._order = np.argsort(self.names[np.asarray(codes)], kind="stable")
        self.classes = self.names[np.asarray(codes)][self._order]

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Names of predicted codes, (n,)."""
        return self.names[codes]

    def reorder(self, scores: np.ndarray) -> np.ndarray:
        """Scores (n, k), or (n,) of the second of two classes, in the order of `classes`."""
        if scores.ndim == 1:
            return scores if self._order[0] == 0 else -scores
        return scores[:, self._order]


def encode_labels(X: Any, y: Any) -> tuple[Any, ClassCoding | None]:
    """Label codes of class names, and their coding.

    Parameters
    ----------
    X : Samples or array
    y : array-like, shape (n,)

    Returns
    -------
    y : ndarray of int, shape (n,), or the given labels
    coding : ClassCoding or None
        None where `y` are not class names of the table `X`; `y` is then returned unchanged.

    Raises
    ------
    FerError
        For a single class, labels of another number or shape than (n,), labels of several types, and samples of a table
        without a label.
    """
    if y is not None:
        _check_labels(X, y)
    if not isinstance(X, Samples) or y is None:
        return y, None
    labels = np.asarray(y)
    if not X.info.classes:
        return y, None
    if labels.dtype.kind not in "UO" or not set(labels.tolist()) <= set(X.info.classes):
        return y, None
    codes = X.info.codes_of(labels)
    return codes, ClassCoding(X.info.classes, np.unique(codes))


def _check_labels(X: Any, y: Any) -> None:
    labels = np.asarray(y)
    if labels.ndim == 0:
        raise FerError(f"y is of type {type(y).__name__}: one label per sample is needed, shape (n,)")
    if isinstance(X, Samples | np.ndarray) and len(X) != len(labels):
        raise FerError(f"X has {len(X)} samples and y {len(labels)} labels: they must agree")
    if isinstance(X, Samples):
        if labels.ndim != 1:
            raise FerError(f"y has shape {labels.shape}: one label per sample is needed, shape (n,)")
        unlabelled = np.ma.getmaskarray(y) | (clean_labels(y)[0] == UNLABELLED)
        if unlabelled.any():
            raise FerError(f"{int(unlabelled.sum())} of {len(labels)} samples have no label: fit on X[X.is_labelled]")
    try:
        classes = np.unique(labels)
    except TypeError as error:
        raise FerError("y has labels of several types: codes or class names are needed") from error
    if len(classes) < 2:
        raise FerError(f"the training samples have {len(classes)} class: at least two are needed")
