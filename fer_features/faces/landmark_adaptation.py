"""Adaptation of a landmarker to images without landmarks, by self-training."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from .._progress import progress
from ..exceptions import FerError
from ..vision.geometry import MIRROR_INDICES
from ..vision.landmark_features import box_descriptor, shape_descriptors
from ..vision.ridge import fit_ridge
from ..vision.shape_model import outer_eye_distance
from .cascade_training import MAX_TRAINING_ERROR, TrainingFaces
from .confidence import MIN_CONFIDENCE, predict_confidence
from .landmark_augmentation import relight_and_blur, rotate_face
from .landmarker import Landmarker, crop_to_box, displaced_box, tracked_box

#: Boxes in which a face is fitted, and in which its mirror image is: relative scale and displacement in sides.
AGREEMENT_BOXES = ((1.0, 0.0, 0.0), (0.93, 0.04, 0.03), (1.07, -0.04, -0.03))
#: SD of the rotation of perturbed copies in degrees.
ROTATION_SD_DEGREES = 15.0
#: Minimum number of faces, and number of folds.
MIN_ADAPTATION_FACES, N_FOLDS = 50, 5


@dataclasses.dataclass(frozen=True)
class AdaptationInfo:
    """What an adaptation used.

    Attributes
    ----------
    n_faces : int
        Faces that were given.
    n_consistent : int
        Faces on which the fits agree, on which the landmarker was adapted.
    disagreement : float
        Median of the disagreement over these, in outer eye distances.
    """

    n_faces: int
    n_consistent: int
    disagreement: float


def consistent_fit(landmarker: Landmarker, image: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, float]:
    """Mean of several fits to a face and to its mirror image, and their disagreement.

    Parameters
    ----------
    landmarker : Landmarker
    image : ndarray, shape (H, W), uint8
        With a box of at most about REDUCED_BOX_PX pixels, see `crop_to_box`.
    box : ndarray, shape (4,)
        x, y, width, height in pixels.

    Returns
    -------
    landmarks : ndarray, shape (68, 2), float64
        In pixels.
    disagreement : float
        Mean distance of the points of the fits from their mean, in outer eye distances; infinite if a fit is not
        reliable.
    """
    (points,), (confidence,) = landmarker.detect_landmarks(image, box[None])
    if confidence < MIN_CONFIDENCE:
        return points, np.inf
    right = image.shape[1] - 1
    mirrored, start = np.ascontiguousarray(image[:, ::-1]), tracked_box(points)
    fits = []
    for scale, dx, dy in AGREEMENT_BOXES:
        shape, features = landmarker.fit_box(image, displaced_box(start, scale, dx, dy))
        mirror_box = np.r_[right - start[0] - start[2], start[1:]]
        other, other_features = landmarker.fit_box(mirrored, displaced_box(mirror_box, scale, dx, dy))
        fits += [shape, other[MIRROR_INDICES] * [-1, 1] + [right, 0]]
        for values in (features, other_features):
            if not predict_confidence(values, landmarker.confidence_coef) >= MIN_CONFIDENCE:
                return points, np.inf
    mean = np.mean(fits, 0)
    return mean, float(np.linalg.norm(fits - mean, axis=-1).mean() / outer_eye_distance(mean))


def consistent_faces(
    landmarker: Landmarker,
    images: Sequence[np.ndarray],
    boxes: np.ndarray,
    groups: np.ndarray,
    max_disagreement: float,
) -> tuple[TrainingFaces, np.ndarray]:
    """Faces on which fits to the image and its mirror image agree, with their mean as landmarks.

    Parameters
    ----------
    landmarker : Landmarker
    images : sequence of n ndarrays, shape (H, W), uint8
    boxes : ndarray, shape (n, 4)
        x, y, width, height in pixels, as in prediction.
    groups : ndarray, shape (n,), int
    max_disagreement : float
        In outer eye distances.

    Returns
    -------
    faces : TrainingFaces
        The m consistent faces, cut to the surroundings of their boxes.
    disagreement : ndarray, shape (m,)
    """
    crops, landmarks, crop_boxes, kept, values = [], [], [], [], []
    for i in progress(range(len(images)), len(images), "comparing mirror images"):
        crop, crop_box, _, _ = crop_to_box(images[i], boxes[i])
        points, disagreement = consistent_fit(landmarker, crop, crop_box)
        if disagreement <= max_disagreement:
            crops.append(crop)
            landmarks.append(points)
            crop_boxes.append(crop_box)
            kept.append(i)
            values.append(disagreement)
    m = len(crops)
    faces = TrainingFaces(
        crops, np.reshape(landmarks, (m, 68, 2)), np.reshape(crop_boxes, (m, 4)), np.asarray(groups)[kept]
    )
    return faces, np.array(values)


def with_perturbed_copies(faces: TrainingFaces, rng: np.random.Generator) -> TrainingFaces:
    """Faces, followed by a rotated copy of each with other light, blur and noise."""
    images, landmarks = [], []
    for image, points, box in zip(faces.images, faces.landmarks, faces.boxes, strict=True):
        rotated, moved = rotate_face(image, points, box, ROTATION_SD_DEGREES * rng.standard_normal())
        images.append(relight_and_blur(rotated, float(outer_eye_distance(points)), rng))
        landmarks.append(moved)
    return TrainingFaces(
        [*faces.images, *images],
        np.concatenate([faces.landmarks, landmarks]),
        np.concatenate([faces.boxes, faces.boxes]),
        np.concatenate([faces.groups, faces.groups]),
    )


def adapt_landmarker(
    landmarker: Landmarker,
    images: Sequence[np.ndarray],
    boxes: np.ndarray,
    groups: np.ndarray | None = None,
    max_disagreement: float = 0.03,
    alphas: Sequence[float] = (1.0, 10.0, 100.0),
    random_state: int = 0,
    report: Callable[[str], None] = lambda message: None,
) -> tuple[Landmarker, AdaptationInfo]:
    """Fit a landmarker further on images without landmarks.

    The landmarks of each face are the mean of several fits by the present landmarker to the image and to its mirror
    image; faces on which these fits disagree are not used. Each regression of the landmarker is then corrected by a
    ridge regression of what it leaves on these faces, on their mirror images, and on rotated copies with other light,
    blur and noise.

    Parameters
    ----------
    landmarker : Landmarker
        The present landmarker; it is not changed.
    images : sequence of n ndarrays, shape (H, W), uint8
    boxes : ndarray, shape (n, 4)
        x, y, width, height in pixels, as in prediction.
    groups : ndarray, shape (n,), int, optional
        Images of the same group, such as a subject, are in the same fold. By default each image is a group.
    max_disagreement : float, default=0.03
        Maximum mean distance between the fits of a face and their mean, in outer eye distances.
    alphas : sequence of float, default=(1.0, 10.0, 100.0)
        Penalties of the corrections as fractions of the mean variance of the features; the one with the smallest error
        on held-out faces is used in each regression.
    random_state : int, default=0
    report : callable, optional
        Called with a line of text after each regression.

    Returns
    -------
    landmarker : Landmarker
    info : AdaptationInfo

    Raises
    ------
    FerError
        If the fits agree on fewer than 50 faces.

    References
    ----------
    D.-H. Lee, "Pseudo-label: the simple and efficient semi-supervised learning method for deep neural networks", ICML
    workshops 2013. H. Scudder, "Probability of error of some adaptive pattern-recognition machines", IEEE Transactions
    on Information Theory 11(3), 1965, doi:10.1109/TIT.1965.1053799.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.faces import default_landmarker
    >>> from fer_features.faces.landmark_adaptation import adapt_landmarker
    >>> images = [np.zeros((48, 48), np.uint8)] * 2  # too few, and without faces
    >>> adapt_landmarker(default_landmarker(), images, [[0, 0, 48, 48]] * 2)
    Traceback (most recent call last):
    ...
    fer_features.exceptions.FerError: the landmarker is consistent on 0 of 2 faces: at least 50 are needed
    """
    groups = np.arange(len(images)) if groups is None else np.asarray(groups)
    faces, disagreement = consistent_faces(landmarker, images, np.asarray(boxes, float), groups, max_disagreement)
    if len(faces) < MIN_ADAPTATION_FACES:
        raise FerError(
            f"the landmarker is consistent on {len(faces)} of {len(images)} faces: at least {MIN_ADAPTATION_FACES} are "
            "needed"
        )
    info = AdaptationInfo(len(images), len(faces), float(np.median(disagreement)))
    rng = np.random.default_rng(random_state)
    data = with_perturbed_copies(faces, rng).prepared(rng)
    return _corrected(landmarker, data, alphas, report), info


def _corrected(
    landmarker: Landmarker, data: TrainingFaces, alphas: Sequence[float], report: Callable[[str], None]
) -> Landmarker:
    fold = np.unique(data.groups, return_inverse=True)[1] % N_FOLDS
    n, sides = len(data), data.boxes[:, None, 2:3]
    centres = (data.boxes[:, :2] + data.boxes[:, 2:] / 2)[:, None]
    features = np.array([box_descriptor(image, box) for image, box in zip(data.images, data.boxes, strict=True)])
    present = features @ landmarker.box_weights[:-1] + landmarker.box_weights[-1]
    targets = ((data.landmarks - centres) / sides).reshape(n, -1)
    correction, change = fit_ridge(features, targets - present, fold, alphas)
    box_weights = landmarker.box_weights + correction
    shapes = (present + change).reshape(n, 68, 2) * sides + centres
    eyes = outer_eye_distance(data.landmarks)
    stages = []
    for stage in progress(landmarker.stages, len(landmarker.stages), "adapting landmarks"):
        errors = np.linalg.norm(data.landmarks - shapes, axis=-1).mean(1) / eyes
        report(_error_summary(errors))
        features = np.empty((n, len(stage.weights) - 1), np.float32)
        frames = np.empty((n, 2, 2))
        for i in range(n):
            descriptors, matrix = shape_descriptors(data.images[i], landmarker.mean_shape, shapes[i], stage.cell_size)
            features[i], frames[i] = stage.project(descriptors), matrix[:, :2]
        present = features @ stage.weights[:-1] + stage.weights[-1]
        targets = ((data.landmarks - shapes) @ np.swapaxes(np.linalg.inv(frames), -1, -2)).reshape(n, -1)
        usable = np.flatnonzero(errors < MAX_TRAINING_ERROR)
        correction, change = fit_ridge(features, targets - present, fold, alphas, usable)
        stages.append(dataclasses.replace(stage, weights=stage.weights + correction))
        displacement = present
        displacement[usable] += change
        shapes += displacement.reshape(n, 68, 2) @ np.swapaxes(frames, -1, -2)
    errors = np.linalg.norm(data.landmarks - shapes, axis=-1).mean(1) / eyes
    report(_error_summary(errors))
    return dataclasses.replace(landmarker, box_weights=box_weights, stages=stages)


def _error_summary(errors: np.ndarray) -> str:
    """Summary of the mean errors of held-out faces, in outer eye distances."""
    above = (errors > 0.1).mean()
    return f"held-out faces: median error {np.median(errors):.2%} of the outer eye distance, {above:.1%} above 10 %"
