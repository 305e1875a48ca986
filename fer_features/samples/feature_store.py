"""Features are computed once a setting and row and kept: in memory for a run, on disk where a folder is given."""

from __future__ import annotations

import functools
import hashlib
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .._atomic import replacing


class FeatureStore:
    """Feature rows by key, filled as they are asked for.

    A table of `n` rows has one store; every fold of every search takes its rows from there. The memory it
    takes is that of the features: `n` times the sum of dimensions over the settings asked for, in float32.

    Parameters
    ----------
    n : int
        Rows of the table.
    fingerprint : callable
        Returns the hash of the table's contents; called only when features go to disk.

    Attributes
    ----------
    folder : Path or None
        Where features are kept between runs; None keeps them in memory alone.
    described : int
        How many rows have been described so far, over all settings.
    """

    def __init__(self, n: int, fingerprint: Callable[[], str] | None = None):
        self.n = n
        self.folder: Path | None = None
        self.described = 0
        self._fingerprint = functools.cache(fingerprint) if fingerprint else None
        self._blocks: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def rows(self, key: str, rows: np.ndarray, describe: Callable[[np.ndarray], Iterable[np.ndarray]]) -> np.ndarray:
        """Features of some rows; those not yet known are described.

        Parameters
        ----------
        key : str
            Names the setting completely: extractor, parameters, and how the table was made.
        rows : ndarray of int, shape (k,)
        describe : callable
            Takes different rows, increasing, and yields their features in order, in blocks (m, d) float32.

        Returns
        -------
        ndarray, shape (k, d), float32

        Notes
        -----
        What was described before an interruption is kept.
        """
        if key not in self._blocks:
            self._blocks[key] = self._load(key) or (np.empty((self.n, 0), np.float32), np.zeros(self.n, bool))
        values, known = self._blocks[key]
        missing = np.unique(rows[~known[rows]])
        done = 0
        try:
            for block in describe(missing) if missing.size else ():
                if not known.any():
                    values = np.full((self.n, block.shape[1]), np.nan, np.float32)
                    self._blocks[key] = values, known
                at = missing[done : done + len(block)]
                values[at], known[at] = block, True
                done += len(block)
        finally:
            self.described += done
            if done:
                self._save(key)
        return values[rows]

    @property
    def keys(self) -> set[str]:
        """Settings whose features are in memory."""
        return set(self._blocks)

    def forget(self, keys: Iterable[str]) -> None:
        """Give back the memory of some settings; what is on disk stays there, the rest would be described again."""
        for key in keys:
            self._blocks.pop(key, None)

    def __getstate__(self) -> dict[str, Any]:
        # A worker process gets what is known so far; a function made on the spot does not travel.
        return {**self.__dict__, "_fingerprint": None, "folder": None}

    def _path(self, key: str) -> Path | None:
        if self.folder is None or self._fingerprint is None:
            return None
        name = hashlib.blake2b(f"{self._fingerprint()} {source_digest()} {key}".encode(), digest_size=16).hexdigest()
        return self.folder / f"{name}.npz"

    def _load(self, key: str) -> tuple[np.ndarray, np.ndarray] | None:
        path = self._path(key)
        if path is None or not path.exists():
            return None
        try:
            with np.load(path, allow_pickle=False) as file:
                values, known = file["values"], file["known"]
        except (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile):
            return None  # damaged: it is made anew and replaced
        return (values, known) if len(values) == len(known) == self.n else None

    def _save(self, key: str) -> None:
        path = self._path(key)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            values, known = self._blocks[key]
            with replacing(path) as temporary, open(temporary, "wb") as file:
                np.savez(file, values=values, known=known)


@functools.cache
def source_digest() -> str:
    """Hash of the code that describes: another version of it must not find the features of this one."""
    digest = hashlib.blake2b(f"opencv {cv2.__version__}".encode(), digest_size=16)
    here = Path(__file__).parent.parent
    for folder in ("vision", "extractors"):
        for path in sorted((here / folder).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
