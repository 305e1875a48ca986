"""CSV files of py-feat: a table `Fex` with one line per face.

Columns ``x_0`` to ``x_67`` and ``y_0`` to ``y_67`` in pixels from 0 (``x_0`` to ``x_477`` of its detector with
MediaPipe), the box ``FaceRectX, FaceRectY, FaceRectWidth, FaceRectHeight`` and ``FaceScore``, ``input`` (path of the
image or video), and ``frame`` from 0. Lines without a face are empty. Of several faces in a frame the one with the
highest score is used; old files without scores: the one with the largest box. For a list of images, ``frame`` counts
the images.

References
----------
``feat/data.py``, ``feat/detector.py`` and ``feat/utils/__init__.py`` (`FEAT_FACEBOX_COLUMNS`,
`openface_2d_landmark_columns`) of https://github.com/cosanlab/py-feat; files in ``docs/data/news_sample``.

J. H. Cheong, E. Jolly, T. Xie, S. Byrne, M. Kenney, L. J. Chang, "Py-Feat: Python Facial Expression Analysis Toolbox",
Affective Science 2023, doi:10.1007/s42761-023-00191-4
"""

from __future__ import annotations

import csv
from collections.abc import Sequence

import numpy as np

from ...exceptions import FerError
from .candidate_file import CandidateFile
from .landmark_frames import LandmarkFrames, check_frames, ibug68_points

FACE_BOX_COLUMNS = ("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight")


def n_points_in(columns: Sequence[str]) -> int:
    """Number of the points that a table has: x_0, y_0, x_1, y_1 and so on.

    Examples
    --------
    >>> n_points_in(["frame", "x_0", "x_1", "y_0", "y_1", "x_3"])
    2
    """
    names, n = set(columns), 0
    while f"x_{n}" in names and f"y_{n}" in names:
        n += 1
    return n


def is_pyfeat(file: CandidateFile) -> bool:
    """Whether a CSV file has landmarks and the box of py-feat."""
    return {"x_0", "y_0", *FACE_BOX_COLUMNS} <= set(file.columns)


def read_pyfeat(file: CandidateFile) -> LandmarkFrames:
    """Read the landmarks of one face in each frame.

    Raises
    ------
    FerError
        For columns that occur twice, lines of different lengths, values that are not numbers, and faces that lack some
        of their points.
    """
    n = n_points_in(file.columns)
    points, scores, inputs, frames = _read_lines(file, n)
    landmarks = ibug68_points(points, file.path).astype(np.float32)
    partial = np.isfinite(points).any((1, 2)) & ~np.isfinite(points).all((1, 2))
    if partial.any():
        raise FerError(f"{file} has {partial.sum()} face(s) that lack some of their points")
    names = list(dict.fromkeys(inputs))
    index = {name: i for i, name in enumerate(names)}
    source = np.array([index[name] for name in inputs])
    # The last line of each frame, ordered by source, frame and score, a line without a face first.
    order = np.lexsort([np.where(np.isfinite(points).all((1, 2)), scores, -np.inf), frames, source])
    is_last = np.append((np.diff(source[order]) != 0) | (np.diff(frames[order]) != 0), True)
    kept = order[is_last]
    source, frames = source[kept], frames[kept]
    frames[np.bincount(source)[source] == 1] = 0  # an image, whose number is that in a list of images
    return LandmarkFrames(landmarks[kept], source, frames, names if "input" in file.columns else None)


def _read_lines(file: CandidateFile, n: int) -> tuple[np.ndarray, np.ndarray, list[str], np.ndarray]:
    """Points (k, n, 2), scores (k,), inputs, and frames (k,) of each line."""
    names = file.columns
    used = [f"{axis}_{i}" for i in range(n) for axis in "xy"]
    score = ["FaceScore"] if "FaceScore" in names else list(FACE_BOX_COLUMNS[2:])
    repeated = [name for name in (*used, *score, "input", "frame") if names.count(name) > 1]
    if repeated:
        raise FerError(f"{file} has the column '{repeated[0]}' twice")
    columns = [names.index(name) for name in [*used, *score]]
    values, inputs, frames = [], [], []
    try:
        with open(file.path, encoding="utf-8-sig", newline="") as opened:
            lines = csv.reader(opened, skipinitialspace=True, strict=True)
            next(lines)
            for fields in lines:
                if not fields:
                    continue
                if len(fields) != len(names):
                    raise FerError(f"{file}, line {lines.line_num}: {len(fields)} fields, not {len(names)}")
                values.append([float(fields[i] or "nan") for i in columns])
                inputs.append(fields[names.index("input")] if "input" in names else "")
                frames.append(float(fields[names.index("frame")]) if "frame" in names else 0.0)
    except OSError as error:
        raise FerError(f"{file} cannot be read: {error.strerror or error}") from error
    except FerError:
        raise
    except (ValueError, csv.Error) as error:
        raise FerError(f"{file} is not a CSV file of py-feat ({' '.join(str(error).split())})") from error
    if not values:
        raise FerError(f"{file} has no line below its header")
    table = np.array(values)
    points, scores = table[:, : 2 * n].reshape(-1, n, 2), np.prod(table[:, 2 * n :], axis=1)
    return points, np.nan_to_num(scores, nan=-1.0), inputs, check_frames(frames, file.path)
