"""Training rows with changed copies beside them, whose pictures are made when they are read.

>>> X2, origin = augmented(X, ("mirror", "shift"), copies=2)  # three rows for each, side by side
>>> origin  # array([0, 0, 0, 1, 1, 1, ...]): which row of X each comes from
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from ..exceptions import FerError
from ..vision.image_transforms import KINDS, change_images, change_landmarks, draw
from .columns import Column, Rows, frame, missing, sizes
from .feature_store import FeatureStore
from .table import Samples

#: Tables with copies that were made of one that was loaded: all folds of it find the features of copies there.
_MADE: weakref.WeakKeyDictionary[FeatureStore, dict[tuple, Samples]] = weakref.WeakKeyDictionary()


def augmented(X: Any, kinds: tuple[str, ...] | str, copies: int = 1, seed: int = 0) -> tuple[Samples, np.ndarray]:
    """A table that has changed copies of each row next to it.

    Parameters
    ----------
    X : Samples, n rows
        With images, landmarks or both. For training rows of a fold only: a copy of a row that is judged would tell
        of it.
    kinds : tuple of str, or str
        Some of `KINDS`, or these with commas between; see `fer_features.vision.image_transforms`.
    copies : int
        How many of each row. With 'mirror' every second is mirrored, the first among them.
    seed : int
        What a row's copies look like hangs on this and on its place in the table that was loaded, not on which other
        rows are asked for.

    Returns
    -------
    X : Samples, n * (1 + copies) rows
        Each row is followed by its copies, which share its label, its subject and all else.
    origin : ndarray of int, shape (n * (1 + copies),)
        Position in `X` of the row that each comes from: what must stay on one side of a split.

    Raises
    ------
    FerError
        For an unknown kind, no copies, or what is no table.

    Notes
    -----
    No pixel is held twice: copies are made when they are read. Alignment by landmarks takes shift, rotation and scale
    out again, as landmarks move along.
    """
    kinds = checked_kinds(kinds, copies)
    if not isinstance(X, Samples):
        raise FerError("augment needs a table, not a plain array: Samples.from_arrays(images=...)")
    each = 1 + copies
    made = _MADE.setdefault(X.store, {})
    columns = tuple((name, id(X.column(name))) for name in X.columns)
    key = (kinds, copies, seed, columns)
    if key not in made:
        made[key] = _whole(X, kinds, copies, seed)
    origin = np.repeat(np.arange(len(X)), each)
    return made[key][X.rows[origin] * each + np.tile(np.arange(each), len(X))], origin


def checked_kinds(kinds: Any, copies: Any) -> tuple[str, ...]:
    """The kinds as a tuple; those that there are not are refused, and copies that would be none."""
    if isinstance(kinds, str):
        kinds = tuple(word.strip() for word in kinds.split(","))
    if not isinstance(kinds, tuple | list):
        raise FerError(f"augment={kinds!r}: some of {', '.join(KINDS)} are needed, such as mirror,shift")
    for kind in kinds:
        if kind not in KINDS:
            raise FerError(f"augment={tuple(kinds)!r}: '{kind}' is none of {', '.join(KINDS)}")
    if isinstance(copies, bool) or not isinstance(copies, int | np.integer) or copies < 1:
        raise FerError(f"copies={copies!r}: a whole number of at least 1 is needed")
    if set(kinds) == {"mirror"} and copies > 1:
        raise FerError(f"copies={copies}: the mirror alone makes one copy of a face; augment other kinds too")
    return tuple(kinds)


def _whole(X: Samples, kinds: tuple[str, ...], copies: int, seed: int) -> Samples:
    each = 1 + copies
    columns: dict[str, Column] = {}
    for name in X.columns:
        column = X.column(name)
        if name == "images":
            columns[name] = ChangedImages(column, kinds, each, seed)
        elif name == "landmarks":
            pictures = X.column("images") if "images" in X else None
            columns[name] = ChangedLandmarks(column, kinds, each, seed, pictures)
        else:
            columns[name] = Rows(column, np.repeat(np.arange(len(column)), each))
    return Samples(columns, X.info)


class ChangedImages:
    """A column of clips in which each stands before its changed copies."""

    def __init__(self, column: Any, kinds: tuple[str, ...], each: int, seed: int):
        self.column, self.kinds, self.each, self.seed = column, kinds, each, seed
        self.shape = (len(column) * each, *np.shape(column)[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> Any:
        rows = np.arange(len(self))[rows]
        return self._changed(self.column[rows // self.each], rows)

    def frame(self, rows: np.ndarray, t: int) -> Any:
        """Frame `t` of some rows, (n, H, W), or a list of (H, W)."""
        found = self._changed([picture[None] for picture in frame(self.column, rows // self.each, t)], rows)
        found = [picture[0] for picture in found]
        return np.stack(found) if len({picture.shape for picture in found}) == 1 else found

    def missing(self, rows: np.ndarray) -> np.ndarray:
        """Rows that nothing can be read from."""
        return missing(self.column, rows // self.each)

    def sizes(self, rows: np.ndarray) -> np.ndarray:
        """Width and height of the pictures of some rows, (n, 2)."""
        return sizes(self.column, rows // self.each)

    def _changed(self, clips: Any, rows: np.ndarray) -> Any:
        found = []
        for clip, row in zip(clips, rows, strict=True):
            at, copy = divmod(int(row), self.each)
            found.append(change_images(clip, draw(self.kinds, at, copy, self.seed)) if copy else clip)
        return np.stack(found) if len({clip.shape for clip in found}) == 1 else found


class ChangedLandmarks:
    """Landmarks of such a column; without pictures they are changed in the square that their face fills."""

    def __init__(self, column: Any, kinds: tuple[str, ...], each: int, seed: int, images: Any = None):
        self.column, self.kinds, self.each, self.seed, self.images = column, kinds, each, seed, images
        self.shape = (len(column) * each, *np.shape(column)[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        rows = np.atleast_1d(np.arange(len(self))[rows])
        points = np.array(self.column[rows // self.each])
        size = np.ones((len(rows), 2)) if self.images is None else sizes(self.images, rows // self.each)
        for i, row in enumerate(rows):
            at, copy = divmod(int(row), self.each)
            if copy:
                points[i] = change_landmarks(points[i], draw(self.kinds, at, copy, self.seed), *size[i])
        return points

    def missing(self, rows: np.ndarray) -> np.ndarray:
        """Rows without landmarks in any frame."""
        return missing(self.column, rows // self.each)
