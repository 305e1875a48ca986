"""Training a landmarker on a table of samples: selection of frames with landmarks, and content of the manifest."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ..exceptions import FerError
from ..samples.table import Samples
from .box_matching import detect_known_faces
from .detector import Detector, check_grey_image
from .landmarker import Landmarker
from .localizer import box_of_crop
from .pretrained import crop_to_box
from .pretrained_training import TrainingFaces


@dataclasses.dataclass(frozen=True)
class AnnotatedFrames:
    """Single images with landmarks and the subjects that they show.

    Attributes
    ----------
    images : list of n ndarrays, shape (H, W), uint8
    landmarks : ndarray, shape (n, 68, 2)
        iBUG-68 points in pixels.
    groups : ndarray, shape (n,), int
        Code of the subject of each image.
    grouped : bool
        Whether the subjects are known. Otherwise each sample of the table counts as a subject of its own.
    """

    images: list[np.ndarray]
    landmarks: np.ndarray
    groups: np.ndarray
    grouped: bool

    def __len__(self) -> int:
        return len(self.images)

    @property
    def n_subjects(self) -> int | None:
        """Number of subjects, or None if they are not known."""
        return len(np.unique(self.groups)) if self.grouped else None

    def subset(self, indices: np.ndarray) -> AnnotatedFrames:
        """The images with these indices, shape (k,), int."""
        images = [self.images[i] for i in indices]
        return AnnotatedFrames(images, self.landmarks[indices], self.groups[indices], self.grouped)

    @classmethod
    def from_samples(cls, X: Samples, n_frames: int = 3) -> AnnotatedFrames:
        """Select frames with landmarks, evenly spread from the first to the last frame of each sample.

        Parameters
        ----------
        X : Samples
            With the columns 'images' and 'landmarks', and optionally 'subject'.
        n_frames : int, default=3
            Number of frames per sample. Neighbouring frames of a clip are nearly identical and add no information.

        Returns
        -------
        AnnotatedFrames

        Raises
        ------
        FerError
            If a column is absent, or no frame has landmarks.
        """
        check_landmark_columns(X)
        length = X.column("landmarks").shape[1] if len(X) else 0
        times = np.unique(np.rint(np.linspace(0, length - 1, min(n_frames, length))).astype(int))
        codes = X.groups
        grouped = codes is not None and bool((codes >= 0).all())
        sample_groups = codes if codes is not None and grouped else np.arange(len(X))
        images: list[np.ndarray] = []
        landmarks, groups = [], []
        for t in times:
            points = np.asarray(X.frame("landmarks", int(t)), np.float64)
            usable = np.flatnonzero(np.isfinite(points).all((1, 2)))
            images += list(X[usable].frame("images", int(t))) if usable.size else []
            landmarks.append(points[usable])
            groups.append(sample_groups[usable])
        if not images:
            raise FerError("no sample has landmarks in any frame: a landmarker cannot be trained or evaluated")
        return cls(images, np.concatenate(landmarks), np.concatenate(groups), grouped)


@dataclasses.dataclass(frozen=True)
class LandmarkerInfo:
    """Description of a fitted landmarker in its manifest.

    Attributes
    ----------
    n_faces, n_excluded : int
        Training faces, and images without a detected face.
    n_subjects : int or None
        Training subjects, or None if they are not known.
    parameters : dict of str to object
        Parameters of the estimator, without the detector.
    """

    n_faces: int
    n_excluded: int
    n_subjects: int | None
    parameters: dict[str, Any]

    @classmethod
    def from_landmarker(cls, landmarker: Landmarker, frames: AnnotatedFrames) -> LandmarkerInfo:
        """Collect the information of a landmarker that was fitted on these frames."""
        parameters = {name: value for name, value in landmarker.get_params().items() if name != "detector"}
        return cls(landmarker.n_faces_, landmarker.n_excluded_, frames.n_subjects, parameters)

    def to_json(self) -> dict[str, Any]:
        """The attributes as a dict that can be written as JSON."""
        return dataclasses.asdict(self)


def check_landmark_columns(X: Samples) -> None:
    """Raise `FerError` if a table has no images or no landmarks.

    Parameters
    ----------
    X : Samples
    """
    for name in ("images", "landmarks"):
        X.column(name)


def training_boxes(frames: AnnotatedFrames, faces: str, detector: Detector | None = None) -> np.ndarray:
    """Boxes of annotated faces, as they are placed in prediction.

    Parameters
    ----------
    frames : AnnotatedFrames
    faces : {'detect', 'crop'}
        'detect': boxes of the detector. 'crop': each image is the crop of a face, and its centred square the box.
    detector : Detector, optional
        By default a `FaceDetector`.

    Returns
    -------
    ndarray, shape (n, 4), float32
        NaN where the detector misses the face.
    """
    if faces == "crop":
        return np.array([box_of_crop(image) for image in frames.images])
    return detect_known_faces(frames.images, frames.landmarks, detector)


def training_faces(frames: AnnotatedFrames, faces: str) -> TrainingFaces:
    """Faces for `train_pretrained`: those whose box is known, cut to the surroundings of the box.

    Parameters
    ----------
    frames : AnnotatedFrames
    faces : {'detect', 'crop'}
        See `training_boxes`.
    """
    boxes = training_boxes(frames, faces)
    images, landmarks, crop_boxes = [], [], []
    known = np.flatnonzero(np.isfinite(boxes).all(1))
    for i in known:
        crop, box, factor, offset = crop_to_box(check_grey_image(frames.images[i]), boxes[i])
        images.append(crop)
        landmarks.append((frames.landmarks[i] - offset + 0.5) / factor - 0.5)
        crop_boxes.append(box)
    m = len(known)
    return TrainingFaces(
        images, np.reshape(landmarks, (m, 68, 2)), np.reshape(crop_boxes, (m, 4)), frames.groups[known]
    )


def train_landmarker(
    frames: AnnotatedFrames, random_state: int = 0, faces: str = "detect"
) -> tuple[Landmarker, LandmarkerInfo]:
    """Train a landmarker with default parameters.

    Parameters
    ----------
    frames : AnnotatedFrames
    random_state : int, default=0
    faces : {'detect', 'crop'}, default='detect'
        See `training_boxes`.

    Returns
    -------
    landmarker : Landmarker
    info : LandmarkerInfo

    Raises
    ------
    FerError
        If fewer than 10 faces have landmarks and are detected.
    """
    boxes = training_boxes(frames, faces) if faces == "crop" else None
    landmarker = Landmarker(random_state=random_state).fit(frames.images, frames.landmarks, boxes)
    return landmarker, LandmarkerInfo.from_landmarker(landmarker, frames)


def attach_landmarker(model: Any, X: Samples, random_state: int = 0) -> LandmarkerInfo:
    """Train a landmarker and store it in a fitted pipeline as ``model.landmarker_``.

    Parameters
    ----------
    model : Pipeline
    X : Samples
        Training samples with the columns 'images' and 'landmarks'.
    random_state : int, default=0

    Returns
    -------
    LandmarkerInfo

    Raises
    ------
    FerError
        If a column is absent, or fewer than 10 faces have landmarks and are detected.
    """
    model.landmarker_, info = train_landmarker(AnnotatedFrames.from_samples(X), random_state)
    return info
