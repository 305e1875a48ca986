"""Which samples train and which are evaluated: folds grouped by subject, or predefined splits."""

from __future__ import annotations

import dataclasses
import itertools
import numbers
import re
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import BaseCrossValidator, LeaveOneGroupOut, StratifiedGroupKFold, StratifiedKFold

from ..exceptions import FerError
from ..samples.groups import are_samples
from ..samples.splits import evaluation_splits

#: Up to this number of subjects the default is leave-one-subject-out, above it 10-fold.
MAX_LOSO_SUBJECTS = 30

#: From this number of training samples the default is one hold-out instead of several folds.
MIN_HOLDOUT_SAMPLES = 5000

#: Name of the protocol with one hold-out, and the number of folds of which it is one.
HOLDOUT, HOLDOUT_FOLDS = "holdout", 5

#: Name of the protocol that uses the predefined splits of a data set.
PREDEFINED = "predefined"

#: Name of leave-one-subject-out.
LOSO = "loso"

#: Training and test indices of each fold.
Folds = list[tuple[np.ndarray, np.ndarray]]


@dataclasses.dataclass(frozen=True)
class Protocol:
    """A way to split samples into training and test samples.

    Attributes
    ----------
    name : str
        'loso', '<k>fold', 'holdout', 'predefined', or the representation of a scikit-learn splitter.
    n_folds : int
        Folds into which the samples are divided; 'holdout' evaluates the first of them.
    n_repeats : int
        Repetitions of k folds, each with other folds.
    seed : int
        Random state of the first repeat; each further one adds 1.
    grouped : bool
        Whether each subject is in one fold only. With predefined splits: whether subjects are known.
    splits : tuple of str, default=()
        With 'predefined': the splits that are evaluated.
    splitter : object, optional
        A scikit-learn splitter that draws the folds.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.evaluation import choose_protocol
    >>> label, subject = np.tile([0, 1], 6), np.repeat(np.arange(4), 3)
    >>> protocol = choose_protocol("2fold", label, subject)
    >>> for train, test in protocol.split(label, subject):
    ...     print(np.unique(subject[train]), np.unique(subject[test]))
    [1 3] [0 2]
    [0 2] [1 3]
    """

    name: str
    n_folds: int
    n_repeats: int
    seed: int
    grouped: bool
    splits: tuple[str, ...] = ()
    splitter: Any = None

    @property
    def reported(self) -> str:
        """The predefined split whose metrics are reported for the pipeline."""
        return reported_split(self.splits)

    def __str__(self) -> str:
        if self.splits:
            return f"predefined split, trained on 'train', evaluated on '{self.reported}'"
        if self.name == "loso":
            return "leave-one-subject-out"
        grouping = "grouped by subject" if self.grouped else "NOT grouped by subject"
        if self.splitter is not None:
            return f"{self.name}, {grouping}"
        repeats = f", repeated {self.n_repeats} times" if self.n_repeats > 1 else ""
        if self.name == HOLDOUT:
            return f"stratified hold-out of 1/{self.n_folds} {grouping}{repeats}, seed {self.seed}"
        return f"stratified {self.n_folds}-fold {grouping}{repeats}, seed {self.seed}"

    def split(
        self, label: np.ndarray, subject: np.ndarray | None, split: np.ndarray | None = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Training and test indices, fold by fold and repeat by repeat.

        Parameters
        ----------
        label : ndarray of int, shape (n,)
            Label codes of the samples, all known.
        subject : ndarray, shape (n,), or None
        split : ndarray of str, shape (n,), optional
            Predefined split of each sample.

        Yields
        ------
        train, test : ndarray of int
            Positions of the samples.
        """
        if self.splits and split is not None:
            yield np.flatnonzero(split == "train"), np.flatnonzero(np.isin(split, self.splits))
            return
        dummy = np.zeros(len(label))
        if self.splitter is not None:
            yield from self.splitter.split(dummy, label, subject)
            return
        n_evaluated = 1 if self.name == HOLDOUT else None
        for repeat in range(self.n_repeats):
            folds: Any = LeaveOneGroupOut()
            if self.name != "loso":
                kind = StratifiedGroupKFold if self.grouped else StratifiedKFold
                folds = kind(self.n_folds, shuffle=True, random_state=(self.seed + repeat) % 2**32)
            yield from itertools.islice(folds.split(dummy, label, subject if self.grouped else None), n_evaluated)


def reported_split(splits: Iterable[str]) -> str:
    """The split whose metrics are reported for a pipeline: 'test' if it is evaluated, else the first one."""
    splits = list(splits)
    return "test" if "test" in splits else splits[0]


def reported_predictions(predictions: pd.DataFrame) -> pd.DataFrame:
    """Predictions of the reported split; all of them where no predefined splits are evaluated."""
    if "split" not in predictions:
        return predictions
    return predictions[predictions["split"] == reported_split(predictions["split"].unique())]


def uses_predefined_splits(cv: Any, split: np.ndarray | None) -> bool:
    """Whether the predefined splits are evaluated: on request, and by default where another than 'train' has labels."""
    return bool(evaluation_splits(split)) if cv is None else isinstance(cv, str) and cv == PREDEFINED


def choose_protocol(
    cv: str | int | BaseCrossValidator | Any | None,
    label: np.ndarray,
    subject: np.ndarray | None,
    classes: tuple[str, ...] = (),
    n_repeats: int = 1,
    seed: int = 0,
    split: np.ndarray | None = None,
) -> Protocol:
    """The protocol for a value of `cv`, after checking that the data allow it.

    Parameters
    ----------
    cv : {'loso', '5fold', '10fold', '<k>fold', 'holdout', 'predefined'}, int, scikit-learn splitter or None
        An integer k is '<k>fold'. 'holdout' evaluates a fifth of the samples. None is 'predefined' where other splits
        than 'train' have labels, 'holdout' from 5,000 samples on, else 'loso' up to 30 subjects and '10fold' above, or
        where no subjects are known or nearly every sample has its own.
    label : ndarray, shape (n,)
        Label codes of the samples, all known.
    subject : ndarray, shape (n,), or None
        None where no subjects are known.
    classes : tuple of str, default=()
        Class name of each code, for messages.
    n_repeats : int, default=1
        See `Protocol`.
    seed : int, default=0
        See `Protocol`.
    split : ndarray of str, shape (n,), optional
        Predefined split of each sample.

    Returns
    -------
    Protocol

    Raises
    ------
    FerError
        For an unknown name, a single class or subject, a class shown by fewer subjects than folds, 'loso' where nearly
        every sample has its own subject, or where 'predefined' is requested and no split other than 'train' has labels.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.evaluation import choose_protocol
    >>> label, subject = np.tile([0, 1], 6), np.repeat(np.arange(4), 3)
    >>> choose_protocol(None, label, subject).name, choose_protocol("2fold", label, subject).n_folds
    ('loso', 2)
    """
    if isinstance(cv, numbers.Integral) and not isinstance(cv, bool):
        cv = f"{cv}fold"
    evaluated = evaluation_splits(split)
    predefined = uses_predefined_splits(cv, split)
    if predefined and not evaluated:
        raise FerError("no predefined split other than 'train' has labels to evaluate on: use cv='loso' or cv='10fold'")
    present, n_of_class = np.unique(label[split == "train"] if predefined else label, return_counts=True)

    def name_of_class(code: int) -> str:
        return classes[code] if 0 <= code < len(classes) else str(code)

    if len(present) < 2:
        only = f", '{name_of_class(int(present[0]))}'" if len(present) else ""
        where = "labelled samples of the training split" if predefined else "labelled samples"
        raise FerError(f"the {where} have {len(present)} class{only}: training needs at least two")
    if predefined:
        check_protocol_name(PREDEFINED, n_repeats)
        return Protocol(PREDEFINED, 1, 1, seed, subject is not None, evaluated)
    subjects = None if subject is None else np.unique(subject)
    if cv is not None and not isinstance(cv, str):
        return _of_splitter(cv, label, subject, n_repeats, seed)
    if subjects is not None and len(subjects) < 2:
        raise FerError(
            "all labelled samples are of one subject: subject-independent evaluation needs at least two; "
            "add subjects, or correct the ids with subjects=FILE"
        )
    can_use_loso = subject is not None and not are_samples(subject)
    if cv is None:
        cv = _default_protocol(len(label), None if subjects is None else len(subjects), can_use_loso)
    check_protocol_name(cv, n_repeats)
    if cv == LOSO and subjects is None:
        raise FerError("leave-one-subject-out needs subjects, and none are known: use subjects=FILE, or cv='10fold'")
    if cv == LOSO and subjects is not None and not can_use_loso:
        raise FerError(
            f"leave-one-subject-out needs several samples of a subject, and there are {len(subjects)} subjects in "
            f"{len(label)} samples: correct the subjects, or use cv='10fold'"
        )
    match = _match_number(cv)
    k = len(subjects) if match is None and subjects is not None else int(match[1] if match else 0)
    if subjects is None:
        rarest = n_of_class.argmin()
        if n_of_class[rarest] < k:
            advice = (
                f"use {_fewer_folds(n_of_class[rarest])}"
                if n_of_class[rarest] > 1
                else "add samples, or leave the class out"
            )
            raise FerError(
                f"class '{name_of_class(int(present[rarest]))}' has {n_of_class[rarest]} sample(s), fewer than "
                f"{k} folds: {advice}"
            )
    else:
        n_subjects = np.array([len(np.unique(subject[label == code])) for code in present])  # type: ignore[index]
        rarest = n_subjects.argmin()
        # Leave-one-subject-out only needs every class in every training set.
        needed = 2 if cv == "loso" else k
        if n_subjects[rarest] < needed:
            advice = "add subjects that show it, or leave the class out"
            if n_subjects[rarest] >= 2:
                advice = f"use {_fewer_folds(n_subjects[rarest])}" + (" or cv='loso'" if can_use_loso else "")
            raise FerError(
                f"class '{name_of_class(int(present[rarest]))}' is shown by {n_subjects[rarest]} subject(s), and "
                f"{'leave-one-subject-out needs' if cv == 'loso' else f'{k} folds need'} {needed}: {advice}"
            )
    return Protocol(cv, k, n_repeats, seed, subjects is not None)


def check_protocol_name(cv: Any, n_repeats: int = 1) -> None:
    """Check what can be known of a protocol without data, so that a wrong name is reported before these are read.

    Parameters
    ----------
    cv : {'loso', '5fold', '10fold', '<k>fold', 'holdout', 'predefined'}, int, scikit-learn splitter or None
        Only names and numbers are checked.
    n_repeats : int, default 1

    Raises
    ------
    FerError
        For an unknown name, fewer than two folds, or repeats of a protocol that has none.
    """
    if n_repeats < 1:
        raise FerError(f"n_repeats is {n_repeats}: it must be at least 1")
    if isinstance(cv, numbers.Integral) and not isinstance(cv, bool):
        cv = f"{cv}fold"
    if not isinstance(cv, str):
        return
    match = _match_number(cv)
    if cv not in (LOSO, PREDEFINED) and not match:
        raise FerError(
            f"unknown cv '{cv}': use '{LOSO}', '5fold', '10fold' or another '<k>fold', '{HOLDOUT}' or '{PREDEFINED}'"
        )
    if match and int(match[1]) < 2:
        raise FerError(f"cv '{cv}': at least 2 folds are needed")
    if not match and n_repeats > 1:
        name = "leave-one-subject-out" if cv == LOSO else "predefined splits"
        raise FerError(f"{name} cannot be repeated: use k folds, such as cv='5fold'")


def _match_number(cv: str) -> re.Match[str] | None:
    """The number of folds of a name, as the first group; None for other names."""
    return re.fullmatch(r"([0-9]{1,9})(?:fold)?", f"{HOLDOUT_FOLDS}fold" if cv == HOLDOUT else cv)


def _default_protocol(n_samples: int, n_subjects: int | None, can_use_loso: bool) -> str:
    """Name of the protocol for data without labelled predefined splits; `n_subjects` None where none are known."""
    if n_samples >= MIN_HOLDOUT_SAMPLES and (n_subjects is None or n_subjects >= HOLDOUT_FOLDS):
        return HOLDOUT
    return LOSO if can_use_loso and n_subjects is not None and n_subjects <= MAX_LOSO_SUBJECTS else "10fold"


def _fewer_folds(largest: int) -> str:
    return f"cv='{largest}fold'" + (" or fewer," if largest > 2 else ",")


def _of_splitter(splitter: Any, label: np.ndarray, subject: np.ndarray | None, n_repeats: int, seed: int) -> Protocol:
    """The protocol of a scikit-learn splitter; `grouped` is found from the folds that it draws."""
    # scikit-learn breaks long representations into lines; that of a plain object holds an address in memory.
    name = " ".join(repr(splitter).split())
    name = type(splitter).__name__ if " at 0x" in name or not hasattr(splitter, "split") else name
    if not hasattr(splitter, "split") and not _is_fold_list(splitter):
        raise FerError(f"cv is of type {name}: use a name, a number of folds, a splitter, or a list of folds")
    if n_repeats > 1:
        raise FerError("n_repeats goes with named protocols: use a splitter that repeats, such as RepeatedKFold")
    try:
        with warnings.catch_warnings():  # whether subjects are separated is found from the folds, and reported
            warnings.filterwarnings("ignore", "The groups parameter is ignored")
            made = splitter.split(np.zeros(len(label)), label, subject) if hasattr(splitter, "split") else splitter
            folds = [(np.asarray(train), np.asarray(test)) for train, test in made]
    except (ValueError, TypeError) as error:
        raise FerError(f"cv {name} cannot split these samples: {' '.join(str(error).split())}") from error
    if not folds or any(len(train) == 0 or len(test) == 0 for train, test in folds):
        raise FerError(f"cv {name} gives an empty fold")
    if any(
        indices.ndim != 1 or indices.dtype.kind not in "iu" or indices.min() < 0 for fold in folds for indices in fold
    ):
        raise FerError(f"cv {name}: a fold is a pair of arrays, the positions of training and of test samples")
    if any(np.isin(test, train).any() for train, test in folds):
        raise FerError(f"cv {name}: a fold evaluates samples on which it trains")
    if max(int(indices.max()) for fold in folds for indices in fold) >= len(label):
        raise FerError(f"cv {name} was made for other samples than the {len(label)} to evaluate: use X[X.is_labelled]")
    grouped = subject is not None and not any(np.isin(subject[test], subject[train]).any() for train, test in folds)
    # The folds are stored: a splitter without a random state makes others at the next call.
    return Protocol(name, len(folds), 1, seed, grouped, splitter=_FixedFolds(folds))


def _is_fold_list(cv: Any) -> bool:
    return isinstance(cv, list | tuple) and all(isinstance(fold, list | tuple) and len(fold) == 2 for fold in cv)


@dataclasses.dataclass(frozen=True)
class _FixedFolds:
    folds: Folds

    def split(self, *_: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        yield from self.folds
