"""Features on disk as the matrix that a classifier gets, which is read block by block."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..exceptions import FerError
from .columns import ColumnView, LazyColumn
from .table import Samples

#: Rows of a matrix in memory that are processed at once.
BLOCK_ROWS = 1024
#: Gigabytes that the features of a classifier may take that needs all of them at once.
MAX_MEMORY_GB = 8.0
#: Classifiers that are trained block by block.
SCALABLE = ("ridge", "sgd", "nystroem", "xgb")

#: Files that this process has compared with their hashes: path, time of change, size, hash.
_compared: set[tuple[str, int, int, str]] = set()


@dataclasses.dataclass(frozen=True)
class Extraction:
    """How features in files were extracted.

    Attributes
    ----------
    extractors : dict of str to dict
        The extractors in order, each with 'key', 'n_features' and 'input_shape'.
    steps : dict of str to dict
        Parameters of the steps 'align' and 'neutral', where the pipeline has them.
    mirror : str
        Value of the parameter `mirror` of `Features`. With 'concatenate' the features of mirror images follow.
    face_method : str
        The method by which the faces were located.
    image_size : tuple of int, or None
        Height and width of the images from which they were extracted, where these are equal and were cropped.
    n_components : int
        Number of principal components to which each extractor was reduced; 0 for none.
    scale : str
        Value of the parameter `scale` of `Features` for which they were reduced; empty without reduction.
    state : str
        Name of the file with what was fitted before the extraction; empty where nothing was.
    """

    extractors: dict[str, Any]
    steps: dict[str, Any]
    mirror: str
    face_method: str
    image_size: tuple[int, int] | None
    n_components: int
    scale: str
    state: str

    @property
    def n_features(self) -> int:
        """Number of features of a sample in the files."""
        per_image = sum(extractor["n_features"] for extractor in self.extractors.values())
        return per_image * (2 if self.mirror == "concatenate" else 1)


class ShardColumn(LazyColumn):
    """Features in several array files; a pickle holds their names only.

    Parameters
    ----------
    folder : Path
    files : sequence of str
        Names of .npy files of shape (m_i, d) in the folder.
    digests : sequence of str
        Hashes of the values of each file.
    stops : sequence of int
        Number of samples up to the end of each file.
    usable : ndarray of bool, shape (n,)
        Samples whose features could be extracted.
    extraction : Extraction

    Notes
    -----
    A file is compared with its hash when it is first read by a process.
    """

    dtype = np.dtype(np.float32)

    def __init__(
        self,
        folder: Path,
        files: Sequence[str],
        digests: Sequence[str],
        stops: Sequence[int],
        usable: np.ndarray,
        extraction: Extraction,
    ):
        self.folder, self.files, self.digests, self.stops = folder, tuple(files), tuple(digests), np.asarray(stops)
        self.usable, self.extraction = usable, extraction
        self.shape = (len(usable), extraction.n_features)

    @property
    def digest(self) -> str:
        """Hash of all values."""
        return content_digest("".join(self.digests).encode())

    def __getitem__(self, indices: Any) -> np.ndarray:
        indices = np.atleast_1d(np.arange(len(self))[indices])
        out = np.empty((len(indices), self.shape[1]), np.float32)
        for file, at in self.by_file(indices):
            out[at] = self._values(file)[indices[at] - (self.stops[file - 1] if file else 0)]
        return out

    def by_file(self, indices: np.ndarray) -> list[tuple[int, np.ndarray]]:
        """Numbers of the files with some samples, each with the positions of its samples in `indices`."""
        file_of = np.searchsorted(self.stops, indices, "right")
        return [(int(file), np.flatnonzero(file_of == file)) for file in np.unique(file_of)]

    def missing(self, indices: np.ndarray) -> np.ndarray:
        """Samples without features, (k,) bool."""
        return ~self.usable[indices]

    def _values(self, file: int) -> np.ndarray:
        path = self.folder / self.files[file]
        n = self.stops[file] - (self.stops[file - 1] if file else 0)
        try:
            values = np.load(path, mmap_mode="r", allow_pickle=False)
            if values.shape != (n, self.shape[1]) or values.dtype.kind != "f":
                raise ValueError(f"it holds {values.dtype} of the shape {values.shape}")
            state = os.stat(path)
            seen = (str(path), state.st_mtime_ns, state.st_size, self.digests[file])
            if seen not in _compared:
                if content_digest(values) != self.digests[file]:
                    raise ValueError("its values are others than the manifest says")
                _compared.add(seen)
        except (OSError, ValueError, EOFError) as error:
            raise FerError(f"{path} cannot be read ({error}): extract the features again") from error
        return values


def content_digest(*parts: Any) -> str:
    """Hash of arrays or bytes."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(part if isinstance(part, bytes) else np.ascontiguousarray(part).view(np.uint8).data)
    return digest.hexdigest()


class FeatureBlocks:
    """Scaled features of some samples: a matrix of shape (n, d) whose rows are read on access.

    Parameters
    ----------
    column : ShardColumn
    indices : ndarray of int, shape (n,)
        Positions in the column.
    mean, factor : ndarray, shape (d,), float32
        Subtracted from the features, and multiplied with the difference.
    """

    dtype = np.dtype(np.float32)
    ndim = 2

    def __init__(self, column: ShardColumn, indices: np.ndarray, mean: np.ndarray, factor: np.ndarray):
        self.column, self.indices, self.mean, self.factor = column, indices, mean, factor
        self.shape = (len(indices), column.shape[1])

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, rows: Any) -> np.ndarray:
        values = self.column[self.indices[rows]]
        values -= self.mean
        values *= self.factor
        return values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        n_bytes = 4.0 * self.shape[0] * self.shape[1]
        if n_bytes > MAX_MEMORY_GB * 1e9:
            raise FerError(
                f"this classifier needs all features at once, {n_bytes / 1e9:.0f} GB for {len(self)} samples; use one "
                f"that is trained block by block: {', '.join(SCALABLE)}"
            )
        return np.asarray(self[:], dtype)

    def row_blocks(self) -> list[np.ndarray]:
        """Positions of the rows of each file, in order."""
        return [at for _, at in self.column.by_file(self.indices)]


def row_blocks(X: Any) -> list[np.ndarray]:
    """Positions of rows that are processed together: those of a file, or `BLOCK_ROWS` of a matrix in memory.

    Parameters
    ----------
    X : ndarray or FeatureBlocks, shape (n, d)

    Returns
    -------
    list of ndarray of int
    """
    if isinstance(X, FeatureBlocks):
        return X.row_blocks()
    return [np.arange(start, min(start + BLOCK_ROWS, len(X))) for start in range(0, len(X), BLOCK_ROWS)]


def stored_features(X: Any) -> tuple[ShardColumn, np.ndarray] | None:
    """The column with features on disk, and the positions of the samples in it; None for a table without them.

    Parameters
    ----------
    X : Samples, or anything else
    """
    if not isinstance(X, Samples) or "features" not in X:
        return None
    column, indices = X.column("features"), X.indices
    while isinstance(column, ColumnView):
        indices = column.indices[indices]
        column = column.column
    return (column, indices) if isinstance(column, ShardColumn) else None
