"""NumPy archives of this package: the landmarks of the samples of a data set.

An archive (.npz) has the arrays ``id`` (n,) str, ``landmarks`` (n, T, 68, 2) in pixels, ``boxes`` (n, T, 4) and
``confidence`` (n, T), of which the last two are not read; or ``landmarks68`` (n, 68, 2) and optionally ``row`` (n,),
the number of each image in its source from 0. A file .npy has the landmarks alone, also as one row x, y, x, y, ... of
an image, as in AffectNet. Frames without a face are NaN.
"""

from __future__ import annotations

import numpy as np

from ...exceptions import FerError
from ...samples.landmark_columns import MESH_SIZES
from .candidate_file import ArrayHeader, CandidateFile
from .landmark_frames import LandmarkFrames, check_frames, check_number_of_points, ibug68_points

#: Names of the array of landmarks; the empty one is that of .npy.
LANDMARK_NAMES = ("landmarks", "landmarks68", "")

#: Shape of the 68 points of an image as one row.
FLAT_SHAPE = (136,)


def is_archive(file: CandidateFile) -> bool:
    """Whether a file has an array of landmarks that are not those of a mesh."""
    return any(name in LANDMARK_NAMES and not is_mesh(header) for name, header in file.arrays.items())


def is_mesh(header: ArrayHeader) -> bool:
    """Whether an array has the shape of a MediaPipe face mesh."""
    shape = header.shape
    return len(shape) in (2, 3, 4) and shape[-2] in MESH_SIZES and shape[-1] in (2, 3)


def read_archive(file: CandidateFile) -> LandmarkFrames:
    """Read the landmarks of samples.

    Raises
    ------
    FerError
        For damaged archives, arrays of Python objects, and arrays of another shape or type.
    """
    return read_point_array(file, next(name for name in LANDMARK_NAMES if name in file.arrays))


def read_point_array(file: CandidateFile, name: str) -> LandmarkFrames:
    """Read the array `name` of points (P, 2 or 3), (n, P, 2 or 3) or (n, T, P, 2 or 3), and ids of its samples."""
    arrays = file.load_arrays(name, "id", "row")
    points = arrays[name]
    points = points.reshape(-1, 2) if points.shape == FLAT_SHAPE else points
    shape = points.shape
    if len(shape) in (2, 3, 4) and shape[-1] in (2, 3):
        check_number_of_points(shape[-2], file.path)
    if len(shape) not in (2, 3, 4) or shape[-1] not in (2, 3) or points.dtype.kind not in "iuf" or not points.size:
        what = f"'{name}'" if name else "the array"
        raise FerError(
            f"{file}: {what} is {points.dtype} {shape}: numbers of the shape (n, T, 68, 2) or (n, 68, 2) are needed"
        )
    ids = arrays.get("id", arrays.get("row"))
    is_clip = len(shape) == 3 and ids is None and name not in LANDMARK_NAMES[:2]
    points = points.reshape(1, *shape) if len(shape) == 2 or is_clip else points
    points = points[:, None] if points.ndim == 3 else points
    n, length = points.shape[:2]
    for key, kinds in (("id", "iuU"), ("row", "iu")):
        if key in arrays and (arrays[key].shape != (n,) or arrays[key].dtype.kind not in kinds):
            raise FerError(f"{file}: '{key}' is {arrays[key].dtype} {arrays[key].shape}: one per sample is needed")
    return LandmarkFrames(
        ibug68_points(points, file.path).reshape(-1, 68, 2),
        np.repeat(np.arange(n), length),
        check_frames(np.tile(np.arange(length), n), file.path),
        None if ids is None else [str(one) for one in ids],
        numbers_rows="id" not in arrays and "row" in arrays,
        of_samples=True,
    )
