"""Stages of a cascaded regression of a shape: each moves the points by a prediction from descriptors around them."""

from __future__ import annotations

import dataclasses

import numpy as np

from .shape_model import DESCRIPTOR_LENGTH


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
