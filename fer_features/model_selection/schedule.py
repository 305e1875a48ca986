"""Where candidates are judged: on all subjects, and for an honest score anew within each outer fold."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ..evaluation.protocol import choose_protocol
from ..exceptions import FerError
from .grids import stages


@dataclasses.dataclass(frozen=True)
class Stage:
    """Folds of one stage: positions of rows to train on and to judge, and how many subjects these are."""

    folds: list[tuple[np.ndarray, np.ndarray]]
    n_subjects: int


@dataclasses.dataclass(frozen=True)
class Scope:
    """Rows that a choice is made on.

    Attributes
    ----------
    name : str
        'all', or 'outer 0', 'outer 1', ...
    stages : list of Stage
    rows : ndarray of int
        All rows of the scope.
    test : ndarray of int
        Rows of the other subjects, whom the choice has not seen; none of 'all'.
    protocol, outer : str
        How the rows are split, and the outer folds, in words.
    """

    name: str
    stages: list[Stage]
    rows: np.ndarray
    test: np.ndarray
    protocol: str
    outer: str | None

    def part(self, stage: Any, fold: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows to train on and to judge; of the stage 'outer' all rows of the scope and those of its test."""
        return (self.rows, self.test) if stage == "outer" else self.stages[stage].folds[fold]


def make_scopes(
    label: np.ndarray,
    subject: np.ndarray | None,
    classes: tuple[str, ...],
    cv: str,
    nested: str | None,
    strategy: str,
    seed: int,
    n_candidates: int,
) -> list[Scope]:
    """The scope 'all' and one for each outer fold.

    Parameters
    ----------
    label, subject : ndarray, shape (n,)
        Of the rows that are judged; subject None where none are known.
    classes : tuple of str
    cv, nested, strategy, seed
        See `fer_features.model_selection.search.search`.
    n_candidates : int

    Returns
    -------
    list of Scope

    Raises
    ------
    FerError
        For folds that the rows, or those of an outer fold, cannot bear.
    """
    for name in (cv, nested):
        if name == "official":
            raise FerError("a search draws folds within the training part: the official parts must not choose settings")
    everybody = np.arange(len(label))
    splits = [("all", everybody, everybody[:0])]
    outer = None
    if nested is not None:
        protocol = choose_protocol(nested, label, subject, classes, seed=seed)
        outer = str(protocol)
        splits += [(f"outer {i}", *parts) for i, parts in enumerate(protocol.split(label, subject))]
    scopes = []
    for name, rows, test in splits:
        who = None if subject is None else subject[rows]
        try:
            plan = stages(strategy, cv, label[rows], who, classes, seed, n_candidates)
        except FerError as error:
            raise FerError(f"within outer fold {name[6:]} of --nested: {error}" if name != "all" else error) from None
        found = []
        for at, protocol in plan:
            part = who if who is None else who[at]
            folds = [(rows[at[train]], rows[at[judged]]) for train, judged in protocol.split(label[rows[at]], part)]
            found.append(Stage(folds, 0 if part is None else len(np.unique(part))))
        scopes.append(Scope(name, found, rows, test, str(plan[-1][1]), outer))
    return scopes
