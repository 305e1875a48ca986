"""Principal components of the features of an extractor, for features that are kept in files."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..vision.pca import fit_dual_pca, fit_pca
from .scaling import fit_block_scaling


@dataclasses.dataclass
class FeaturePCA:
    """Projection of features onto their principal components.

    Attributes
    ----------
    offset : ndarray, shape (k,), float32
        Projection of the mean.
    components : ndarray, shape (d, k), float32
        Principal components, divided by the divisors of the features.
    """

    offset: np.ndarray
    components: np.ndarray

    def project(self, features: np.ndarray) -> np.ndarray:
        """Components of features (..., d), shape (..., k), float32."""
        return features @ self.components - self.offset


def fit_feature_pca(features: np.ndarray, n_components: int, scale: str) -> FeaturePCA:
    """Fit the principal components of features that are scaled before.

    Parameters
    ----------
    features : ndarray, shape (m, d) or (m, 2, d), float32
        With three dimensions, features of images and of their mirror images, which have common components.
    n_components : int
        Largest number of components; there are fewer where the features have fewer dimensions.
    scale : str
        'standardize' scales each feature to unit variance first, so that the components of all dimensions have the
        distances of standardized features. For other values of `SCALES`, features are not scaled.

    Returns
    -------
    FeaturePCA

    Examples
    --------
    >>> import numpy as np
    >>> features = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    >>> fit_feature_pca(features, 3, "standardize").project(features).shape
    (50, 3)
    """
    rows = features.reshape(-1, features.shape[-1])
    _, divisor = fit_block_scaling(rows, "standardize" if scale == "standardize" else "none")
    rows = rows / divisor
    mean, basis = (fit_pca if len(rows) > rows.shape[1] else fit_dual_pca)(rows, min(n_components, rows.shape[1]))
    return FeaturePCA((mean @ basis).astype(np.float32), (basis / divisor[:, None]).astype(np.float32))
