"""Files of OpenFace (Baltrusaitis et al., FG 2018): landmarks are read from them, and ours are written like them.

FeatureExtraction writes a csv file with a line for each frame: ``frame`` from 1, ``face_id``, ``timestamp`` in seconds,
``confidence`` in 0..1, ``success`` 0 or 1, and among many other columns ``x_0 .. x_67``, ``y_0 .. y_67``, the iBUG-68
points in pixels. Names have a blank before them in older versions. FaceLandmarkVidMulti writes a line for each face,
told apart by ``face_id``; FaceLandmarkImg writes neither frame nor timestamp.
"""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from ..exceptions import FerError
from ..samples.table import Samples
from .face_view import View, box_of
from .frame_results import Moment
from .tracking import FORGET

#: Columns before the points; the first ones that our files have.
HEAD = ("frame", "face_id", "timestamp", "confidence", "success")
POINTS = tuple(f"{axis}_{i}" for axis in "xy" for i in range(68))


@dataclasses.dataclass(frozen=True, eq=False)
class OpenFaceTable:
    """Landmarks of a video as OpenFace writes them, n lines.

    Attributes
    ----------
    frame : ndarray of int, shape (n,)
        From 0, where the file counts from 1.
    face : ndarray of int, shape (n,)
    time : ndarray, shape (n,)
        In seconds.
    confidence : ndarray, shape (n,)
    points : ndarray, shape (n, 68, 2), float32
        NaN where the file says that it had no success.
    """

    frame: np.ndarray
    face: np.ndarray
    time: np.ndarray
    confidence: np.ndarray
    points: np.ndarray

    def clip(self, frames: int | None = None, face: int | None = None) -> Samples:
        """One row of a table, to be joined with others for training, (1, T, 68, 2).

        Parameters
        ----------
        frames : int, optional
            T: so many lines, spread evenly from the first to the last; by default all.
        face : int, optional
            By default the one with the most lines.
        """
        names, counts = np.unique(self.face, return_counts=True)
        rows = np.flatnonzero(self.face == (names[counts.argmax()] if face is None else face))
        if not rows.size:
            raise FerError(f"there is no face {face}: the file has {', '.join(map(str, names))}")
        if frames is not None:
            rows = rows[np.rint(np.linspace(0, len(rows) - 1, frames)).astype(int)]
        return Samples.from_arrays(landmarks=self.points[rows][None])


def read_openface(path: str | Path) -> OpenFaceTable:
    """Read a csv file of OpenFace.

    Raises
    ------
    FerError
        For a file that cannot be read, lacks columns, or holds something that is no number.
    """
    try:
        table = pd.read_csv(path, skipinitialspace=True)
    except OSError as error:
        raise FerError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, pd.errors.ParserError) as error:
        raise FerError(f"{path} is no csv file of OpenFace ({' '.join(str(error).split())})") from error
    table.columns = [str(name).strip() for name in table.columns]
    absent = [name for name in POINTS if name not in table]
    if absent:
        raise FerError(
            f"{path} lacks {len(absent)} of the 136 columns x_0 .. y_67 that landmarks stand in, such as {absent[0]}; "
            "run OpenFace with -2Dfp"
        )
    n = len(table)
    if not n:
        raise FerError(f"{path} has no line below its head")
    plain = {"frame": np.arange(1, n + 1), "face_id": np.zeros(n), "timestamp": np.arange(n) / 25.0}
    plain |= {"confidence": np.ones(n), "success": np.ones(n)}
    try:
        head = {name: np.asarray(table[name] if name in table else plain[name], np.float64) for name in HEAD}
        points = table[list(POINTS)].to_numpy(np.float32).reshape(n, 2, 68).transpose(0, 2, 1).copy()
    except (ValueError, TypeError) as error:
        raise FerError(f"{path} holds something that is no number ({error})") from error
    points[~(head["success"] > 0)] = np.nan
    return OpenFaceTable(
        head["frame"].astype(int) - 1,
        head["face_id"].astype(int),
        head["timestamp"],
        head["confidence"],
        points,
    )


class OpenFaceTracker:
    """Landmarks that are known, in the place of a tracker: frame i of the stream has the lines of frame i.

    Parameters
    ----------
    table : OpenFaceTable
    faces : {'largest', 'all'}
        'largest' follows the face with the most lines.
    """

    def __init__(self, table: OpenFaceTable, faces: str = "largest"):
        self.table = table
        names, counts = np.unique(table.face, return_counts=True)
        self.wanted = set(names.tolist()) if faces == "all" else {int(names[counts.argmax()])}
        order = np.argsort(table.frame, kind="stable")
        self._order, self._frames = order, table.frame[order]
        self._seen: dict[int, int] = {}
        self.forgotten: list[int] = []

    def update(self, picture: np.ndarray, index: int) -> list[tuple[int, View | None]]:
        """Faces of frame `index`, (H, W): number and view, None where a face that was there has no landmarks."""
        start, stop = np.searchsorted(self._frames, [index, index + 1])
        found: dict[int, View | None] = dict.fromkeys(self._seen)
        for row in self._order[start:stop]:
            number, points = int(self.table.face[row]), self.table.points[row]
            if number in self.wanted and np.isfinite(points).all():
                found[number] = View(picture, box_of(points), float(self.table.confidence[row]), points)
                self._seen[number] = index
        self.forgotten = [number for number, last in self._seen.items() if index - last > FORGET]
        for number in self.forgotten:
            del self._seen[number]
        return list(found.items())


class OpenFaceWriter:
    """Writes landmarks as they come, in the form that OpenFace has.

    Parameters
    ----------
    file : text file
        Open for writing; lines are written when they are known.
    """

    def __init__(self, file: IO[str]):
        self._lines = csv.writer(file, lineterminator="\n")
        self._lines.writerow([*HEAD, *POINTS])

    def write(self, moment: Moment) -> None:
        """Write a line for each face of a frame that has landmarks, and one without success where none has."""
        when = moment.frame.index + 1, f"{moment.frame.time:.3f}"
        faces = [face for face in moment.faces if face.landmarks is not None]
        for face in faces:
            assert face.landmarks is not None
            values: list[Any] = [f"{value:.2f}" for value in face.landmarks.T.ravel()]
            self._lines.writerow([when[0], face.number, when[1], f"{face.confidence:.3f}", 1, *values])
        if not faces:
            self._lines.writerow([when[0], 0, when[1], 0, 0, *[0] * len(POINTS)])
