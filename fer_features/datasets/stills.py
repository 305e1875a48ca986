"""What the readers of stills share: the table they fill, faults that are told or skipped, and the cache."""

from __future__ import annotations

import dataclasses
import errno
import functools
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .._atomic import replacing
from ..exceptions import FerError
from ..samples.columns import H5Column
from ..samples.table import Info, Samples

#: How many faults are told one by one.
LISTED = 10

#: Kind ('wrong number of pixels'), and where and what in words ('fer2013.csv row 7: 2303 pixels, not 2304').
Fault = tuple[str, str]


@dataclasses.dataclass
class Stills:
    """What a reader found in its files.

    Attributes
    ----------
    images : ndarray or H5Column, shape (n, 1, H, W), uint8
    label : ndarray of int, shape (n,)
        -1 where the files give none.
    split : ndarray of str, shape (n,)
        'train', 'validation' or 'test'; empty where the files have no parts.
    id : ndarray of int or str, shape (n,)
        The row's name in its file or folder.
    faults : list of Fault
        What could not be read, and is not among the rows.
    notes : list of str
        What was done to the rows that a person should know.
    n_files_rows : int
        Rows that the files have, faulty ones included.
    """

    images: Any
    label: np.ndarray
    split: np.ndarray
    id: np.ndarray
    faults: list[Fault] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    n_files_rows: int = 0


def table(stills: Stills, info: Info, on_error: str) -> Samples:
    """The rows as `Samples`, once the faults are settled.

    Parameters
    ----------
    stills : Stills
    info : Info
        Its `notes` are added to.
    on_error : {'stop', 'skip'}

    Raises
    ------
    FerError
        Where there are faults and they are not to be skipped, or where no row is left.
    """
    if on_error not in ("stop", "skip"):
        raise FerError(f"on_error is '{on_error}': 'stop' or 'skip' is needed")
    notes = list(stills.notes)
    if stills.faults:
        told = tell(stills.faults, info.source)
        if on_error == "stop":
            raise FerError(f"{told}; correct them, or leave them out by --on-error skip (on_error='skip')")
        notes.append(f"left out: {told}")
    if not len(stills.label):
        raise FerError(f"{info.source} has no row that can be read" + "".join(f"; {note}" for note in notes))
    columns = {"images": stills.images, "label": stills.label, "id": stills.id}
    if (stills.split != "").any():
        columns["split"] = stills.split
    return Samples(columns, dataclasses.replace(info, notes=(*info.notes, *notes)))


def tell(faults: list[Fault], source: str) -> str:
    """Faults in one line: how many of each kind, and where the first ten are."""
    kinds = ", ".join(f"{n} x {kind}" for kind, n in Counter(kind for kind, _ in faults).most_common())
    first = "; ".join(words for _, words in faults[:LISTED])
    more = f"; and {len(faults) - LISTED} more" if len(faults) > LISTED else ""
    return f"{source} has {len(faults)} fault(s) ({kinds}): {first}{more}"


def kept(cache: Path | None, root: Path, files: Iterable[Path], read: Callable[[], Stills]) -> Stills:
    """What `read` finds, or what it found before, if the files have not changed since.

    Parameters
    ----------
    cache : Path or None
        Folder in which it is kept; None keeps nothing.
    root : Path
        That names are told from.
    files : iterable of Path
        All that is read: paths, sizes and times of change make the key, with the code that reads.
    read : callable

    Raises
    ------
    FerError
        Where the cache cannot be written. What is found damaged there is made anew.
    """
    if cache is None:
        return read()
    digest = hashlib.blake2b(_code(), digest_size=16)
    digest.update(f"{root.absolute()}\n".encode(errors="surrogateescape"))
    for file in files:
        try:
            state = file.stat()
            size, changed = state.st_size, state.st_mtime_ns
        except OSError:  # the reader will tell
            size, changed = -1, -1
        digest.update(f"{file.absolute()}\0{size}\0{changed}\n".encode(errors="surrogateescape"))
    path = Path(cache) / f"stills-{digest.hexdigest()}.h5"
    found = _load(path)
    if found is None:
        stills = read()
        _save(path, stills)
        found = _load(path) or stills
    return found


@functools.cache
def _code() -> bytes:
    here = Path(__file__).parent
    sources = (here / "stills.py", here / "fer2013.py", here / "folders.py", here.parent / "expressions.py")
    return b"".join(source.read_bytes() for source in sources)


def _save(path: Path, stills: Stills) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FerError(f"the cache {path.parent} cannot be made: {error.strerror}") from error
    about = json.dumps({"faults": stills.faults, "notes": stills.notes, "n_files_rows": stills.n_files_rows})
    with replacing(path) as temporary:
        # HDF5 crashes the process on a full disk, so room is made by plain writing, which tells it.
        _reserve(temporary, stills.images.nbytes + stills.split.nbytes + stills.id.nbytes + 128 * len(stills.id))
        try:
            with h5py.File(temporary, "w") as file:
                file.create_dataset("images", data=stills.images)
                file.create_dataset("label", data=stills.label)
                for name in ("split", "id"):
                    values = getattr(stills, name)
                    text = values.dtype.kind in "UO"
                    file.create_dataset(name, data=values.astype(object) if text else values)
                file.create_dataset("about", data=about)
        except RuntimeError as error:
            raise OSError(" ".join(str(error).split())) from error


def _reserve(path: Path, size: int) -> None:
    block = bytes(1 << 20)
    with open(path, "wb", buffering=0) as file:
        for _ in range(size // len(block) + 1):
            if file.write(block) < len(block):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _load(path: Path) -> Stills | None:
    try:
        with h5py.File(path) as file:
            label, split = file["label"][()], file["split"].asstr()[()].astype(str)
            names = file["id"]
            names = names.asstr()[()].astype(str) if h5py.check_string_dtype(names.dtype) else names[()]
            about = json.loads(file["about"].asstr()[()])
        images = H5Column(path, "images")
        faults = [(kind, words) for kind, words in about["faults"]]
        found = Stills(images, label, split, names, faults, about["notes"], about["n_files_rows"])
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError):
        return None  # absent or damaged: it is made anew and replaced
    same = {len(images), len(label), len(split), len(names)}
    return found if len(same) == 1 and len(images.shape) == 4 else None
