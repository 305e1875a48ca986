"""A test split for still images without predefined splits, which divides no subject and no group of equal images."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable

import numpy as np

from ..exceptions import FerError
from ..samples.table import Samples

#: Default fraction of the samples in the test split.
HOLDOUT_FRACTION = 0.2

#: Number of labelled samples from which a test split is created by default. Smaller data sets are evaluated by
#: cross-validation over all samples, which takes seconds; for larger ones cross-validation takes long and is hardly
#: more precise than one split.
MIN_SAMPLES_FOR_HOLDOUT = 2000


def with_holdout(X: Samples, fraction: float | None = None) -> Samples:
    """Add the column 'split', with 'train' and 'test', where the table has none.

    Parameters
    ----------
    X : Samples
        With labels, images and 'id', the names of the samples.
    fraction : float, optional
        Fraction of the samples in the test split, in [0, 1); 0 creates no split. By default `HOLDOUT_FRACTION` from
        `MIN_SAMPLES_FOR_HOLDOUT` labelled samples on, and 0 below.

    Returns
    -------
    Samples
        `X` itself where no split is created.

    Raises
    ------
    FerError
        Where a fraction is given and the table has predefined splits, or has too few subjects of a class.

    Notes
    -----
    Groups are subjects, or sets of equal images where no subject is known. All samples with an unknown subject are one
    group if other subjects are known. Groups are visited in an order that depends on their names alone (a hash). A
    group joins the test split if that reduces the squared relative distance to the requested fraction of every class.
    The split is therefore the same on every machine and for every order of the samples, and an additional image
    changes it for few other images.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples
    >>> from fer_features.datasets import with_holdout
    >>> images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    >>> X = Samples.from_arrays(images, label=["fear", "joy"] * 20, subject=np.arange(40) // 4, id=np.arange(40))
    >>> X = with_holdout(X, fraction=0.2)
    >>> np.unique(X["subject"][X["split"] == "test"]).tolist()
    [2, 6]
    """
    if "split" in X:
        if fraction:
            raise FerError(f"holdout={fraction:g}: {X.info.source} has predefined splits")
        return X
    label = X.label_codes
    labelled = label >= 0
    required = fraction is not None
    if fraction is None and labelled.sum() >= MIN_SAMPLES_FOR_HOLDOUT:
        fraction = HOLDOUT_FRACTION
    if not fraction:
        return X
    if not 0 < fraction < 1:
        raise FerError(f"holdout={fraction:g}: a fraction of the samples between 0 and 1 is needed")
    has_subjects = X.groups is not None
    groups = [str(s) for s in X["subject"]] if has_subjects else _groups_of_equal_images(X)
    test = holdout_mask(groups, label, fraction)
    lacking = set(label[labelled & ~test]) ^ set(label[labelled & test])
    if lacking:
        names = ", ".join(X.info.classes[code] for code in sorted(lacking))
        reason = f"no test split can be created: too few {'subjects' if has_subjects else 'images'} show {names}"
        if required:
            raise FerError(f"holdout={fraction:g}: {reason}; cv='5fold' evaluates by cross-validation instead")
        return X.with_columns(dataclasses.replace(X.info, notes=(*X.info.notes, reason)))
    how = "by subject" if has_subjects else "equal images in the same split, subjects are unknown"
    note = (
        f"no predefined split in {X.info.source}: {test.sum()} samples form the split 'test' ({how}); "
        "holdout=0 disables it"
    )
    info = dataclasses.replace(X.info, notes=(*X.info.notes, note))
    return X.with_columns(info, split=np.where(test, "test", "train"))


def holdout_mask(groups: Iterable[str], label: np.ndarray, fraction: float) -> np.ndarray:
    """Choose the samples of the test split.

    Parameters
    ----------
    groups : iterable of n str
        Name of the group of each sample; no group is divided.
    label : ndarray of int, shape (n,)
        The fraction holds for each code; -1 counts as a code.
    fraction : float

    Returns
    -------
    ndarray of bool, shape (n,)

    Examples
    --------
    >>> holdout_mask(["a", "a", "b", "b", "c", "c", "d", "d"], np.array([0, 1] * 4), 0.25).sum()
    np.int64(2)
    """
    names, group = np.unique(np.asarray(list(groups), str), return_inverse=True)
    codes, code = np.unique(label, return_inverse=True)
    counts = np.zeros((len(names), len(codes)))
    np.add.at(counts, (group, code), 1)
    total = counts.sum(0)
    missing = fraction * total  # number of samples of each class that the test split still lacks
    chosen = np.zeros(len(names), bool)
    for i in sorted(range(len(names)), key=lambda i: hashlib.blake2b(str(names[i]).encode(), digest_size=8).digest()):
        left = missing - counts[i]
        if ((left / total) ** 2).sum() < ((missing / total) ** 2).sum():
            missing, chosen[i] = left, True
    return chosen[group]


def _groups_of_equal_images(X: Samples) -> list[str]:
    """For each sample the alphabetically first id among the samples with the same pixels."""
    ids = [str(name) for name in X["id"]]
    digests = [hashlib.blake2b(np.ascontiguousarray(p).data, digest_size=16).digest() for p in X.frame("images", -1)]
    first: dict[bytes, str] = {}
    for digest, name in zip(digests, ids, strict=True):
        first[digest] = min(name, first.get(digest, name))
    return [first[digest] for digest in digests]
