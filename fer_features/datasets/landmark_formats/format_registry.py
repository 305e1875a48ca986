"""Formats of files with landmarks: each is recognized by its content, whatever its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...exceptions import FerError
from .candidate_file import CandidateFile
from .ck_text import is_ck_text, read_ck_text
from .imglab_xml import is_imglab, read_imglab
from .landmark_archive import is_archive, read_archive
from .landmark_frames import LandmarkFrames, as_one_clip, check_positions, check_repeated_frames
from .mediapipe_mesh import is_mediapipe, read_mediapipe
from .menpo_ljson import is_ljson, read_ljson
from .openface_csv import is_openface, read_openface_frames
from .pts_files import is_pts, read_pts
from .pyfeat_csv import is_pyfeat, read_pyfeat


@dataclass(frozen=True)
class LandmarkFormat:
    """A format of files with landmarks.

    Attributes
    ----------
    description : str
        Name and usual suffix, for messages.
    has_marks : callable
        ``has_marks(file: CandidateFile) -> bool``: whether the content has this format. It looks at marks that no
        other format has, and is True for damaged files of the format too, so that `read` can say what is wrong.
    read : callable
        ``read(file: CandidateFile) -> LandmarkFrames``.
    """

    description: str
    has_marks: Callable[[CandidateFile], bool]
    read: Callable[[CandidateFile], LandmarkFrames]


#: Name -> format.
LANDMARK_FORMATS: dict[str, LandmarkFormat] = {
    "archive": LandmarkFormat(".npz of this package", is_archive, read_archive),
    "openface": LandmarkFormat(".csv of OpenFace", is_openface, read_openface_frames),
    "pyfeat": LandmarkFormat(".csv of py-feat", is_pyfeat, read_pyfeat),
    "pts": LandmarkFormat(".pts of iBUG", is_pts, read_pts),
    "ck": LandmarkFormat(".txt with x y in each line (CK+)", is_ck_text, read_ck_text),
    "imglab": LandmarkFormat(".xml of dlib's imglab", is_imglab, read_imglab),
    "ljson": LandmarkFormat(".ljson of Menpo", is_ljson, read_ljson),
    "mediapipe": LandmarkFormat(".npy, .npz or .json of MediaPipe", is_mediapipe, read_mediapipe),
}

#: Suffixes of files that are examined in a folder.
POINT_FILE_SUFFIXES = (".npz", ".npy", ".csv", ".pts", ".txt", ".xml", ".ljson", ".json")


def recognize_format(file: CandidateFile) -> str:
    """Name of the format of a file in `LANDMARK_FORMATS`; empty if it has none of them.

    Raises
    ------
    FerError
        For a file that cannot be read, and a damaged archive.
    """
    for name, landmark_format in LANDMARK_FORMATS.items():
        if landmark_format.has_marks(file):
            return name
    return ""


def read_landmarks(path: str | Path) -> LandmarkFrames:
    r"""Read the landmarks in a file.

    Parameters
    ----------
    path : str or Path
        In one of the `LANDMARK_FORMATS`.

    Returns
    -------
    LandmarkFrames

    Raises
    ------
    FerError
        If the file cannot be read or has none of the formats, and for every fault of its content.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "face.pts"
    >>> lines = [f"{x + 1} 51" for x in range(68)]
    >>> _ = path.write_text("\n".join(["version: 1", "n_points: 68", "{", *lines, "}"]))
    >>> read_landmarks(path).landmarks[0, :2].tolist()
    [[0.0, 50.0], [1.0, 50.0]]
    """
    file = CandidateFile(path)
    return read_as(recognize_format(file), file)


def read_as(name: str, file: CandidateFile) -> LandmarkFrames:
    """Read a file in the format `name`; an empty name is an error that lists the formats."""
    if not name:
        accepted = ", ".join(landmark_format.description for landmark_format in LANDMARK_FORMATS.values())
        fault = f" ({file.fault})" if file.fault else ""
        raise FerError(f"{file} has no known format of landmarks{fault}; accepted are {accepted}")
    frames = LANDMARK_FORMATS[name].read(file)
    check_repeated_frames(frames, file.path)
    check_positions(frames, file.path)
    return frames


def read_point_file(path: str | Path) -> np.ndarray:
    """Read the landmarks of one image or clip.

    Parameters
    ----------
    path : str or Path
        In one of the `LANDMARK_FORMATS`.

    Returns
    -------
    ndarray, shape (k, 68, 2), float32
        iBUG-68 points of frame 0 to k - 1; 0, 0 is the centre of the top left pixel. In pixels, or as fractions of the
        image width and height. NaN in frames without a face, and in frames that the file does not have.

    Raises
    ------
    FerError
        As `read_landmarks`, and for a file of several images or clips.
    """
    frames = as_one_clip(read_landmarks(path), path)
    landmarks = np.full((int(frames.frame.max(initial=-1)) + 1, 68, 2), np.nan, np.float32)
    landmarks[frames.frame] = frames.landmarks
    return landmarks
