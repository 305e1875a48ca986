"""Cascaded regression of a shape: each stage predicts the displacement of the points from descriptors around them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import scipy.linalg

from .geometry import apply_affine, estimate_similarity
from .shape_model import (
    DESCRIPTOR_LENGTH,
    crop_to_shape,
    invert_affine,
    orientation_maps,
    point_descriptors,
    warp_to_frame,
)


@dataclasses.dataclass(frozen=True)
class CascadeStage:
    """One stage of the cascade: a linear regression on projected descriptors.

    Attributes
    ----------
    cell_size : int
        Side of the cells of a descriptor in pixels of the reference frame.
    mean : ndarray, shape (128,), float32
        Mean descriptor.
    components : ndarray, shape (128, d), float32
        Principal components of the descriptors, shared by all points.
    weights : ndarray, shape (68 * d + 1, 136), float32
        Regression from the projected descriptors to the displacement of the points in the reference frame; the last row
        is the intercept.
    """

    cell_size: int
    mean: np.ndarray
    components: np.ndarray
    weights: np.ndarray

    def project(self, descriptors: np.ndarray) -> np.ndarray:
        """Descriptors (..., 68, 128) projected on the components, (..., 68 * d) float32."""
        projected = (descriptors - self.mean) @ self.components
        return projected.reshape(*descriptors.shape[:-2], -1)

    def predict_displacement(self, features: np.ndarray) -> np.ndarray:
        """Displacements (..., 68, 2) in the reference frame, from projected descriptors (..., 68 * d)."""
        displacement = features @ self.weights[:-1] + self.weights[-1]
        return displacement.reshape(*features.shape[:-1], -1, 2)


def shape_features(
    image: np.ndarray, mean: np.ndarray, shape: np.ndarray, cell_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Descriptors around the points of a shape, in the reference frame of the shape.

    Parameters
    ----------
    image : ndarray, shape (H, W), uint8
    mean : ndarray, shape (68, 2)
        Mean shape in the reference frame.
    shape : ndarray, shape (68, 2)
        In pixels of the image.
    cell_size : int
        Side of the cells of a descriptor in pixels of the reference frame.

    Returns
    -------
    descriptors : ndarray, shape (68, 128), float32
    matrix : ndarray, shape (2, 3), float64
        Similarity transform from the reference frame to the image.
    """
    matrix = estimate_similarity(mean, shape)
    maps = orientation_maps(warp_to_frame(image, matrix), cell_size)
    return point_descriptors(maps, apply_affine(invert_affine(matrix), shape), cell_size), matrix


def fit_shape(
    image: np.ndarray, mean: np.ndarray, stages: Sequence[CascadeStage], initial_shape: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Fit a shape to an image, from an initial shape.

    Parameters
    ----------
    image : ndarray, shape (H, W), uint8
    mean : ndarray, shape (68, 2)
        Mean shape in the reference frame, from `mean_shape`.
    stages : sequence of CascadeStage
    initial_shape : ndarray, shape (68, 2)
        In pixels of the image.

    Returns
    -------
    shape : ndarray, shape (68, 2), float64
        In pixels of the image.
    features : ndarray, shape (68 * d,), float32
        Input of the last stage: the projected descriptors around the shape before its last displacement.

    References
    ----------
    X. Xiong, F. De la Torre, "Supervised descent method and its applications to face alignment", CVPR 2013,
    doi:10.1109/CVPR.2013.75.

    Notes
    -----
    As in the paper, each stage is a linear regression of the remaining displacement on local gradient descriptors.
    Departures: the image is rotated and scaled with the shape before each stage; the descriptors are DAISY-like, which
    is cheaper than SIFT, and their principal components are fitted to all points together.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.cascaded_regression import fit_shape
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> from fer_features.vision.shape_model import mean_shape
    >>> initial = 50 * MEAN_FACE + 120
    >>> shape, _ = fit_shape(np.zeros((240, 240), np.uint8), mean_shape(initial[None]), [], initial)
    >>> bool(np.allclose(shape, initial))  # without stages nothing moves
    True
    """
    crop, crop_to_image = crop_to_shape(image, initial_shape)
    shape = apply_affine(invert_affine(crop_to_image), initial_shape)
    features = np.empty(0, np.float32)
    for stage in stages:
        descriptors, matrix = shape_features(crop, mean, shape, stage.cell_size)
        features = stage.project(descriptors)
        shape = shape + stage.predict_displacement(features) @ matrix[:, :2].T
    return apply_affine(crop_to_image, shape), features


def train_cascade(
    images: Sequence[np.ndarray],
    landmarks: np.ndarray,
    mean: np.ndarray,
    image_indices: np.ndarray,
    initial_shapes: np.ndarray,
    cell_sizes: Sequence[int],
    n_components: int,
    alpha: float,
    track_progress: Callable[[Iterable[int], int], Iterable[int]] = lambda items, total: items,
) -> tuple[list[CascadeStage], np.ndarray]:
    """Train the stages of a cascade.

    Parameters
    ----------
    images : sequence of n ndarrays, shape (h, w), uint8
        Crops, as `crop_to_shape` returns them.
    landmarks : ndarray, shape (n, 68, 2)
        True landmarks in pixels of the crops.
    mean : ndarray, shape (68, 2)
        Mean shape in the reference frame.
    image_indices : ndarray, shape (m,), int
        Index of the image of each initial shape.
    initial_shapes : ndarray, shape (m, 68, 2)
        In pixels of the crops.
    cell_sizes : sequence of int
        Side of the cells of the descriptors in pixels of the reference frame, one per stage.
    n_components : int
        Principal components of the descriptors that are retained, at most 128.
    alpha : float
        Penalty of the ridge regression as a fraction of the mean variance of the features times m.
    track_progress : callable, optional
        Wraps the loop over all shapes and stages, to display its progress.

    Returns
    -------
    stages : list of CascadeStage
    shapes : ndarray, shape (m, 68, 2), float64
        Shapes after the last stage.
    """
    shapes, stages = np.array(initial_shapes, np.float64), []
    m = len(image_indices)
    total = m * len(cell_sizes)
    steps = iter(track_progress(range(total), total))
    for cell_size in cell_sizes:
        descriptors = np.empty((m, shapes.shape[1], DESCRIPTOR_LENGTH), np.float32)
        matrices = np.empty((m, 2, 3))
        for i in range(m):
            next(steps, None)
            descriptors[i], matrices[i] = shape_features(images[image_indices[i]], mean, shapes[i], cell_size)
        to_frame = np.swapaxes(np.linalg.inv(matrices[..., :2]), -1, -2)
        displacement = (landmarks[image_indices] - shapes) @ to_frame
        descriptor_mean, components = descriptor_components(descriptors, n_components)
        stage = CascadeStage(cell_size, descriptor_mean, components, np.empty(0))
        features = stage.project(descriptors)
        del descriptors
        stage = dataclasses.replace(stage, weights=ridge_regression(features, displacement.reshape(m, -1), alpha))
        shapes += stage.predict_displacement(features) @ np.swapaxes(matrices[..., :2], -1, -2)
        stages.append(stage)
    return stages, shapes


def descriptor_components(descriptors: np.ndarray, n_components: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and first principal components of descriptors, all points together.

    Parameters
    ----------
    descriptors : ndarray, shape (m, 68, 128), float32
        A regular subset of at most 2000 to 4000 shapes is used.
    n_components : int

    Returns
    -------
    mean : ndarray, shape (128,)
    components : ndarray, shape (128, n_components), float32
        Orthonormal, in order of decreasing variance.
    """
    rows = descriptors[:: max(len(descriptors) // 2000, 1)].reshape(-1, DESCRIPTOR_LENGTH)
    mean = rows.mean(0)
    _, vectors = np.linalg.eigh(np.cov(rows - mean, rowvar=False))
    return mean, np.ascontiguousarray(vectors[:, ::-1][:, :n_components], dtype=np.float32)


def ridge_regression(features: np.ndarray, targets: np.ndarray, alpha: float) -> np.ndarray:
    """Ridge regression with an intercept that is not penalized.

    Parameters
    ----------
    features : ndarray, shape (m, d), float32
    targets : ndarray, shape (m, k)
    alpha : float
        Penalty as a fraction of the mean variance of the features times m.

    Returns
    -------
    ndarray, shape (d + 1, k), float32
        Weights; the last row is the intercept.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.cascaded_regression import ridge_regression
    >>> x = np.arange(6, dtype=np.float32)[:, None]
    >>> ridge_regression(x, 3 * x + 1, alpha=0.0).ravel().round(4)
    array([3., 1.], dtype=float32)
    """
    mean_x, mean_y = features.mean(0), targets.mean(0)
    centred = features - mean_x
    gram = (centred.T @ centred).astype(np.float64)
    gram[np.diag_indices_from(gram)] += alpha * np.trace(gram) / len(gram)
    weights = scipy.linalg.solve(gram, centred.T @ (targets - mean_y).astype(np.float32), assume_a="pos")
    return np.vstack([weights, mean_y - mean_x @ weights]).astype(np.float32)
