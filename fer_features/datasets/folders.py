r"""Images and videos in folders named by class, in any nesting.

Layouts, below the folder itself or below folders that contain everything else:

    train/<class>/*  and  test/<class>/*          predefined splits; also called training, validation, valid, val, dev,
    train/<class>/*  and  validation/<class>/*    testing, publictest, privatetest
    train/<class>/*  and  test/*                  a test split without labels
    <class>/*                                     no predefined split: large data sets are divided (`holdout`)
    <subject>/<class>/*                           further folders above and below those of the classes

Class names are matched without regard to case, with or without a leading number, and with common synonyms
(`EXPRESSION_SYNONYMS`); the codes are those of FER2013, and contempt is 7. Other names are classes of their own if no
folder names an expression. Numbers need the option `classes`, since every data set counts its classes in another way.
Other files and folders are not read, and a note counts them.

Images are png, jpg, bmp, tif, pgm or webp files. They are converted to 8-bit grey, and may differ in size and aspect
ratio. Images of more than a million pixels are reduced while they are read. Videos are sequences; with `frames`, so are
the innermost folders of images below the class folders.

A pattern for the file name extracts the subject: `S(\d+)_` for CK+ (S010_004_00000017.png),
`^([A-Z]{2})` for JAFFE (KA.AN1.39.tiff), `^([AB][FM]\d+)` for KDEF (AF01ANS.JPG; for one subject id in the sessions A
and B: `^[AB]([FM]\d+)`). A pattern with a slash is searched in the path: `^(S\d+)/` for <subject>/<class>/*.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..exceptions import FerError
from ..expressions import EXPRESSION_SYNONYMS
from ..media.decoding import IMAGE_SUFFIXES
from ..media.file_tree import FileTree, file_tree
from ..media.media_files import VIDEO_SUFFIXES
from ..samples.data_info import DataInfo
from ..samples.splits import SPLIT_SYNONYMS
from ..samples.table import Samples
from .class_names import MAX_LISTED_NAMES, check_not_numbers, class_of, is_number
from .dataset import Dataset
from .file_records import FoundRecords, Record
from .record_reader import RECORD_OPTIONS, ReadOptions, read_records
from .still_images import Fault, display_text

#: Names in lower case of folders that are not classes and can be beside class folders.
OTHER_FOLDERS = ("images", "videos")

#: Number of class folders from which a folder is recognized as this data set, and above which folders that name no
#: expression are rather subjects.
MIN_CLASS_FOLDERS, MAX_OTHER_CLASSES = 2, 30


@dataclass(frozen=True)
class ClassFolders:
    """Where the class folders are.

    Attributes
    ----------
    depth : int
        Number of folders above them.
    are_expressions : bool
        Whether their names are names of expressions.
    """

    depth: int
    are_expressions: bool


def load_folders(path: Path, **options: Any) -> Samples:
    """Read images or videos in folders named by class.

    Parameters
    ----------
    path : Path
        The folder.
    **options
        Those of `ReadOptions`.

    Returns
    -------
    Samples
        See `read_records`; 'id' is the path relative to the folder.

    Raises
    ------
    FerError
        For faults unless they are skipped, class folders that are numbers without the option 'classes', and options
        that do not fit the files.
    """
    read_options = ReadOptions(**options)
    found = find_class_records(file_tree(path), read_options.class_map, read_options.frames)
    return read_records(found, path, DataInfo(dataset="folders", source=str(path)), read_options)


def _can_load(path: Path) -> bool:
    return path.is_dir() and file_tree(path).result(find_class_folders) is not None


def _find_records(path: Path, classes: Any = None, frames: int | None = None, **_: Any) -> FoundRecords:
    return find_class_records(file_tree(path), ReadOptions(classes=classes).class_map, frames)


FOLDERS = Dataset(
    name="folders",
    description="photographs, crops of faces or videos in folders named by class",
    layout=f"folders named by at least {MIN_CLASS_FOLDERS} classes ({', '.join(EXPRESSION_SYNONYMS)}, or names of your "
    "own), such as happy/ and sad/, or train/happy/ and train/sad/ with the splits train, validation and test",
    can_load=_can_load,
    load=load_folders,
    find_records=_find_records,
    reference="that of the collection",
    options=RECORD_OPTIONS,
)


def find_class_folders(tree: FileTree, classes: Mapping[str, str] | None = None) -> ClassFolders | None:
    """Find the level of the class folders.

    Parameters
    ----------
    tree : FileTree
    classes : mapping of str to str, optional
        Class of each name. Folders with these names are class folders, too.

    Returns
    -------
    ClassFolders or None
        Folders of numbers are class folders, so that they can be refused for what they are.
    """
    known = {name.lower() for name in classes or {}}
    paths = [name.split("/")[:-1] for name in tree.media]
    best: tuple[int, int] | None = None
    for depth in range(max(map(len, paths), default=0)):
        names = Counter(folders[depth] for folders in paths if len(folders) > depth)
        expressions = {name for name in names if class_of(name) in EXPRESSION_SYNONYMS or name.lower() in known}
        n_files = sum(names[name] for name in expressions)
        n_classes = len({class_of(name, classes) for name in expressions})
        if n_classes >= MIN_CLASS_FOLDERS and n_files > (best or (0, 0))[1]:
            best = depth, n_files
    if best is not None:
        return ClassFolders(best[0], True)
    depth = _depth_of_other_classes(paths)
    names = Counter(folders[depth] for folders in paths if len(folders) > depth)
    titles = [name for name in names if name.lower() not in OTHER_FOLDERS]
    if not MIN_CLASS_FOLDERS <= len(titles) <= MAX_OTHER_CLASSES:
        return None
    # Names with digits, such as S001 and S002, are rather subjects or parts of a collection.
    are_numbers = all(is_number(name) for name in titles)
    if not are_numbers and any(character.isdigit() for name in titles for character in name):
        return None
    return ClassFolders(depth, False)


def _depth_of_other_classes(paths: Sequence[Sequence[str]]) -> int:
    """Depth below folders that contain everything, and below those of the splits."""
    depth = 0
    while paths and len({tuple(folders[: depth + 1]) for folders in paths}) == 1 and len(paths[0]) > depth:
        depth += 1
    first = {folders[depth].lower() for folders in paths if len(folders) > depth}
    return depth + bool(first & set(SPLIT_SYNONYMS))


def find_class_records(
    tree: FileTree, classes: Mapping[str, str] | None = None, frames: int | None = None
) -> FoundRecords:
    """Find the samples in class folders.

    Parameters
    ----------
    tree : FileTree
    classes : mapping of str to str, optional
        Class of each folder name; see `find_class_folders`.
    frames : int, optional
        Number of frames. With more than one, folders of images below the class folders are sequences.

    Returns
    -------
    FoundRecords

    Raises
    ------
    FerError
        For class folders that are numbers and are not among `classes`.
    """
    place = find_class_folders(tree, classes)
    if place is None:
        raise FerError(f"{tree.root} has no class folders, such as happy/ and sad/")
    files: list[tuple[str, str, str]] = []  # name, class, split
    loose: list[tuple[str, str]] = []  # in the folder of a split
    has_splits = any(_split_of(name) for name in tree.media)
    for name in tree.media:
        folders = name.split("/")[:-1]
        split = _split_of(name)
        if has_splits and not split:
            continue
        if len(folders) <= place.depth:
            if split:
                loose.append((name, split))
        elif folders[place.depth].lower() not in OTHER_FOLDERS:
            files.append((name, folders[place.depth], split))
    faults = _empty_folders(tree, place, {name.split("/")[place.depth] for name, _, _ in files})
    if place.are_expressions:
        files, unknown = _without_unknown_classes(tree, place, files, classes or {})
        faults += unknown
    else:
        _check_not_subjects(tree, files, place.depth)
        check_not_numbers([title for _, title, _ in files if title.lower() not in map(str.lower, classes or {})])
    labelled_splits = {split for _, _, split in files}
    unlabelled = [(name, "", split) for name, split in loose if split not in labelled_splits]
    records = _as_records(tree, [*files, *unlabelled], place.depth, frames)
    notes = _note_on_sequences(files, place.depth) if frames is None else []
    return FoundRecords(records, faults, notes=notes, apex="found")


def _split_of(name: str) -> str:
    folders = [folder.lower() for folder in name.split("/")[:-1]]
    return next((SPLIT_SYNONYMS[folder] for folder in folders if folder in SPLIT_SYNONYMS), "")


def _without_unknown_classes(
    tree: FileTree, place: ClassFolders, files: Iterable[tuple[str, str, str]], classes: Mapping[str, str]
) -> tuple[list[tuple[str, str, str]], list[Fault]]:
    known = {name.lower() for name in classes}
    kept, unknown = [], dict[str, str]()
    for entry in files:
        name, title, _ = entry
        if class_of(title) in EXPRESSION_SYNONYMS or title.lower() in known:
            kept.append(entry)
        else:
            unknown.setdefault("/".join(name.split("/")[: place.depth + 1]), title)
    return kept, [
        Fault(
            "unknown class folder",
            f"{display_text(folder)} is not the name of an expression (classes='{title}={title}' makes it a class, and "
            f"classes='{title}=' excludes it)",
        )
        for folder, title in unknown.items()
    ]


def _check_not_subjects(tree: FileTree, files: Iterable[tuple[str, str, str]], depth: int) -> None:
    """Refuse folders that contain the same folders, such as Anna/Trauer and Ben/Trauer: either can be the classes."""
    titles_of: dict[str, set[str]] = {}
    for name, title, _ in files:
        for inner in name.split("/")[depth + 1 : -1]:
            has_digits = any(character.isdigit() for character in inner)  # as sequences and subjects have
            if not has_digits and inner.lower() not in (*SPLIT_SYNONYMS, *OTHER_FOLDERS):
                titles_of.setdefault(inner, set()).add(title)
    shared = sorted(inner for inner, titles in titles_of.items() if len(titles) > 1)
    if len(shared) >= MIN_CLASS_FOLDERS:
        outer = sorted(set.union(*(titles_of[inner] for inner in shared)))
        listed = " and ".join(", ".join(map(display_text, names[:MAX_LISTED_NAMES])) for names in (outer, shared))
        examples = " or ".join(
            f"classes='{','.join(f'{one}={one}' for one in map(display_text, names[:2]))},...'"
            for names in (shared, outer)
        )
        raise FerError(
            f"{tree.root} has folders {listed} within each other, and no name of an expression: say which are the "
            f"classes by {examples}"
        )


def _note_on_sequences(files: Iterable[tuple[str, str, str]], depth: int) -> list[str]:
    """A note on folders of images below the class folders, which may be meant as sequences."""
    counts = Counter(name.rpartition("/")[0] for name, _, _ in files if name.lower().endswith(IMAGE_SUFFIXES))
    nested = [n for folder, n in counts.items() if folder.count("/") > depth and n > 1]
    if not nested:
        return []
    return [
        f"the images of {len(nested)} folder(s) below the class folders are samples of their own; frames=10 reads each "
        "of these folders as a sequence"
    ]


def _empty_folders(tree: FileTree, place: ClassFolders, titles: set[str]) -> list[Fault]:
    """Class folders without an image or video, which may be the sign of an incomplete copy."""
    parents = {tuple(name.split("/")[: place.depth]) for name in tree.media if name.count("/") > place.depth}
    faults = []
    for parent in sorted(parents):
        for folder in sorted(tree.root.joinpath(*parent).iterdir()):
            name = "/".join((*parent, folder.name))
            is_class = folder.name in titles or class_of(folder.name) in EXPRESSION_SYNONYMS
            if is_class and folder.is_dir() and not any(file.startswith(f"{name}/") for file in tree.media):
                suffixes = ", ".join((*IMAGE_SUFFIXES, *VIDEO_SUFFIXES))
                faults.append(Fault("empty class folder", f"{display_text(name)} has no image or video ({suffixes})"))
    return faults


def _as_records(tree: FileTree, files: Sequence[tuple[str, str, str]], depth: int, frames: int | None) -> list[Record]:
    records = []
    # Sorting is stable, so that the files of a folder stay in natural order.
    by_folder = sorted(files, key=lambda entry: entry[0].rpartition("/")[0])
    for folder, group in itertools.groupby(by_folder, lambda entry: entry[0].rpartition("/")[0]):
        entries = list(group)
        names = [name for name, _, _ in entries]
        _, title, split = entries[0]
        images = [name for name in names if not name.lower().endswith(VIDEO_SUFFIXES)]
        is_clip = bool(images) and (frames or 1) > 1 and folder.count("/") > depth
        if is_clip:
            paths = tuple(map(tree.path, images))
            records.append(Record(display_text(folder), paths, is_clip=True, label=title, split=split))
        for name in names:
            if not (is_clip and name in images):
                is_video = name.lower().endswith(VIDEO_SUFFIXES)
                records.append(
                    Record(display_text(name), (tree.path(name),), is_clip=is_video, label=title, split=split)
                )
    return records
