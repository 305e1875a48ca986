r"""Still images in folders named by class: FER2013 as image files, and other collections with the same layout.

Layouts, below the folder itself or below `images` in it:

    train/<class>/*  and  test/<class>/*          predefined splits; also called training, validation, valid, val, dev,
    train/<class>/*  and  validation/<class>/*    testing, publictest, privatetest
    train/<class>/*  and  test/*                  a test split without labels
    <class>/*                                     no predefined split: large data sets are divided (`holdout`)

Images are png, jpg, bmp, tif, pgm or webp files. Class names are matched without regard to case, with or without a
leading number, and with common synonyms (`EXPRESSION_SYNONYMS`); the codes are those of FER2013, and contempt is 7.
Other files and folders are not read, and a note counts them.

Images are converted to 8-bit grey, and may differ in size and aspect ratio. Images of more than a million pixels are
reduced while they are read.

A pattern for the file name extracts the subject: `S(\d+)_` for CK+ (S010_004_00000017.png),
`^([A-Z]{2})` for JAFFE (KA.AN1.39.tiff), `^([AB][FM]\d+)` for KDEF (AF01ANS.JPG; for one subject id in the sessions A
and B: `^[AB]([FM]\d+)`).
"""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .._progress import progress
from ..exceptions import FerError
from ..expressions import EXPRESSION_SYNONYMS, FOLDER_CLASSES, parse_expression
from ..media.decoding import IMAGE_SUFFIXES, MAX_STORED_PIXELS, UnreadableImage, read_grayscale_image
from ..samples.groups import UNKNOWN_SUBJECT, known_subjects
from ..samples.table import DataInfo, Samples
from .dataset import Dataset
from .still_images import Fault, StillImages, cached_read, pack, to_samples

#: Folder name in lower case -> predefined split.
SPLIT_FOLDERS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev", "publictest"), "validation"),
    **dict.fromkeys(("test", "testing", "privatetest"), "test"),
}

#: Number of subjects per image above which a pattern cannot have found the subject.
MAX_SUBJECTS_PER_IMAGE = 0.9

#: Names in lower case of folders that are not classes and can be beside class folders.
OTHER_FOLDERS = ("images", "__macosx")

#: Number of class folders from which a folder is recognized as this data set.
MIN_CLASS_FOLDERS = 2


class _Entry(NamedTuple):
    file: Path
    label: int
    split: str


def load_folders(
    path: Path, on_error: str = "stop", cache: Path | None = None, subject_pattern: str | None = None
) -> Samples:
    """Read images in folders named by class.

    Parameters
    ----------
    path : Path
        The folder.
    on_error : {'stop', 'skip'}, default='stop'
        Whether images and folders with faults raise an error or are excluded.
    cache : Path, optional
        Folder for a copy in HDF5, see `cached_read`.
    subject_pattern : str, optional
        Regular expression that is searched in the file name. Its first group, or the whole match, is the subject.

    Returns
    -------
    Samples
        Columns 'images' (n, 1, H, W), 'label' (unknown in a split without class folders), 'split' where there are
        predefined splits, 'id' (path relative to the folder), 'subject' where a pattern is given (-1 for names without
        a match).

    Raises
    ------
    FerError
        For faults unless they are skipped, and a pattern that is invalid or matches no name.
    """
    entries, faults = _entries(path)
    still_images = cached_read(cache, path, [entry.file for entry in entries], lambda: _read(path, entries))
    still_images.faults = [*faults, *still_images.faults]
    info = DataInfo(dataset="folders", classes=FOLDER_CLASSES, source=str(path))
    X = to_samples(still_images, info, on_error)
    return X if subject_pattern is None else _with_subjects(X, subject_pattern)


def _can_load(path: Path) -> bool:
    if not path.is_dir():
        return False
    return len({code for _, root in _split_folders(path) for code in _classes(root)}) >= MIN_CLASS_FOLDERS


def _used_files(path: Path) -> list[Path]:
    return [entry.file for entry in _entries(path)[0]]


FOLDERS = Dataset(
    name="folders",
    description="photographs or crops of faces in folders named by class, such as FER2013, CK+, JAFFE or KDEF",
    layout=f"folders named by at least {MIN_CLASS_FOLDERS} of the classes {', '.join(EXPRESSION_SYNONYMS)}, such as "
    "happy/ and sad/, or train/happy/ and train/sad/ with the splits train, validation and test",
    can_load=_can_load,
    load=load_folders,
    used_files=_used_files,
    reference="that of the collection",
    options=("on_error", "cache", "subject_pattern", "holdout"),
)


def _folders(path: Path) -> list[Path]:
    return sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))


def _classes(root: Path) -> set[int]:
    """Codes of the classes that the folders in a folder name."""
    codes = (parse_expression(folder.name) for folder in _folders(root))
    return {code for code in codes if code is not None}


def _split_folders(path: Path) -> list[tuple[str, Path]]:
    """Predefined splits and their folders; one split with an empty name where there are none."""
    roots = [path, *(folder for folder in _folders(path) if folder.name.lower() == "images")]
    for root in roots:
        found = [(SPLIT_FOLDERS[p.name.lower()], p) for p in _folders(root) if p.name.lower() in SPLIT_FOLDERS]
        if found:
            return found
    return [("", max(roots, key=lambda root: len(_classes(root))))]


def _image_files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith("."))


def _entries(path: Path) -> tuple[list[_Entry], list[Fault]]:
    """All image files with label and split, and the folders that are empty or do not name a class."""
    entries: list[_Entry] = []
    faults: list[Fault] = []
    try:
        for split, root in _split_folders(path):
            folders = [folder for folder in _folders(root) if folder.name.lower() not in OTHER_FOLDERS]
            if not folders:
                entries += [_Entry(file, -1, split) for file in _image_files(root)]
            for folder in folders:
                name = _name(folder, path)
                code = parse_expression(folder.name)
                if code is None:
                    known = ", ".join(EXPRESSION_SYNONYMS)
                    faults.append(Fault("unknown class folder", f"{name} is not one of the classes {known}"))
                    continue
                files = _image_files(folder)
                if not files:
                    faults.append(Fault("empty class folder", f"{name} has no image ({', '.join(IMAGE_SUFFIXES)})"))
                entries += [_Entry(file, code, split) for file in files]
    except OSError as error:
        raise FerError(f"{error.filename or path} cannot be read: {error.strerror or error}") from error
    return entries, faults


def _read(path: Path, entries: list[_Entry]) -> StillImages:
    decoded: list[np.ndarray] = []
    readable: list[_Entry] = []
    faults: list[Fault] = []
    n_colour = n_reduced = 0
    for entry in progress(entries, len(entries), "images read"):
        try:
            image, is_colour, is_reduced = read_grayscale_image(entry.file)
        except UnreadableImage as error:
            faults.append(Fault("unreadable image", f"{_name(entry.file, path)} {error}"))
            continue
        n_colour += is_colour
        n_reduced += is_reduced
        decoded.append(image)
        readable.append(entry)
    notes = []
    if n_colour:
        notes.append(f"{n_colour} colour image(s) converted to grey")
    if n_reduced:
        notes.append(f"{n_reduced} image(s) of more than {MAX_STORED_PIXELS:,} pixels reduced to that number")
    return StillImages(
        pack(decoded),
        np.array([entry.label for entry in readable], np.int64),
        np.array([entry.split for entry in readable], "U10"),
        np.array([_name(entry.file, path) for entry in readable], str),
        faults,
        notes,
        len(entries),
    )


def _name(file: Path, root: Path) -> str:
    """Path below the folder of the data; bytes that are not UTF-8 are written as escape sequences."""
    return os.fsencode(file.relative_to(root).as_posix()).decode(errors="backslashreplace")


def _with_subjects(X: Samples, pattern: str) -> Samples:
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise FerError(f"subject_pattern='{pattern}' is not a regular expression: {error}") from error
    names = [name.rsplit("/", 1)[-1] for name in X["id"]]
    found = [expression.search(name) for name in names]
    unknown = str(UNKNOWN_SUBJECT)
    subject = np.array([(m[1] if expression.groups else m[0]) or unknown if m else unknown for m in found], object)
    known = known_subjects(subject)
    if not known.any():
        raise FerError(f"subject_pattern='{pattern}' matches no file name; the first one is {names[0]}")
    n_subjects, example = len(set(subject[known])), f"'{subject[known.argmax()]}' in {names[known.argmax()]}"
    if known.sum() > 1 and n_subjects > MAX_SUBJECTS_PER_IMAGE * known.sum():
        raise FerError(
            f"subject_pattern='{pattern}' finds {n_subjects} subjects in {known.sum()} images, such as {example}: it "
            "matches the number of the image and not the subject"
        )
    notes = [f"the subject pattern finds {n_subjects} subject(s) in {known.sum()} images, such as {example}"]
    if not known.all():
        first = names[int((~known).argmax())]
        notes.append(f"{(~known).sum()} file name(s) do not match the subject pattern, such as {first}")
    info = dataclasses.replace(X.info, subjects_from="file names").with_notes(notes)
    return X.with_columns(info, subject=subject)
