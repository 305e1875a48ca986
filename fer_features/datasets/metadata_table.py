"""A table of files: one line per sample, with the file and what is known about it.

``metadata.csv``, ``metadata.tsv`` or ``metadata.jsonl`` in the folder of the data, or a table of any name whose column
``file_name`` names the files, as in image-folder data sets (https://huggingface.co/docs/datasets/image_dataset):

    file_name   an image, a video, a folder of frames or a pattern of frames (``S005/001/*.png``), relative to the table
    label       name of the class; empty where unknown
    subject, session, split
                split is train, validation or test, or a synonym such as val
    neutral     image of the neutral face, or the number of the neutral frame from 0
    onset, apex numbers of frames from 0
    start, end  part of a video, in seconds or as hh:mm:ss.mmm
    landmarks   file with the landmarks of the image or video
    id          name of the sample; by default the file, with the start of its part of a video

All but the first are optional. Further columns are kept.
"""

from __future__ import annotations

import dataclasses
import difflib
import glob
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .._csv import read_csv, utf8_text
from .._files import regular_file
from ..exceptions import FerError
from ..media.decoding import IMAGE_SUFFIXES
from ..media.file_tree import MEDIA_SUFFIXES, FileTree, file_tree
from ..media.media_files import VIDEO_SUFFIXES, natural_sort_key
from ..samples.data_info import DataInfo
from ..samples.splits import SPLIT_SYNONYMS
from ..samples.table import Samples
from ..samples.validation import MISSPELLING_SIMILARITY
from .dataset import Dataset
from .file_records import FoundRecords, Record
from .record_reader import RECORD_OPTIONS, ReadOptions, read_records
from .still_images import Fault

#: Suffixes of tables.
TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl")

#: The column that makes a table one of files, and those whose meaning is known.
FILE_COLUMN = "file_name"
RECORD_COLUMNS = (
    *("label", "subject", "split", "session", "neutral", "onset", "apex", "start", "end", "landmarks", "id"),
)

#: Columns with names of files, which can have any characters.
FILE_COLUMNS = (FILE_COLUMN, "neutral", "landmarks")

#: Number of characters of a name that a message shows, where the name may be the fault.
MAX_SHOWN_NAME = 100

#: Bytes of a table that are read to find its columns.
HEADER_BYTES = 1 << 20


class _InvalidField(Exception):
    """A field that cannot be used. The argument completes a sentence that begins with the place."""


def load_table(path: Path, **options: Any) -> Samples:
    """Read the samples of a table of files.

    Parameters
    ----------
    path : Path
        The table, or its folder.
    **options
        Those of `ReadOptions`.

    Returns
    -------
    Samples
        In the order of the lines.

    Raises
    ------
    FerError
        For a table that cannot be read, lines with faults unless they are skipped, and repeated ids.
    """
    found = _records(path)
    info = DataInfo(dataset=TABLE.name, source=str(path))
    return read_records(found, found.annotation_files[0].parent, info, ReadOptions(**options))


def _records(path: Path) -> FoundRecords:
    """The records of a table, which is read once while the files of its folder are shared."""
    return file_tree(path).result(_records_in) if path.is_dir() else read_table(path)


def _records_in(tree: FileTree) -> FoundRecords:
    return read_table(tree.root)


def _can_load(path: Path) -> bool:
    return _table_at(path) is not None


TABLE = Dataset(
    name="table",
    description="images, videos or folders of frames that a table lists, with labels, subjects and more",
    layout=f"metadata.csv, .tsv or .jsonl with the column {FILE_COLUMN}, and any of {', '.join(RECORD_COLUMNS)}",
    can_load=_can_load,
    load=load_table,
    find_records=lambda path, **_: _records(path),
    reference="that of the collection",
    options=RECORD_OPTIONS,
)


def _table_at(path: Path) -> Path | None:
    """The table of a path, or None."""
    if path.is_file():
        return path if path.suffix.lower() in TABLE_SUFFIXES and FILE_COLUMN in column_names(path) else None
    if not path.is_dir():
        return None
    tables = [path / f"metadata{suffix}" for suffix in TABLE_SUFFIXES]
    tables = [table for table in tables if table.is_file()]
    if len(tables) > 1:
        raise FerError(f"{path} has {' and '.join(table.name for table in tables)}: give the path of one of them")
    return tables[0] if tables else None


def column_names(path: Path) -> list[str]:
    """Names of the columns of a table, from its first line."""
    with open(regular_file(path), "rb") as file:
        line = file.read(HEADER_BYTES).decode("utf-8-sig", "replace").partition("\n")[0]
    if path.suffix.lower() == ".jsonl":
        try:
            first = json.loads(line)
        except (ValueError, RecursionError):
            return []
        return list(first) if isinstance(first, dict) else []
    return [name.strip().strip('"').strip() for name in re.split("[,;\t]", line)]


def read_table(path: Path) -> FoundRecords:
    """Read a table of files.

    Parameters
    ----------
    path : Path
        The table, or its folder.

    Returns
    -------
    FoundRecords

    Raises
    ------
    FerError
        For a table that cannot be read or has no column 'file_name'.
    """
    table = _table_at(path)
    if table is None:
        raise FerError(f"{path} is not a table of files: the column '{FILE_COLUMN}' is needed")
    names = column_names(table)
    if not any(names):
        raise FerError(
            f"{table} has no names of columns in its first line: '{FILE_COLUMN}' is needed; write the table again or "
            "remove it"
        )
    if FILE_COLUMN not in names:
        raise FerError(f"{table} has the columns {', '.join(names)}: the column '{FILE_COLUMN}' is needed")
    found = FoundRecords([], annotation_files=[table], apex="found")
    lines = list(_lines(table))
    _check_names(dict.fromkeys(name for _, fields in lines for name in fields), table)
    for number, fields in lines:
        try:
            found.records.append(_record(fields, table.parent))
        except _InvalidField as error:
            found.faults.append(Fault("invalid line", f"{table.name} line {number}: {error}"))
        except OSError as error:  # a name that the file system does not allow, or a folder that cannot be read
            name = utf8_text(fields.get(FILE_COLUMN, ""))[:MAX_SHOWN_NAME]
            reason = f"{table.name} line {number}: {name} cannot be read: {error.strerror or error}"
            found.faults.append(Fault("invalid line", reason))
    extra = {name: "" for record in found.records for name in record.extra}
    found.records = [dataclasses.replace(record, extra={**extra, **record.extra}) for record in found.records]
    return found


def _lines(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Number of each line and its fields; the header of a CSV file is line 1, and its blank lines do not count."""
    if path.suffix.lower() != ".jsonl":
        table = read_csv(path)
        names = list(table)
        for number, values in enumerate(table.itertuples(index=False, name=None), 2):  # after the header
            yield number, dict(zip(names, values, strict=True))
        return
    try:
        text = regular_file(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FerError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line, object_pairs_hook=_distinct)
        except (ValueError, RecursionError) as error:
            raise FerError(f"{path}, line {number} is not JSON: {error}") from error
        if not isinstance(fields, dict) or any(isinstance(value, dict | list) for value in fields.values()):
            raise FerError(f"{path}, line {number} is not a JSON object of texts and numbers")
        yield number, {name: _as_text(value) for name, value in fields.items()}


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, whose names are not repeated."""
    fields = {name.strip(): value for name, value in pairs}
    if len(fields) < len(pairs):
        raise ValueError("a name is repeated")
    return fields


def _check_names(names: Iterable[str], table: Path) -> None:
    """Refuse names of columns that look like misspelt known ones, which would be passed over."""
    known = (FILE_COLUMN, *RECORD_COLUMNS)
    for name in names:
        if not is_plain_text(name):
            raise FerError(f"{table} has a column with the name {name!r}, which is not plain text: rename it")
        close = difflib.get_close_matches(name.lower(), known, 1, MISSPELLING_SIMILARITY)
        if close and name not in known and close[0] not in names:
            raise FerError(f"{table} has the column '{name}', which looks like a misspelt '{close[0]}': rename it")


def is_plain_text(text: str) -> bool:
    """Whether a text can be stored everywhere: it is UTF-8 and has no NUL character."""
    return "\0" not in text and utf8_text(text) == text


def _as_text(value: Any) -> str:
    if value is None or value != value:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _record(fields: Mapping[str, str], folder: Path) -> Record:
    fields = {name: value.strip() for name, value in fields.items()}
    odd = [name for name, value in fields.items() if name not in FILE_COLUMNS and not is_plain_text(value)]
    if odd:
        raise _InvalidField(f"'{odd[0]}' is {fields[odd[0]]!r}, which is not plain text")
    name = fields.get(FILE_COLUMN, "")
    files, is_clip = _files(name, folder)
    split = fields.get("split", "").lower()
    if split and split not in SPLIT_SYNONYMS:
        raise _InvalidField(f"the split '{split}' is not one of train, validation, test")
    start, end = _seconds(fields, "start"), _seconds(fields, "end")
    landmarks = fields.get("landmarks", "")
    return Record(
        id=utf8_text(fields.get("id") or name + ("" if start is None else f"#{start:g}")),
        files=files,
        is_clip=is_clip,
        label=fields.get("label", ""),
        subject=fields.get("subject", ""),
        split=SPLIT_SYNONYMS.get(split, ""),
        session=fields.get("session", ""),
        neutral=_neutral(fields, folder),
        onset=_frame(fields, "onset"),
        apex=_frame(fields, "apex"),
        start=start,
        end=end,
        landmarks=(_existing(landmarks, folder, "landmarks"),) if landmarks else (),
        extra={key: value for key, value in fields.items() if key not in (FILE_COLUMN, *RECORD_COLUMNS) and key},
    )


def _files(name: str, folder: Path) -> tuple[tuple[Path, ...], bool]:
    """Files of a sample, and whether it is a sequence."""
    if not name:
        raise _InvalidField(f"'{FILE_COLUMN}' is empty")
    path = folder / name
    if path.is_dir():
        frames = _sorted_images(path.iterdir())
        if not frames:
            raise _InvalidField(f"the folder {name} has no image ({', '.join(IMAGE_SUFFIXES)})")
        return frames, True
    if not path.exists() and glob.has_magic(name):
        frames = _sorted_images(Path(found) for found in glob.glob(str(Path(glob.escape(str(folder)), name))))
        if not frames:
            raise _InvalidField(f"the pattern {name} matches no image")
        return frames, True
    _existing(name, folder, FILE_COLUMN)
    if path.suffix.lower() not in MEDIA_SUFFIXES:
        raise _InvalidField(f"{name} is neither an image nor a video ({', '.join(MEDIA_SUFFIXES)})")
    return (path,), path.suffix.lower() in VIDEO_SUFFIXES


def _sorted_images(paths: Iterator[Path]) -> tuple[Path, ...]:
    images = [path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")]
    return tuple(sorted(images, key=lambda path: natural_sort_key(path.as_posix())))


def _existing(name: str, folder: Path, column: str) -> Path:
    path = folder / name
    if not path.exists():
        raise _InvalidField(f"'{column}' names {name}, which does not exist in the folder of the table, {folder}")
    return path


def _neutral(fields: Mapping[str, str], folder: Path) -> Path | int | None:
    value = fields.get("neutral", "")
    if not value:
        return None
    return _existing(value, folder, "neutral") if (folder / value).is_file() else _frame(fields, "neutral")


def _frame(fields: Mapping[str, str], column: str) -> int | None:
    value = fields.get(column, "")
    if not value:
        return None
    match = re.fullmatch(r"([0-9]{1,9})(\.0*)?", value)
    if not match:
        expected = "a number from 0, or an image that exists" if column == "neutral" else "a number from 0"
        raise _InvalidField(f"'{column}' is '{value}': the frame as {expected} is needed")
    return int(match[1])


def _seconds(fields: Mapping[str, str], column: str) -> float | None:
    value = fields.get(column, "")
    if not value:
        return None
    match = re.fullmatch(r"(?:(?:([0-9]+):)?([0-9]{1,2}):)?([0-9]+(?:[.,][0-9]*)?)", value)
    if not match:
        raise _InvalidField(f"'{column}' is '{value}': seconds or hh:mm:ss.mmm are needed")
    hours, minutes, seconds = (float((part or "0").replace(",", ".")) for part in match.groups())
    return 3600 * hours + 60 * minutes + seconds
