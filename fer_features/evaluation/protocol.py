"""Which rows train and which are judged: folds that keep every subject on one side."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

import numpy as np
from sklearn.model_selection import LeaveOneGroupOut, StratifiedGroupKFold, StratifiedKFold

from ..errors import FerError

#: Up to this many subjects every one of them is left out in turn by default.
LOSO_LIMIT = 30


@dataclasses.dataclass(frozen=True)
class Protocol:
    """A way to split rows into folds.

    Attributes
    ----------
    name : str
        'loso', or '<k>fold'.
    n_folds : int
        Folds of one repeat.
    repeats : int
        How often the folds are drawn anew.
    seed : int
        Random state of the first repeat; the next ones count up from it.
    grouped : bool
        Whether subjects are kept whole; False only where none are known.
    """

    name: str
    n_folds: int
    repeats: int
    seed: int
    grouped: bool

    def __str__(self) -> str:
        if self.name == "loso":
            return "leave-one-subject-out"
        grouping = "grouped by subject" if self.grouped else "NOT grouped by subject"
        repeats = f", repeated {self.repeats} times" if self.repeats > 1 else ""
        return f"stratified {self.n_folds}-fold {grouping}{repeats}, seed {self.seed}"

    def split(self, label: np.ndarray, subject: np.ndarray | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Rows to train on and rows to judge, fold by fold, repeat by repeat."""
        dummy = np.zeros(len(label))
        for repeat in range(self.repeats):
            if self.name == "loso":
                yield from LeaveOneGroupOut().split(dummy, label, subject)
            elif self.grouped:
                folds = StratifiedGroupKFold(self.n_folds, shuffle=True, random_state=self.seed + repeat)
                yield from folds.split(dummy, label, subject)
            else:
                plain = StratifiedKFold(self.n_folds, shuffle=True, random_state=self.seed + repeat)
                yield from plain.split(dummy, label)


def choose_protocol(
    cv: str | None,
    label: np.ndarray,
    subject: np.ndarray | None,
    classes: tuple[str, ...] = (),
    repeats: int = 1,
    seed: int = 0,
) -> Protocol:
    """The protocol that a name stands for, after checking that the data can bear it.

    Parameters
    ----------
    cv : {'loso', '5fold', '10fold', '<k>fold'} or None
        None is 'loso' up to 30 subjects and '10fold' above, or where no subjects are known.
    label : ndarray, shape (n,)
        Codes of the rows to be split.
    subject : ndarray, shape (n,), or None
        None where no subjects are known.
    classes : tuple of str
        Names of the codes, for messages.
    repeats, seed : int
        See `Protocol`.

    Returns
    -------
    Protocol

    Raises
    ------
    FerError
        For an unknown name, one class, one subject, or a class shown by fewer subjects than folds.
    """
    present, rows_of = np.unique(label, return_counts=True)

    def named(code: int) -> str:
        return classes[code] if 0 <= code < len(classes) else str(code)

    if len(present) < 2:
        only = f", '{named(int(present[0]))}'" if len(present) else ""
        raise FerError(f"the labelled rows have {len(present)} class{only}: at least two are needed to learn from")
    people = None if subject is None else np.unique(subject)
    if people is not None and len(people) < 2:
        raise FerError(
            "all labelled rows are of one subject: nobody can be left out, so no honest score is possible; "
            "give data of two or more subjects, or correct ids by --subjects FILE"
        )
    if cv is None:
        cv = "loso" if people is not None and len(people) <= LOSO_LIMIT else "10fold"
    match = re.fullmatch(r"(\d+)fold", cv)
    if cv != "loso" and not match:
        raise FerError(f"no protocol '{cv}': 'loso', '5fold', '10fold', or another number of folds is needed")
    if repeats < 1:
        raise FerError(f"repeats is {repeats}: at least 1 is needed")
    if cv == "loso":
        if people is None:
            raise FerError(
                "leave-one-subject-out needs subjects, and none are known: give --subjects FILE, or --cv 10fold"
            )
        if repeats > 1:
            raise FerError("leave-one-subject-out is the same every time: repeats need k folds, such as --cv 5fold")
    k = len(people) if match is None and people is not None else int(match[1] if match else 0)
    if k < 2:
        raise FerError(f"cv '{cv}': at least 2 folds are needed")
    if people is None:
        few = rows_of.argmin()
        if rows_of[few] < k:
            raise FerError(
                f"class '{named(int(present[few]))}' has {rows_of[few]} row(s), fewer than {k} folds: use fewer"
            )
    else:
        shown_by = np.array([len(np.unique(subject[label == code])) for code in present])  # type: ignore[index]
        few = shown_by.argmin()
        # With LOSO a class must only survive the leaving out of any one person.
        needed = 2 if cv == "loso" else k
        if shown_by[few] < needed:
            advice = "add subjects that show it, or leave the class out"
            if shown_by[few] >= 2:
                advice = f"use --cv {shown_by[few]}fold or fewer, or --cv loso"
            raise FerError(
                f"class '{named(int(present[few]))}' is shown by {shown_by[few]} subject(s), fewer than the "
                f"{needed} that {'leave-one-subject-out' if cv == 'loso' else f'{k} folds'} need: {advice}"
            )
    return Protocol(cv, k, repeats, seed, people is not None)
