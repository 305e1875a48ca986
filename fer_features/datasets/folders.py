r"""Stills in folders named by class: FER2013 as pictures, and any other collection laid out like it.

Layouts, below the folder itself or below `images` in it:

    train/<class>/*  and  test/<class>/*          official parts; also called training, validation, valid, val, dev,
    train/<class>/*  and  validation/<class>/*    testing, publictest, privatetest
    train/<class>/*  and  test/*                  a part without labels, to be predicted
    <class>/*                                     no parts: of large ones a test part is drawn (`holdout`)

Pictures are png, jpg, bmp, tif, pgm or webp. Classes may be in any case, with a number before the name, and be called
by common synonyms (`SYNONYMS` in `emotions`); their codes are FER2013's, and contempt is 7. What is no picture by its
name is passed over, such as `Thumbs.db`.

Pictures become 8-bit grey. They are brought to the size that most have: those of the same shape are scaled, those of
another, such as a few that are not square among square ones, are faults, for scaling would distort the faces. A
pattern on the file name tells subjects: `S(\d+)_` for CK+ (S010_004_00000017.png), `^([A-Z]{2})` for JAFFE
(KA.AN1.39.tiff), `^([AB][FM]\d+)` for KDEF (AF01ANS.JPG; a photograph in both sessions A and B: `^[AB]([FM]\d+)`).
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .._progress import progress
from ..exceptions import FerError
from ..expressions import FOLDERS, SYNONYMS, code_of
from ..samples.table import Info, Samples
from .decoding import Undecodable, decode
from .stills import Fault, Stills, kept, table

HOLDS = "stills of cut-out faces as pictures: train|validation|test/<class>/* or <class>/*"
CITES = "layouts of FER2013, CK+, JAFFE and KDEF as people hold them"
TAKES = ("on_error", "cache", "subject_pattern", "holdout")

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".pgm", ".webp")
PARTS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev", "publictest"), "validation"),
    **dict.fromkeys(("test", "testing", "privatetest"), "test"),
}


def recognises(path: Path) -> bool:
    """Whether a folder has folders named by at least two classes, itself or in its parts."""
    if not path.is_dir():
        return False
    names = {code_of(folder.name) for _, part in _parts(path) for folder in _folders(part)}
    return len(names - {None}) >= 2


def load(path: Path, on_error: str = "stop", cache: Path | None = None, subject_pattern: str | None = None) -> Samples:
    """Read pictures in folders named by class.

    Parameters
    ----------
    path : Path
        The folder.
    on_error : {'stop', 'skip'}
        Whether faulty pictures and folders are refused or left out.
    cache : Path, optional
        Folder in which what was read is kept.
    subject_pattern : str, optional
        Regular expression sought in the file's name; its first group, or all of it, is the subject.

    Returns
    -------
    Samples
        Columns 'images' (n, 1, H, W), 'label' (-1 in a part without classes), 'split' where there are parts, 'id'
        (path below the folder), 'subject' where a pattern is given (-1 in names without it).

    Raises
    ------
    FerError
        For faults unless they are skipped, or a pattern that is wrong or found in no name.
    """
    entries, faults = _entries(path)
    stills = kept(cache, path, [file for file, _, _ in entries], lambda: _read(path, entries))
    stills.faults = [*faults, *stills.faults]
    info = Info(dataset="folders", classes=FOLDERS, source=str(path), cropped=True)
    X = table(stills, info, on_error)
    return X if subject_pattern is None else _with_subjects(X, subject_pattern)


def _folders(path: Path) -> list[Path]:
    return sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))


def _parts(path: Path) -> list[tuple[str, Path]]:
    """Official parts and their folders; one part without a name where there are none."""
    roots = [path, *(folder for folder in _folders(path) if folder.name.lower() == "images")]
    for root in roots:
        found = [(PARTS[p.name.lower()], p) for p in _folders(root) if p.name.lower() in PARTS]
        if found:
            return found
    return [("", root) for root in roots[-1:]]


def _pictures(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))


def _entries(path: Path) -> tuple[list[tuple[Path, int, str]], list[Fault]]:
    """Every picture with its label and part, and folders that are none of a class, or empty."""
    entries: list[tuple[Path, int, str]] = []
    faults: list[Fault] = []
    try:
        for part, root in _parts(path):
            folders = _folders(root)
            if not folders:
                entries += [(file, -1, part) for file in _pictures(root)]
            for folder in folders:
                name = folder.relative_to(path)
                code = code_of(folder.name)
                if code is None:
                    known = ", ".join(SYNONYMS)
                    faults.append(("unknown class folder", f"{name} is none of the classes {known}"))
                    continue
                files = _pictures(folder)
                if not files:
                    faults.append(("empty class folder", f"{name} has no picture ({', '.join(SUFFIXES)})"))
                entries += [(file, code, part) for file in files]
    except OSError as error:
        raise FerError(f"{error.filename or path} cannot be read: {error.strerror or error}") from error
    return entries, faults


def _read(path: Path, entries: list[tuple[Path, int, str]]) -> Stills:
    pictures: list[Any] = []
    good: list[int] = []
    faults: list[Fault] = []
    coloured = 0
    for i, (file, _, _) in enumerate(progress(entries, len(entries), "pictures read")):
        picture, colour = read_picture(file)
        if isinstance(picture, str):
            faults.append(("unreadable picture", f"{file.relative_to(path)} {picture}"))
            continue
        coloured += colour
        pictures.append(picture)
        good.append(i)
    shapes = Counter(picture.shape for picture in pictures)
    height, width = shapes.most_common(1)[0][0] if shapes else (1, 1)
    images = np.empty((len(pictures), 1, height, width), np.uint8)
    rows: list[int] = []
    scaled = 0
    for at, i in enumerate(good):
        picture, pictures[at] = pictures[at], None  # so that large pictures are not held twice
        if picture.shape != (height, width):
            if not _same_shape(picture.shape, (height, width)):
                size = f"is {picture.shape[1]} x {picture.shape[0]} pixels, of another shape than most: "
                words = f"{entries[i][0].relative_to(path)} {size}{width} x {height}"
                faults.append(("picture of another shape" if height != width else "picture not square", words))
                continue
            shrinks = picture.shape[0] > height
            picture = cv2.resize(
                picture, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
            )
            scaled += 1
        images[len(rows), 0] = picture
        rows.append(i)
    notes = []
    if coloured:
        notes.append(f"{coloured} colour picture(s) made grey")
    if scaled:
        notes.append(f"{scaled} picture(s) of other sizes scaled to {width} x {height}")
    if rows and height != width:
        notes.append(f"pictures are {width} x {height}, not square: taken whole they are squeezed to squares")
    return Stills(
        images[: len(rows)],
        np.array([entries[i][1] for i in rows], np.int64),
        np.array([entries[i][2] for i in rows], "U10"),
        np.array([entries[i][0].relative_to(path).as_posix() for i in rows], str),
        faults,
        notes,
        len(entries),
    )


def read_picture(path: Path) -> tuple[np.ndarray | str, bool]:
    """A picture as (H, W) uint8, or what is wrong with it; and whether it was in colour."""
    try:
        picture, _ = decode(path)
    except Undecodable as error:
        return error.args[0], False
    if picture.ndim == 2:
        return picture, False
    colour = bool((picture[..., 0] != picture[..., 1]).any() or (picture[..., 1] != picture[..., 2]).any())
    return (cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if colour else picture[..., 0].copy()), colour


def _same_shape(shape: tuple[int, ...], other: tuple[int, int]) -> bool:
    # Within a pixel of the same ratio of sides: what scaling with rounding makes.
    height, width = shape
    return abs(width * other[0] / other[1] - height) <= 1


def _with_subjects(X: Samples, pattern: str) -> Samples:
    try:
        sought = re.compile(pattern)
    except re.error as error:
        raise FerError(f"--subject-pattern '{pattern}' is not a regular expression: {error}") from error
    names = [name.rsplit("/", 1)[-1] for name in X["id"]]
    found = [sought.search(name) for name in names]
    subject = np.array([(m[1] if sought.groups else m[0]) or "-1" if m else "-1" for m in found], object)
    if (subject == "-1").all():
        raise FerError(f"--subject-pattern '{pattern}' is found in no file name; the first one is {names[0]}")
    notes = X.info.notes
    if (subject == "-1").any():
        first = names[int(np.flatnonzero(subject == "-1")[0])]
        notes = (*notes, f"{(subject == '-1').sum()} file name(s) without the subject pattern, such as {first}")
    info = dataclasses.replace(X.info, subjects_from="dataset", notes=notes)
    return X.with_columns(info, subject=subject)
