"""LJSON files of Menpo and landmarker.io: the landmarks of one image.

JSON with the key ``version``. Version 2 has ``landmarks.points``; version 1 a list ``groups`` of labels, each with
``landmarks``, a list of ``{"point": [y, x]}``, in the order of the points; version 3 a mapping ``groups`` of sets of
points. The first axis of menpo is that of the rows of the image, so a point is ``[y, x]``, from 0. Unknown coordinates
are null.

References
----------
`LJSONImporter` in ``menpo/io/input/landmark.py`` and `LJSONExporter` in ``menpo/io/output/landmark.py`` ("the first
axis of the format represents the image y-axis") of https://github.com/menpo/menpo.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...exceptions import FerError
from .candidate_file import CandidateFile
from .landmark_frames import LandmarkFrames, ibug68_points, one_source


def is_ljson(file: CandidateFile) -> bool:
    """Whether a file is JSON with a version and landmarks or groups of them."""
    content = file.json
    return isinstance(content, dict) and "version" in content and ("landmarks" in content or "groups" in content)


def read_ljson(file: CandidateFile) -> LandmarkFrames:
    """Read the landmarks of one image; no face where a coordinate is null.

    Raises
    ------
    FerError
        For an unknown version, several sets of points, and points that are not two numbers.
    """
    content = file.json
    version = content["version"]
    if version not in (1, 2, 3):
        raise FerError(f"{file} has LJSON of version {version!r}: 1, 2 or 3 is needed")
    try:
        if version == 1:
            points = [landmark["point"] for group in content["groups"] for landmark in group["landmarks"]]
        elif version == 2:
            points = content["landmarks"]["points"]
        else:
            points = _only_set(file, content["groups"])["landmarks"]["points"]
        yx = np.array([[_coordinate(value) for value in point] for point in points], np.float64)
        if yx.ndim != 2 or yx.shape[1] != 2:
            raise ValueError
    except FerError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FerError(f"{file} is not LJSON of version {version}: points [y, x] are needed") from error
    landmarks = ibug68_points(yx[:, ::-1], file.path)
    if not np.isfinite(landmarks).all():
        landmarks = np.full_like(landmarks, np.nan)
    return one_source(landmarks[None])


def _only_set(file: CandidateFile, groups: dict[str, Any]) -> Any:
    if len(groups) != 1:
        raise FerError(f"{file} has {len(groups)} sets of landmarks: one face is needed")
    return next(iter(groups.values()))


def _coordinate(value: Any) -> float:
    if isinstance(value, bool | str):
        raise ValueError
    return np.nan if value is None else float(value)
