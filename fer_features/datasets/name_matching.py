"""Names of images and clips in files of annotations are matched with the ids of samples."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..exceptions import FerError
from ..media.media_files import READABLE_SUFFIXES, VIDEO_SUFFIXES

#: Ends of the names of files with landmarks that the names of their images do not have.
TAILS = ("_landmarks", "_landmark", "_points", "_pts", "_mesh", "_openface", "_fex")

_MEDIA_SUFFIX = re.compile(
    "(" + "|".join(re.escape(suffix) for suffix in (*READABLE_SUFFIXES, *VIDEO_SUFFIXES)) + ")$", re.IGNORECASE
)


def without_media_suffix(name: str) -> str:
    """A name without the suffix of an image or video.

    Examples
    --------
    >>> without_media_suffix("sad/a.b.PNG"), without_media_suffix("0.5")
    ('sad/a.b', '0.5')
    """
    return _MEDIA_SUFFIX.sub("", name)


def without_tail(name: str) -> str:
    """A name without the end that marks a file with landmarks.

    Examples
    --------
    >>> without_tail("S005_001_00000011_landmarks")
    'S005_001_00000011'
    """
    return next((name.removesuffix(tail) for tail in TAILS if name.lower().endswith(tail)), name)


def match_names(
    names: Sequence[str], keys: Sequence[str], path: Path, shown: Sequence[str] | None = None
) -> np.ndarray:
    """Index of the sample that each name means.

    Parameters
    ----------
    names : sequence of m str
        Names in a file of annotations, or of such files; paths with any separators, of which some folders can be
        missing or additional: 'a.png', 'sad/a.png' and '/data/faces/sad/a.png' are one image.
    keys : sequence of n str
        Ids of the samples.
    path : Path
        For messages.
    shown : sequence of m str, optional
        Names for messages, where they are others.

    Returns
    -------
    ndarray, shape (m,), int
        -1 for a name that no sample has. Equal names are used first; other names then mean a sample if they are equal
        without the suffix of images, or one is the end of the path of the other.

    Raises
    ------
    FerError
        For a name that can mean several samples, and several names for one sample.

    Examples
    --------
    >>> match_names(["b.png", "/data/sad/a.png", "c.png"], ["sad/a.png", "sad/b.png"], Path("x.csv")).tolist()
    [1, 0, -1]
    """
    found = np.full(len(names), -1)
    names = [name.replace("\\", "/") if "/" not in name else name for name in names]
    index_of = {key: i for i, key in enumerate(keys)}
    found[:] = [index_of.get(name, -1) for name in names]
    taken = set(found.tolist())
    by_end: dict[str, set[int]] = defaultdict(set)
    by_key: dict[str, set[int]] = defaultdict(set)
    for i, key in enumerate(keys):
        if i not in taken:
            stem = without_media_suffix(key)
            by_key[stem].add(i)
            for end in _ends(stem):
                by_end[end].add(i)
    for j in np.flatnonzero(found < 0):
        stem = "/".join(_parts(without_media_suffix(names[j])))
        candidates = by_key.get(stem) or by_end.get(stem, set()).union(*(by_key.get(end, ()) for end in _ends(stem)))
        if len(candidates) > 1:
            first, second = sorted(candidates)[:2]
            raise FerError(f"{path}: '{names[j]}' can be the sample '{keys[first]}' or '{keys[second]}': give its path")
        if candidates:
            (found[j],) = candidates
    _check_one_name_each(found, shown or names, keys, path)
    return found


def _ends(stem: str) -> list[str]:
    """The path without its first folder, without its first two, and so on."""
    parts = _parts(stem)
    return ["/".join(parts[i:]) for i in range(1, len(parts))]


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def _check_one_name_each(found: np.ndarray, names: Sequence[str], keys: Sequence[str], path: Path) -> None:
    used, counts = np.unique(found[found >= 0], return_counts=True)
    if (counts > 1).any():
        sample = used[counts.argmax()]
        first, second = np.flatnonzero(found == sample)[:2]
        raise FerError(f"{path} has the sample '{keys[sample]}' twice: '{names[first]}' and '{names[second]}'")
