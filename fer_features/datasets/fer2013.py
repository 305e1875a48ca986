"""FER2013: 48 x 48 grey images of cropped faces, stored as text in csv files; optionally with the labels of FER+.

Layouts, each given by the file itself or by its folder:

    fer2013.csv           emotion,pixels,Usage         Usage is Training, PublicTest or PrivateTest
    icml_face_data.csv    emotion, Usage, pixels       the same with blanks in the header
    train.csv, test.csv   emotion,pixels and pixels    the files of the challenge: the test split has no labels
    fer2013new.csv        next to fer2013.csv or icml_face_data.csv: the votes of FER+, see `ferplus`

The pixels of a row are 2,304 grey values 0..255 in row-major order, separated by blanks, or in a quoted field also by
commas and between brackets. A column 'id' names the rows. Codes: angry 0, disgust 1, fear 2, happy 3, sad 4, surprise
5, neutral 6; in some copies contempt 7. The predefined splits have 28,709, 3,589 and 3,589 rows and are called 'train',
'validation' and 'test' here. Usage can also be one of these names, in any case. Known defects: about 1,500 groups of
identical images, some with different labels and some across splits; a few images are blank. Subject identities are
unknown.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .._files import regular_file
from ..exceptions import FerError
from ..expressions import FER2013_CLASSES, FOLDER_CLASSES
from ..samples.table import DataInfo, Samples
from .dataset import Dataset
from .ferplus import FERPLUS_FILE, with_ferplus_labels
from .pixel_text import N_PIXELS, parse_block, parse_row, quoted_start, separated_by_blanks
from .still_images import Fault, StillImages, cached_read, to_samples

#: Height and width of an image in pixels.
IMAGE_SIZE = 48

#: 'Usage' in lower case -> name of the predefined split.
USAGE_SPLITS = {
    **dict.fromkeys(("training", "train"), "train"),
    **dict.fromkeys(("publictest", "validation", "valid", "val"), "validation"),
    **dict.fromkeys(("privatetest", "test"), "test"),
}

#: Code of contempt, which FER2013 itself does not have.
CONTEMPT = FOLDER_CLASSES.index("contempt")

#: Rows whose text is converted to numbers at once.
ROWS_PER_BLOCK = 16


class _Row(NamedTuple):
    number: int
    id: str
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
        predefined splits, 'id' (that of the file, or the position in it, from 0).

    Raises
    ------
    FerError
        For a header without 'pixels' or with a column twice, repeated ids, rows with faults unless they are skipped,
        and votes that do not match the rows.
    """
    if labels not in (None, "ferplus"):
        raise FerError(f"labels='{labels}': 'ferplus' is the only choice for this data")
    files = _files(path)
    for file in files:
        _check_header(file)
        if labels and "id" in _header(file):
            raise FerError(f"{file} has a column 'id', but the votes of FER+ correspond to rows: remove the column")
    still_images = cached_read(cache, files[0].parent, files, lambda: _read(files))
    classes, notes = FER2013_CLASSES, tuple[str, ...]()
    n_contempt = int((still_images.label == CONTEMPT).sum())
    if n_contempt:
        classes, notes = FOLDER_CLASSES, (f"{n_contempt} row(s) have the code {CONTEMPT}, which is taken for contempt",)
    info = DataInfo(dataset="fer2013", classes=classes, source=str(path), cropped=True, notes=notes)
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
    used_files=lambda path, **_: [*_files(path), path / FERPLUS_FILE],
    reference="Goodfellow et al., ICONIP 2013, doi:10.1007/978-3-642-42051-1_16; "
    "Barsoum et al., ICMI 2016, doi:10.1145/2993148.2993165 (FER+)",
    licence="none is stated: the images were collected from the web, and rights in them are their owners'",
    homepage="https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge; "
    "votes of FER+: https://github.com/microsoft/FERPlus",
    options=("on_error", "cache", "labels"),
)


def _files(path: Path) -> list[Path]:
    """The csv files to read for a csv file or a folder, the training file first."""
    if not path.is_file() and not path.is_dir():
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
        with open(regular_file(path), "rb") as file:
            line = file.readline(10_000)
    except OSError as error:
        raise FerError(f"{path} cannot be read: {error.strerror}") from error
    return [name.strip().strip('"').strip().lower() for name in line.decode("utf-8-sig", "replace").split(",")]


def _check_header(path: Path) -> None:
    names = _header(path)
    if "pixels" not in names:
        raise FerError(f"{path} has the columns {', '.join(names)}: 'pixels' is needed")
    repeated = [name for name in ("pixels", "emotion", "usage", "id") if names.count(name) > 1]
    if repeated:
        raise FerError(f"{path} has the column '{repeated[0]}' {names.count(repeated[0])} times: keep one")


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
                faults.append(_located(image, path, row.number))
                continue
            images[len(valid)] = image
            valid.append(row._replace(pixels=b""))
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
        _ids([row.id for row in valid], path),
        faults,
        n_entries=n,
    )


def _ids(ids: list[str], path: Path) -> np.ndarray:
    """Ids of the samples as integers where possible."""
    if len(set(ids)) < len(ids):
        repeated = next(name for name, count in Counter(ids).items() if count > 1)
        raise FerError(f"{path} has the id '{repeated}' more than once: each row needs its own")
    return np.array(ids, np.int64 if all(re.fullmatch("0|[1-9][0-9]{0,17}", name) for name in ids) else str)


def _count_lines(path: Path) -> int:
    with open(path, "rb") as file:
        return 1 + sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def _fields(path: Path) -> Iterator[dict[str, bytes]]:
    """Fields of each row by column; an empty dict for a row with another number of fields than the header."""
    header = _header(path)
    with open(path, "rb") as file:
        file.readline()
        for line in file:
            # Usually no field contains a comma, so that a csv parser, which is slower, is not needed.
            fields = line.strip().replace(b'"', b"").split(b",")
            if len(fields) > len(header) and b'"' in line:
                fields = _quoted_fields(line)
            if fields != [b""]:
                yield dict(zip(header, fields, strict=True)) if len(fields) == len(header) else {}


def _quoted_fields(line: bytes) -> list[bytes]:
    """Fields of a line of which some contain commas between quotes; no fields where it is damaged."""
    try:
        return [field.encode() for field in next(csv.reader([line.decode(errors="replace").strip()]), [])]
    except csv.Error:
        return []


def _located(fault: Fault, path: Path, row: int) -> Fault:
    return Fault(fault.kind, f"{path.name} row {row}: {fault.message}")


def _parse_fields(path: Path, row: int, fields: dict[str, bytes]) -> _Row | Fault:
    if not fields:
        return Fault("wrong number of fields", "another number of fields than the header")
    code = -1
    if "emotion" in fields:
        try:
            value = float(fields["emotion"])
            code = int(value) if value.is_integer() else -1
        except ValueError:
            code = -1
        if not 0 <= code <= CONTEMPT:
            return Fault(
                "label out of range", f"label '{quoted_start(fields['emotion'])}' is not a code 0..6 (7 contempt)"
            )
    split = path.stem.lower() if path.name.lower() in ("train.csv", "test.csv") else ""
    if "usage" in fields:
        usage = quoted_start(fields["usage"])
        if usage.lower() not in USAGE_SPLITS:
            return Fault("unknown Usage", f"Usage '{usage}' is not Training, PublicTest or PrivateTest")
        split = USAGE_SPLITS[usage.lower()]
    name = fields["id"].decode(errors="replace").strip() if "id" in fields else str(row)
    return _Row(row, name, separated_by_blanks(fields["pixels"]), code, split)
