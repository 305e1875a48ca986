"""`LandmarkFrames`: what a reader of a file with landmarks returns, and the checks that all formats share."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...exceptions import FerError
from ...samples.image_columns import MAX_PIXELS
from ...samples.landmark_columns import MESH_SIZES
from ...vision.geometry import MEDIAPIPE_TO_IBUG68

#: Largest number of a frame in a file.
MAX_FRAMES = 1_000_000

#: Schemes of points that this package cannot use, by their number of points.
OTHER_SCHEMES = {
    5: "eyes, nose and corners of the mouth, as MTCNN and RetinaFace detect them",
    19: "AFLW",
    21: "AFLW",
    22: "Bosphorus",
    29: "COFW",
    35: "LFPW",
    39: "profile faces of Menpo",
    49: "iBUG without the jaw and the inner corners of the mouth",
    51: "iBUG without the jaw",
    66: "iBUG without the inner corners of the mouth",
    98: "WFLW",
    106: "JD-landmark",
    194: "Helen",
}


@dataclasses.dataclass(frozen=True, eq=False)
class LandmarkFrames:
    """Landmarks of N frames of some images or clips, which are called sources here.

    Attributes
    ----------
    landmarks : ndarray, shape (N, 68, 2)
        iBUG-68 points x, y; 0, 0 is the centre of the top left pixel. In pixels, or as fractions of width and height.
        NaN in frames without a face.
    source : ndarray of int, shape (N,)
        Index of the image or clip of each frame.
    frame : ndarray of int, shape (N,)
        Number of the frame in its clip from 0.
    id : list of str, or None
        Name of each source; None where the file does not name them.
    numbers_rows : bool
        Whether the ids are the numbers of the images in a data set, which can differ from those in a part of it.
    of_samples : bool
        Whether the frames can be those of the samples of a data set instead of those of its videos: files that this
        package writes.
    """

    landmarks: np.ndarray
    source: np.ndarray
    frame: np.ndarray
    id: list[str] | None = None
    numbers_rows: bool = False
    of_samples: bool = False

    @property
    def n_sources(self) -> int:
        """Number of images or clips."""
        return len(self.id) if self.id is not None else int(self.source.max(initial=-1)) + 1


def one_source(landmarks: np.ndarray, frame: np.ndarray | None = None) -> LandmarkFrames:
    """Frames (k, 68, 2) of one image or clip, by default numbered in their order."""
    n = len(landmarks)
    return LandmarkFrames(landmarks, np.zeros(n, int), np.arange(n) if frame is None else frame)


def ibug68_points(points: np.ndarray, path: str | Path) -> np.ndarray:
    """The iBUG-68 points of faces.

    Parameters
    ----------
    points : ndarray, shape (..., P, 2 or 3)
        68 points, or those of a MediaPipe face mesh.
    path : str or Path
        For messages.

    Returns
    -------
    ndarray, shape (..., 68, 2)

    Raises
    ------
    FerError
        For another number of points, with the name of its scheme where it is known.

    Examples
    --------
    >>> ibug68_points(np.zeros((3, 478, 3)), "a.npy").shape
    (3, 68, 2)
    """
    n = points.shape[-2]
    check_number_of_points(n, path)
    return (points[..., MEDIAPIPE_TO_IBUG68, :] if n in MESH_SIZES else points)[..., :2]


def check_number_of_points(n: int, path: str | Path) -> None:
    """Raise `FerError` for a number of points that is not that of iBUG or MediaPipe."""
    if n not in (68, *MESH_SIZES):
        scheme = f" ({OTHER_SCHEMES[n]})" if n in OTHER_SCHEMES else ""
        raise FerError(f"{path} has {n} points{scheme}: 68 points of iBUG, or 468 or 478 of MediaPipe, are needed")


def check_frames(numbers: Sequence[float] | np.ndarray, path: str | Path) -> np.ndarray:
    """Numbers of frames as integers.

    Raises
    ------
    FerError
        For a number that is not an integer from 0 to `MAX_FRAMES`.
    """
    frames = np.asarray(numbers, np.float64)
    valid = (frames == np.rint(frames)) & (frames >= 0) & (frames <= MAX_FRAMES)  # False for NaN
    if not valid.all():
        raise FerError(f"{path} has the frame {frames[~valid][0]:g}: integers from 0 to {MAX_FRAMES:,} are needed")
    return frames.astype(int)


def check_repeated_frames(frames: LandmarkFrames, path: str | Path) -> None:
    """Raise `FerError` if a clip has two entries of one frame."""
    keys, counts = np.unique(np.stack([frames.source, frames.frame], 1), axis=0, return_counts=True)
    if (counts > 1).any():
        source, frame = keys[counts.argmax()]
        name = f" of '{frames.id[source]}'" if frames.id is not None else ""
        raise FerError(f"{path} has frame {frame}{name} {counts.max()} times (frames are counted from 0): keep one")


def check_positions(frames: LandmarkFrames, path: str | Path) -> None:
    """Raise `FerError` for a coordinate that no image can have; NaN is a frame without a face."""
    largest = float(np.max(np.abs(frames.landmarks), where=~np.isnan(frames.landmarks), initial=0))
    if largest > MAX_PIXELS:
        raise FerError(f"{path} has a coordinate of {largest:.3g}: positions in pixels or fractions are needed")


def as_one_clip(frames: LandmarkFrames, path: str | Path) -> LandmarkFrames:
    """The frames of a file that is of one image or clip, ordered by frame.

    Raises
    ------
    FerError
        For a file of several named images or clips.
    """
    if frames.id is not None and frames.n_sources > 1:
        raise FerError(
            f"{path} names {frames.n_sources} images or clips, such as '{frames.id[0]}': landmarks of one are needed"
        )
    if frames.n_sources > 1:  # an array (k, 68, 2) has the frames in their order
        if frames.frame.any():
            raise FerError(f"{path} has landmarks of {frames.n_sources} clips: those of one are needed")
        frames = one_source(frames.landmarks)
    order = np.argsort(frames.frame, kind="stable")
    return one_source(frames.landmarks[order], frames.frame[order])
