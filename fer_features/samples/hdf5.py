"""Reading of datasets in HDF5 files that may be damaged, incomplete, or made to read other files.

A dataset is read only where its values are in the file itself. HDF5 can also take them from any other file that the
process can read (external storage, external links, virtual datasets), and it returns zeros without an error where
values were never written or the other file is absent.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .._files import regular_file
from ..exceptions import FerError


def h5_keys(path: Path) -> list[str]:
    """Names of the datasets and groups at the top of a file.

    Raises
    ------
    FerError
        For a file that is not readable HDF5.
    """
    with _h5_file(path) as file:
        return list(file)


def h5_layout(path: Path, key: str) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type of a dataset.

    Parameters
    ----------
    path : Path
    key : str
        Name of the dataset.

    Returns
    -------
    shape : tuple of int
        ``()`` for a single value.
    dtype : dtype

    Raises
    ------
    FerError
        For a file that is not readable HDF5, a missing dataset, and a dataset that is empty, was not written
        completely, or whose values are outside of the folder of the file.
    """
    with _h5_file(path) as file:
        data = _dataset(path, file, key)
        _check_complete(path, data)
        return data.shape, data.dtype


def read_h5(path: Path, key: str) -> np.ndarray:
    """All values of a dataset.

    Parameters
    ----------
    path : Path
    key : str
        Name of the dataset.

    Returns
    -------
    ndarray

    Raises
    ------
    FerError
        See `h5_layout`; also for values that do not fit into memory.
    """
    with _h5_file(path) as file:
        data = _dataset(path, file, key)
        _check_complete(path, data)
        _check_memory(path, data, data.size)
        return np.asarray(data[()])


def iterate_h5(path: Path, key: str, selections: Iterable[Any]) -> Iterator[np.ndarray]:
    """Selected values of a dataset, one selection after another.

    Parameters
    ----------
    path : Path
    key : str
        Name of the dataset.
    selections : iterable of index
        As in h5py, such as slices.

    Yields
    ------
    ndarray

    Raises
    ------
    FerError
        See `h5_layout`.
    """
    with _h5_file(path) as file:
        data = _dataset(path, file, key)
        for selection in selections:
            yield data[selection]


def h5_flag(path: Path, key: str, attribute: str) -> bool:
    """Whether an attribute of a dataset is a single true value.

    Raises
    ------
    FerError
        See `h5_layout`.
    """
    with _h5_file(path) as file:
        value = np.asarray(_dataset(path, file, key).attrs.get(attribute, False))
        return value.ndim == 0 and value.dtype.kind in "biu" and bool(value)


@contextlib.contextmanager
def _h5_file(path: Path) -> Iterator[h5py.File]:
    """An open file. Only calls of h5py belong into the block: all of their errors mean that the file is damaged."""
    try:
        with h5py.File(regular_file(path), "r") as file:
            yield file
    except FerError:
        raise
    except Exception as error:  # damaged files raise nearly every type of exception
        reason = " ".join(str(error).split())
        raise FerError(
            f"{path} cannot be read as HDF5: it is truncated or damaged, or has another format ({reason})"
        ) from error


def _dataset(path: Path, file: h5py.File, key: str) -> h5py.Dataset:
    data = _member(path, file, key)
    if not isinstance(data, h5py.Dataset):
        raise FerError(f"{path}: '{key}' is a group, not a dataset")
    if data.shape is None:
        raise FerError(f"{path}: the dataset '{key}' is empty: it has no values (null dataspace)")
    if data.external:
        raise FerError(
            f"{path}: the values of '{key}' are outside of the file, in {data.external[0][0]!r} (external storage): "
            "store them in the file"
        )
    if data.is_virtual:
        _check_virtual_sources(path, data)
    _check_memory(path, data, math.prod(data.chunks or ()))
    return data


def _member(path: Path, file: h5py.File, key: str) -> Any:
    """A dataset or group; no link on the way may lead elsewhere."""
    member: Any = file
    for name in filter(None, key.split("/")):
        link = member.get(name, getlink=True) if isinstance(member, h5py.Group) else None
        if link is None:
            raise FerError(f"{path} has no dataset '{key}'; its keys: {', '.join(file) or 'none'}")
        if not isinstance(link, h5py.HardLink):
            kind = f"an external link to {link.filename}" if isinstance(link, h5py.ExternalLink) else "a soft link"
            raise FerError(f"{path}: '{key}' is {kind}: store the dataset itself under this name")
        member = member[name]
    return member


def _check_virtual_sources(path: Path, data: h5py.Dataset) -> None:
    """Refuse a virtual dataset unless all of its values are in existing files of the same folder."""
    folder = path.parent.resolve()
    n_values = 0
    for source in data.virtual_sources():
        file_path = path if source.file_name == "." else folder / source.file_name
        where = f"{path}: '{data.name}' is a virtual dataset of {source.file_name}"
        if not file_path.resolve().is_relative_to(folder):
            raise FerError(f"{where}, which is outside of the folder: store the values in the file")
        if not file_path.is_file():
            raise FerError(f"{where}, which does not exist")
        with _h5_file(file_path) as file:
            stored = _member(file_path, file, source.dset_name)
            if not isinstance(stored, h5py.Dataset) or stored.is_virtual or stored.external:
                raise FerError(f"{where}, whose values are in other files: store the values in the file")
            _check_complete(file_path, stored)
            if not _covers(source, stored):
                raise FerError(f"{where}, which has the shape {stored.shape}: values are missing there")
        n_values += source.vspace.get_select_npoints()
    if n_values < data.size:
        raise FerError(f"{path}: the virtual dataset '{data.name}' has no source for {data.size - n_values} values")


def _covers(source: Any, stored: h5py.Dataset) -> bool:
    """Whether a dataset has all values that a source of a virtual dataset selects."""
    if source.src_space.get_select_type() == h5py.h5s.SEL_ALL:
        return stored.size == source.vspace.get_select_npoints()
    last = source.src_space.get_select_bounds()[1]
    return len(last) == stored.ndim and all(i < size for i, size in zip(last, stored.shape, strict=True))


def _check_complete(path: Path, data: h5py.Dataset) -> None:
    """Refuse a dataset with values that were never written; HDF5 would return zeros for them."""
    if data.chunks:
        n_chunks = math.prod(-(-size // step) for size, step in zip(data.shape, data.chunks, strict=True))
        n_written = data.id.get_num_chunks()
    else:
        contiguous = data.id.get_create_plist().get_layout() == h5py.h5d.CONTIGUOUS
        n_chunks = data.size * data.dtype.itemsize if contiguous else 0
        n_written = data.id.get_storage_size() if contiguous else 0
    if n_written < n_chunks:
        unit = "chunks" if data.chunks else "bytes"
        raise FerError(
            f"{path}: the dataset '{data.name}' is incomplete: {n_written} of {n_chunks} {unit} were written"
        )


def _check_memory(path: Path, data: h5py.Dataset, n_values: int) -> None:
    """Refuse to hold a number of values, all of them or those of a chunk, that this computer has no memory for."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    n_bytes = n_values * data.dtype.itemsize
    if n_bytes > memory:
        raise FerError(
            f"{path}: the dataset '{data.name}' of shape {data.shape} needs {n_bytes / 1e9:.1f} GB of memory, and this "
            f"computer has {memory / 1e9:.1f} GB"
        )
