"""Feature store: features are extracted once per setting and sample, and kept in memory or on disk."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np

from .._atomic import atomic_write
from .._files import file_fault

#: Subpackages whose source decides the values of features.
FEATURE_SOURCES = ("extractors", "faces", "samples", "vision")


class FeatureStore:
    """Features by key, extracted on the first request.

    A table of `n` samples has one store, from which all folds of all searches take their features. Its memory is `n`
    times the sum of the feature dimensions over all requested settings, in float32.

    Parameters
    ----------
    n : int
        Number of samples of the table.
    fingerprint : callable, optional
        Returns the content hash of the table; called only if features are stored on disk.

    Attributes
    ----------
    folder : Path or None
        Where features are stored between runs; None keeps them in memory only.
    n_computed : int
        Number of samples extracted so far, summed over settings.
    keeps_features : bool
        Whether `Samples.features` keeps what it extracts. False within `without_keeping`.

    Examples
    --------
    >>> store = FeatureStore(3)
    >>> def extract(indices):
    ...     yield indices[:, None].astype(np.float32)
    >>> store.features("index", np.array([2, 0]), extract).tolist()
    [[2.0], [0.0]]
    >>> store.features("index", np.array([0, 2]), extract).tolist(), store.n_computed
    ([[0.0], [2.0]], 2)
    """

    #: Tasks of a cluster share it.
    sent_once: ClassVar[bool] = True

    def __init__(self, n: int, fingerprint: Callable[[], str] | None = None):
        self.n = n
        self.folder: Path | None = None
        self.n_computed = 0
        self.keeps_features = True
        self._fingerprint = functools.cache(fingerprint) if fingerprint else None
        self._blocks: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def features(
        self, key: str, indices: np.ndarray, extract: Callable[[np.ndarray], Iterable[np.ndarray]]
    ) -> np.ndarray:
        """Features of some samples; only those that are not in the store are extracted.

        Parameters
        ----------
        key : str
            Identifies the setting completely: extractor, parameters, and how the columns were made.
        indices : ndarray of int, shape (k,)
        extract : callable
            Takes different indices in increasing order and yields their features in this order, in blocks (m, d) of
            float32.

        Returns
        -------
        ndarray, shape (k, d), float32

        Notes
        -----
        Blocks that were extracted before an interruption are kept.
        """
        if key not in self._blocks:
            self._blocks[key] = self._load(key) or (np.empty((self.n, 0), np.float32), np.zeros(self.n, bool))
        values, known = self._blocks[key]
        missing = np.unique(indices[~known[indices]])
        done = 0
        try:
            for block in extract(missing) if missing.size else ():
                if not known.any():
                    values = np.full((self.n, block.shape[1]), np.nan, np.float32)
                    self._blocks[key] = values, known
                at = missing[done : done + len(block)]
                values[at], known[at] = block, True
                done += len(block)
        finally:
            self.n_computed += done
            if done:
                self._save(key)
        return values[indices]

    @contextlib.contextmanager
    def without_keeping(self) -> Iterator[None]:
        """Do not keep the features that `Samples.features` extracts, unless they are stored on disk.

        For a single fit they would take memory, gigabytes for thousands of samples, until after the fit. Landmarks that
        were located are kept.
        """
        before, self.keeps_features = self.keeps_features, self.folder is not None
        try:
            yield
        finally:
            self.keeps_features = before

    @property
    def keys(self) -> set[str]:
        """Keys whose features are in memory."""
        return set(self._blocks)

    @property
    def nbytes(self) -> int:
        """Memory of the features in bytes."""
        return sum(values.nbytes + known.nbytes for values, known in self._blocks.values())

    def discard(self, keys: Iterable[str]) -> None:
        """Release the memory of some keys.

        Features on disk stay there; the others are extracted again on the next request.
        """
        for key in keys:
            self._blocks.pop(key, None)

    def __getstate__(self) -> dict[str, Any]:
        # A worker process gets the features so far; the local function cannot be pickled, and two processes must not
        # write one file.
        return {**self.__dict__, "_fingerprint": None, "folder": None}

    def _path(self, key: str) -> Path | None:
        if self.folder is None or self._fingerprint is None:
            return None
        name = hashlib.blake2b(f"{self._fingerprint()} {source_digest()} {key}".encode(), digest_size=16).hexdigest()
        return self.folder / f"{name}.npz"

    def _load(self, key: str) -> tuple[np.ndarray, np.ndarray] | None:
        path = self._path(key)
        if path is None or file_fault(path):
            return None
        try:
            with np.load(path, allow_pickle=False) as file:
                values, known = file["values"], file["known"]
        except (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile):
            return None  # A damaged file is replaced after the extraction.
        return (values, known) if values.ndim == 2 and known.shape == (len(values),) == (self.n,) else None

    def _save(self, key: str) -> None:
        path = self._path(key)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            values, known = self._blocks[key]
            with atomic_write(path) as temporary, open(temporary, "wb") as file:
                np.savez(file, values=values, known=known)


@functools.cache
def source_digest() -> str:
    """Hash of the code that decides the values of features: other versions do not read features of this one.

    Returns
    -------
    str
        Of the version of OpenCV, and of the names and contents of all modules in `FEATURE_SOURCES`.
    """
    digest = hashlib.blake2b(f"opencv {cv2.__version__}".encode(), digest_size=16)
    package = Path(__file__).parent.parent
    for folder in FEATURE_SOURCES:
        for path in sorted((package / folder).rglob("*.py")):
            digest.update(path.relative_to(package).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
