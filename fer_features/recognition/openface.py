"""Landmarks of OpenFace for the faces of a video: tracking by them, and writing of landmarks in the same format."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from .._atomic import atomic_write
from ..datasets.openface_table import LANDMARK_COLUMNS, VIDEO_COLUMNS, OpenFaceTable
from ..exceptions import FerError
from ..faces.localizer import FaceView, box_from_landmarks
from .frame_results import FrameResult
from .tracking import MAX_LOST_FRAMES


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

    Raises
    ------
    FerError
        If the table describes an image, or several files.
    """

    def __init__(self, table: OpenFaceTable, faces: str = "largest"):
        if not table.is_of_video:
            raise FerError(f"{table.path} describes one image: a file of FeatureExtraction of OpenFace is needed")
        if table.file is not None and len(np.unique(table.file)) > 1:
            raise FerError(
                f"{table.path} describes {len(np.unique(table.file))} files: the landmarks of one are needed"
            )
        self.table = table
        face_ids, counts = np.unique(table.face_id, return_counts=True)
        self.face_ids = set(face_ids.tolist()) if faces == "all" else {int(face_ids[counts.argmax()])}
        order = np.argsort(table.frame, kind="stable")
        self._order, self._sorted_frames = order, table.frame[order]
        self._last_seen: dict[int, int] = {}
        self.ended_tracks: list[int] = []

    def update(self, image: np.ndarray, index: int) -> list[tuple[int, FaceView | None]]:
        """Return the number and view of each face in frame `index`, (H, W), with None for a lost face.

        Raises
        ------
        FerError
            If all landmarks of a face are outside of the frame.
        """
        start, stop = np.searchsorted(self._sorted_frames, [index, index + 1])
        views: dict[int, FaceView | None] = dict.fromkeys(self._last_seen)
        for line in self._order[start:stop]:
            face_id, landmarks = int(self.table.face_id[line]), self.table.landmarks[line]
            if face_id in self.face_ids and np.isfinite(landmarks).all():
                self._check_position(landmarks, image, index)
                confidence = float(self.table.confidence[line])
                views[face_id] = FaceView(image, box_from_landmarks(landmarks), confidence, landmarks)
                self._last_seen[face_id] = index
        self.ended_tracks = [face_id for face_id, last in self._last_seen.items() if index - last > MAX_LOST_FRAMES]
        for face_id in self.ended_tracks:
            del self._last_seen[face_id]
        return list(views.items())

    def _check_position(self, landmarks: np.ndarray, image: np.ndarray, index: int) -> None:
        height, width = image.shape
        if not ((landmarks >= 0) & (landmarks < [width, height])).all(1).any():
            raise FerError(
                f"{self.table.path} belongs to another video: in frame {index + 1} all landmarks are outside of the "
                f"image, which has {width} x {height} pixels"
            )


class OpenFaceWriter:
    """Write landmarks in the format of OpenFace, line by line.

    Parameters
    ----------
    file : text file
        Open for writing.
    """

    def __init__(self, file: IO[str]):
        self._lines = csv.writer(file, lineterminator="\n")
        self._lines.writerow([*VIDEO_COLUMNS, *LANDMARK_COLUMNS])

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
    with atomic_write(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        yield OpenFaceWriter(file)
