"""Data sets: `load_dataset` finds out which data set a path contains and reads it as `Samples`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..exceptions import FerError
from ..media.file_tree import shared_file_trees
from ..samples.contents import content_notes
from ..samples.table import Samples
from .dataset import LOAD_OPTIONS, Dataset
from .dataset_registry import DATASETS, named_dataset, recognized_dataset, register_dataset
from .holdout import with_holdout
from .landmark_files import with_landmarks_from_file
from .landmark_folders import landmark_files_in
from .landmark_formats import LANDMARK_FORMATS, read_landmarks
from .landmark_writer import LandmarkTable, write_landmarks
from .packed import PACKED, write_packed
from .shards import SHARDS
from .subject_files import with_subjects_from_file
from .subjects import is_still, with_inferred_subjects
from .unused_files import unused_files_note


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
        Folder for a copy of the still images in HDF5, which loads several times faster than the original files, and for
        the frames that were chosen in clips, which otherwise are read again to find their apexes.

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
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import skimage
    >>> from fer_features import load_dataset
    >>> rng = np.random.default_rng(0)
    >>> with tempfile.TemporaryDirectory() as folder:  # a folder of images for each class
    ...     for name in ("happy/anna.png", "happy/ben.png", "sad/anna.png", "sad/ben.png"):
    ...         file = Path(folder) / name
    ...         file.parent.mkdir(exist_ok=True)
    ...         skimage.io.imsave(file, rng.integers(0, 256, (48, 48), dtype=np.uint8), check_contrast=False)
    ...     X = load_dataset(folder, subject_pattern="([a-z]+)[.]png")
    ...     X["label"].tolist(), X["subject"].tolist(), X["images"].shape
    (['happy', 'happy', 'sad', 'sad'], ['anna', 'ben', 'anna', 'ben'], (4, 1, 48, 48))
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
        found = recognized_dataset(path) if dataset is None else named_dataset(dataset, path)
        for name, value in given.items():
            if value is not None and name not in found.options:
                text = repr(value if isinstance(value, str | float | int) else ",".join(value))
                raise FerError(f"{name}={text} is not possible for {path}, which is recognized as {found.name}")
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
        infer_subjects = n_subjects is not None or not (is_still(X) or "features" in X)
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


def _load(dataset: Dataset, path: Path, options: dict[str, Any]) -> Samples:
    X = dataset.load(path, **options)
    if not isinstance(X, Samples):
        raise FerError(f"the data set '{dataset.name}': load returned {type(X).__name__}, Samples are needed")
    info = dataclasses.replace(X.info, licence=X.info.licence or dataset.licence)
    if dataset not in (PACKED, SHARDS) and info.dataset != dataset.name:
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
    "register_dataset",
    "with_holdout",
    "with_inferred_subjects",
    "with_landmarks_from_file",
    "with_subjects_from_file",
    "write_landmarks",
    "write_packed",
]
