"""Training of a landmarker: ridge regressions on photographs, with residuals of held-out faces."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from ..exceptions import FerError
from ..vision.cascaded_regression import CascadeStage, descriptor_components
from ..vision.geometry import MIRROR_INDICES, apply_affine, estimate_similarity
from ..vision.landmark_features import box_descriptor, shape_descriptors
from ..vision.ridge import fit_ridge
from ..vision.shape_model import mean_shape, outer_eye_distance
from .landmark_augmentation import jitter, shuffle_patches
from .landmarker import Landmarker, crop_to_box, displaced_box

#: Shapes with a larger error (outer eye distances) are lost and do not take part in the training of a stage.
MAX_TRAINING_ERROR = 0.3
#: A fit with an error below the first is a positive example of the confidence, one above the second a negative one.
GOOD_FIT, BAD_FIT = 0.10, 0.22
#: Number of faces from which shapes without a face are made, for the confidence.
N_NON_FACES = 1500
#: SD of the additional displacement (sides of the box) and of the logarithm of the scale of training boxes.
BOX_SHIFT_SD, BOX_SCALE_SD = 0.035, 0.06


@dataclasses.dataclass(frozen=True)
class TrainingFaces:
    """Faces with landmarks and boxes.

    Attributes
    ----------
    images : list of n ndarrays, shape (H, W), uint8
    landmarks : ndarray, shape (n, 68, 2)
        iBUG-68 points in pixels.
    boxes : ndarray, shape (n, 4)
        x, y, width, height in pixels.
    groups : ndarray, shape (n,), int
        Faces of the same group are in the same fold.
    """

    images: list[np.ndarray]
    landmarks: np.ndarray
    boxes: np.ndarray
    groups: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def prepared(self, rng: np.random.Generator) -> TrainingFaces:
        """Crops of the faces and of their mirror images, with displaced boxes."""
        images, landmarks, boxes = [], [], []
        for image, points, box in zip(self.images, self.landmarks, self.boxes, strict=True):
            crop, crop_box, factor, offset = crop_to_box(image, box)
            local = (points - offset + 0.5) / factor - 0.5
            right = crop.shape[1] - 1
            mirrored_box = np.r_[right - crop_box[0] - crop_box[2], crop_box[1:]]
            images += [crop, np.ascontiguousarray(crop[:, ::-1])]
            landmarks += [local, local[MIRROR_INDICES] * [-1, 1] + [right, 0]]
            boxes += [_displaced(crop_box, rng), _displaced(mirrored_box, rng)]
        return TrainingFaces(images, np.array(landmarks), np.array(boxes), np.repeat(self.groups, 2))

    def repeated(self, times: int) -> TrainingFaces:
        """The same faces several times."""
        landmarks, boxes, groups = (np.concatenate([a] * times) for a in (self.landmarks, self.boxes, self.groups))
        return TrainingFaces(self.images * times, landmarks, boxes, groups)


def _displaced(box: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    scale = float(np.exp(BOX_SCALE_SD * rng.standard_normal()))
    return displaced_box(box, scale, *(BOX_SHIFT_SD * rng.standard_normal(2)))


def train_cascade(
    faces: TrainingFaces,
    cell_sizes: Sequence[int] = (10, 10, 8, 6, 5),
    n_components: int = 40,
    alphas: Sequence[float] = (0.5, 4.0),
    n_folds: int = 5,
    n_starts: int = 1,
    random_state: int = 0,
    report: Callable[[str], None] = lambda message: None,
) -> Landmarker:
    """Train a landmarker.

    Parameters
    ----------
    faces : TrainingFaces
        Mirror images are added.
    cell_sizes : sequence of int
        Side of the cells of the descriptors, one per stage.
    n_components : int
        Principal components of the descriptors of a point.
    alphas : sequence of float
        Penalties of the ridge regressions as fractions of the mean variance of the features; each regression uses the
        one with the smallest error on held-out faces.
    n_folds : int
        A stage is trained on the residuals that the previous ones leave on faces on which they were not fitted: those
        of fitted faces are too small. With few folds the models of the folds differ, and the residuals of one fold
        have the bias of another model than those of the others.
    n_starts : int
        Initial shapes of the stages per image: the prediction from the box, and the mean shape at the true position,
        size and roll with random displacements. With more than one, a stage is trained on the residuals of fitted
        faces: these displacements are large beside the differences between fitted and held-out faces. This is better
        where there are only hundreds of faces.
    random_state : int
    report : callable
        Called with a line of text after each step.

    Returns
    -------
    Landmarker

    Raises
    ------
    FerError
        If there are fewer groups than folds.
    """
    if len(np.unique(faces.groups)) < n_folds:
        raise FerError(f"{len(np.unique(faces.groups))} groups of faces: at least n_folds={n_folds} are needed")
    rng = np.random.default_rng(random_state)
    mean = mean_shape(faces.landmarks)
    data = faces.prepared(rng)
    fold = np.unique(data.groups, return_inverse=True)[1] % n_folds
    n, sides = len(data), data.boxes[:, None, 2:3]
    centres = (data.boxes[:, :2] + data.boxes[:, 2:] / 2)[:, None]
    features = np.array([box_descriptor(image, box) for image, box in zip(data.images, data.boxes, strict=True)])
    targets = ((data.landmarks - centres) / sides).reshape(n, -1)
    box_weights, predicted = fit_ridge(features, targets, fold, alphas)
    shapes = predicted.reshape(n, 68, 2) * sides + centres
    report(f"box: {_summary(shapes, data)}")
    placed = [apply_affine(estimate_similarity(mean, points), mean) for points in data.landmarks]
    for _ in range(n_starts - 1):
        displaced = [jitter(shape, box[2], rng) for shape, box in zip(placed, data.boxes[:n], strict=True)]
        shapes = np.concatenate([shapes, displaced])
    data, fold = data.repeated(n_starts), np.tile(fold, n_starts)
    stages: list[CascadeStage] = []
    error_coefs: list[np.ndarray] = []
    for cell_size in cell_sizes:
        stage, features, before = _prepare_stage(data, mean, shapes, cell_size, n_components)
        errors = np.linalg.norm(data.landmarks - shapes, axis=-1).mean(1) / outer_eye_distance(data.landmarks)
        if len(stages) in (0, len(cell_sizes) - 1):
            error_coefs.append(fit_ridge(features, np.log(errors)[:, None], fold, alphas)[0].ravel())
        inverse = np.swapaxes(np.linalg.inv(before), -1, -2)
        targets = ((data.landmarks - shapes) @ inverse).reshape(len(data), -1)
        usable = np.flatnonzero(errors < MAX_TRAINING_ERROR)
        weights, displacement = fit_ridge(features, targets, fold, alphas, usable)
        if n_starts > 1:
            displacement = (features @ weights[:-1] + weights[-1])[usable]
        stages.append(dataclasses.replace(stage, weights=weights))
        shapes[usable] += displacement.reshape(-1, 68, 2) @ np.swapaxes(before[usable], -1, -2)
        report(f"cells of {cell_size}: {_summary(shapes, data, 'held-out' if n_starts == 1 else 'fitted')}")
    ends = np.array([error_coefs[0], error_coefs[-1]])
    landmarker = Landmarker(mean, box_weights, stages, ends, np.empty(0))
    coefficients = _fit_confidence(landmarker, data, features, errors, rng)
    return dataclasses.replace(landmarker, confidence_coef=coefficients)


def _summary(shapes: np.ndarray, data: TrainingFaces, faces: str = "held-out") -> str:
    errors = np.linalg.norm(data.landmarks - shapes, axis=-1).mean(1) / outer_eye_distance(data.landmarks)
    return f"error on {faces} faces: median {np.median(errors):.4f}, 90 % below {np.percentile(errors, 90):.4f}"


def _prepare_stage(
    data: TrainingFaces, mean: np.ndarray, shapes: np.ndarray, cell_size: int, n_components: int
) -> tuple[CascadeStage, np.ndarray, np.ndarray]:
    """Stage without weights, its features (n, d), and the linear part of the frames, shape (n, 2, 2)."""
    n = len(data)
    sample = np.arange(0, n, max(n // 2000, 1))
    descriptors = np.array([shape_descriptors(data.images[i], mean, shapes[i], cell_size)[0] for i in sample])
    descriptor_mean, components = descriptor_components(descriptors, n_components)
    stage = CascadeStage(cell_size, descriptor_mean, components, np.empty(0))
    features = np.empty((n, 68 * n_components), np.float32)
    frames = np.empty((n, 2, 2))
    for i in range(n):
        values, matrix = shape_descriptors(data.images[i], mean, shapes[i], cell_size)
        features[i], frames[i] = stage.project(values), matrix[:, :2]
    return stage, features, frames


def _fit_confidence(
    landmarker: Landmarker,
    data: TrainingFaces,
    features: np.ndarray,
    errors: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Logistic regression on the input of the last stage: good fits against lost ones and images without a face.

    `features` and `errors`, before the last stage, are those of held-out faces.
    """
    good, bad = np.flatnonzero(errors < GOOD_FIT), np.flatnonzero(errors > BAD_FIT)
    others = []
    for i in rng.permutation(len(data))[:N_NON_FACES]:
        image, eyes = data.images[i], float(outer_eye_distance(data.landmarks[i]))
        for negative in (shuffle_patches(image, eyes, rng), np.ascontiguousarray(image[::-1])):
            box = _displaced(data.boxes[i], rng)
            others.append(landmarker.fit_box(np.ascontiguousarray(negative), box)[1])
    good, bad = rng.permutation(good)[: 2 * len(others)], rng.permutation(bad)[: len(others)]
    x = np.concatenate([features[good], features[bad], np.array(others, np.float32)])
    y = np.arange(len(x)) < len(good)
    usable = np.isfinite(x).all(1)
    scale = x[usable].std()
    model = LogisticRegression(C=1e-3, class_weight="balanced", max_iter=300)
    model.fit(x[usable] / scale, y[usable])
    return np.append(model.coef_[0] / scale, model.intercept_).astype(np.float32)
