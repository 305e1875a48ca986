"""Where candidates are evaluated: on all subjects, and again within each outer fold of a nested search."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..evaluation.protocol import PREDEFINED, Folds, check_protocol_name, choose_protocol
from ..exceptions import FerError

#: Name of the `OuterFold` that holds all samples.
ALL_SAMPLES = "all"


@dataclasses.dataclass(frozen=True)
class OuterFold:
    """Samples on which a candidate is selected.

    Attributes
    ----------
    name : str
        'all', or 'outer 0', 'outer 1', ...
    folds : list of (ndarray of int, ndarray of int)
        Training and validation indices of the inner folds.
    train : ndarray of int
        All samples used for the selection.
    test : ndarray of int
        Samples of the other subjects, on which the selected candidate is evaluated; empty for 'all'.
    protocol : str
        Inner folds, as text.
    outer_protocol : str or None
        Outer folds, as text.
    """

    name: str
    folds: Folds
    train: np.ndarray
    test: np.ndarray
    protocol: str
    outer_protocol: str | None


def check_search_folds(cv: str, nested: str | None) -> None:
    """Check the names of the folds of a search, which needs no data.

    Parameters
    ----------
    cv, nested
        See `fer_features.search`.

    Raises
    ------
    FerError
    """
    if PREDEFINED in (cv, nested):
        raise FerError(
            "a search draws folds within the training split: predefined splits must not be used to choose settings"
        )
    check_protocol_name(cv)
    check_protocol_name(nested)


def make_outer_folds(
    label: np.ndarray,
    subject: np.ndarray | None,
    classes: tuple[str, ...],
    cv: str,
    nested: str | None,
    seed: int,
) -> list[OuterFold]:
    """The fold 'all' and, of a nested search, one for each outer fold.

    Parameters
    ----------
    label, subject : ndarray, shape (n,)
        Of the samples that are used; subject None where none are known.
    classes : tuple of str
    cv, nested, seed
        See `fer_features.model_selection.search.search`.

    Returns
    -------
    list of OuterFold

    Raises
    ------
    FerError
        For folds that the samples, or those of an outer fold, do not allow.
    """
    check_search_folds(cv, nested)
    every = np.arange(len(label))
    parts = [(ALL_SAMPLES, every, every[:0])]
    outer = None
    if nested is not None:
        protocol = choose_protocol(nested, label, subject, classes, seed=seed)
        outer = str(protocol)
        parts += [(f"outer {i}", *fold) for i, fold in enumerate(protocol.split(label, subject))]
    found = []
    for name, train, test in parts:
        of_train = None if subject is None else subject[train]
        try:
            inner = choose_protocol(cv, label[train], of_train, classes, seed=seed)
        except FerError as error:
            where = "" if name == ALL_SAMPLES else f"within {name} of the nested search: "
            raise FerError(f"{where}{error}") from None
        folds = [(train[fit], train[validate]) for fit, validate in inner.split(label[train], of_train)]
        found.append(OuterFold(name, folds, train, test, str(inner), outer))
    return found
