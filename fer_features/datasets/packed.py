"""A table as one HDF5 file, which `write_packed` writes and `load_dataset` reads.

    about            JSON: the metadata of the table (`DataInfo`), the names of its columns, the number of frames of a
                     sample, and the versions of the packages that wrote it
    images           (n, T, H, W) uint8
    pixels, sizes    instead of images where these differ in size: see `PackedImages`
    columns/NAME     the other columns: landmarks (n, T, 68, 2), label (codes), subject, split, id and further ones;
                     characters of NAME that are not letters, digits, blanks, _ or - are encoded as in URLs

Images stay on disk and are read on access. They are stored uncompressed unless they compress well: photographs of
faces lose 5 to 35 % of their size, and are then read five to ten times more slowly.
"""

from __future__ import annotations

import dataclasses
import json
import urllib.parse
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .._progress import progress
from ..exceptions import FerError
from ..samples.columns import ArrayColumn, H5Column, LazyColumn
from ..samples.hdf5 import h5_keys, read_h5
from ..samples.hdf5_writing import h5_output
from ..samples.packed_images import PackedImages
from ..samples.table import DataInfo, Samples
from ..samples.validation import COLUMNS
from ..version import versions
from .dataset import Dataset

#: Suffixes of packed files.
PACKED_SUFFIXES = (".h5", ".hdf5")
#: Version of the format.
FORMAT = 1
#: Bytes of images that are read and written at once, and of a chunk in the file.
BLOCK_BYTES, CHUNK_BYTES = 1 << 24, 1 << 18
#: Images are compressed if a sample of them shrinks below this fraction.
MAX_COMPRESSED_FRACTION = 0.5
#: Bytes of text up to which all values of a column have the same length in the file. HDF5 keeps text of other lengths
#: apart, and can search it without end after damage.
MAX_FIXED_LENGTH = 256
#: Number of samples whose images are compressed on trial.
N_TRIAL_SAMPLES = 20


def write_packed(X: Samples, path: str | Path) -> Path:
    """Write a table as one HDF5 file.

    Parameters
    ----------
    X : Samples
        Images that are read on access are read once, in blocks.
    path : str or Path
        With the suffix .h5 or .hdf5. An existing file is replaced.

    Returns
    -------
    Path

    Raises
    ------
    FerError
        For another suffix, a column that contains something else than numbers or text, images that cannot be read, and
        a file that cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from fer_features import load_dataset
    >>> X = Samples.from_arrays(images=np.zeros((2, 8, 8), np.uint8), label=["joy", "fear"], id=["a.png", "b.png"])
    >>> path = write_packed(X, Path(tempfile.mkdtemp()) / "two.h5")
    >>> load_dataset(path)["label"].tolist()
    ['joy', 'fear']
    """
    path = Path(path)
    if path.suffix.lower() not in PACKED_SUFFIXES:
        raise FerError(f"cannot write {path}: a name that ends in {' or '.join(PACKED_SUFFIXES)} is needed")
    columns = {name: _stored_values(name, X) for name in X.columns if name != "images"}
    images = X.column_view("images") if "images" in X else None
    if _reads_from(images, path):
        raise FerError(f"cannot write {path}: the images of the table are read from it; choose another name")
    about = {
        "format": FORMAT,
        "info": dataclasses.asdict(dataclasses.replace(X.info, files={})),
        "columns": X.columns,
        "n_frames": 0 if images is None else images.shape[1],
        "versions": versions(),
    }
    options = {"compression": "gzip", "compression_opts": 1} if images and _compresses_well(images) else {}
    n_bytes = 0 if images is None else int(_pixels_per_sample(images).sum())
    n_bytes = int(n_bytes * (MAX_COMPRESSED_FRACTION if options else 1)) + sum(v.nbytes for v in columns.values())
    with h5_output(path, n_bytes) as file:
        file.create_dataset("about", data=np.bytes_(json.dumps(about)))
        for name, values in columns.items():
            file.create_dataset(_key(name), data=values)
        if images is not None:
            _write_images(file, images, options)
    return path


def load_packed(path: Path) -> Samples:
    """Read a file of `write_packed`; the images stay in it.

    Raises
    ------
    FerError
        For a file that is damaged, or was not written by `write_packed`.
    """
    keys = h5_keys(path)
    if "about" not in keys:
        raise FerError(f"{path} is an HDF5 file that was not written by write_packed: its keys are {', '.join(keys)}")
    try:
        about = json.loads(read_h5(path, "about").item())
        version, info = about["format"], about["info"]
        info = DataInfo(**{**info, "classes": tuple(info["classes"]), "notes": tuple(info["notes"])})
        names, n_frames = list(about["columns"]), int(about["n_frames"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FerError(f"{path} cannot be read: its metadata are not those of write_packed") from error
    if version != FORMAT:
        raise FerError(f"{path} has the format {version}, and this version reads the format {FORMAT}")
    columns = {name: _images(path, keys, n_frames) if name == "images" else _read_column(path, name) for name in names}
    return Samples(columns, info)


PACKED = Dataset(
    name="packed",
    description="any data set as one file, as 'fer-features pack' writes it",
    layout="a file with the suffix " + " or ".join(PACKED_SUFFIXES),
    can_load=lambda path: path.suffix.lower() in PACKED_SUFFIXES and path.is_file(),
    load=load_packed,
    reference="that of the packed data set",
    options=("holdout",),
)


def _stored_values(name: str, X: Samples) -> np.ndarray:
    """Values of a column as numbers or as text of HDF5."""
    values = np.asarray(X.label_codes if name == "label" else X[name])
    if values.dtype.kind in "iufb":
        return values
    others = [value for value in values.ravel().tolist() if not isinstance(value, str)]
    if values.dtype.kind not in "UO" or others:
        found = repr(others[0]) if values.dtype.kind == "O" else f"values of the type {values.dtype}"
        raise FerError(f"the column '{name}' contains {found}: only numbers or text can be packed")
    if any("\0" in value for value in values.ravel().tolist()):
        raise FerError(f"the column '{name}' has text with a NUL character, which cannot be packed")
    try:
        encoded = np.vectorize(str.encode, otypes=[object])(values)
    except UnicodeEncodeError as error:
        raise FerError(f"the column '{name}' contains {error.object!r}, which is not text in UTF-8") from error
    length = max(1, *map(len, encoded.ravel().tolist())) if encoded.size else 1
    return encoded.astype(h5py.string_dtype(length=length if length <= MAX_FIXED_LENGTH else None))


def _key(column: str) -> str:
    """Key of a column, whose name can have any characters."""
    quoted = urllib.parse.quote(column, safe=" ", errors="backslashreplace").replace(".", "%2E")
    return f"columns/{quoted or '%'}"


def _images(path: Path, keys: list[str], n_frames: int) -> LazyColumn:
    if "pixels" in keys:
        return PackedImages(H5Column(path, "pixels"), read_h5(path, "sizes"), n_frames)
    return H5Column(path, "images")


def _read_column(path: Path, name: str) -> Any:
    values = read_h5(path, _key(name))
    if values.dtype.kind in "OS":
        try:
            return np.array([value.decode() for value in values.tolist()], str)
        except (UnicodeDecodeError, AttributeError) as error:
            raise FerError(f"{path} is damaged: its column '{name}' is not text in UTF-8") from error
    return values if values.ndim == 1 or name in COLUMNS else ArrayColumn(values)


def _pixels_per_sample(images: LazyColumn) -> np.ndarray:
    return images.shape[1] * images.sizes(np.arange(len(images))).prod(1)


def _blocks(images: LazyColumn) -> Iterator[np.ndarray]:
    """Indices of samples whose images have about `BLOCK_BYTES` together."""
    block = np.cumsum(_pixels_per_sample(images)) // BLOCK_BYTES
    yield from np.split(np.arange(len(images)), np.flatnonzero(np.diff(block)) + 1)


def _compresses_well(images: LazyColumn) -> bool:
    """Whether the first frames of some samples shrink clearly."""
    chosen = np.unique(np.linspace(0, len(images) - 1, N_TRIAL_SAMPLES).astype(int))
    pixels = b"".join(np.ascontiguousarray(image).tobytes() for image in images.frame(chosen, 0))
    return len(zlib.compress(pixels, 1)) < MAX_COMPRESSED_FRACTION * len(pixels)


def _write_images(file: h5py.File, images: LazyColumn, options: dict[str, Any]) -> None:
    sizes = images.sizes(np.arange(len(images)))[:, ::-1]
    n_frames = images.shape[1]
    blocks = progress(list(_blocks(images)), len(list(_blocks(images))), "blocks of images written")
    if len(np.unique(sizes, axis=0)) == 1:
        height, width = sizes[0].tolist()
        chunk = min(len(images), max(1, CHUNK_BYTES // (height * width))), 1, height, width
        stored = file.create_dataset("images", (len(images), n_frames, height, width), "u1", chunks=chunk, **options)
        for block in blocks:
            stored[block[0] : block[-1] + 1] = images[block]
        return
    starts = np.cumsum([0, *_pixels_per_sample(images)])
    stored = file.create_dataset("pixels", (starts[-1],), "u1", chunks=(min(CHUNK_BYTES, starts[-1]),), **options)
    file.create_dataset("sizes", data=sizes)
    for block in blocks:
        clips = images[block]
        stored[starts[block[0]] : starts[block[-1] + 1]] = np.concatenate([clip.ravel() for clip in clips])


def _reads_from(column: Any, path: Path) -> bool:
    """Whether a column, or one that it is made of, is in a file."""
    if isinstance(column, H5Column):
        return path.exists() and path.samefile(column.path)
    parts = vars(column).values() if isinstance(column, LazyColumn) else column if isinstance(column, list) else ()
    return any(_reads_from(part, path) for part in parts)
