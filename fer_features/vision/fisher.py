"""Fisher vectors (Perronnin et al., ECCV 2010) and VLAD (Jegou et al., CVPR 2010) of sets of local descriptors."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csc_array

from .codebook import DiagonalGMM, log_likelihood_coefficients, one_hot_assignment, posteriors, sufficient_statistics

#: Number of descriptors that are encoded at once. The intermediate arrays then fit into the cache.
DESCRIPTORS_PER_BATCH = 1600
#: Number of descriptors that are summed in float32 before the sum is added to a float64 sum.
DESCRIPTORS_PER_FLOAT32_SUM = 256
#: Default of the extractors for `min_relative_posterior` of `fisher_vectors`.
MIN_RELATIVE_POSTERIOR = 1e-3


def fisher_vectors(
    descriptors: np.ndarray,
    mixture: DiagonalGMM,
    cell_weights: np.ndarray | None = None,
    weight_gradients: bool = False,
    min_relative_posterior: float = 0,
) -> np.ndarray:
    """Compute Fisher vectors of sets of descriptors, one vector per cell of a spatial grid.

    Parameters
    ----------
    descriptors : ndarray, shape (n, p, D), real
        `p` descriptors of each of `n` images, at the same positions in all images.
    mixture : DiagonalGMM
        Gaussian mixture with K components (words).
    cell_weights : ndarray, shape (p, C), optional
        Non-negative weight of each position in each cell; see `grid_cell_weights`. By default there is one cell with
        equal weights.
    weight_gradients : bool, default=False
        Whether the gradients with respect to the mixture weights precede the others. The paper omits them.
    min_relative_posterior : float, default=0
        Words whose posterior is less than this fraction of the largest posterior of a descriptor are ignored. 0 keeps
        all words, 1 keeps the most probable word only.

    Returns
    -------
    ndarray, shape (n, C, 2 K D) or (n, C, K + 2 K D) with `weight_gradients`, float32
        Gradients of the mean log-likelihood with respect to the means (word by word), then with respect to the
        variances, both multiplied by the inverse square root of the diagonal Fisher information. Cells without weight
        are 0. The vectors are not normalized; see `power_l2_normalize`.

    References
    ----------
    F. Perronnin, J. Sanchez, T. Mensink, "Improving the Fisher kernel for large-scale image classification",
    ECCV 2010, doi:10.1007/978-3-642-15561-1_11.

    Notes
    -----
    With ``min_relative_posterior=0`` the vectors equal those of ``skimage.feature.fisher_vector`` on float64
    descriptors: the norm of the difference is below 1e-5 of the norm. Order and signs of the columns are those of
    scikit-image. The sign of the variance gradients is opposite to the paper; inner products and norms do not depend
    on it.

    The sums are weighted by `cell_weights` and divided by the total weight of the cell.

    A mixture of dozens of words has two or three words with a considerable posterior for a patch of a face. With a
    minimum relative posterior the sums have few terms. The posteriors that are kept are rescaled to a sum of 1. On
    dense SIFT of faces the relative error of the vector is 0.1 % for a minimum of 0.001, 1 % for 0.01, and 25 % if only
    the most probable word is kept.

    Examples
    --------
    >>> import numpy as np
    >>> mixture = DiagonalGMM(np.array([0.5, 0.5]), np.array([[-1.0, 0.0], [1.0, 0.0]]), np.ones((2, 2)))
    >>> descriptors = np.random.default_rng(0).normal(size=(3, 100, 2))
    >>> fisher_vectors(descriptors, mixture).shape
    (3, 1, 8)
    """
    n, p, d = descriptors.shape
    cell_fractions = np.full((p, 1), 1 / p) if cell_weights is None else np.asarray(cell_weights, np.float64)
    cell_fractions = (cell_fractions / np.where(cell_fractions.sum(0), cell_fractions.sum(0), 1)).astype(np.float32)
    coefficients = np.ascontiguousarray(log_likelihood_coefficients(mixture).T)
    weights, means, variances = mixture.as_float64()
    # The gradients are linear in the sums of the sufficient statistics. These factors are computed once.
    root = np.sqrt(weights)[:, None]
    by_mean, by_variance = 1 / (root * np.sqrt(variances)), 1 / (np.sqrt(2) * root * variances)
    scale = np.concatenate([by_mean, -by_variance], 1)
    offset = np.concatenate([means * by_mean, (means**2 - variances) * by_variance], 1)
    cross_term = 2 * means * by_variance
    if min_relative_posterior:
        scale, offset, cross_term = (a.astype(np.float32) for a in (scale, offset, cross_term))
    out = np.empty((n, cell_fractions.shape[1], 2, len(means), d), np.float32)
    counts = np.empty((n, cell_fractions.shape[1], len(means)), np.float32)
    step = max(1, DESCRIPTORS_PER_BATCH // p)
    for i in range(0, n, step):
        x = sufficient_statistics(descriptors[i : i + step].reshape(-1, d))
        logs = x @ coefficients
        if min_relative_posterior:
            sums = _sparse_sums(x, logs, cell_fractions, min_relative_posterior)
        else:
            sums = _dense_sums(x, logs, cell_fractions)
        sums = sums.reshape(-1, *counts.shape[1:], 2 * d + 1)
        counts[i : i + step] = sums[..., -1]
        gradients = sums[..., :-1] * scale
        gradients -= sums[..., -1:] * offset
        gradients[..., d:] += sums[..., :d] * cross_term
        out[i : i + step] = gradients.reshape(*gradients.shape[:-1], 2, d).swapaxes(-3, -2)
    vectors = out.reshape(*counts.shape[:2], -1)
    if not weight_gradients:
        return vectors
    by_weight = (counts - weights).astype(np.float32) / root[:, 0].astype(np.float32)
    by_weight[:, cell_fractions.sum(0) == 0] = 0
    return np.concatenate([by_weight, vectors], -1)


def vlad_vectors(descriptors: np.ndarray, codebook: np.ndarray, cell_weights: np.ndarray | None = None) -> np.ndarray:
    """Compute vectors of locally aggregated descriptors (VLAD), one vector per cell of a spatial grid.

    Parameters
    ----------
    descriptors : ndarray, shape (n, p, D), real
        `p` descriptors of each of `n` images, at the same positions in all images.
    codebook : ndarray, shape (K, D)
        Words, from `fit_codebook`.
    cell_weights : ndarray, shape (p, C), optional
        As in `fisher_vectors`.

    Returns
    -------
    ndarray, shape (n, C, K D), float32
        For each word, the sum of the residuals (descriptor minus word) of the descriptors that are assigned to it,
        divided by the number of all descriptors of the cell (by the total weight, if weighted). Cells without weight
        are 0. The vectors are not normalized; see `power_l2_normalize`.

    References
    ----------
    H. Jegou, M. Douze, C. Schmid, P. Perez, "Aggregating local descriptors into a compact image representation",
    CVPR 2010, doi:10.1109/CVPR.2010.5540039.

    Notes
    -----
    The paper does not divide the sums, which makes no difference after L2 normalization.

    Examples
    --------
    >>> import numpy as np
    >>> vlad_vectors(np.array([[[1.0], [2.0], [9.0]]]), codebook=np.array([[0.0], [10.0]])).round(3)
    array([[[ 1.   , -0.333]]], dtype=float32)
    """
    n, p, _ = descriptors.shape
    codebook = np.asarray(codebook, np.float32)
    cells = _members_of_cells(cell_weights, p)
    out = np.zeros((n, len(cells), *codebook.shape), np.float32)
    for i in range(n):
        x = np.asarray(descriptors[i], np.float32)
        q = one_hot_assignment(x, codebook)
        for c, (indices, weight, total) in enumerate(cells):
            if total:
                qc, xc = (q, x) if indices is None else (q.take(indices, 1) * weight, x.take(indices, 0))
                out[i, c] = (qc @ xc - qc.sum(1, keepdims=True) * codebook) / total
    return out.reshape(n, len(cells), -1)


def power_l2_normalize(vectors: np.ndarray) -> np.ndarray:
    """Apply power normalization (signed square root), then L2 normalization, over the last axis.

    This is the normalization of the improved Fisher vector (Perronnin et al., ECCV 2010).

    Parameters
    ----------
    vectors : ndarray, shape (..., d), float

    Returns
    -------
    ndarray, shape (..., d)
        Vectors of length 1. Zero vectors stay 0.

    Examples
    --------
    >>> import numpy as np
    >>> power_l2_normalize(np.array([9.0, -16.0])).round(2)
    array([ 0.6, -0.8])
    """
    size = np.abs(vectors)
    length = np.sqrt(size.sum(-1, keepdims=True))
    rooted = np.copysign(np.sqrt(size, out=size), vectors, out=size)
    return np.divide(rooted, np.where(length, length, 1), out=rooted)


def grid_cell_weights(
    positions: np.ndarray, height: int, width: int, grid: int, soft_assignment: bool = True
) -> np.ndarray:
    """Compute the weights of positions in the cells of a spatial grid.

    Parameters
    ----------
    positions : ndarray, shape (p, 2)
        Positions (x, y) in pixels.
    height, width : int
        Size of the image in pixels.
    grid : int
        Number of cells per side.
    soft_assignment : bool, default=True
        If True, a position is distributed bilinearly over the cells whose centres surround it. Otherwise it belongs to
        the cell that contains it.

    Returns
    -------
    ndarray, shape (p, grid * grid), float32
        Cells in row-major order. The weights of a position have a sum of 1.

    Examples
    --------
    >>> import numpy as np
    >>> positions = np.array([[3.5, 1.5]])  # halfway between the centres of the two upper cells
    >>> grid_cell_weights(positions, height=8, width=8, grid=2)
    array([[0.5, 0.5, 0. , 0. ]], dtype=float32)
    """
    # 0 at the centre of the first cell, grid - 1 at the centre of the last one.
    at = (np.asarray(positions, np.float64) + 0.5) / [width, height] * grid - 0.5
    at = np.clip(at, 0, grid - 1)
    if not soft_assignment:
        at = np.floor(at + 0.5)
    x, y = np.maximum(1 - np.abs(at.T[..., None] - np.arange(grid)), 0)
    return (y[:, :, None] * x[:, None]).reshape(len(at), -1).astype(np.float32)


def _sparse_sums(
    x: np.ndarray, logs: np.ndarray, cell_fractions: np.ndarray, min_relative_posterior: float
) -> np.ndarray:
    """Sum the statistics `x` (m p, 2 D + 1) of m images over each cell and word, ignoring improbable words.

    Returns (m C K, 2 D + 1) float32.
    """
    (p, n_cells), n_words = cell_fractions.shape, logs.shape[1]
    if min_relative_posterior < 1:
        top = logs.max(1)
        at = np.flatnonzero(logs >= (top + np.float32(np.log(min_relative_posterior)))[:, None]).astype(np.int32)
        descriptor = at // n_words
        word = at - descriptor * n_words
        weight = np.exp(logs.ravel()[at] - top[descriptor])
        weight *= (1 / np.bincount(descriptor, weight)).astype(np.float32)[descriptor]
        first = np.concatenate([[0], np.cumsum(np.bincount(descriptor, minlength=len(x)))])
    else:
        word, weight, first = logs.argmax(1), np.ones(len(x), np.float32), np.arange(len(x) + 1)
        descriptor = first[:-1]
    position, row = descriptor % p, descriptor // p * (n_cells * n_words) + word
    if n_cells > 1:
        # The same number of cells for every position: that of the position that has the most.
        n_nearest = int((cell_fractions > 0).sum(1).max())
        nearest = np.argsort(-cell_fractions, 1, kind="stable")[:, :n_nearest]
        row = row[:, None] + (nearest * n_words).astype(np.int32)[position]
        weight = weight[:, None] * np.take_along_axis(cell_fractions, nearest, 1)[position]
        first = first * n_nearest
    else:
        weight *= cell_fractions[position, 0]
    # int32 indices: otherwise scipy searches them for the largest one to choose a type.
    index = row.ravel().astype(np.int32), first.astype(np.int32)
    return csc_array((weight.ravel(), *index), shape=(len(x) // p * n_cells * n_words, len(x))) @ x


def _dense_sums(x: np.ndarray, logs: np.ndarray, cell_fractions: np.ndarray) -> np.ndarray:
    """Sum the statistics `x` (m p, 2 D + 1) of m images over each cell and word, (m, C, K, 2 D + 1) float64."""
    (p, n_cells), q = cell_fractions.shape, posteriors(logs)[0]
    sums = np.zeros((len(x) // p, n_cells, q.shape[1], x.shape[1]))
    for i, start in enumerate(range(0, len(x), p)):
        for c, fraction in enumerate(cell_fractions.T):
            indices = np.flatnonzero(fraction)
            # float32 sums of short blocks, added in float64: the gradients are small differences of large sums.
            for block in np.split(
                indices, range(DESCRIPTORS_PER_FLOAT32_SUM, len(indices), DESCRIPTORS_PER_FLOAT32_SUM)
            ):
                sums[i, c] += (q[start + block] * fraction[block, None]).T @ x[start + block]
    return sums


def _members_of_cells(
    cell_weights: np.ndarray | None, p: int
) -> list[tuple[np.ndarray | None, np.ndarray | None, float]]:
    """Return for each cell the indices of its positions, their weights and the total weight.

    Without `cell_weights` there is one cell with all positions; indices and weights are None.
    """
    if cell_weights is None:
        return [(None, None, float(p))]
    cells: list[tuple[np.ndarray | None, np.ndarray | None, float]] = []
    for weight in np.asarray(cell_weights, np.float32).T:
        indices = np.flatnonzero(weight)
        cells.append((indices, weight[indices], float(weight.sum(dtype=np.float64))))
    return cells
