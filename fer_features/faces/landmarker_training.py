"""Training a landmarker on a table of samples: selection of frames with landmarks, and content of the manifest."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from ..exceptions import FerError
from ..samples.table import Samples
from .box_matching import detect_known_faces
from .cascade_training import TrainingFaces, train_cascade
from .detector import check_grey_image
from .landmarker import Landmarker, crop_to_box
from .localizer import box_of_crop

#: Minimum number of training faces, and number of folds, unless there are fewer subjects.
MIN_FACES, MAX_FOLDS = 10, 5
#: Side of the cells of each stage, penalty, and initial shapes per image; fewer where there are more than
#: MAX_INITIAL_SHAPES. On 98 photographs of held-out subjects of KDEF (one of 10 folds), the error is 1.48 % of the
#: outer eye distance, and 1.87 % with the settings for thousands of rendered portraits, the defaults of
#: `train_cascade`. With a choice of penalties by held-out faces it is 1.58 %.
CELL_SIZES, ALPHA, MAX_STARTS, MAX_INITIAL_SHAPES = (8, 6, 5, 4), 0.5, 4, 20_000


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
    faces : {'detect', 'crop'}
        Where the boxes come from, see `training_boxes`.
    n_folds, n_starts : int
        Folds of the training faces, and initial shapes per image, see `train_cascade`.
    cell_sizes : tuple of int
        Side of the cells of the descriptors of each stage, in pixels of the reference frame.
    n_components : int
        Principal components of the descriptors.
    random_state : int
    """

    n_faces: int
    n_excluded: int
    n_subjects: int | None
    faces: str
    n_folds: int
    n_starts: int
    cell_sizes: tuple[int, ...]
    n_components: int
    random_state: int

    def to_json(self) -> dict[str, Any]:
        """The attributes as a dict that can be written as JSON."""
        return dataclasses.asdict(self)


def check_landmark_columns(X: Samples) -> None:
    """Raise `FerError` if a table has no images or no landmarks.

    Parameters
    ----------
    X : Samples
    """
    X.column("images")
    if "landmarks" not in X:
        raise FerError(
            "a landmarker is trained and evaluated on images with landmarks, and these data have none: use "
            "landmarks='PATH' (files of another program); a landmarker can be adapted to images without them"
        )


def training_boxes(frames: AnnotatedFrames, faces: str) -> np.ndarray:
    """Boxes of annotated faces, as they are placed in prediction.

    Parameters
    ----------
    frames : AnnotatedFrames
    faces : {'detect', 'crop'}
        'detect': boxes of a `FaceDetector`. 'crop': each image is the crop of a face, and its centred square the box.

    Returns
    -------
    ndarray, shape (n, 4), float32
        NaN where the detector misses the face.
    """
    if faces == "crop":
        return np.array([box_of_crop(image) for image in frames.images])
    return detect_known_faces(frames.images, frames.landmarks)


def train_landmarker(
    frames: AnnotatedFrames,
    random_state: int = 0,
    faces: str = "detect",
    boxes: np.ndarray | None = None,
    report: Callable[[str], None] = lambda message: None,
) -> tuple[Landmarker, LandmarkerInfo]:
    """Train a landmarker on annotated frames.

    Parameters
    ----------
    frames : AnnotatedFrames
        Those outside of their image, and those without a box, are excluded.
    random_state : int, default=0
    faces : {'detect', 'crop'}, default='detect'
        See `training_boxes`.
    boxes : ndarray, shape (n, 4), optional
        The result of `training_boxes`, if it is known.
    report : callable, optional
        Called with a line of text after each regression.

    Returns
    -------
    landmarker : Landmarker
    info : LandmarkerInfo

    Raises
    ------
    FerError
        If fewer than 10 faces, or one subject only, have landmarks and are detected.
    """
    boxes = training_boxes(frames, faces) if boxes is None else boxes
    usable = np.flatnonzero(np.isfinite(boxes).all(1) & _are_inside(frames))
    n_groups = len(np.unique(frames.groups[usable]))
    if len(usable) < MIN_FACES:
        raise FerError(
            f"{len(usable)} faces with landmarks and boxes in {len(frames)} images: at least {MIN_FACES} are needed; "
            "where the detector misses faces that fill their images, use faces='crop'"
        )
    if n_groups < 2:
        raise FerError("a landmarker is trained on held-out faces: the faces of at least 2 subjects are needed")
    n_folds = min(MAX_FOLDS, n_groups)
    n_starts = int(np.clip(MAX_INITIAL_SHAPES // (2 * len(usable)), 1, MAX_STARTS))  # of each face and its mirror image
    data = _training_faces(frames.subset(usable), boxes[usable])
    landmarker = train_cascade(
        data, CELL_SIZES, alphas=(ALPHA,), n_folds=n_folds, n_starts=n_starts, random_state=random_state, report=report
    )
    info = LandmarkerInfo(
        n_faces=len(usable),
        n_excluded=len(frames) - len(usable),
        n_subjects=len(np.unique(data.groups)) if frames.grouped else None,
        faces=faces,
        n_folds=n_folds,
        n_starts=n_starts,
        cell_sizes=tuple(stage.cell_size for stage in landmarker.stages),
        n_components=landmarker.stages[-1].components.shape[1],
        random_state=random_state,
    )
    return landmarker, info


def _are_inside(frames: AnnotatedFrames) -> np.ndarray:
    """Whether at least one landmark of each face is in its image."""
    pairs = zip(frames.images, frames.landmarks, strict=True)
    return np.array([((points >= 0) & (points < image.shape[::-1])).all(1).any() for image, points in pairs], bool)


def _training_faces(frames: AnnotatedFrames, boxes: np.ndarray) -> TrainingFaces:
    """Faces for `train_cascade`, cut to the surroundings of their boxes."""
    images, landmarks, crop_boxes = [], [], []
    for image, points, box in zip(frames.images, frames.landmarks, boxes, strict=True):
        crop, crop_box, factor, offset = crop_to_box(check_grey_image(image), box)
        images.append(crop)
        landmarks.append((points - offset + 0.5) / factor - 0.5)
        crop_boxes.append(crop_box)
    return TrainingFaces(images, np.array(landmarks), np.array(crop_boxes), frames.groups)


def attach_landmarker(model: Any, X: Samples, random_state: int = 0) -> LandmarkerInfo:
    """Train a landmarker and store it in a fitted pipeline as ``model.landmarker_``.

    Parameters
    ----------
    model : Pipeline
    X : Samples
        Training samples with the columns 'images' and 'landmarks'. The images of cropped data are boxes of faces.
    random_state : int, default=0

    Returns
    -------
    LandmarkerInfo

    Raises
    ------
    FerError
        If a column is absent, or fewer than 10 faces have landmarks and are detected.
    """
    faces = "crop" if X.info.cropped else "detect"
    model.landmarker_, info = train_landmarker(AnnotatedFrames.from_samples(X), random_state, faces)
    return info
