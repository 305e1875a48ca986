"""A test part for stills that come without parts: nobody, and no picture, stands on both sides."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable

import numpy as np

from ..exceptions import FerError
from ..samples.table import Samples

#: Share of the rows that is drawn for the test part.
SHARE = 0.2

#: Labelled rows from which a part is drawn unasked. Fewer are judged by folds over all rows, which wastes none of them
#: and takes seconds; of more the ten fits of ten folds take long, and say little more than one.
LARGE = 2000


def with_holdout(X: Samples, share: float | None = None) -> Samples:
    """Add the column 'split', with 'train' and 'test', where the table has none.

    Parameters
    ----------
    X : Samples
        With labels, images and 'id', the names of the rows.
    share : float, optional
        Of the rows, in [0, 1); 0 draws none. Not given, a fifth from `LARGE` labelled rows on, and none below.

    Returns
    -------
    Samples
        The table itself where nothing is drawn.

    Raises
    ------
    FerError
        Where a share is asked for and the table has parts, or cannot be split: by too few people of a class.

    Notes
    -----
    Groups are subjects, or rows of equal pictures where no subject is known; rows whose subject is not known, among
    others, are one group. They are gone through in an order that hangs on their names alone (a hash), and one goes to
    the test part if that brings it nearer to the share in every class, by squared relative distance. So the split is
    the same on every machine, whatever the order of the rows, and another picture in the folder moves few others.
    """
    if "split" in X:
        if share:
            raise FerError(f"--holdout {share:g}: {X.info.source} has parts of its own")
        return X
    label = np.asarray(X["label"])
    labelled = label >= 0
    asked = share is not None
    share = SHARE if share is None and labelled.sum() >= LARGE else share
    if not share:
        return X
    if not 0 < share < 1:
        raise FerError(f"--holdout {share:g}: a share of the rows between 0 and 1 is needed")
    known = "subject" in X and (np.asarray(X["subject"]).astype(str) != "-1").any()
    keys = [str(s) for s in X["subject"]] if known else _of_equal_pictures(X)
    test = drawn(keys, label, share)
    lacking = set(label[labelled & ~test]) ^ set(label[labelled & test])
    if lacking:
        names = ", ".join(X.info.classes[code] for code in sorted(lacking))
        why = f"no test part can be drawn: too few {'people' if known else 'pictures'} show {names}"
        if asked:
            raise FerError(f"--holdout {share:g}: {why}; --cv 5fold judges folds over all rows")
        return X.with_columns(dataclasses.replace(X.info, notes=(*X.info.notes, why)))
    how = "by subject" if known else "equal pictures on one side, subjects are unknown"
    note = f"no parts in {X.info.source}: {test.sum()} rows drawn as 'test' ({how}); --holdout 0 leaves all for folds"
    info = dataclasses.replace(X.info, notes=(*X.info.notes, note))
    return X.with_columns(info, split=np.where(test, "test", "train"))


def drawn(keys: Iterable[str], label: np.ndarray, share: float) -> np.ndarray:
    """Rows of the test part, (n,) bool.

    Parameters
    ----------
    keys : iterable of n str
        Name of the group of each row.
    label : ndarray of int, shape (n,)
        A share of each code is drawn; rows with -1 go with their group.
    share : float
    """
    names, group = np.unique(np.asarray(list(keys), str), return_inverse=True)
    codes, at = np.unique(label, return_inverse=True)
    counts = np.zeros((len(names), len(codes)))
    np.add.at(counts, (group, at), 1)
    total = counts.sum(0)
    missing = share * total  # of each class, to the test part
    chosen = np.zeros(len(names), bool)
    for i in sorted(range(len(names)), key=lambda i: hashlib.blake2b(str(names[i]).encode(), digest_size=8).digest()):
        left = missing - counts[i]
        if ((left / total) ** 2).sum() < ((missing / total) ** 2).sum():
            missing, chosen[i] = left, True
    return chosen[group]


def _of_equal_pictures(X: Samples) -> list[str]:
    """For each row the first name, by the alphabet, of those with its pixels."""
    names = [str(name) for name in X["id"]]
    pixels = [hashlib.blake2b(np.ascontiguousarray(p).data, digest_size=16).digest() for p in X.frame("images", -1)]
    first: dict[bytes, str] = {}
    for picture, name in zip(pixels, names, strict=True):
        first[picture] = min(name, first.get(picture, name))
    return [first[picture] for picture in pixels]
