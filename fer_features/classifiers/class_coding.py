"""Class names of a table as label codes during a fit, so that results do not depend on the names."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exceptions import FerError
from ..samples.table import Samples


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
        For a single class, labels of another number than samples, and samples of a table without a label.
    """
    if y is not None:
        _check_labels(X, np.asarray(y))
    if not isinstance(X, Samples) or y is None:
        return y, None
    labels = np.asarray(y)
    unlabelled = labels == ("" if labels.dtype.kind in "UO" else -1)
    if np.any(unlabelled):
        raise FerError(f"{int(unlabelled.sum())} of {len(labels)} samples have no label: fit on X[X.is_labelled]")
    if not X.info.classes:
        return y, None
    if labels.dtype.kind not in "UO" or not set(labels.tolist()) <= set(X.info.classes):
        return y, None
    codes = X.info.codes_of(labels)
    return codes, ClassCoding(X.info.classes, np.unique(codes))


def _check_labels(X: Any, y: np.ndarray) -> None:
    if isinstance(X, Samples | np.ndarray) and len(X) != len(y):
        raise FerError(f"X has {len(X)} samples and y {len(y)} labels: they must agree")
    classes = np.unique(y)
    if len(classes) < 2:
        raise FerError(f"the training samples have {len(classes)} class: at least two are needed")
