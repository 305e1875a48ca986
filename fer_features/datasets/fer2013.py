"""FER2013: 48 x 48 grey stills of faces cut out already, as text in csv files; and the votes of FER+.

Layouts that people hold, each the file itself or its folder:

    fer2013.csv           emotion,pixels,Usage         Usage is Training, PublicTest or PrivateTest
    icml_face_data.csv    emotion, Usage, pixels       the same with blanks in the header
    train.csv, test.csv   emotion,pixels and pixels    the challenge's own: no labels in the test part
    fer2013new.csv        beside one of the first two  the votes of FER+ (see `ferplus`)

A row's pixels are 2,304 grey values 0..255, line by line of the picture, parted by blanks. Codes: angry 0, disgust 1,
fear 2, happy 3, sad 4, surprise 5, neutral 6. The parts have 28,709, 3,589 and 3,589 rows and are called 'train',
'validation' and 'test' here. Oddities: about 1,500 groups of identical pictures, some with different labels and some
across parts; a few pictures are blank. Who is who is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..exceptions import FerError
from ..expressions import FER2013
from ..samples.table import Info, Samples
from .ferplus import with_votes
from .stills import Fault, Stills, kept, table

HOLDS = "stills of cut-out faces as csv (fer2013.csv, icml_face_data.csv, train.csv and test.csv; fer2013new.csv)"
CITES = "Goodfellow et al., ICONIP 2013; Barsoum et al., ICMI 2016 (FER+)"
LICENCE = "none is stated: the pictures were gathered from the web, and rights in them are their owners'"
TAKES = ("on_error", "cache", "labels")

SIDE = 48
PIXELS = SIDE * SIDE
PARTS = {"training": "train", "publictest": "validation", "privatetest": "test"}

#: Rows that are turned into numbers together.
BLOCK = 16


def recognises(path: Path) -> bool:
    """Whether a path is such a csv file, or a folder with one."""
    return any("pixels" in _header(file) or file.name.lower() == "fer2013.csv" for file in _files(path))


def load(path: Path, on_error: str = "stop", cache: Path | None = None, labels: str | None = None) -> Samples:
    """Read FER2013 from csv.

    Parameters
    ----------
    path : Path
        A csv file or its folder.
    on_error : {'stop', 'skip'}
        Whether faulty rows are refused or left out.
    cache : Path, optional
        Folder in which what was read is kept.
    labels : {'ferplus'}, optional
        Majority of the votes in fer2013new.csv, in the coding of `FERPLUS`, instead of the column 'emotion'.

    Returns
    -------
    Samples
        Columns 'images' (n, 1, 48, 48), 'label' (-1 where there is none), 'split' where the files have parts, 'id'
        (position in its file, from 0).

    Raises
    ------
    FerError
        For a header without 'pixels', faulty rows unless they are skipped, or votes that do not match.
    """
    if labels not in (None, "ferplus"):
        raise FerError(f"--labels {labels}: 'ferplus' is the only choice for this data")
    files = _files(path)
    for file in files:
        if "pixels" not in _header(file):
            raise FerError(f"{file} has the columns {', '.join(_header(file))}: 'pixels' is needed")
    stills = kept(cache, files[0].parent, files, lambda: _read(files))
    info = Info(dataset="fer2013", classes=FER2013, source=str(path), cropped=True)
    X = table(stills, info, on_error)
    return with_votes(X, files, stills.n_files_rows, PARTS) if labels else X


def _files(path: Path) -> list[Path]:
    """The files to read of a csv file or a folder; the training part first."""
    pair = ("train.csv", "test.csv")
    if path.is_file():
        if path.suffix.lower() != ".csv":
            return []
        if path.name.lower() not in pair:
            return [path]
    folder = path.parent if path.is_file() else path
    found = {file.name.lower(): file for file in folder.iterdir() if file.suffix.lower() == ".csv"}
    if path.is_dir():
        for name in ("fer2013.csv", "icml_face_data.csv"):
            if name in found:
                return [found[name]]
    return [found[name] for name in pair if name in found]


def _header(path: Path) -> list[str]:
    try:
        with open(path, "rb") as file:
            line = file.readline(10_000)
    except OSError as error:
        raise FerError(f"{path} cannot be read: {error.strerror}") from error
    return [name.strip().strip('"').strip().lower() for name in line.decode("utf-8-sig", "replace").split(",")]


def _read(files: list[Path]) -> Stills:
    try:
        parts = [_read_file(file) for file in files]
    except OSError as error:
        raise FerError(f"{error.filename or files[0]} cannot be read: {error.strerror or error}") from error
    if len(parts) == 1:
        return parts[0]
    images, label, split, ids = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("images", "label", "split", "id")
    )
    return Stills(
        images,
        label,
        split,
        ids,
        faults=[fault for part in parts for fault in part.faults],
        n_files_rows=sum(part.n_files_rows for part in parts),
    )


def _read_file(path: Path) -> Stills:
    most = _count_lines(path)
    images = np.empty((most, PIXELS), np.uint8)
    label: list[int] = []
    split: list[str] = []
    ids: list[int] = []
    faults: list[Fault] = []
    waiting: list[tuple[int, bytes, int, str]] = []  # id, pixels, label, split

    def settle() -> None:
        grey = parse_block([pixels for _, pixels, _, _ in waiting])
        for i, (row, pixels, code, part) in enumerate(waiting):
            # Where a block has a fault, its rows are looked at one by one.
            values = grey[i] if grey is not None else parse_row(pixels)
            if isinstance(values, tuple):
                faults.append(_at(path, row, values))
                continue
            images[len(label)] = values
            label.append(code)
            split.append(part)
            ids.append(row)
        waiting.clear()

    n = 0
    for n, fields in enumerate(_rows(path), 1):
        entry = _entry(path, n - 1, fields)
        if len(entry) == 2:
            settle()
            faults.append(_at(path, n - 1, entry))
            continue
        waiting.append(entry)
        if len(waiting) == BLOCK:
            settle()
    settle()
    return Stills(
        images[: len(label)].reshape(-1, 1, SIDE, SIDE),
        np.array(label, np.int64),
        np.array(split, "U10"),
        np.array(ids, np.int64),
        faults,
        n_files_rows=n,
    )


def _count_lines(path: Path) -> int:
    with open(path, "rb") as file:
        return 1 + sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def _rows(path: Path) -> Iterator[dict[str, bytes]]:
    """Fields of each row by column; those of a line with another number of fields under no column."""
    header = _header(path)
    with open(path, "rb") as file:
        file.readline()
        for line in file:
            # No field holds a comma or a quote of its own, so the file need not go through a csv reader.
            fields = line.strip().replace(b'"', b"").split(b",")
            if fields != [b""]:
                yield dict(zip(header, fields, strict=True)) if len(fields) == len(header) else {}


def _at(path: Path, row: int, fault: Fault) -> Fault:
    return fault[0], f"{path.name} row {row}: {fault[1]}"


def _entry(path: Path, row: int, fields: dict[str, bytes]) -> tuple[int, bytes, int, str] | Fault:
    if not fields:
        return "wrong number of fields", "another number of fields than the header"
    code = -1
    if "emotion" in fields:
        try:
            code = int(fields["emotion"])
        except ValueError:
            code = -1
        if not 0 <= code < len(FER2013):
            return "label out of range", f"label '{_shown(fields['emotion'])}' is not a code 0..6"
    part = path.stem.lower() if path.name.lower() in ("train.csv", "test.csv") else ""
    if "usage" in fields:
        usage = _shown(fields["usage"])
        if usage.lower() not in PARTS:
            return "unknown Usage", f"Usage '{usage}' is not Training, PublicTest or PrivateTest"
        part = PARTS[usage.lower()]
    return row, fields["pixels"].strip(), code, part


def _shown(field: bytes) -> str:
    return field.decode(errors="replace").strip()[:20]


def parse_block(rows: list[bytes]) -> np.ndarray | None:
    """Grey values of rows of text, (n, 2304) uint8, or None where any row has a fault.

    Parameters
    ----------
    rows : list of n bytes
        Numbers parted by single blanks.

    Notes
    -----
    All rows at once: a number is the one to three digits before a blank. Three times as fast as reading number by
    number, which counts in files of 270 MB.
    """
    if not rows:
        return None
    text = np.frombuffer(b" " + b" ".join(rows) + b" ", np.uint8)
    gaps = np.flatnonzero(text == ord(" ")).astype(np.int32)
    digits = text - np.uint8(ord("0"))  # everything but a digit wraps round or stays above 9
    width = np.diff(gaps) - 1
    starts = np.cumsum([0, *(len(row) + 1 for row in rows)])
    if len(gaps) != len(rows) * PIXELS + 1 or (gaps[::PIXELS] != starts).any():
        return None
    if np.count_nonzero(digits > 9) != len(gaps) or width.min() < 1 or width.max() > 3:
        return None
    ends = gaps[1:]
    values = digits[ends - 1].astype(np.uint16)
    values += (10 * (width > 1)).astype(np.uint16) * digits[ends - 2]
    values += (100 * (width > 2)).astype(np.uint16) * digits[ends - 3]
    if values.max() > 255:
        return None
    return values.astype(np.uint8).reshape(len(rows), PIXELS)


def parse_row(row: bytes) -> np.ndarray | Fault:
    """Grey values of one row of text, (2304,) uint8, or its fault."""
    words = row.split()
    if not words:
        return "empty pixels", "pixels are empty"
    if len(words) != PIXELS:
        return "wrong number of pixels", f"{len(words)} pixels, not {PIXELS}"
    wrong = next((word for word in words if not word.isdigit() or len(word) > 3 or int(word) > 255), None)
    if wrong is not None:
        return "wrong pixel", f"pixel '{_shown(wrong)}' is not a grey value 0..255"
    return np.array([int(word) for word in words], np.uint8)
