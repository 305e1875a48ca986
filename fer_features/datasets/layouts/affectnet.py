"""AffectNet: faces from the web with expression, valence and arousal.

Codes: 0 neutral, 1 happy, 2 sad, 3 surprise, 4 fear, 5 disgust, 6 anger, 7 contempt; 8 none, 9 uncertain and 10 no face
are excluded and counted. Subjects are unknown. Three editions are read:

Tables of annotations for the photographs, whose names are 56 hexadecimal digits. The box of the face crops the image.
The 68 landmarks and the automatic annotations are not read::

    Manually_Annotated_file_lists/training.csv      subDirectory_filePath,face_x,face_y,face_width,face_height,
                                                    facial_landmarks,expression,valence,arousal
    Manually_Annotated_Images/103/29a31eb....jpg    '103/29a31eb....jpg' in the column subDirectory_filePath

One array for each annotation of an image of 224 x 224 pixels, also without the folders of the splits::

    train_set/images/12345.jpg
    train_set/annotations/12345_exp.npy             also 12345_val.npy, 12345_aro.npy and 12345_lnd.npy (68 points x, y)

Folders of the codes, as distributed on Kaggle::

    train/0/image0000006.jpg                        also val/ and test/, and without them; other names are too general
                                                    to be recognized
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import numpy as np

from ..._files import regular_file
from ..._progress import progress
from ...exceptions import FerError
from ...media.file_tree import FileTree
from ...samples.splits import SPLIT_SYNONYMS
from ..file_records import FoundRecords, Record
from ..label_lists import FileIndex, ListLine, class_in, code_in, distinct_lines, read_list
from ..layout import Layout
from ..still_images import Fault, display_text

#: Codes -> classes, and codes of images that are excluded.
CLASSES = dict(enumerate(("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt")))
EXCLUDED = {8: "none", 9: "uncertain", 10: "no face"}

#: Columns of a table, which some copies lack in their first line.
_COLUMNS = (
    *("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "facial_landmarks"),
    *("expression", "valence", "arousal"),
)
_PATH, _BOX, _LABEL, _RATINGS = _COLUMNS[0], _COLUMNS[1:5], _COLUMNS[6], _COLUMNS[7:]

_TABLE = r"(?:(?!automatic)[^/]*/)*(?:manually_)?(?P<split>training|validation)\.csv"
_FIRST_LINE = re.compile(rf"(?:.*,)?\"?{_PATH}\b|\"?\d+/[0-9a-f]{{56}}\.\w+\"?,")
_ARRAY = r"(?P<folder>(?:.*/)?)annotations/(?P<id>\d+)_exp\.npy"
_IMAGE_OF_ARRAYS = r"(?P<folder>(?:.*/)?)images/(?P<id>\d+)\.(?:jpe?g|png)"

#: Folder beside 'annotations' in lower case -> predefined split.
_SPLIT_OF_SET = {"train_set": "train", "val_set": "validation", "test_set": "test"}

#: An image in a folder of a number, and the codes that all copies have; many leave out contempt.
_FOLDER_OF_CODE = r"(?P<above>(?:.*/)?)(?P<code>\d+)/(?P<name>[^/]+\.(?:jpe?g|png))"
_COMMON_CODES = set(range(7))

_FOLDERS = Layout(
    name="affectnet",
    description="the edition with folders named by codes",
    layout="train/0/image0000006.jpg",
    pattern=rf"(?:(?P<split>{'|'.join(SPLIT_SYNONYMS)})/)?(?P<label>[0-7])/(?:image\d{{7}}|[0-9a-f]{{56}})\.(?:jpe?g|png)",
    labels={str(code): name for code, name in CLASSES.items()},
    splits=SPLIT_SYNONYMS,
)


def _recognize(tree: FileTree) -> bool:
    return bool(_tables(tree)) or next(tree.matching(_ARRAY), None) is not None or _are_folders_of_codes(tree)


def _are_folders_of_codes(tree: FileTree) -> bool:
    """Whether folders of numbers are those of the codes.

    Frames of videos can have the same names; but their numbers begin anew in each folder, and the folders are as many
    as there are videos.
    """
    if not _FOLDERS.matches(tree):
        return False
    images = list(tree.matching(_FOLDER_OF_CODE))
    codes = {int(match["code"]) for match in images}
    names = {(match["above"], match["name"]) for match in images}
    return codes >= _COMMON_CODES and codes <= {*CLASSES, *EXCLUDED} and len(names) == len(images)


def _find(tree: FileTree) -> FoundRecords:
    tables = _tables(tree)
    if tables:
        return _from_tables(tree, tables)
    return _from_arrays(tree) if next(tree.matching(_ARRAY), None) else _FOLDERS.find_records(tree)


def _tables(tree: FileTree) -> dict[str, str]:
    """Predefined split of each table of annotations."""
    return {
        match[0]: SPLIT_SYNONYMS[match["split"].lower()]
        for match in tree.matching(_TABLE)
        if _FIRST_LINE.match(_first_line(tree.path(match[0])))
    }


def _first_line(path: Path) -> str:
    try:
        with open(regular_file(path), "rb") as file:
            return file.readline(10_000).decode("utf-8-sig", "replace")
    except (OSError, FerError):
        return ""


def _from_tables(tree: FileTree, tables: dict[str, str]) -> FoundRecords:
    if len(set(tables.values())) < len(tables):
        raise FerError(f"{tree.root} has several tables of a split ({', '.join(tables)}): name the folder of one")
    found = FoundRecords([], annotation_files=[tree.path(name) for name in tables])
    index = FileIndex(tree.media, n_parts=2)
    excluded: Counter[str] = Counter()
    for table, split in tables.items():
        columns, lines = _read_table(tree, table, found.faults)
        for line in lines:
            row = dict(zip(columns, line.fields, strict=True))
            label = class_in(line, row[_LABEL], {**CLASSES, **EXCLUDED})
            if label in EXCLUDED.values():
                excluded[str(label)] += 1
                continue
            name, box = index.find(line, row[_PATH]), _box(line, row)
            if isinstance(name, Fault) or isinstance(label, Fault) or isinstance(box, Fault):
                found.faults += [fault for fault in (name, label, box) if isinstance(fault, Fault)]
                continue
            ratings = {rating: row.get(rating, "") for rating in _RATINGS}
            found.records.append(
                Record(display_text(name), (tree.path(name),), label=label, split=split, box=box, extra=ratings)
            )
    found.notes += _excluded_note(excluded)
    return found


def _read_table(tree: FileTree, table: str, faults: list[Fault]) -> tuple[list[str], list[ListLine]]:
    """Names of the columns that are used, and the lines of a table with them."""
    names = [name.strip() for name in next(csv.reader([_first_line(tree.path(table))]), [])]
    has_header = _PATH in names
    header = names if has_header else list(_COLUMNS)
    absent = [name for name in (_PATH, _LABEL) if name not in header]
    if absent:
        raise FerError(f"{tree.path(table)} lacks the column '{absent[0]}'")
    columns = [name for name in header if name in (_PATH, *_BOX, _LABEL, *_RATINGS)]
    lines, faults_of_lines = read_list(
        tree, table, separator=",", n_fields=len(header), columns=[header.index(name) for name in columns]
    )
    lines, repeated = distinct_lines(lines[has_header:], lambda line: line.fields[columns.index(_PATH)])
    faults += faults_of_lines + repeated
    return columns, lines


def _box(line: ListLine, row: dict[str, str]) -> tuple[float, float, float, float] | Fault | None:
    if any(name not in row for name in _BOX):
        return None
    x, y, width, height = (code_in(row[name]) for name in _BOX)
    if x is None or y is None or width is None or height is None or width <= 0 or height <= 0:
        return line.fault("invalid box", "face_x, face_y, face_width and face_height are not those of a box")
    return float(x), float(y), float(width), float(height)


def _from_arrays(tree: FileTree) -> FoundRecords:
    found = FoundRecords([])
    images = {(match["folder"], match["id"]): match[0] for match in tree.matching(_IMAGE_OF_ARRAYS)}
    arrays = {(match["folder"], match["id"]): match[0] for match in tree.matching(_ARRAY)}
    files = set(tree.files)
    excluded: Counter[str] = Counter()
    for key, name in progress(arrays.items(), len(arrays), "annotations read"):
        stem = name.removesuffix("_exp.npy")
        ratings = {rating: f"{stem}_{rating[:3]}.npy" for rating in _RATINGS}
        ratings = {rating: array if array in files else "" for rating, array in ratings.items()}
        code, valence, arousal = (_value(tree, array) if array else "" for array in (name, *ratings.values()))
        line = ListLine(name, None, ())
        label = code if isinstance(code, Fault) else class_in(line, code, {**CLASSES, **EXCLUDED})
        image = images.get(key, line.fault("absent image", f"there is no image {key[1]} in {key[0]}images"))
        if (
            isinstance(label, Fault)
            or isinstance(image, Fault)
            or isinstance(valence, Fault)
            or isinstance(arousal, Fault)
        ):
            found.faults += [fault for fault in (label, image, valence, arousal) if isinstance(fault, Fault)]
        elif label in EXCLUDED.values():
            excluded[label] += 1
        else:
            landmarks = f"{stem}_lnd.npy"
            found.records.append(
                Record(
                    display_text(image),
                    (tree.path(image),),
                    label=label,
                    split=_SPLIT_OF_SET.get(key[0].rstrip("/").rpartition("/")[-1].lower(), ""),
                    landmarks=(tree.path(landmarks),) if landmarks in files else (),
                    extra={"valence": valence, "arousal": arousal},
                )
            )
        found.annotation_files += [tree.path(array) for array in (name, *ratings.values()) if array]
    found.faults += [
        Fault("image without label", f"{display_text(image)} has no array of its expression")
        for key, image in images.items()
        if key not in arrays
    ]
    found.notes += _excluded_note(excluded)
    return found


def _value(tree: FileTree, name: str) -> str | Fault:
    """The only value of an array, as text."""
    path = tree.path(name)
    try:
        array = np.load(regular_file(path), allow_pickle=False)
        if array.size == 1:
            return str(array.item())
        reason = f"has {array.size} values, not one"
    except FerError as error:
        return Fault("unreadable annotation", str(error))
    except Exception as error:  # a damaged file can raise any exception in the reader of numpy
        reason = f"cannot be read as an array: {error}"
    return Fault("unreadable annotation", f"{display_text(name)} {' '.join(reason.split())}")


def _excluded_note(excluded: Counter[str]) -> list[str]:
    if not excluded:
        return []
    listed = ", ".join(f"{name}: {excluded[name]}" for name in EXCLUDED.values() if excluded[name])
    return [f"excluded: {excluded.total()} image(s) without an expression ({listed})"]


AFFECTNET = Layout(
    name="affectnet",
    description="AffectNet: faces from the web, eight expressions, valence and arousal, training and validation split",
    layout="training.csv and validation.csv with Manually_Annotated_Images/, train_set/images/*.jpg with "
    "train_set/annotations/*_exp.npy, or train/0/image0000006.jpg",
    find=_find,
    recognize=_recognize,
    reference="Mollahosseini, Hasani, Mahoor, AffectNet: a database for facial expression, valence, and arousal "
    "computing in the wild, IEEE Transactions on Affective Computing 2019, doi:10.1109/TAFFC.2017.2740923",
    licence="non-commercial research after signing an agreement; redistribution is not permitted",
    homepage="http://mohammadmahoor.com/affectnet/",
)
