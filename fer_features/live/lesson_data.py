"""Clips of a lesson: faces that are cropped out of frames, and their table."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from ..faces.localizer import FaceView
from ..recognition.face_view import normalized_face
from ..recognition.neutral_reference import OnlineNeutralReference
from ..samples.table import DataInfo, Samples
from ..vision.crop import warp_images

#: Name of the class of neutral faces.
NEUTRAL = "neutral"
#: Frames of a clip that are used, evenly spaced in time.
FRAMES_PER_CLIP = 6
#: Side of the square around a face that is stored, relative to its box: nothing else of a frame is kept.
MARGIN = 2.0
#: What the data set says about its use.
LICENCE = "faces of persons who recorded themselves for a model of their own: not to be passed on without their consent"


@dataclasses.dataclass(frozen=True, eq=False)
class LessonClip:
    """A clip of one expression.

    Attributes
    ----------
    number : int
    subject : str
    expression : str
        `NEUTRAL` or another name.
    views : list of FaceView
        Crops of the face.
    """

    number: int
    subject: str
    expression: str
    views: list[FaceView]


def crop_view(view: FaceView) -> FaceView:
    """The square around a face, at the resolution of the frame; outside of the frame its edge is repeated.

    Parameters
    ----------
    view : FaceView
        With landmarks.

    Returns
    -------
    FaceView
        Its image has the side `MARGIN` times that of the box.
    """
    assert view.landmarks is not None
    side = max(16, round(MARGIN * float(view.box[2:].max())))
    corner = np.round(view.box[:2] + view.box[2:] / 2 - side / 2).astype(np.float32)
    shift = np.array([[1.0, 0, -corner[0]], [0, 1, -corner[1]]])
    image = warp_images([view.image], shift[None], side, side)[0]
    box = np.concatenate([view.box[:2] - corner, view.box[2:]]).astype(np.float32)
    return FaceView(image, box, view.confidence, (view.landmarks - corner).astype(np.float32))


def chosen_views(views: Sequence[FaceView]) -> list[FaceView]:
    """Crops of `FRAMES_PER_CLIP` views of a clip, evenly spaced in time."""
    indices = np.unique(np.linspace(0, len(views) - 1, FRAMES_PER_CLIP).round().astype(int))
    return [crop_view(views[i]) for i in indices]


def neutral_view(views: Sequence[FaceView]) -> FaceView:
    """The view that is nearest to the median shape."""
    reference = OnlineNeutralReference("median")
    for view in views:
        reference.update(view, normalized_face(view))
    assert reference.view is not None
    return reference.view


def lesson_samples(clips: Sequence[LessonClip], neutral: dict[str, FaceView], classes: Sequence[str]) -> Samples:
    """The table of a lesson: a sample of two frames, neutral face and expression, for each frame of each clip.

    Parameters
    ----------
    clips : sequence of LessonClip
        With expressions of `classes`.
    neutral : dict of str to FaceView
        The neutral face of each subject.
    classes : sequence of str

    Returns
    -------
    Samples
        With the columns images, landmarks, label, subject, id and clip, the number of the clip.
    """
    pairs = [(neutral[clip.subject], view, clip, i) for clip in clips for i, view in enumerate(clip.views)]
    side = max(max(before.image.shape[0], view.image.shape[0]) for before, view, _, _ in pairs)
    return Samples.from_arrays(
        images=np.stack([[_padded(before.image, side), _padded(view.image, side)] for before, view, _, _ in pairs]),
        landmarks=np.stack([[before.landmarks, view.landmarks] for before, view, _, _ in pairs]),
        label=np.array([list(classes).index(clip.expression) for _, _, clip, _ in pairs]),
        subject=np.array([clip.subject for _, _, clip, _ in pairs]),
        id=np.array([f"{clip.subject}/{clip.expression}/clip {clip.number}/{i}" for _, _, clip, i in pairs]),
        clip=np.array([clip.number for _, _, clip, _ in pairs]),
        info=DataInfo(
            dataset="taught",
            classes=tuple(classes),
            source="recorded by fer-features teach",
            licence=LICENCE,
            subjects_from="dataset",
            landmarks_located=True,
        ),
    )


def _padded(image: np.ndarray, side: int) -> np.ndarray:
    return np.pad(image, [(0, side - length) for length in image.shape], mode="edge")
