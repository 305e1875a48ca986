"""Data augmentation: training samples with augmented copies, whose images are transformed on access.

>>> import numpy as np
>>> from fer_features import Samples
>>> X = Samples.from_arrays(images=np.zeros((2, 48, 48), np.uint8), label=["joy", "fear"])
>>> augmented, source_index = augment_samples(X, ("mirror", "shift"), n_copies=2)
>>> source_index.tolist(), augmented.label_codes.tolist()
([0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0])
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from ..exceptions import FerError
from ..vision.image_transforms import TRANSFORM_KINDS, random_transform, transform_images, transform_landmarks
from .columns import Column, ColumnView, LazyColumn, as_lazy_column, stack_if_equal
from .feature_store import FeatureStore
from .table import Samples

#: Augmented tables by the feature store of the loaded table: all folds of it share the features of the copies.
_AUGMENTED: weakref.WeakKeyDictionary[FeatureStore, dict[tuple, Samples]] = weakref.WeakKeyDictionary()


def augment_samples(
    X: Any, kinds: tuple[str, ...] | str, n_copies: int = 1, random_state: int = 0
) -> tuple[Samples, np.ndarray]:
    """A table in which each sample is followed by augmented copies.

    Parameters
    ----------
    X : Samples, n samples
        With images, landmarks or both. Training samples only: a copy of a test sample would leak it into training.
    kinds : tuple of str, or str
        Some of `TRANSFORM_KINDS`, or their names separated by commas; see `fer_features.vision.image_transforms`.
    n_copies : int
        Number of copies of each sample. With 'mirror' the first, the third, ... copy is mirrored.
    random_state : int
        The copies of a sample depend on this and on the position of the sample in the loaded table, not on the other
        samples of `X`.

    Returns
    -------
    X : Samples, n * (1 + n_copies) samples
        The copies share the label, the subject and all other columns of their source.
    source_index : ndarray of int, shape (n * (1 + n_copies),)
        Position in `X` of the source of each sample: the groups that a split must not separate.

    Raises
    ------
    FerError
        For an unknown kind, a number of copies below 1, or a plain array.

    Notes
    -----
    Copies are computed on access, so that memory does not grow with their number. Landmarks are transformed as the
    images are; alignment by landmarks therefore removes shift, rotation and scale again.
    """
    kinds = validate_augmentation(kinds, n_copies)
    if not isinstance(X, Samples):
        raise FerError("augmentation needs a table, not a plain array: Samples.from_arrays(images=...)")
    group_size = 1 + n_copies
    tables = _AUGMENTED.setdefault(X.feature_store, {})
    columns = tuple((name, id(X.column(name))) for name in X.columns)
    key = (kinds, n_copies, random_state, columns)
    if key not in tables:
        tables[key] = _augmented_table(X, kinds, group_size, random_state)
    source_index = np.repeat(np.arange(len(X)), group_size)
    return tables[key][X.indices[source_index] * group_size + np.tile(np.arange(group_size), len(X))], source_index


def validate_augmentation(kinds: Any, n_copies: Any) -> tuple[str, ...]:
    """The kinds of transform as a tuple.

    Raises
    ------
    FerError
        For an unknown kind, a number of copies below 1, or several copies that would all be the mirror image.
    """
    if isinstance(kinds, str):
        kinds = tuple(word.strip() for word in kinds.split(","))
    known = ", ".join(TRANSFORM_KINDS)
    if not isinstance(kinds, tuple | list):
        raise FerError(f"augmentation={kinds!r}: some of {known} are needed, such as mirror,shift")
    for kind in kinds:
        if kind not in TRANSFORM_KINDS:
            raise FerError(f"augmentation={tuple(kinds)!r}: '{kind}' is not one of {known}")
    if isinstance(n_copies, bool) or not isinstance(n_copies, int | np.integer) or n_copies < 1:
        raise FerError(f"n_augmented_copies={n_copies!r}: an integer of at least 1 is needed")
    if set(kinds) == {"mirror"} and n_copies > 1:
        raise FerError(f"n_augmented_copies={n_copies}: mirror alone makes one copy of a face; add other kinds")
    return tuple(kinds)


def _augmented_table(X: Samples, kinds: tuple[str, ...], group_size: int, random_state: int) -> Samples:
    """All samples of the loaded table of `X`, each followed by its copies."""
    columns: dict[str, Column] = {}
    for name in X.columns:
        column = X.column(name)
        if name == "images":
            columns[name] = AugmentedImages(column, kinds, group_size, random_state)
        elif name == "landmarks":
            images = X.column("images") if "images" in X else None
            columns[name] = AugmentedLandmarks(column, kinds, group_size, random_state, images)
        else:
            columns[name] = ColumnView(column, np.repeat(np.arange(len(column)), group_size))
    return Samples(columns, X.info, check_input=False)


class AugmentedImages(LazyColumn):
    """A column of clips in which each clip is followed by its augmented copies.

    Parameters
    ----------
    column : ndarray or LazyColumn, shape (n, T, H, W)
    kinds : tuple of str
    group_size : int
        Number of copies plus 1.
    random_state : int
    """

    def __init__(self, column: Column, kinds: tuple[str, ...], group_size: int, random_state: int):
        self.column = as_lazy_column(column)
        self.kinds, self.group_size, self.random_state = kinds, group_size, random_state
        self.shape = (len(column) * group_size, *self.column.shape[1:])

    def __getitem__(self, indices: Any) -> Any:
        indices = np.arange(len(self))[indices]
        return self._transformed(self.column[indices // self.group_size], indices)

    def frame(self, indices: Any, t: int) -> Any:
        """Frame `t` of some samples, (k, H, W), or a list of (H, W)."""
        frames = self.column.frame(indices // self.group_size, t)
        return stack_if_equal([clip[0] for clip in self._transformed([image[None] for image in frames], indices)])

    def missing(self, indices: np.ndarray) -> np.ndarray:
        """Samples without usable values, (k,) bool."""
        return self.column.missing(indices // self.group_size)

    def sizes(self, indices: np.ndarray) -> np.ndarray:
        """Width and height of the images of some samples, (k, 2)."""
        return self.column.sizes(indices // self.group_size)

    def _transformed(self, clips: Any, indices: np.ndarray) -> Any:
        found = []
        for clip, index in zip(clips, indices, strict=True):
            source, copy = divmod(int(index), self.group_size)
            if copy:
                clip = transform_images(clip, random_transform(self.kinds, source, copy, self.random_state))
            found.append(clip)
        return stack_if_equal(found)


class AugmentedLandmarks(LazyColumn):
    """Landmarks of augmented images; without images they are transformed in the unit square.

    Parameters
    ----------
    column : ndarray or LazyColumn, shape (n, T, 68, 2)
    kinds, group_size, random_state
        See `AugmentedImages`.
    images : ndarray or LazyColumn, optional
        The images of the landmarks before augmentation.
    """

    dtype = np.dtype(np.float32)

    def __init__(
        self, column: Column, kinds: tuple[str, ...], group_size: int, random_state: int, images: Column | None = None
    ):
        self.column = as_lazy_column(column)
        self.images = None if images is None else as_lazy_column(images)
        self.kinds, self.group_size, self.random_state = kinds, group_size, random_state
        self.shape = (len(column) * group_size, *self.column.shape[1:])

    def __getitem__(self, indices: Any) -> np.ndarray:
        indices = np.atleast_1d(np.arange(len(self))[indices])
        sources = indices // self.group_size
        points = np.array(self.column[sources])
        size = np.ones((len(indices), 2)) if self.images is None else self.images.sizes(sources)
        for i, index in enumerate(indices):
            source, copy = divmod(int(index), self.group_size)
            if copy:
                transform = random_transform(self.kinds, source, copy, self.random_state)
                points[i] = transform_landmarks(points[i], transform, *size[i])
        return points

    def missing(self, indices: np.ndarray) -> np.ndarray:
        """Samples without landmarks in any frame, (k,) bool."""
        return self.column.missing(indices // self.group_size)
