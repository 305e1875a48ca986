"""Tasks for the workers of a cluster: what several tasks have in common is sent once."""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Callable
from typing import Any, NamedTuple

import cv2
import numpy as np

from ._threads import one_thread

#: Bytes from which an array, or an object that tasks share, is sent apart from the tasks.
MIN_PART_BYTES = 1 << 16


class SentOnce:
    """An object that many tasks use, such as the function that all of them call.

    Any class with the attribute ``sent_once = True`` is treated like this one.

    Parameters
    ----------
    value : object
    """

    sent_once = True

    def __init__(self, value: Any):
        self.value = value


class Task(NamedTuple):
    """A call, pickled without its large parts.

    Attributes
    ----------
    call : bytes
        Function, positional and named arguments.
    small : dict of str to bytes
        Pickled objects that other tasks use too, by the hash of their content.
    large : tuple of str
        Hashes of parts that are sent once.
    """

    call: bytes
    small: dict[str, bytes]
    large: tuple[str, ...]


class TaskPacker:
    """Pickles calls, and keeps apart what they have in common.

    Attributes
    ----------
    parts : dict of str to (ndarray or bytes)
        Large arrays, and pickled objects, by the hash of their content.

    Notes
    -----
    Parts are identified by their content and not by the object: tables of two steps hold the same images, and a feature
    store is another one as soon as features are added. Within one packer an object is hashed once.
    """

    def __init__(self) -> None:
        self.parts: dict[str, Any] = {}
        self._used_by: dict[str, set[str]] = {}
        self._keys: dict[int, tuple[str, Any]] = {}  # with the object, whose address would be used again otherwise

    def pack(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Task:
        """A call as a task."""
        call, used = self._pickled((function, args, kwargs))
        is_small = {key: isinstance(part := self.parts[key], bytes) and len(part) < MIN_PART_BYTES for key in used}
        small = {key: self.parts[key] for key in used if is_small[key]}
        return Task(call, small, tuple(sorted(key for key in used if not is_small[key])))

    def _pickled(self, value: Any) -> tuple[bytes, set[str]]:
        """Pickle of an object, and the parts that it refers to, also those of its parts."""
        from cloudpickle import Pickler

        used: set[str] = set()

        class PartPickler(Pickler):
            def persistent_id(self, one: Any) -> str | None:
                key = None if one is value else packer._part(one)
                used.update({key, *packer._used_by[key]} if key else ())
                return key

        packer, file = self, io.BytesIO()
        PartPickler(file, protocol=pickle.HIGHEST_PROTOCOL).dump(value)
        return file.getvalue(), used

    def _part(self, one: Any) -> str | None:
        """Key of an object that is sent apart; None for any other."""
        is_array = type(one) is np.ndarray and one.nbytes >= MIN_PART_BYTES and not one.dtype.hasobject
        if not is_array and not getattr(type(one), "sent_once", False):
            return None
        if id(one) not in self._keys:
            digest, used, content = hashlib.blake2b(digest_size=16), set[str](), one
            if is_array:
                content = np.ascontiguousarray(one)
                digest.update(f"{one.dtype.str} {one.shape}".encode())
                digest.update(content.view(np.uint8).data if content.size else b"")
            else:
                content, used = self._pickled(one)
                digest.update(content)
            key = digest.hexdigest()
            self.parts[key], self._used_by[key], self._keys[id(one)] = content, used, (key, one)
        return self._keys[id(one)][0]


#: On a worker: objects of the last task by the hash of their content, with what they have read or computed.
_objects: dict[str, Any] = {}


def run_task(call: bytes, small: dict[str, bytes], keys: tuple[str, ...], large: list[Any]) -> Any:
    """Run a task on a worker, in one thread.

    Parameters
    ----------
    call, small, keys
        See `Task`.
    large : list of (ndarray or bytes)
        The parts with these keys.

    Returns
    -------
    object
        What the function returns.
    """
    parts = {**small, **dict(zip(keys, large, strict=True))}
    for key in set(_objects) - set(parts):
        del _objects[key]

    class PartUnpickler(pickle.Unpickler):
        def persistent_load(self, key: str) -> Any:
            part = parts[key]
            if isinstance(part, np.ndarray):
                return part
            if key not in _objects:
                _objects[key] = PartUnpickler(io.BytesIO(part)).load()
            return _objects[key]

    function, args, kwargs = PartUnpickler(io.BytesIO(call)).load()
    cv2.setNumThreads(1)
    with one_thread():
        return function(*args, **kwargs)
