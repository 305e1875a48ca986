"""What is found: a face in a frame, a frame with its faces, what a face showed over a clip."""

from __future__ import annotations

import dataclasses

import numpy as np

from .apex import Apex
from .sources import Frame


@dataclasses.dataclass(frozen=True, eq=False)
class Face:
    """A face in a frame and what it shows.

    Attributes
    ----------
    box : ndarray, shape (4,), float32
        x, y, width, height in pixels; NaN where the face is lost.
    landmarks : ndarray, shape (68, 2), float32, or None
        iBUG-68, where there is a landmarker.
    expression : str
        Name of the class; 'uncertain' where no probability reaches the threshold; empty where `status` is not 'ok'.
    probabilities : dict of str to float
        Of each class; empty where the model has none or nothing was predicted.
    confidence : float
        Of the detector or landmarker that there is a face, in 0..1.
    number : int
        Which face of the picture or stream it is.
    status : str
        'ok', or why there is no expression, one of `STATUS`.
    motion : float or None
        How far the face is from neutral, see `fer_features.recognition.face_view.motion`.
    """

    box: np.ndarray
    landmarks: np.ndarray | None
    expression: str
    probabilities: dict[str, float]
    confidence: float
    number: int = 0
    status: str = "ok"
    motion: float | None = None


#: Why a row may have no expression.
STATUS = {
    "ok": "there is one",
    "neutral": "this is the view of the face that others are compared with",
    "no neutral": "the model compares with a neutral face, and none is known",
    "lost": "the face was there and cannot be seen now",
    "not described": "its landmarks span no face",
    "no face": "no face was found in the frame",
    "unreadable": "the input cannot be read",
    "clip": "not a frame: what a face showed over the whole, with frame and time of its apex",
}


@dataclasses.dataclass(frozen=True, eq=False)
class Moment:
    """A frame of a stream and the faces in it; none where no face is seen."""

    frame: Frame
    faces: list[Face]


@dataclasses.dataclass(frozen=True, eq=False)
class Clip:
    """What a face showed over a stream.

    Attributes
    ----------
    number : int
        Which face.
    frames : int
        Frames with an expression.
    expression : str
        Of the strongest apex, or without a neutral face of all frames together; empty where no frame has one.
    probabilities : dict of str to float
        Means over the frames next to that apex, or over all.
    apex : Apex or None
        The strongest one.
    apexes : list of Apex
        All, in the order of frames.
    """

    number: int
    frames: int
    expression: str
    probabilities: dict[str, float]
    apex: Apex | None
    apexes: list[Apex]
