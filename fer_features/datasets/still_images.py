"""Common parts of the readers of still images: the resulting table, the handling of faults, and the cache."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..exceptions import FerError
from ..samples.columns import H5Column
from ..samples.hdf5 import h5_keys, read_h5
from ..samples.hdf5_writing import h5_output
from ..samples.packed_images import PackedImages
from ..samples.table import DataInfo, Samples
from .file_states import code_digest, file_states

#: Number of faults that a message lists one by one; all are counted.
MAX_LISTED_FAULTS = 10

#: Files whose code decides what is read. A cached copy is invalid after a change of any of them.
SOURCE_FILES = (
    *("still_images.py", "fer2013.py", "pixel_text.py", "record_stills.py", "grey_frames.py"),
    *("../media/decoding.py", "../expressions.py", "../samples/source_regions.py", "../vision/grayscale.py"),
)


@dataclass(frozen=True)
class Fault:
    """An entry of a data set that cannot be used.

    Attributes
    ----------
    kind : str
        What is counted together, such as 'wrong number of pixels'.
    message : str
        Where it is and what is wrong, such as 'fer2013.csv row 7: 2303 pixels, not 2304'.
    """

    kind: str
    message: str


@dataclass
class StillImages:
    """What a reader of still images found in its files.

    Attributes
    ----------
    images : ndarray or LazyColumn, shape (n, T, H, W), uint8
    label : ndarray of int, shape (n,)
        -1 where the files give no label. Empty if the labels are not in the files of the images.
    split : ndarray of str, shape (n,)
        'train', 'validation' or 'test'; empty where the files have no predefined split. Empty like the labels.
    id : ndarray of int or str, shape (n,)
        Name of the sample in its file; the position of its record if the labels are not in the files of the images.
    faults : list of Fault
        Entries that could not be read and are not among the samples.
    notes : list of str
        Conversions of the samples that a user should know.
    n_entries : int
        Number of entries of the files, including those with faults.
    regions : ndarray, shape (n, T, 6)
        The part of its file that each image shows, see `fer_features.samples.source_regions`. Empty where images are
        not files.
    """

    images: Any
    label: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    split: np.ndarray = field(default_factory=lambda: np.empty(0, "U10"))
    id: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    n_entries: int = 0
    regions: np.ndarray = field(default_factory=lambda: np.empty((0, 1, 6)))


class PackedImagesBuilder:
    """Collects images (H, W) without a second copy of their pixels."""

    def __init__(self) -> None:
        self._pixels = bytearray()
        self._sizes: list[tuple[int, ...]] = []

    def append(self, image: np.ndarray) -> None:
        """Add an image, shape (H, W), uint8."""
        self._pixels += image.tobytes()
        self._sizes.append(image.shape)

    def build(self) -> np.ndarray | PackedImages:
        """The images as an array (n, 1, H, W), or as a column where they differ in size."""
        pixels = np.frombuffer(self._pixels, np.uint8)
        if len(set(self._sizes)) == 1:
            return pixels.reshape(len(self._sizes), 1, *self._sizes[0])
        return PackedImages(pixels, np.array(self._sizes, np.int64))


def to_samples(
    still_images: StillImages, info: DataInfo, on_error: str, columns: Mapping[str, Any] | None = None
) -> Samples:
    """Convert to `Samples`, after the faults are raised or excluded.

    Parameters
    ----------
    still_images : StillImages
    info : DataInfo
        The notes of the reader and the faults are appended to its `notes`.
    on_error : {'stop', 'skip'}
        Whether faults raise an error or are excluded.
    columns : mapping of str to array, optional
        Columns beside the images; by default those of `still_images`.

    Returns
    -------
    Samples

    Raises
    ------
    FerError
        For faults unless they are skipped, and where no sample remains.
    """
    if on_error not in ("stop", "skip"):
        raise FerError(f"on_error is '{on_error}': 'stop' or 'skip' is needed")
    notes = list(still_images.notes)
    if still_images.faults:
        summary = format_faults(still_images.faults, info.source)
        if on_error == "stop":
            raise FerError(f"{summary}; correct them, or exclude them with on_error='skip'")
        notes.append(f"excluded: {summary}")
    if not len(still_images.images):
        raise FerError(f"{info.source} has no sample that can be read" + "".join(f"; {note}" for note in notes))
    if columns is None:
        columns = {"label": still_images.label, "id": still_images.id}
        if (still_images.split != "").any():
            columns["split"] = still_images.split
    return Samples({"images": still_images.images, **columns}, replace(info, notes=(*info.notes, *notes)))


def format_faults(faults: list[Fault], source: str) -> str:
    """Format faults as one line: the number of each kind, and the first `MAX_LISTED_FAULTS` messages.

    Examples
    --------
    >>> format_faults([Fault("empty pixels", "a.csv row 3: pixels are empty")], "a.csv")
    'a.csv has 1 fault(s) (1 x empty pixels): a.csv row 3: pixels are empty'
    """
    kinds = ", ".join(f"{n} x {kind}" for kind, n in Counter(fault.kind for fault in faults).most_common())
    first = "; ".join(fault.message for fault in faults[:MAX_LISTED_FAULTS])
    more = f"; and {len(faults) - MAX_LISTED_FAULTS} more" if len(faults) > MAX_LISTED_FAULTS else ""
    return f"{source} has {len(faults)} fault(s) ({kinds}): {first}{more}"


def cached_read(
    cache: Path | None, root: Path, files: Iterable[Path], read: Callable[[], StillImages], settings: str = ""
) -> StillImages:
    """Call `read`, or load its previous result if the files have not changed since.

    Parameters
    ----------
    cache : Path or None
        Folder of the results; None disables the cache.
    root : Path
        Folder relative to which samples are named.
    files : iterable of Path
        All files that `read` reads. The key of a result consists of their paths, sizes and modification times, and of
        the code that reads them (`SOURCE_FILES`).
    read : callable
    settings : str, default=''
        Whatever else decides the result.

    Returns
    -------
    StillImages

    Raises
    ------
    FerError
        Where the cache cannot be written. A damaged result is replaced.
    """
    if cache is None:
        return read()
    digest = hashlib.blake2b(code_digest(SOURCE_FILES), digest_size=16)
    digest.update(f"{root.absolute()}\n{settings}\n".encode(errors="surrogateescape"))
    digest.update(file_states(files))
    path = Path(cache) / f"still-images-{digest.hexdigest()}.h5"
    cached = _load_cached(path)
    if cached is None:
        result = read()
        _save(path, result)
        cached = _load_cached(path) or result
    return cached


def _save(path: Path, result: StillImages) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FerError(f"the cache {path.parent} cannot be created: {error.strerror}") from error
    about = json.dumps(
        {
            "faults": [[fault.kind, fault.message] for fault in result.faults],
            "notes": result.notes,
            "n_entries": result.n_entries,
        }
    )
    pixels = result.images.pixels if isinstance(result.images, PackedImages) else result.images
    n_bytes = int(np.prod(pixels.shape)) + result.split.nbytes + result.id.nbytes + 128 * len(result.id)
    with h5_output(path, n_bytes) as file:
        if isinstance(result.images, PackedImages):
            file.create_dataset("pixels", data=result.images.pixels)
            file.create_dataset("sizes", data=result.images.image_sizes)
        else:
            file.create_dataset("images", data=result.images)
        file.create_dataset("label", data=result.label)
        file.create_dataset("regions", data=result.regions)
        for name in ("split", "id"):
            values = getattr(result, name)
            is_text = values.dtype.kind in "UO"
            file.create_dataset(name, data=values.astype(h5py.string_dtype()) if is_text else values)
        file.create_dataset("about", data=about)


def _load_cached(path: Path) -> StillImages | None:
    """The cached result, or None where it is absent or damaged."""
    try:
        label, split, ids = read_h5(path, "label"), _as_text(read_h5(path, "split")), _as_text(read_h5(path, "id"))
        about = json.loads(read_h5(path, "about").item())
        is_packed = "pixels" in h5_keys(path)
        images: Any = H5Column(path, "pixels" if is_packed else "images")
        images = PackedImages(images, read_h5(path, "sizes")) if is_packed else images
        faults = [Fault(kind, message) for kind, message in about["faults"]]
        regions = read_h5(path, "regions").reshape(-1, 1, 6)
        result = StillImages(images, label, split, ids, faults, about["notes"], about["n_entries"], regions)
    except (FerError, KeyError, ValueError, TypeError, AttributeError):
        return None
    lengths = {len(images), len(ids), *(len(values) or len(ids) for values in (label, split, regions))}
    return result if len(lengths) == 1 and len(images.shape) == 4 else None


def _as_text(values: np.ndarray) -> np.ndarray:
    """Numbers unchanged, and text as str."""
    return values if values.dtype.kind in "iu" else np.array([value.decode() for value in values], str)


def display_name(file: Path, root: Path) -> str:
    """Path of a file below the folder of the data."""
    return display_text((file.relative_to(root) if file.is_relative_to(root) else file).as_posix())


def display_text(name: str) -> str:
    """Name of a file; bytes that are not UTF-8 are written as escape sequences."""
    return os.fsencode(name).decode(errors="backslashreplace")
