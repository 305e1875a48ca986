"""Data sets: `load_dataset` finds out which data set a path contains and reads it as `Samples`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .._files import file_fault
from ..exceptions import FerError
from ..media.file_tree import shared_file_trees
from ..samples.contents import content_notes
from ..samples.table import Samples
from .dataset import LOAD_OPTIONS, Dataset
from .demo import DEMO
from .fer22 import FER22
from .fer2013 import FER2013
from .folders import FOLDERS
from .holdout import with_holdout
from .landmark_files import with_landmarks_from_file
from .landmark_folders import landmark_files_in
from .landmark_formats import LANDMARK_FORMATS, read_landmarks, read_point_file
from .landmark_writer import LandmarkTable, write_landmarks
from .layouts import LAYOUTS
from .metadata_table import TABLE, TABLE_SUFFIXES, column_names
from .packed import PACKED, write_packed
from .subject_files import with_subjects_from_file
from .subjects import is_still, with_inferred_subjects
from .unused_files import unused_files_note

#: Name -> data set. `register_dataset` adds to it.
DATASETS: dict[str, Dataset] = {
    "demo": DEMO,
    "fer22": FER22,
    "fer2013": FER2013,
    "table": TABLE,
    "packed": PACKED,
    **{layout.name: layout.as_dataset() for layout in LAYOUTS},
    "folders": FOLDERS,
}

_BUILT_IN = tuple(DATASETS)

#: Number of folders and of files that the message about an unknown layout lists.
MAX_LISTED_ENTRIES = 8


def register_dataset(dataset: Dataset) -> Dataset:
    """Make `load_dataset` recognize a data set from outside this package.

    Parameters
    ----------
    dataset : Dataset
        Its name must be new and must not contain ``_`` or ``+``.

    Returns
    -------
    Dataset
        The argument.

    Raises
    ------
    FerError
        For an object that is not a `Dataset`, a name that is empty, reserved or taken, an option that is not in
        `LOAD_OPTIONS`, or a `can_load` or `load` that cannot be called.

    Notes
    -----
    Registered data sets take precedence over the built-in ones, the latest one first. The layouts of the built-in data
    sets are general (any folder of class folders, any csv file with a column 'pixels'), those of registered ones are
    more specific.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples, load_dataset
    >>> from fer_features.datasets import DATASETS, Dataset, register_dataset
    >>> two_grey_images = Dataset(
    ...     name="grey",
    ...     description="two constant images",
    ...     layout="the word grey",
    ...     can_load=lambda path: str(path) == "grey",
    ...     load=lambda path: Samples.from_arrays(images=np.full((2, 8, 8), 128, np.uint8), label=[0, 1]),
    ... )
    >>> dataset = register_dataset(two_grey_images)
    >>> load_dataset("grey").info.dataset
    'grey'
    >>> del DATASETS["grey"]
    """
    if not isinstance(dataset, Dataset):
        raise FerError(f"register_dataset needs a Dataset, not {type(dataset).__name__}")
    name = dataset.name
    if not isinstance(name, str) or not name.strip() or "_" in name or "+" in name:
        raise FerError(f"the data set name {name!r} is not allowed: a non-empty text without '_' and '+' is needed")
    if name in DATASETS:
        raise FerError(f"the data set name '{name}' is taken ({DATASETS[name].description}): choose another name")
    unknown = [option for option in dataset.options if option not in LOAD_OPTIONS]
    if unknown:
        raise FerError(f"the data set '{name}' has the option {unknown[0]!r}: {', '.join(LOAD_OPTIONS)} are possible")
    for function in ("can_load", "load"):
        if not callable(getattr(dataset, function)):
            raise FerError(f"the data set '{name}': {function} must be a function of a path")
    DATASETS[name] = dataset
    return dataset


def load_dataset(
    path: str | Path = "demo",
    *,
    subjects: str | Path | None = None,
    n_subjects: int | None = None,
    infer_subjects: bool | None = None,
    on_error: str = "stop",
    labels: str | None = None,
    subject_pattern: str | None = None,
    holdout: float | None = None,
    landmarks: str | Path | None = None,
    dataset: str | None = None,
    frames: int | None = None,
    apex: str | None = None,
    neutral_frame: str | None = None,
    classes: str | Mapping[str, str] | None = None,
    where: str | Sequence[str] | None = None,
    cache: str | Path | None = None,
) -> Samples:
    """Read the data at a path; the data set is recognized by its files.

    Parameters
    ----------
    path : str or Path, default='demo'
        Folder or file of one of the `DATASETS`; 'demo' for the synthetic sequences that this package renders.
    subjects : str or Path, optional
        File with one subject id per training sample, see `with_subjects_from_file`. Without it, the subjects of
        sequences without subject ids are inferred from the neutral frames, see `with_inferred_subjects`.
    n_subjects : int, optional
        Number of subjects to infer, also from still images. Estimated if not given.
    infer_subjects : bool, optional
        Whether unknown subjects are inferred. By default those of sequences; those of still images with True or
        `n_subjects`, since it is less reliable, and useless where each subject is shown once. Where they are not, the
        data have no column 'subject'.
    on_error : {'stop', 'skip'}, default='stop'
        Whether invalid rows and images raise an error, or are excluded and counted in ``info.notes``.
    labels : {'ferplus'}, optional
        Alternative labels of the data set.
    subject_pattern : str, optional
        Regular expression that is searched in the names of image files; its first group is the subject.
    holdout : float, optional
        Fraction of the samples that becomes the split 'test' where the data set has no predefined split, see
        `with_holdout`; 0 for none. By default 0.2 for large data sets and none for small ones.
    landmarks : str or Path, optional
        File with the landmarks of the samples in one of the `LANDMARK_FORMATS`, or folder with such a file for each
        image, video or frame of a clip, see `with_landmarks_from_file`.
    dataset : str, optional
        Name of the data set, a key of `DATASETS`, where its files are not recognized.
    frames : int, optional
        Number of frames of a sequence, evenly spaced from the neutral frame to the apex; 1 for the apex alone, a still
        image. By default 10. With 2, still images become pairs with the neutral image of the same subject and session.
    apex : {'given', 'last', 'found'}, optional
        The apex of a clip: as its annotation says, its last frame, or the frame with the largest motion from the
        neutral frame. By default as annotated, or as is usual for the data set.
    neutral_frame : {'first', 'found'}, optional
        The neutral frame of a clip without annotation: its first frame, or found by motion. By default the first.
    classes : str or mapping, optional
        Class of each label or folder name, such as ``'0=angry,1=disgust'``; an empty class excludes its samples.
    where : str or sequence of str, optional
        Selection of samples by their annotations, such as ``'view=frontal,half left'``.
    cache : str or Path, optional
        Folder for a copy of the still images in HDF5, which loads several times faster than the original files.

    Returns
    -------
    Samples

    Raises
    ------
    FerError
        For a path that does not exist or that no data set recognizes, an option that the data set does not have, and
        every fault of the files.

    Examples
    --------
    >>> from fer_features import load_dataset
    >>> X = load_dataset("demo")
    >>> X["images"].shape, X["landmarks"].shape
    ((360, 10, 150, 120), (360, 10, 68, 2))
    >>> sorted(set(X["split"].tolist()))
    ['test', 'train']
    """
    path = Path(path)
    given: dict[str, Any] = {
        "labels": labels,
        "subject_pattern": subject_pattern,
        "holdout": holdout or None,
        "frames": frames,
        "apex": apex,
        "neutral_frame": neutral_frame,
        "classes": classes or None,
        "where": where or None,
    }
    with shared_file_trees():
        found = _recognized(path) if dataset is None else _named(dataset, path)
        for name, value in given.items():
            if value is not None and name not in found.options:
                raise FerError(f"{name}={value!r} is not possible for {path}, which is recognized as {found.name}")
        options = {**given, "on_error": on_error, "cache": None if cache is None else Path(cache)}
        options = {k: v for k, v in options.items() if k in found.options and k != "holdout" and v is not None}
        X = _load(found, path, options)
        notes: tuple[str, ...] = ()
        if path.is_dir() and (found.find_records or found.used_files):
            used = [Path(file) for file in (subjects, landmarks) if file is not None]
            if landmarks is not None and Path(landmarks).is_dir():
                used += landmark_files_in(Path(landmarks))
            notes = unused_files_note(path, [*_used_files(found, path, options), *used])
    if subjects is not None:
        X = with_subjects_from_file(X, Path(subjects))
    if n_subjects is not None and "subject" in X:
        raise FerError(f"n_subjects={n_subjects} is for inferred subjects, and the subjects of these data are known")
    if landmarks is not None:  # before subjects are inferred, which landmarks improve
        X = with_landmarks_from_file(X, Path(landmarks), on_error)
    if infer_subjects is None:
        infer_subjects = n_subjects is not None or not is_still(X)
    if infer_subjects and "subject" not in X:
        X = with_inferred_subjects(X, n_subjects)
    if "holdout" in found.options:  # after the subjects are known, since it must not divide a subject
        X = with_holdout(X, holdout)
    notes += content_notes(X, read_lazy_columns=True)
    return X.with_columns(X.info.with_notes(notes)) if notes else X


def _used_files(dataset: Dataset, path: Path, options: Mapping[str, Any]) -> Iterable[Path]:
    if dataset.find_records is not None:
        return dataset.find_records(path, **options).used_files()
    assert dataset.used_files is not None
    return dataset.used_files(path, **options)


def _named(name: str, path: Path) -> Dataset:
    if name not in DATASETS:
        raise FerError(f"dataset='{name}' is not one of {', '.join(DATASETS)}")
    if name != "demo" and not path.exists():
        raise FerError(f"{path} does not exist: a folder or file with data is needed")
    return DATASETS[name]


def _recognized(path: Path) -> Dataset:
    registered = [name for name in DATASETS if name not in _BUILT_IN]
    try:
        for name in (*reversed(registered), *_BUILT_IN):
            if DATASETS[name].can_load(path):
                return DATASETS[name]
        if not path.exists():
            raise FerError(f"{path} does not exist: a folder or file with data is needed, or 'demo'")
        found = _contents(path)
    except OSError as error:
        raise FerError(f"{error.filename or path} cannot be read: {error.strerror or error}") from error
    named = ", ".join(name for name in DATASETS if name in {layout.name for layout in LAYOUTS})
    accepted = "; ".join(
        f"{name}: {dataset.layout}" for name, dataset in DATASETS.items() if name not in ("demo", *named.split(", "))
    )
    raise FerError(
        f"{path} is not a known data set: it is {found}; accepted are {accepted}; and the layouts of {named}"
    )


def _contents(path: Path) -> str:
    """What a path contains, for the message about an unknown layout."""
    if not path.is_dir():
        fault = file_fault(path)
        if fault:
            return f"a path that {fault}"
        if path.suffix.lower() in TABLE_SUFFIXES:
            return f"a table with the columns {', '.join(column_names(path)[:MAX_LISTED_ENTRIES])}"
        return f"a file of the type '{path.suffix or 'without suffix'}'"
    entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    if not entries:
        return "an empty folder"
    folders = [_folder_name(entry) for entry in entries if entry.is_dir()]
    files = [entry.name for entry in entries if not entry.is_dir()]
    counts = [_listing(names, kind) for names, kind in ((folders, "folder(s)"), (files, "file(s)")) if names]
    return f"a folder with {' and '.join(counts)}"


def _folder_name(folder: Path) -> str:
    """Name of a folder, with the folders in it."""
    inner = sorted(f"{entry.name}/" for entry in folder.iterdir() if entry.is_dir())
    return f"{folder.name}/" + (f" with {_listing(inner, 'folder(s)')}" if inner else "")


def _listing(names: list[str], kind: str) -> str:
    more = ", ..." if len(names) > MAX_LISTED_ENTRIES else ""
    return f"{len(names)} {kind} ({', '.join(names[:MAX_LISTED_ENTRIES])}{more})"


def _load(dataset: Dataset, path: Path, options: dict[str, Any]) -> Samples:
    X = dataset.load(path, **options)
    if not isinstance(X, Samples):
        raise FerError(f"the data set '{dataset.name}': load returned {type(X).__name__}, Samples are needed")
    info = dataclasses.replace(X.info, licence=X.info.licence or dataset.licence)
    if dataset is not PACKED and info.dataset != dataset.name:
        info = dataclasses.replace(info, dataset=dataset.name, source=info.source or str(path))
    return X if info == X.info else X.with_columns(info)


__all__ = [
    "DATASETS",
    "LANDMARK_FORMATS",
    "LOAD_OPTIONS",
    "Dataset",
    "LandmarkTable",
    "load_dataset",
    "read_landmarks",
    "read_point_file",
    "register_dataset",
    "with_holdout",
    "with_inferred_subjects",
    "with_landmarks_from_file",
    "with_subjects_from_file",
    "write_landmarks",
    "write_packed",
]
