"""Which rows train and which are judged: folds that keep every subject on one side, or the official parts."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

import numpy as np
from sklearn.model_selection import LeaveOneGroupOut, StratifiedGroupKFold, StratifiedKFold

from ..exceptions import FerError
from ..samples.table import Samples

#: Up to this many subjects every one of them is left out in turn by default.
LOSO_LIMIT = 30

#: Official parts that can be judged.
OFFICIAL = ("validation", "test")


@dataclasses.dataclass(frozen=True)
class Protocol:
    """A way to split rows into folds.

    Attributes
    ----------
    name : str
        'loso', '<k>fold', or 'official'.
    n_folds : int
        Folds of one repeat.
    repeats : int
        How often the folds are drawn anew.
    seed : int
        Random state of the first repeat; the next ones count up from it.
    grouped : bool
        Whether subjects are kept whole; False only where none are known. Of official parts: whether they are known.
    parts : tuple of str
        Of 'official': those that are judged.
    """

    name: str
    n_folds: int
    repeats: int
    seed: int
    grouped: bool
    parts: tuple[str, ...] = ()

    @property
    def reported(self) -> str:
        """The official part whose figures stand for the pipeline: 'test' where it has labels."""
        return "test" if "test" in self.parts else self.parts[0]

    def __str__(self) -> str:
        if self.parts:
            return f"official split, fitted to the part 'train', judged on '{self.reported}'"
        if self.name == "loso":
            return "leave-one-subject-out"
        grouping = "grouped by subject" if self.grouped else "NOT grouped by subject"
        repeats = f", repeated {self.repeats} times" if self.repeats > 1 else ""
        return f"stratified {self.n_folds}-fold {grouping}{repeats}, seed {self.seed}"

    def split(
        self, label: np.ndarray, subject: np.ndarray | None, part: np.ndarray | None = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Rows to train on and rows to judge, fold by fold, repeat by repeat."""
        if self.parts and part is not None:
            yield np.flatnonzero(part == "train"), np.flatnonzero(np.isin(part, self.parts))
            return
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


def official_parts(part: np.ndarray | None) -> tuple[str, ...]:
    """The parts that can be judged by a model of the part 'train', given the part of each labelled row."""
    return tuple(name for name in OFFICIAL if name in part) if part is not None and "train" in part else ()


def training_rows(X: Samples) -> np.ndarray:
    """Rows to learn from, (n,) bool: the labelled ones of the official training part, or all labelled ones where there
    is none.
    """
    labelled = np.asarray(X["label"]) >= 0
    training = labelled & (np.asarray(X["split"]) == "train") if "split" in X else labelled
    return training if training.any() else labelled


def choose_protocol(
    cv: str | None,
    label: np.ndarray,
    subject: np.ndarray | None,
    classes: tuple[str, ...] = (),
    repeats: int = 1,
    seed: int = 0,
    part: np.ndarray | None = None,
) -> Protocol:
    """The protocol that a name stands for, after checking that the data can bear it.

    Parameters
    ----------
    cv : {'loso', '5fold', '10fold', '<k>fold', 'official'} or None
        None is 'official' where other parts than 'train' have labels, else 'loso' up to 30 subjects and '10fold' above,
        or where no subjects are known.
    label : ndarray, shape (n,)
        Codes of the rows to be split; -1 does not occur.
    subject : ndarray, shape (n,), or None
        None where no subjects are known.
    classes : tuple of str
        Names of the codes, for messages.
    repeats, seed : int
        See `Protocol`.
    part : ndarray of str, shape (n,), or None
        The official part of each row.

    Returns
    -------
    Protocol

    Raises
    ------
    FerError
        For an unknown name, one class, one subject, a class shown by fewer subjects than folds, or no labelled official
        parts where they are asked for.
    """
    judged = official_parts(part)
    official = cv == "official" or (cv is None and bool(judged))
    if official and not judged:
        raise FerError("no official part beside 'train' has labels that could be judged: give --cv loso or --cv 10fold")
    present, rows_of = np.unique(label[part == "train"] if official else label, return_counts=True)

    def named(code: int) -> str:
        return classes[code] if 0 <= code < len(classes) else str(code)

    if len(present) < 2:
        only = f", '{named(int(present[0]))}'" if len(present) else ""
        rows = "labelled rows of the training part" if official else "labelled rows"
        raise FerError(f"the {rows} have {len(present)} class{only}: at least two are needed to learn from")
    if official:
        if repeats > 1:
            raise FerError("the official split is the same every time: repeats need k folds, such as --cv 5fold")
        return Protocol("official", 1, 1, seed, subject is not None, judged)
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
        raise FerError(
            f"no protocol '{cv}': 'loso', '5fold', '10fold' or another number of folds, or 'official' is needed"
        )
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
                f"class '{named(int(present[few]))}' has {rows_of[few]} row(s), fewer than {k} folds: "
                + (f"use --cv {rows_of[few]}fold or fewer" if rows_of[few] > 1 else "add rows, or leave the class out")
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
