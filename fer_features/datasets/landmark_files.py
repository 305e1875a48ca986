"""Files with the landmarks of the samples of a data set: NumPy archives, and CSV files in the format of OpenFace.

An archive (.npz) has the arrays ``id`` (n,) str, ``landmarks`` (n, T, 68, 2) in pixels, ``boxes`` (n, T, 4) and
``confidence`` (n, T), of which the last two are not read; or ``landmarks68`` (n, 68, 2) and optionally ``row`` (n,),
the number of each image in its source from 0. A CSV file has one line per frame; without the column ``file`` its lines
are the samples in their order. Frames without a face are NaN, in CSV files lines without success.
"""

from __future__ import annotations

import csv
import dataclasses
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from .._atomic import atomic_write
from .._files import regular_file
from ..exceptions import FerError
from ..samples.table import Samples
from .openface_table import FILE_COLUMN, LANDMARK_COLUMNS, VIDEO_COLUMNS, read_openface
from .sample_ids import check_repeated_ids, match_ids, sample_names

#: Suffixes of files with landmarks.
LANDMARK_SUFFIXES = (".npz", ".csv")
#: Maximum size of the arrays of an archive.
MAX_ARCHIVE_BYTES = 8_000_000_000


@dataclasses.dataclass(frozen=True, eq=False)
class LandmarkTable:
    """Landmarks of n samples with T frames.

    Attributes
    ----------
    landmarks : ndarray, shape (n, T, 68, 2)
        iBUG-68 points in pixels, NaN in frames without a face.
    id : list of n str, or None
        Names of the samples; None where the file only gives an order.
    boxes : ndarray, shape (n, T, 4), or None
        x, y, width and height in pixels; NaN in frames without a face.
    confidence : ndarray, shape (n, T), or None
        In [0, 1].
    numbers_rows : bool
        Whether the ids are the numbers of the images in their source, which can differ from those in a part of it.
    """

    landmarks: np.ndarray
    id: list[str] | None = None
    boxes: np.ndarray | None = None
    confidence: np.ndarray | None = None
    numbers_rows: bool = False

    def __len__(self) -> int:
        return len(self.landmarks)


def with_landmarks_from_file(X: Samples, path: Path, on_error: str = "stop") -> Samples:
    """Add or replace the column 'landmarks' by those of a file.

    Parameters
    ----------
    X : Samples
    path : Path
        See `read_landmarks`. Ids are joined with those of the samples. Without ids, and where the ids are row numbers
        of a larger source, the file has the samples in their order.
    on_error : {'stop', 'skip'}, default='stop'
        Whether ids that no sample has, and samples that are not in the file, raise an error, or are counted in a note.

    Returns
    -------
    Samples
        With the column 'landmarks', NaN where no face was found.

    Raises
    ------
    FerError
        For a file that cannot be read, another number of samples or frames, ids that are unknown, missing or repeated,
        and landmarks that do not belong to the images.
    """
    table = read_landmarks(path)
    n_frames = X.column("images").shape[1] if "images" in X else table.landmarks.shape[1]
    if table.landmarks.shape[1] != n_frames:
        raise FerError(f"{path} has {table.landmarks.shape[1]} frame(s) per sample, and the images have {n_frames}")
    lines, notes = _line_of_sample(X, table, path, on_error)
    landmarks = np.full((len(X), *table.landmarks.shape[1:]), np.nan, np.float32)
    landmarks[lines >= 0] = table.landmarks[lines[lines >= 0]]
    n_without = int((~np.isfinite(landmarks).all(-1).all(-1).any(-1)).sum())
    notes = [f"landmarks from {path}, none in {n_without} of {len(X)} sample(s)", *notes]
    if n_without == len(X):
        raise FerError(f"{path} has no landmarks for any sample")
    files = {**X.info.files, "landmarks": str(path)}
    try:
        return X.with_columns(dataclasses.replace(X.info, files=files).with_notes(notes), landmarks=landmarks)
    except FerError as error:
        raise FerError(f"{path}: {error}") from error


def _line_of_sample(X: Samples, table: LandmarkTable, path: Path, on_error: str) -> tuple[np.ndarray, list[str]]:
    """Index in the file of each sample, -1 where it has none, and notes."""
    names = landmark_ids(X)
    same_rows = table.id is not None and set(table.id) == set(names)
    if table.id is None or (table.numbers_rows and len(table) == len(X) and not same_rows):
        if len(table) != len(X):
            raise FerError(f"{path} has landmarks of {len(table)} samples, and the data have {len(X)}: they must agree")
        return np.arange(len(X)), []
    found = match_ids(table.id, names, np.arange(len(X)))
    unknown = np.flatnonzero(found < 0)
    missing = np.setdiff1d(np.arange(len(X)), found)
    if unknown.size == len(found) or (unknown.size and on_error == "stop"):
        raise FerError(
            f"{path} has {unknown.size} id(s) that no sample has, such as '{table.id[unknown[0]]}': ids of samples are "
            f"of the form '{names[0]}'"
        )
    if missing.size and on_error == "stop":
        raise FerError(
            f"{path} has no landmarks of {missing.size} sample(s), such as '{names[missing[0]]}'; "
            "on_error='skip' leaves them without landmarks"
        )
    lines = np.full(len(X), -1)
    lines[found[found >= 0]] = np.flatnonzero(found >= 0)
    notes = [f"{unknown.size} id(s) of {path} are of no sample"] if unknown.size else []
    return lines, notes + ([f"{missing.size} sample(s) are not in {path}"] if missing.size else [])


def landmark_ids(X: Samples) -> list[str]:
    """Names of the samples in files with landmarks: their ids, with their split where ids count in each split.

    Parameters
    ----------
    X : Samples

    Returns
    -------
    list of str
        All different.

    Examples
    --------
    >>> landmark_ids(Samples.from_arrays(label=[0, 1], id=[0, 0], split=["train", "test"]))
    ['train/0', 'test/0']
    """
    names = sample_names(X)
    if len(set(names)) < len(names) and "split" in X:
        names = [f"{split}/{name}" for split, name in zip(X["split"], names, strict=True)]
    return names if len(set(names)) == len(names) else [str(i) for i in range(len(X))]


def read_landmarks(path: str | Path) -> LandmarkTable:
    """Read landmarks of many samples.

    Parameters
    ----------
    path : str or Path
        .npz or .csv, see the description of this module.

    Returns
    -------
    LandmarkTable

    Raises
    ------
    FerError
        If the file cannot be read, arrays or columns are absent or have another shape or type, ids are repeated, or
        samples differ in the number of frames.
    """
    path = Path(path)
    if path.suffix.lower() not in LANDMARK_SUFFIXES:
        raise FerError(f"{path}: landmarks are read from {' or '.join(LANDMARK_SUFFIXES)}")
    table = _read_archive(path) if path.suffix.lower() == ".npz" else _read_table(path)
    if table.id is not None:
        check_repeated_ids(table.id, path)
    return table


def _read_archive(path: Path) -> LandmarkTable:
    try:
        with zipfile.ZipFile(regular_file(path)) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_ARCHIVE_BYTES:
                raise FerError(f"{path} has arrays of more than {MAX_ARCHIVE_BYTES // 10**9} GB")
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ("landmarks", "landmarks68", "id", "row") if name in file.files}
    except FerError:
        raise
    except Exception as error:  # damaged archives raise nearly every type of exception
        raise FerError(f"{path} cannot be read as .npz: {' '.join(str(error).split())}") from error
    name = "landmarks" if "landmarks" in arrays else "landmarks68"
    if name not in arrays:
        raise FerError(f"{path} has neither the array 'landmarks' nor 'landmarks68'")
    landmarks = arrays[name][:, None] if arrays[name].ndim == 3 else arrays[name]
    n = len(landmarks) if landmarks.ndim else 0
    if landmarks.ndim != 4 or landmarks.shape[2:] != (68, 2) or landmarks.dtype.kind not in "iuf" or not landmarks.size:
        raise FerError(
            f"{path}: '{name}' is {arrays[name].dtype} {arrays[name].shape}: numbers of the shape (n, T, 68, 2) or "
            "(n, 68, 2) are needed"
        )
    for key, kinds in (("id", "iuU"), ("row", "iu")):
        if key in arrays and (arrays[key].shape != (n,) or arrays[key].dtype.kind not in kinds):
            raise FerError(f"{path}: '{key}' is {arrays[key].dtype} {arrays[key].shape}: one per sample is needed")
    ids = arrays.get("id", arrays.get("row"))
    ids = None if ids is None else [str(one) for one in ids]
    return LandmarkTable(landmarks, ids, numbers_rows="id" not in arrays and "row" in arrays)


def _read_table(path: Path) -> LandmarkTable:
    table = read_openface(path)
    if not table.is_of_video:
        raise FerError(f"{path} describes the faces of one image: a table with a line per image or frame is needed")
    faces, counts = np.unique(table.face_id, return_counts=True)
    lines = np.flatnonzero(table.face_id == faces[counts.argmax()])
    if table.file is None:
        order = lines[np.argsort(table.frame[lines], kind="stable")]
        return LandmarkTable(table.landmarks[order][:, None])
    names, first, source, n_lines = np.unique(
        table.file[lines], return_index=True, return_inverse=True, return_counts=True
    )
    n_frames = int(n_lines.max())
    wrong = np.flatnonzero(n_lines != n_frames)
    if wrong.size:
        name = names[wrong[0]]
        raise FerError(f"{path} has {n_lines[wrong[0]]} frame(s) of '{name}', and {n_frames} of other samples")
    order = lines[np.lexsort([table.frame[lines], first[source]])]
    return LandmarkTable(
        table.landmarks[order].reshape(len(names), n_frames, 68, 2), table.file[order[::n_frames]].tolist()
    )


def write_landmarks(table: LandmarkTable, path: str | Path) -> Path:
    """Write landmarks, boxes and confidences.

    Parameters
    ----------
    table : LandmarkTable
        With ids, boxes and confidences.
    path : str or Path
        .npz, or .csv without the boxes and with landmarks rounded to hundredths of a pixel.

    Returns
    -------
    Path

    Raises
    ------
    FerError
        For another suffix, and if the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in LANDMARK_SUFFIXES:
        raise FerError(f"{path}: landmarks are written as {' or '.join(LANDMARK_SUFFIXES)}")
    with atomic_write(path) as temporary:
        (_write_archive if path.suffix.lower() == ".npz" else _write_table)(table, temporary)
    return path


def _write_archive(table: LandmarkTable, path: Path) -> None:
    arrays: dict[str, Any] = {"id": np.array(table.id, str), "landmarks": np.asarray(table.landmarks, np.float32)}
    arrays |= {"boxes": table.boxes, "confidence": table.confidence}
    with open(path, "wb") as file:
        np.savez_compressed(file, **arrays)


def _write_table(table: LandmarkTable, path: Path) -> None:
    assert table.id is not None
    assert table.confidence is not None
    with open(path, "w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow([FILE_COLUMN, *VIDEO_COLUMNS, *LANDMARK_COLUMNS])
        for name, clip, confidences in zip(table.id, table.landmarks, table.confidence, strict=True):
            for t, (face, confidence) in enumerate(zip(clip, confidences, strict=True)):
                found = bool(np.isfinite(face).all())
                values = [f"{value:.2f}" for value in face.T.ravel()] if found else [0] * len(LANDMARK_COLUMNS)
                lines.writerow([name, t + 1, 0, 0, f"{confidence:.3f}" if found else 0, int(found), *values])
