"""Subjects as groups: which samples have a known subject, and the int codes by which folds are formed."""

from __future__ import annotations

from typing import Any

import numpy as np

#: Subject id, and group code, of a sample whose subject is unknown.
UNKNOWN_SUBJECT = -1

#: Number of subjects per sample above which the subjects are rather the samples themselves.
MAX_SUBJECTS_PER_SAMPLE = 0.9


def known_subjects(subject: Any) -> np.ndarray:
    """Samples whose subject is known.

    Parameters
    ----------
    subject : array of int or str, shape (n,)
        Subject ids; -1, as number or text, where unknown.

    Returns
    -------
    ndarray of bool, shape (n,)

    Examples
    --------
    >>> known_subjects(["S01", "-1", "S02"]).tolist()
    [True, False, True]
    """
    return np.asarray(subject).astype(str) != str(UNKNOWN_SUBJECT)


def group_codes(subject: Any) -> np.ndarray:
    """Subject ids as int codes, which do not depend on the names of the subjects.

    Parameters
    ----------
    subject : array of int or str, shape (n,)

    Returns
    -------
    ndarray of int, shape (n,)
        0, 1, ... in the order in which the subjects first occur; -1 where the subject is unknown.

    Notes
    -----
    Random folds and bootstrap samples depend on the order of the subjects. By this order, results are equal for ids
    from a file, inferred ids, and ids that were renamed, as long as the same samples belong together.

    Examples
    --------
    >>> group_codes(np.array([30, -1, 7, 30])).tolist()
    [0, -1, 1, 0]
    """
    subject = np.asarray(subject)
    known = known_subjects(subject)
    codes = np.full(len(subject), UNKNOWN_SUBJECT, np.int64)
    ids = subject[known]
    ids = ids.astype(str) if ids.dtype.hasobject else ids  # text of integers takes a tenth of a kilobyte each
    _, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
    codes[known] = np.argsort(np.argsort(first))[inverse]
    return codes


def are_samples(groups: np.ndarray) -> bool:
    """Whether (nearly) every sample has a subject of its own, so that grouping by subject groups nothing.

    Parameters
    ----------
    groups : ndarray of int, shape (n,)
        Codes of the subjects, -1 where unknown.

    Returns
    -------
    bool
        Whether there are more than 0.9 subjects per sample whose subject is known. False for a single sample.

    Examples
    --------
    >>> are_samples(np.arange(20)), are_samples(np.arange(20) // 2)
    (True, False)
    """
    known = groups[groups != UNKNOWN_SUBJECT]
    return len(known) > 1 and len(np.unique(known)) > MAX_SUBJECTS_PER_SAMPLE * len(known)
