"""Landmarks in CSV files of OpenFace: reading, tracking by them, and writing in the same format.

FeatureExtraction writes one line per frame with the columns ``frame`` (from 1), ``face_id``, ``timestamp`` in seconds,
``confidence`` in [0, 1], ``success`` (0 or 1), and among many others ``x_0`` to ``x_67`` and ``y_0`` to ``y_67``, the
iBUG-68 landmarks in pixels. Older versions write a blank before each name. FaceLandmarkVidMulti writes one line per
face, distinguished by ``face_id``. FaceLandmarkImg writes neither ``frame`` nor ``timestamp``.

References
----------
T. Baltrusaitis, A. Zadeh, Y. C. Lim, L.-P. Morency, "OpenFace 2.0: facial behavior analysis toolkit", FG 2018,
doi:10.1109/FG.2018.00019
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from .._atomic import atomic_write
from ..exceptions import FerError
from ..samples.table import Samples
from .face_view import FaceView, box_from_landmarks
from .frame_results import FrameResult
from .sources import DEFAULT_FPS
from .tracking import MAX_LOST_FRAMES

#: Columns before the landmarks in files that are written.
LEADING_COLUMNS = ("frame", "face_id", "timestamp", "confidence", "success")
LANDMARK_COLUMNS = tuple(f"{axis}_{i}" for axis in "xy" for i in range(68))


@dataclasses.dataclass(frozen=True, eq=False)
class OpenFaceTable:
    """Landmarks of a video in a CSV file of OpenFace with n lines.

    Attributes
    ----------
    frame : ndarray of int, shape (n,)
        Index of the frame from 0; the file counts from 1.
    face_id : ndarray of int, shape (n,)
    timestamp : ndarray, shape (n,)
        In seconds.
    confidence : ndarray, shape (n,)
        In [0, 1].
    landmarks : ndarray, shape (n, 68, 2), float32
        In pixels. NaN in lines without success.
    """

    frame: np.ndarray
    face_id: np.ndarray
    timestamp: np.ndarray
    confidence: np.ndarray
    landmarks: np.ndarray

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
        If the file cannot be read, lacks columns, or contains a value that is not a number.
    """
    try:
        table = pd.read_csv(path, skipinitialspace=True)
    except OSError as error:
        raise FerError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, pd.errors.ParserError) as error:
        raise FerError(f"{path} is not a CSV file of OpenFace ({' '.join(str(error).split())})") from error
    table.columns = [str(name).strip() for name in table.columns]
    absent = [name for name in LANDMARK_COLUMNS if name not in table]
    if absent:
        raise FerError(
            f"{path} lacks {len(absent)} of the 136 landmark columns x_0 to y_67, for example {absent[0]}: run "
            "OpenFace with -2Dfp"
        )
    n = len(table)
    if not n:
        raise FerError(f"{path} has no line below its header")
    default = {"frame": np.arange(1, n + 1), "face_id": np.zeros(n), "timestamp": np.arange(n) / DEFAULT_FPS}
    default |= {"confidence": np.ones(n), "success": np.ones(n)}
    try:
        values = {
            name: np.asarray(table[name] if name in table else default[name], np.float64) for name in LEADING_COLUMNS
        }
        landmarks = table[list(LANDMARK_COLUMNS)].to_numpy(np.float32).reshape(n, 2, 68).transpose(0, 2, 1).copy()
    except (ValueError, TypeError) as error:
        raise FerError(f"{path} contains a value that is not a number ({error})") from error
    landmarks[~(values["success"] > 0)] = np.nan
    return OpenFaceTable(
        values["frame"].astype(int) - 1,
        values["face_id"].astype(int),
        values["timestamp"],
        values["confidence"],
        landmarks,
    )


class OpenFaceTracker:
    """Tracker that uses the landmarks of a file: frame i of the stream has the landmarks of frame i.

    Parameters
    ----------
    table : OpenFaceTable
    faces : {'largest', 'all'}
        'largest' uses the face with the most lines.

    Attributes
    ----------
    ended_tracks : list of int
        Numbers of the faces that were removed in the last update.
    """

    def __init__(self, table: OpenFaceTable, faces: str = "largest"):
        self.table = table
        face_ids, counts = np.unique(table.face_id, return_counts=True)
        self.face_ids = set(face_ids.tolist()) if faces == "all" else {int(face_ids[counts.argmax()])}
        order = np.argsort(table.frame, kind="stable")
        self._order, self._sorted_frames = order, table.frame[order]
        self._last_seen: dict[int, int] = {}
        self.ended_tracks: list[int] = []

    def update(self, image: np.ndarray, index: int) -> list[tuple[int, FaceView | None]]:
        """Return the number and view of each face in frame `index`, (H, W), with None for a lost face."""
        start, stop = np.searchsorted(self._sorted_frames, [index, index + 1])
        views: dict[int, FaceView | None] = dict.fromkeys(self._last_seen)
        for line in self._order[start:stop]:
            face_id, landmarks = int(self.table.face_id[line]), self.table.landmarks[line]
            if face_id in self.face_ids and np.isfinite(landmarks).all():
                confidence = float(self.table.confidence[line])
                views[face_id] = FaceView(image, box_from_landmarks(landmarks), confidence, landmarks)
                self._last_seen[face_id] = index
        self.ended_tracks = [face_id for face_id, last in self._last_seen.items() if index - last > MAX_LOST_FRAMES]
        for face_id in self.ended_tracks:
            del self._last_seen[face_id]
        return list(views.items())


class OpenFaceWriter:
    """Write landmarks in the format of OpenFace, line by line.

    Parameters
    ----------
    file : text file
        Open for writing.
    """

    def __init__(self, file: IO[str]):
        self._lines = csv.writer(file, lineterminator="\n")
        self._lines.writerow([*LEADING_COLUMNS, *LANDMARK_COLUMNS])

    def write(self, result: FrameResult) -> None:
        """Write a line for each face of a frame that has landmarks, or one line without success."""
        number, timestamp = result.frame.index + 1, f"{result.frame.timestamp:.3f}"
        faces = [face for face in result.faces if face.landmarks is not None]
        for face in faces:
            assert face.landmarks is not None
            values: list[Any] = [f"{value:.2f}" for value in face.landmarks.T.ravel()]
            self._lines.writerow([number, face.face_id, timestamp, f"{face.confidence:.3f}", 1, *values])
        if not faces:
            self._lines.writerow([number, 0, timestamp, 0, 0, *[0] * len(LANDMARK_COLUMNS)])


@contextlib.contextmanager
def open_openface_writer(path: Path | None) -> Iterator[OpenFaceWriter | None]:
    """Open a writer whose file appears under its name when it is complete; None without a path."""
    if path is None:
        yield None
        return
    with atomic_write(path) as temporary, open(temporary, "w", newline="") as file:
        yield OpenFaceWriter(file)
