"""Landmarks in CSV files of OpenFace: reading, with a check that it is a file of OpenFace, and writing of images.

FeatureExtraction writes one line per frame with the columns ``frame`` (from 1), ``face_id``, ``timestamp`` in seconds,
``confidence`` in [0, 1], ``success`` (0 or 1), and among many others ``x_0`` to ``x_67`` and ``y_0`` to ``y_67``, the
iBUG-68 landmarks in pixels. Older versions write a blank before each name, and no ``face_id``. FaceLandmarkVidMulti
writes one line per face, distinguished by ``face_id``. FaceLandmarkImg writes one line per face of an image, with the
columns ``face`` and ``confidence`` instead. This package also writes one table for many images or clips, with the
column ``file`` before those of a video.

References
----------
T. Baltrusaitis, A. Zadeh, Y. C. Lim, L.-P. Morency, "OpenFace 2.0: facial behavior analysis toolkit", FG 2018,
doi:10.1109/FG.2018.00019
"""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd

from .._files import regular_file
from ..exceptions import FerError
from ..samples.landmark_columns import landmarks_in_pixels
from ..samples.table import Samples

#: Columns before the landmarks in files of videos; those of older versions lack the second one.
VIDEO_COLUMNS = ("frame", "face_id", "timestamp", "confidence", "success")
#: Column with the name of the image or clip, in tables of many of them.
FILE_COLUMN = "file"
#: Columns before the landmarks in files of images.
IMAGE_COLUMNS = ("face", "confidence")
LANDMARK_COLUMNS = tuple(f"{axis}_{i}" for axis in "xy" for i in range(68))
#: Width of a face in pixels below which the landmarks are not in pixels.
MIN_FACE_WIDTH_PX = 4.0


@dataclasses.dataclass(frozen=True, eq=False)
class OpenFaceTable:
    """Landmarks of a video in a CSV file of OpenFace with n lines.

    Attributes
    ----------
    path : str
        Path of the file.
    frame : ndarray of int, shape (n,)
        Index of the frame from 0; the file counts from 1.
    face_id : ndarray of int, shape (n,)
    timestamp : ndarray, shape (n,)
        In seconds.
    confidence : ndarray, shape (n,)
        In [0, 1].
    landmarks : ndarray, shape (n, 68, 2), float32
        In pixels. NaN in lines without success.
    is_of_video : bool
        False for a file of FaceLandmarkImg: all lines are faces of one image.
    file : ndarray of str, shape (n,), or None
        Name of the image or clip of each line; None for a file without this column, which is of one of them.
    """

    path: str
    frame: np.ndarray
    face_id: np.ndarray
    timestamp: np.ndarray
    confidence: np.ndarray
    landmarks: np.ndarray
    is_of_video: bool = True
    file: np.ndarray | None = None

    def to_samples(self, n_frames: int | None = None, face_id: int | None = None) -> Samples:
        """Return the landmarks of one face as one sample, for example for training.

        Parameters
        ----------
        n_frames : int, optional
            Number of frames T, evenly spaced from the first to the last line. By default all.
        face_id : int, optional
            By default the face with the most lines.

        Returns
        -------
        Samples
            With the column 'landmarks' of shape (1, T, 68, 2).

        Raises
        ------
        FerError
            If the file has no such face.
        """
        face_ids, counts = np.unique(self.face_id, return_counts=True)
        lines = np.flatnonzero(self.face_id == (face_ids[counts.argmax()] if face_id is None else face_id))
        if not lines.size:
            raise FerError(f"there is no face {face_id}: the file has {', '.join(map(str, face_ids))}")
        if n_frames is not None:
            lines = lines[np.rint(np.linspace(0, len(lines) - 1, n_frames)).astype(int)]
        return Samples.from_arrays(landmarks=self.landmarks[lines][None])

    def check_length(self, n_frames: int) -> None:
        """Check that a video has all frames of the file.

        Parameters
        ----------
        n_frames : int
            Number of frames of the video.

        Raises
        ------
        FerError
        """
        last = int(self.frame.max()) + 1
        if last > n_frames:
            raise FerError(f"{self.path} belongs to another video: it has frame {last}, but this video has {n_frames}")


def read_openface(path: str | Path) -> OpenFaceTable:
    """Read a CSV file of OpenFace.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    OpenFaceTable

    Raises
    ------
    FerError
        If the file cannot be read, or is not a file of OpenFace: columns are absent, a value is not a number or outside
        of its range, frames are not counted from 1, or a frame has two lines of one face.
    """
    table = _read_columns(path)
    file = table.pop(FILE_COLUMN).to_numpy(str) if FILE_COLUMN in table else None
    values = {name: table[name].to_numpy(np.float64) for name in table if name not in LANDMARK_COLUMNS}
    is_of_video = "frame" in values
    if is_of_video:
        values.setdefault("face_id", np.zeros(len(table)))
    else:
        values |= {"frame": np.ones(len(table)), "face_id": values["face"], "timestamp": np.zeros(len(table))}
        values["success"] = np.ones(len(table))
    _check_values(path, values, file)
    landmarks = table[list(LANDMARK_COLUMNS)].to_numpy(np.float32).reshape(-1, 2, 68).transpose(0, 2, 1).copy()
    succeeded = values["success"] > 0
    _check_landmarks(path, landmarks[succeeded])
    landmarks[~succeeded] = np.nan
    return OpenFaceTable(
        str(path),
        values["frame"].astype(int) - 1,
        values["face_id"].astype(int),
        values["timestamp"],
        values["confidence"],
        landmarks,
        is_of_video,
        file,
    )


def _read_columns(path: str | Path) -> pd.DataFrame:
    """The columns of `VIDEO_COLUMNS` or `IMAGE_COLUMNS`, and the landmarks, as numbers."""
    try:
        with open(regular_file(path), encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, strict=True)
            names = [name.strip() for name in next(lines, [])]
            n_fields = {len(fields) for fields in lines if fields}
        is_of_image = "face" in names and "frame" not in names
        leading = IMAGE_COLUMNS if is_of_image else [name for name in VIDEO_COLUMNS if name != "face_id"]
        absent = [name for name in (*leading, *LANDMARK_COLUMNS) if name not in names]
        if absent:
            raise FerError(
                f"{path} is not a CSV file of OpenFace: {len(absent)} of its columns are absent, for example "
                f"'{absent[0]}'; run FeatureExtraction of OpenFace with -2Dfp"
            )
        if not n_fields:
            raise FerError(f"{path} has no line below its header")
        used = [name for name in (FILE_COLUMN, *VIDEO_COLUMNS, *IMAGE_COLUMNS, *LANDMARK_COLUMNS) if name in names]
        repeated = [name for name in used if names.count(name) > 1]
        if repeated or n_fields != {len(names)}:
            reason = f"the column '{repeated[0]}' occurs twice" if repeated else "its lines differ in length"
            raise FerError(f"{path} is not a CSV file of OpenFace: {reason}")
        positions = {names.index(name): name for name in used}
        table = pd.read_csv(
            path,
            header=0,
            names=range(len(names)),
            usecols=list(positions),
            skipinitialspace=True,
            index_col=False,
            dtype={position: str for position, name in positions.items() if name == FILE_COLUMN},
            keep_default_na=FILE_COLUMN not in names,
        )
        table = table.rename(columns=positions)
        return table.astype({name: np.float64 for name in table if name != FILE_COLUMN})
    except OSError as error:
        raise FerError(f"{path} cannot be read: {error.strerror or error}") from error
    except FerError:
        raise
    except (ValueError, TypeError, csv.Error) as error:
        raise FerError(f"{path} is not a CSV file of OpenFace ({' '.join(str(error).split())})") from error


def _check_values(path: str | Path, values: dict[str, np.ndarray], file: np.ndarray | None) -> None:
    def check(valid: np.ndarray | bool, fault: str) -> None:
        if not np.all(valid):
            raise FerError(f"{path} is not a CSV file of OpenFace: {fault}")

    for name in ("frame", "face_id", "success"):
        is_integer = values[name] == np.rint(values[name])  # False for NaN
        check(is_integer & (np.abs(values[name]) < 1e9), f"'{name}' contains a value that is not an integer")
    check(values["frame"] >= 1, f"it has a frame {values['frame'].min():.0f}, and OpenFace counts frames from 1")
    check(np.isin(values["success"], (0, 1)), "'success' contains a value that is neither 0 nor 1")
    check((values["confidence"] >= 0) & (values["confidence"] <= 1), "'confidence' is not in [0, 1]")
    check(values["timestamp"] >= 0, "'timestamp' contains a value that is not a time in seconds")
    source = np.zeros(len(values["frame"])) if file is None else np.unique(file, return_inverse=True)[1]
    lines = np.stack([source, values["frame"], values["face_id"]], 1)
    faces, counts = np.unique(lines, axis=0, return_counts=True)
    _, frame, face_id = faces[counts.argmax()]
    check(counts == 1, f"frame {frame:.0f} has {counts.max()} lines of face {face_id:.0f}")


def _check_landmarks(path: str | Path, landmarks: np.ndarray) -> None:
    if not np.isfinite(landmarks).all():
        raise FerError(f"{path} is not a CSV file of OpenFace: a line with success=1 lacks landmarks")
    if len(landmarks) and np.median(np.ptp(landmarks[..., 0], axis=1)) < MIN_FACE_WIDTH_PX:
        raise FerError(f"{path} is not a CSV file of OpenFace: its landmarks are not in pixels")
    try:
        landmarks_in_pixels(landmarks[:, None])
    except FerError as error:
        raise FerError(f"{path}: {error}") from error
