"""Face meshes of MediaPipe, of 468 points or, with the irises, 478: arrays and JSON.

MediaPipe gives x and y as fractions of the image width and height, 0, 0 is the top left corner, and z, which is not
used; many programs store pixels instead. `Samples` converts fractions by the size of the images. MediaPipe has no file
format, so that these forms are read:

* ``.npy``, or an array in ``.npz``: (478, 3) of an image, (T, 478, 3) of a video, or (n, T, 478, 3) of samples, with 2
  or 3 coordinates. An array ``id`` in the archive names n samples.
* JSON of a face: a list of ``{"x":, "y":, "z":}`` or of ``[x, y, z]``.
* JSON of an image: the result of the face landmarker, ``{"faceLandmarks": [face, ...]}`` (JavaScript) or
  ``face_landmarks`` (Python), or ``multi_face_landmarks`` of the older FaceMesh, or ``landmarks`` with one face. Of
  several faces the largest one is used.
* JSON of a video: a list of faces or results, one per frame; results can have the number of their ``frame``. A
  mapping of numbers to results. Numbers count from 1 if the smallest is 1, and from 0 otherwise; ``frame_index`` and
  ``frame_idx`` from 0. An empty list or null is a frame without a face.

References
----------
`FaceLandmarkerResult`: https://ai.google.dev/edge/api/mediapipe/js/tasks-vision.facelandmarkerresult and
https://ai.google.dev/edge/api/mediapipe/python/mp/tasks/vision/FaceLandmarkerResult ("detected face landmarks in
normalized image coordinates").

Y. Kartynnik, A. Ablavatski, I. Grishchenko, M. Grundmann, "Real-time facial surface geometry from monocular video on
mobile GPUs", CVPR Workshops 2019, arXiv:1907.06724
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...exceptions import FerError
from .candidate_file import CandidateFile
from .landmark_archive import is_mesh, read_point_array
from .landmark_frames import LandmarkFrames, check_frames, ibug68_points, one_source

#: Keys of the faces of an image, and of its only face.
FACES_KEYS = ("faceLandmarks", "face_landmarks", "multi_face_landmarks", "multiFaceLandmarks")
FACE_KEYS = ("landmarks", "landmark", "points", "keypoints")
#: Keys of the number of a frame, of which some always count from 0.
INDEX_KEYS = ("frame_index", "frameIndex", "frame_idx")
FRAME_KEYS = (*INDEX_KEYS, "frame", "frame_number", "frameNumber", "frame_id")


def is_mediapipe(file: CandidateFile) -> bool:
    """Whether a file has an array of meshes, or JSON with points or results."""
    if any(is_mesh(header) for header in file.arrays.values()):
        return True
    content = file.json
    if isinstance(content, list):
        return bool(content)
    keys = (*FACES_KEYS, *FACE_KEYS, "frames")
    return (
        isinstance(content, dict)
        and "version" not in content
        and (any(key in content for key in keys) or (bool(content) and all(key.isdecimal() for key in content)))
    )


def read_mediapipe(file: CandidateFile) -> LandmarkFrames:
    """Read the meshes of images or of the frames of a video.

    Raises
    ------
    FerError
        For JSON of another form, and another number of points.
    """
    names = [name for name, header in file.arrays.items() if is_mesh(header)]
    if len(names) > 1:
        raise FerError(f"{file} has {len(names)} arrays of meshes ({', '.join(sorted(names))}): one is needed")
    if names:
        return read_point_array(file, names[0])
    try:
        numbered = _results(file.json)
    except (TypeError, ValueError, KeyError, RecursionError) as error:
        raise FerError(f"{file} is JSON, but not of the landmarks of MediaPipe: points x, y, z are needed") from error
    numbers = check_frames([number for number, _ in numbered], file.path)
    faces = [face for _, face in numbered]
    landmarks = np.full((len(faces), 68, 2), np.nan, np.float32)
    for i, face in enumerate(faces):
        if face is not None:
            landmarks[i] = ibug68_points(face, file.path)
    return one_source(landmarks, numbers)


def _results(content: Any) -> list[tuple[float, np.ndarray | None]]:
    """Number from 0 and face (P, 2 or 3) of each frame."""
    if isinstance(content, dict) and "frames" in content:
        content = content["frames"]
    if isinstance(content, dict) and all(key.isdecimal() for key in content):
        numbers = [int(key) for key in content]
        first = float(min(numbers) == 1)
        return [(number - first, _face(value)) for number, value in zip(numbers, content.values(), strict=True)]
    if not isinstance(content, list) or _is_face(content):
        return [(0.0, _face(content))]
    keys = {key for result in content if isinstance(result, dict) for key in FRAME_KEYS if key in result}
    if not keys:
        return [(float(i), _face(result)) for i, result in enumerate(content)]
    (key,) = keys
    numbers = [int(result[key]) for result in content]
    first = float(key not in INDEX_KEYS and min(numbers) == 1)
    return [(number - first, _face(result)) for number, result in zip(numbers, content, strict=True)]


def _face(value: Any) -> np.ndarray | None:
    """The largest face of a result; None without a face."""
    if isinstance(value, dict):
        key = _key_in(value, (*FACES_KEYS, *FACE_KEYS)) if value else ""
        value = value[key] if value else None
        if key in FACES_KEYS:
            faces = [_points(face) for face in value or []]
            return faces[max(range(len(faces)), key=lambda i: _size(faces[i]))] if faces else None
    if not value:
        return None
    # A list of one or several faces, which is a form of the result of an image.
    return _points(value) if _is_face(value) else _face({FACES_KEYS[0]: value})


def _key_in(value: dict[str, Any], keys: Sequence[str]) -> str:
    for key in keys:
        if key in value:
            return key
    raise KeyError(keys[0])


def _size(face: np.ndarray) -> float:
    return float(np.prod(np.ptp(face[:, :2], axis=0)))


def _is_face(value: Any) -> bool:
    """Whether a list has points, not faces."""
    first = value[0] if isinstance(value, list) and value else None
    if isinstance(first, dict):
        return "x" in first
    return isinstance(first, list) and bool(first) and isinstance(first[0], int | float)


def _points(face: Any) -> np.ndarray:
    if isinstance(face, dict):
        face = face[_key_in(face, FACE_KEYS)]
    points = [(point["x"], point["y"]) if isinstance(point, dict) else point for point in face]
    if any(isinstance(value, bool | str) for point in points for value in point):
        raise ValueError
    array = np.array(points, np.float64)
    if array.ndim != 2 or array.shape[1] not in (2, 3) or not np.isfinite(array).all():
        raise ValueError
    return array
