"""FER2013: 48 x 48 grey images of cropped faces, stored as text in csv files; optionally with the labels of FER+.

Layouts, each given by the file itself or by its folder:

    fer2013.csv           emotion,pixels,Usage         Usage is Training, PublicTest or PrivateTest
    icml_face_data.csv    emotion, Usage, pixels       the same with blanks in the header
    train.csv, test.csv   emotion,pixels and pixels    the files of the challenge: the test split has no labels
    fer2013new.csv        next to fer2013.csv or icml_face_data.csv: the votes of FER+, see `ferplus`

The pixels of a row are 2,304 grey values 0..255 in row-major order, separated by blanks. Codes: angry 0, disgust 1,
fear 2, happy 3, sad 4, surprise 5, neutral 6. The predefined splits have 28,709, 3,589 and 3,589 rows and are called
'train', 'validation' and 'test' here. Known defects: about 1,500 groups of identical images, some with different labels
and some across splits; a few images are blank. Subject identities are unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..exceptions import FerError
from ..expressions import FER2013_CLASSES
from ..samples.table import DataInfo, Samples
from .dataset import Dataset
from .ferplus import with_ferplus_labels
from .still_images import Fault, StillImages, cached_read, to_samples

#: Height and width of an image in pixels.
IMAGE_SIZE = 48
N_PIXELS = IMAGE_SIZE * IMAGE_SIZE

#: 'Usage' in lower case -> name of the predefined split.
USAGE_SPLITS = {"training": "train", "publictest": "validation", "privatetest": "test"}

#: Rows whose text is converted to numbers at once.
ROWS_PER_BLOCK = 16


class _Row(NamedTuple):
    id: int
    pixels: bytes
    label: int
    split: str


def load_fer2013(path: Path, on_error: str = "stop", cache: Path | None = None, labels: str | None = None) -> Samples:
    """Read FER2013 from csv files.

    Parameters
    ----------
    path : Path
        A csv file or its folder.
    on_error : {'stop', 'skip'}, default='stop'
        Whether rows with faults raise an error or are excluded.
    cache : Path, optional
        Folder for a copy in HDF5, see `cached_read`.
    labels : {'ferplus'}, optional
        Majority of the votes in fer2013new.csv, in the coding of `FERPLUS_CLASSES`, instead of the column 'emotion'.

    Returns
    -------
    Samples
        Columns 'images' (n, 1, 48, 48), 'label' (unknown where the files give none), 'split' where the files have
        predefined splits, 'id' (position in the file, from 0).

    Raises
    ------
    FerError
        For a header without 'pixels', rows with faults unless they are skipped, and votes that do not match the rows.
    """
    if labels not in (None, "ferplus"):
        raise FerError(f"--labels {labels}: 'ferplus' is the only choice for this data")
    files = _files(path)
    for file in files:
        if "pixels" not in _header(file):
            raise FerError(f"{file} has the columns {', '.join(_header(file))}: 'pixels' is needed")
    still_images = cached_read(cache, files[0].parent, files, lambda: _read(files))
    info = DataInfo(dataset="fer2013", classes=FER2013_CLASSES, source=str(path), cropped=True)
    X = to_samples(still_images, info, on_error)
    return with_ferplus_labels(X, files, still_images.n_entries, USAGE_SPLITS) if labels else X


def _can_load(path: Path) -> bool:
    return any("pixels" in _header(file) or file.name.lower() == "fer2013.csv" for file in _files(path))


FER2013 = Dataset(
    name="fer2013",
    description="FER2013 as csv: 48 x 48 grey images of cropped faces, optionally with the labels of FER+",
    layout="fer2013.csv, icml_face_data.csv, train.csv with test.csv, or another csv file with a column 'pixels'",
    can_load=_can_load,
    load=load_fer2013,
    reference="Goodfellow et al., ICONIP 2013, doi:10.1007/978-3-642-42051-1_16; "
    "Barsoum et al., ICMI 2016, doi:10.1145/2993148.2993165 (FER+)",
    licence="none is stated: the images were collected from the web, and rights in them are their owners'",
    homepage="https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge; "
    "votes of FER+: https://github.com/microsoft/FERPlus",
    options=("on_error", "cache", "labels"),
)


def _files(path: Path) -> list[Path]:
    """The csv files to read for a csv file or a folder, the training file first."""
    if not path.exists():
        return []
    pair = ("train.csv", "test.csv")
    if path.is_file():
        if path.suffix.lower() != ".csv":
            return []
        if path.name.lower() not in pair:
            return [path]
    folder = path.parent if path.is_file() else path
    by_name = {file.name.lower(): file for file in folder.iterdir() if file.suffix.lower() == ".csv"}
    if path.is_dir():
        for name in ("fer2013.csv", "icml_face_data.csv"):
            if name in by_name:
                return [by_name[name]]
    return [by_name[name] for name in pair if name in by_name]


def _header(path: Path) -> list[str]:
    try:
        with open(path, "rb") as file:
            line = file.readline(10_000)
    except OSError as error:
        raise FerError(f"{path} cannot be read: {error.strerror}") from error
    return [name.strip().strip('"').strip().lower() for name in line.decode("utf-8-sig", "replace").split(",")]


def _read(files: list[Path]) -> StillImages:
    try:
        tables = [_read_file(file) for file in files]
    except OSError as error:
        raise FerError(f"{error.filename or files[0]} cannot be read: {error.strerror or error}") from error
    if len(tables) == 1:
        return tables[0]
    images, label, split, ids = (
        np.concatenate([getattr(table, name) for table in tables]) for name in ("images", "label", "split", "id")
    )
    return StillImages(
        images,
        label,
        split,
        ids,
        faults=[fault for table in tables for fault in table.faults],
        n_entries=sum(table.n_entries for table in tables),
    )


def _read_file(path: Path) -> StillImages:
    images = np.empty((_count_lines(path), N_PIXELS), np.uint8)
    valid: list[_Row] = []
    faults: list[Fault] = []
    block: list[_Row] = []

    def convert_block() -> None:
        values = parse_block([row.pixels for row in block])
        for i, row in enumerate(block):
            # In a block with a fault, every row is parsed on its own.
            image = values[i] if values is not None else parse_row(row.pixels)
            if isinstance(image, Fault):
                faults.append(_located(image, path, row.id))
                continue
            images[len(valid)] = image
            valid.append(_Row(row.id, b"", row.label, row.split))
        block.clear()

    n = 0
    for n, fields in enumerate(_fields(path), 1):
        row = _parse_fields(path, n - 1, fields)
        if isinstance(row, Fault):
            convert_block()
            faults.append(_located(row, path, n - 1))
            continue
        block.append(row)
        if len(block) == ROWS_PER_BLOCK:
            convert_block()
    convert_block()
    return StillImages(
        images[: len(valid)].reshape(-1, 1, IMAGE_SIZE, IMAGE_SIZE),
        np.array([row.label for row in valid], np.int64),
        np.array([row.split for row in valid], "U10"),
        np.array([row.id for row in valid], np.int64),
        faults,
        n_entries=n,
    )


def _count_lines(path: Path) -> int:
    with open(path, "rb") as file:
        return 1 + sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def _fields(path: Path) -> Iterator[dict[str, bytes]]:
    """Fields of each row by column; an empty dict for a row with another number of fields than the header."""
    header = _header(path)
    with open(path, "rb") as file:
        file.readline()
        for line in file:
            # No field contains a comma or a quote, so that a csv parser is not needed.
            fields = line.strip().replace(b'"', b"").split(b",")
            if fields != [b""]:
                yield dict(zip(header, fields, strict=True)) if len(fields) == len(header) else {}


def _located(fault: Fault, path: Path, row: int) -> Fault:
    return Fault(fault.kind, f"{path.name} row {row}: {fault.message}")


def _parse_fields(path: Path, row: int, fields: dict[str, bytes]) -> _Row | Fault:
    if not fields:
        return Fault("wrong number of fields", "another number of fields than the header")
    code = -1
    if "emotion" in fields:
        try:
            code = int(fields["emotion"])
        except ValueError:
            code = -1
        if not 0 <= code < len(FER2013_CLASSES):
            return Fault("label out of range", f"label '{_quoted(fields['emotion'])}' is not a code 0..6")
    split = path.stem.lower() if path.name.lower() in ("train.csv", "test.csv") else ""
    if "usage" in fields:
        usage = _quoted(fields["usage"])
        if usage.lower() not in USAGE_SPLITS:
            return Fault("unknown Usage", f"Usage '{usage}' is not Training, PublicTest or PrivateTest")
        split = USAGE_SPLITS[usage.lower()]
    return _Row(row, fields["pixels"].strip(), code, split)


def _quoted(field: bytes) -> str:
    """The start of a field, for messages."""
    return field.decode(errors="replace").strip()[:20]


def parse_block(rows: list[bytes]) -> np.ndarray | None:
    """Convert the text of several rows to grey values at once.

    Parameters
    ----------
    rows : list of n bytes
        Numbers separated by single blanks.

    Returns
    -------
    ndarray of uint8, shape (n, 2304), or None
        None where any row has a fault, or is separated in another way; `parse_row` then finds the fault.

    Notes
    -----
    A number is the one to three digits before a blank. Vectorised over all rows, this is three times as fast as
    `parse_row`, which matters for files of 270 MB.
    """
    if not rows:
        return None
    text = np.frombuffer(b" " + b" ".join(rows) + b" ", np.uint8)
    blanks = np.flatnonzero(text == ord(" ")).astype(np.int32)
    digits = text - np.uint8(ord("0"))  # every other character wraps around or is above 9
    width = np.diff(blanks) - 1
    starts = np.cumsum([0, *(len(row) + 1 for row in rows)])
    if len(blanks) != len(rows) * N_PIXELS + 1 or (blanks[::N_PIXELS] != starts).any():
        return None
    if np.count_nonzero(digits > 9) != len(blanks) or width.min() < 1 or width.max() > 3:
        return None
    ends = blanks[1:]
    values = digits[ends - 1].astype(np.uint16)
    values += (10 * (width > 1)).astype(np.uint16) * digits[ends - 2]
    values += (100 * (width > 2)).astype(np.uint16) * digits[ends - 3]
    if values.max() > 255:
        return None
    return values.astype(np.uint8).reshape(len(rows), N_PIXELS)


def parse_row(row: bytes) -> np.ndarray | Fault:
    """Convert the text of one row to grey values, shape (2304,) uint8, or return its fault."""
    words = row.split()
    if not words:
        return Fault("empty pixels", "pixels are empty")
    if len(words) != N_PIXELS:
        return Fault("wrong number of pixels", f"{len(words)} pixels, not {N_PIXELS}")
    wrong = next((word for word in words if not word.isdigit() or len(word) > 3 or int(word) > 255), None)
    if wrong is not None:
        return Fault("invalid pixel", f"pixel '{_quoted(wrong)}' is not a grey value 0..255")
    return np.array([int(word) for word in words], np.uint8)
