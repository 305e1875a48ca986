"""Principal components of the vectors of each cell of a grid."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..vision.pca import fit_dual_pca


@dataclasses.dataclass
class CellPCA:
    """Projection of the vectors of one cell onto their principal components.

    Attributes
    ----------
    offset : ndarray, shape (k,), float32
        Projection of the mean.
    components : ndarray, shape (d, k), float32
        Principal components, rounded to float16.

    Notes
    -----
    The components are most of the size of a saved model. They are rounded to float16 in `fit_cell_pca` and pickled in
    float16, so that a saved model computes the same features as the model in memory.
    """

    offset: np.ndarray
    components: np.ndarray

    @property
    def n_components(self) -> int:
        """Number of components; smaller than requested where the sample is small."""
        return self.components.shape[1]

    def project(self, vectors: np.ndarray) -> np.ndarray:
        """Centred vectors (n, d) in the basis of the components, shape (n, k)."""
        return vectors @ self.components - self.offset

    def __getstate__(self) -> dict[str, Any]:
        return {"offset": self.offset, "components": self.components.astype(np.float16)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.offset = state["offset"]
        self.components = state["components"].astype(np.float32)


def fit_cell_pca(blocks: Sequence[np.ndarray], n_components: int) -> list[CellPCA]:
    """Principal components of each cell.

    Parameters
    ----------
    blocks : sequence of ndarray, shape (m, n_cells, d)
        Vectors of a sample of images, in blocks. They may be float16, which keeps the sample small.
    n_components : int

    Returns
    -------
    list of CellPCA
        One for each cell.
    """
    fitted = []
    for cell in range(blocks[0].shape[1]):  # one cell at a time in float32 keeps the memory small
        vectors = np.concatenate([block[:, cell] for block in blocks]).astype(np.float32)
        mean, components = fit_dual_pca(vectors, n_components)
        components = components.astype(np.float16).astype(np.float32)
        fitted.append(CellPCA(mean @ components, components))
    return fitted
