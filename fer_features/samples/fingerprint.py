"""Content hash of a table, which identifies equal data in different files."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from .._threads import map_in_threads
from .columns import LazyColumn

if TYPE_CHECKING:
    from .table import Samples

#: Samples that are read and hashed together. Another number gives other hashes.
HASH_BATCH_SIZE = 16

#: Hashes of tables that exist, by the names of the columns: a run needs that of its table several times.
_known: WeakKeyDictionary[Samples, dict[tuple[str, ...], str]] = WeakKeyDictionary()


def fingerprint(X: Samples, columns: tuple[str, ...] = ("images", "landmarks", "features", "label")) -> str:
    """Content hash of a table: equal for equal data, whatever the file or the storage.

    Parameters
    ----------
    X : Samples
    columns : tuple of str
        Columns that are hashed, where the table has them.

    Returns
    -------
    str
        32 hexadecimal digits.

    Notes
    -----
    BLAKE2b over names, and over the hashes of batches of 16 samples, which are read, decoded and hashed in threads, so
    that memory does not grow with the data. Integers are hashed as 64-bit integers, and labels as codes: they are equal
    whatever their storage type. The hash of a table is computed once: changes of its arrays after that are not noticed,
    as in its feature store.

    Examples
    --------
    >>> from fer_features import Samples
    >>> fingerprint(Samples.from_arrays(label=[0, 1])) == fingerprint(Samples.from_arrays(label=[1, 0]))
    False
    """
    # Landmarks that a step locates on access depend on the pipeline, not only on the data.
    located = X.info.landmarks_located and "landmarks" in X and isinstance(X.column("landmarks"), LazyColumn)
    unhashed = {"landmarks"} if located else set()
    if "features" in X and not hasattr(X.column("features"), "digest"):
        unhashed.add("features")  # a column of the user
    names = tuple(name for name in columns if name in X and name not in unhashed)
    known = _known.setdefault(X, {})
    if names not in known:
        known[names] = _content_hash(X, names)
    return known[names]


def _content_hash(X: Samples, names: tuple[str, ...]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name in names:
        digest.update(f"{name} {len(X)}".encode())
        if name == "features":  # of files with the hash of their content
            digest.update(getattr(X.column(name), "digest", "").encode())
            digest.update(np.ascontiguousarray(X.indices).data)
            continue
        batches = [X[start : start + HASH_BATCH_SIZE] for start in range(0, len(X), HASH_BATCH_SIZE)]
        for batch_digest in map_in_threads(partial(_hash_batch, name=name), batches):
            digest.update(batch_digest)
    return digest.hexdigest()


def _hash_batch(X: Samples, name: str) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for value in X.label_codes if name == "label" else X[name]:
        array = np.ascontiguousarray(np.int64(value) if isinstance(value, np.integer) else value)
        digest.update(str(array.shape).encode())
        digest.update(array.data)
    return digest.digest()
