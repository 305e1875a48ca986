"""Principal component analysis of samples of descriptors."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh

#: Number of rows of a sample whose products are summed at once.
ROWS_PER_CHUNK = 8192


def fit_pca(x: np.ndarray, n_components: int) -> tuple[np.ndarray, np.ndarray]:
    """Fit a principal component analysis by the eigenvectors of the covariance matrix.

    Parameters
    ----------
    x : ndarray, shape (m, D), real
        Sample. The sums are computed in float64, in chunks of rows.
    n_components : int
        Number of components, at most D.

    Returns
    -------
    mean : ndarray, shape (D,), float32
    basis : ndarray, shape (D, n_components), float32
        Unit vectors in the order of decreasing variance. The entry of largest absolute value of each is positive, so
        that the sign does not depend on the LAPACK implementation.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(500, 3)) * [0.1, 5, 1]
    >>> mean, basis = fit_pca(x, n_components=1)
    >>> basis[:, 0].round(1) + 0
    array([0., 1., 0.], dtype=float32)
    """
    mean = x.mean(0, dtype=np.float64)
    covariance = np.zeros((x.shape[1], x.shape[1]))
    for start in range(0, len(x), ROWS_PER_CHUNK):
        centred = x[start : start + ROWS_PER_CHUNK] - mean
        covariance += centred.T @ centred
    basis = np.linalg.eigh(covariance)[1][:, ::-1][:, :n_components]
    basis = basis * np.sign(basis[np.abs(basis).argmax(0), np.arange(n_components)])
    return mean.astype(np.float32), basis.astype(np.float32)


def fit_dual_pca(x: np.ndarray, n_components: int) -> tuple[np.ndarray, np.ndarray]:
    """Fit a principal component analysis to a sample that has fewer rows than columns.

    The components are computed from the Gram matrix (m, m) of the centred rows, which has the same non-zero
    eigenvalues as the scatter matrix (D, D).

    Parameters
    ----------
    x : ndarray, shape (m, D), real
        Sample; it is converted to float32.
    n_components : int
        Maximum number of components.

    Returns
    -------
    mean : ndarray, shape (D,), float32
    basis : ndarray, shape (D, k), float32
        Unit vectors in the order of decreasing variance, with signs as in `fit_pca`. Directions without variance are
        omitted, so k may be smaller than `n_components`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(6, 100))
    >>> mean, basis = fit_dual_pca(x, n_components=10)
    >>> basis.shape
    (100, 5)
    """
    mean = x.mean(0, dtype=np.float64).astype(np.float32)
    x = np.asarray(x, np.float32) - mean
    values, vectors = largest_eigenpairs(x @ x.T, min(n_components, len(x)))
    nonzero = values > 1e-6 * max(float(values[0]), 1e-30)
    basis = x.T @ (vectors[:, nonzero] / np.sqrt(values[nonzero]))
    basis *= np.sign(basis[np.abs(basis).argmax(0), np.arange(basis.shape[1])])
    return mean, np.ascontiguousarray(basis, np.float32)


def largest_eigenpairs(gram: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Compute the largest eigenvalues of a symmetric positive semidefinite matrix and their eigenvectors.

    Parameters
    ----------
    gram : ndarray, shape (m, m), real
        It may be overwritten.
    k : int
        Number of eigenvalues, at most m.

    Returns
    -------
    values : ndarray, shape (k,)
        In decreasing order.
    vectors : ndarray, shape (m, k)

    References
    ----------
    N. Halko, P. G. Martinsson, J. A. Tropp, "Finding structure with randomness: probabilistic algorithms for
    constructing approximate matrix decompositions", SIAM Review 53(2), 2011, doi:10.1137/090771806.

    Notes
    -----
    If m is at least 1000 and k at most m / 3, randomized subspace iteration is used. It is several times faster than
    LAPACK, and the last of the k pairs are approximate: they may mix with the eigenvectors that follow them.

    Examples
    --------
    >>> import numpy as np
    >>> values, vectors = largest_eigenpairs(np.diag([1.0, 5.0, 3.0]), 2)
    >>> values
    array([5., 3.])
    """
    m = len(gram)
    if m < 1000 or 3 * k > m:
        values, vectors = eigh(gram, subset_by_index=(m - k, m - 1), overwrite_a=True)
        return values[::-1], vectors[:, ::-1]
    subspace = np.random.default_rng(0).normal(size=(m, k + k // 3)).astype(gram.dtype)
    for _ in range(6):
        subspace = np.linalg.qr(gram @ subspace)[0]
    values, rotation = np.linalg.eigh(subspace.T @ (gram @ subspace))
    return values[::-1][:k], subspace @ rotation[:, ::-1][:, :k]
