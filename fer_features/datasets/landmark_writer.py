"""Writing of the landmarks of a data set: NumPy archives, and CSV files in the format of OpenFace."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from .._atomic import atomic_write
from ..exceptions import FerError
from .openface_table import FILE_COLUMN, LANDMARK_COLUMNS, VIDEO_COLUMNS

#: Suffixes of files that are written.
WRITTEN_SUFFIXES = (".npz", ".csv")


@dataclasses.dataclass(frozen=True, eq=False)
class LandmarkTable:
    """Landmarks of n samples with T frames.

    Attributes
    ----------
    landmarks : ndarray, shape (n, T, 68, 2)
        iBUG-68 points in pixels, NaN in frames without a face.
    id : list of n str
        Names of the samples.
    boxes : ndarray, shape (n, T, 4)
        x, y, width and height in pixels; NaN in frames without a face.
    confidence : ndarray, shape (n, T)
        In [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.datasets import LandmarkTable
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> points, boxes = 20 * MEAN_FACE[None, None] + 40, np.array([[[10.0, 10, 60, 60]]])
    >>> table = LandmarkTable(points, ["a.png"], boxes, confidence=np.array([[0.9]]))
    >>> table.landmarks.shape
    (1, 1, 68, 2)
    """

    landmarks: np.ndarray
    id: list[str]
    boxes: np.ndarray
    confidence: np.ndarray


def write_landmarks(table: LandmarkTable, path: str | Path) -> Path:
    """Write landmarks, boxes and confidences.

    Parameters
    ----------
    table : LandmarkTable
    path : str or Path
        .npz, or .csv without the boxes and with landmarks rounded to hundredths of a pixel.

    Returns
    -------
    Path

    Raises
    ------
    FerError
        For another suffix, and if the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from fer_features.datasets import LandmarkTable, read_landmarks, write_landmarks
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> points, boxes = 20 * MEAN_FACE[None, None] + 40, np.array([[[10.0, 10, 60, 60]]])
    >>> table = LandmarkTable(points, ["a.png"], boxes, confidence=np.array([[0.9]]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_landmarks(table, Path(folder) / "landmarks.csv")
    ...     read_landmarks(path).landmarks.shape
    (1, 68, 2)
    """
    path = Path(path)
    if path.suffix.lower() not in WRITTEN_SUFFIXES:
        raise FerError(f"{path}: landmarks are written as {' or '.join(WRITTEN_SUFFIXES)}")
    with atomic_write(path) as temporary:
        (_write_archive if path.suffix.lower() == ".npz" else _write_table)(table, temporary)
    return path


def _write_archive(table: LandmarkTable, path: Path) -> None:
    arrays: dict[str, Any] = {"id": np.array(table.id, str), "landmarks": np.asarray(table.landmarks, np.float32)}
    arrays |= {"boxes": table.boxes, "confidence": table.confidence}
    with open(path, "wb") as file:
        np.savez_compressed(file, **arrays)


def _write_table(table: LandmarkTable, path: Path) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow([FILE_COLUMN, *VIDEO_COLUMNS, *LANDMARK_COLUMNS])
        for name, clip, confidences in zip(table.id, table.landmarks, table.confidence, strict=True):
            for t, (face, confidence) in enumerate(zip(clip, confidences, strict=True)):
                found = bool(np.isfinite(face).all())
                values = [f"{value:.2f}" for value in face.T.ravel()] if found else [0] * len(LANDMARK_COLUMNS)
                lines.writerow([name, t + 1, 0, 0, f"{confidence:.3f}" if found else 0, int(found), *values])
