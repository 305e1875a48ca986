"""Visual vocabularies of Fisher vectors and VLAD: k-means codebooks and Gaussian mixtures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

#: Number of descriptors that are processed at once during fitting.
DESCRIPTORS_PER_CHUNK = 8192


@dataclasses.dataclass(frozen=True)
class DiagonalGMM:
    """Gaussian mixture model with diagonal covariances.

    Attributes
    ----------
    weights : ndarray, shape (K,)
        Mixture weights, with a sum of 1.
    means : ndarray, shape (K, D)
    variances : ndarray, shape (K, D)

    Examples
    --------
    >>> import numpy as np
    >>> mixture = DiagonalGMM(np.array([0.5, 0.5]), np.zeros((2, 3)), np.ones((2, 3)))
    >>> [a.dtype.name for a in mixture.as_float64()]
    ['float64', 'float64', 'float64']
    """

    weights: np.ndarray
    means: np.ndarray
    variances: np.ndarray

    def as_float64(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return weights, means and variances in float64."""
        return (
            np.asarray(self.weights, np.float64),
            np.asarray(self.means, np.float64),
            np.asarray(self.variances, np.float64),
        )


def fit_codebook(x: np.ndarray, n_words: int, random_state: int = 0, max_iter: int = 20) -> np.ndarray:
    """Fit a codebook by k-means: Lloyd's algorithm with k-means++ initialization.

    Parameters
    ----------
    x : ndarray, shape (m, D), real
        Sample of descriptors; it is converted to float32.
    n_words : int
        Number of visual words (cluster centres).
    random_state : int, default=0
        Seed of the initialization, which uses at most 100 descriptors per word.
    max_iter : int, default=20
        Maximum number of iterations.

    Returns
    -------
    ndarray, shape (n_words, D), float32

    Raises
    ------
    ValueError
        If the sample has fewer distinct descriptors than words.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0], [1.0], [10.0], [11.0]], np.float32)
    >>> np.sort(fit_codebook(x, n_words=2), axis=0).ravel()
    array([ 0.5, 10.5], dtype=float32)
    """
    rng = np.random.default_rng(random_state)
    x = np.asarray(x, np.float32)
    subset = x[rng.permutation(len(x))[: 100 * n_words]]
    centres = subset[:1]
    distance = np.full(len(subset), np.inf)
    while len(centres) < n_words:
        distance = np.minimum(distance, ((subset - centres[-1]) ** 2).sum(1, dtype=np.float64))
        if not distance.sum() > 0:
            raise ValueError(f"{n_words} words cannot be fitted to a sample of {len(centres)} distinct descriptors")
        centres = np.concatenate([centres, subset[[rng.choice(len(subset), p=distance / distance.sum())]]])
    for _ in range(max_iter):
        sums = _hard_assignment_sums(x, centres)
        count, previous = sums[:, -1:], centres
        # A word that is the nearest one of no descriptor keeps its position.
        centres = np.where(count, sums[:, : x.shape[1]] / np.maximum(count, 1), centres).astype(np.float32)
        if np.array_equal(previous, centres):
            break
    return centres


def fit_mixture(
    x: np.ndarray, n_words: int, random_state: int = 0, max_iter: int = 30, tol: float = 1e-3
) -> DiagonalGMM:
    """Fit a Gaussian mixture by expectation maximization, initialized by k-means.

    Parameters
    ----------
    x : ndarray, shape (m, D), real
        Sample of descriptors; it is converted to float32.
    n_words : int
        Number of mixture components.
    random_state : int, default=0
        Seed of `fit_codebook`. Equal seeds give equal mixtures.
    max_iter : int, default=30
        Maximum number of iterations.
    tol : float, default=1e-3
        Iterations end if the mean log-likelihood per descriptor (natural logarithm) increases by less than this
        value, as in scikit-learn.

    Returns
    -------
    DiagonalGMM
        With arrays in float64.

    Raises
    ------
    ValueError
        If the sample has fewer distinct descriptors than words.

    Notes
    -----
    Variances have a lower bound of one thousandth of the variance of the sample, and weights a lower bound of
    ``0.01 / n_words``, because the Fisher vector divides by both. Likelihoods are float32 matrix products; their sums
    over chunks are float64.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x = np.concatenate([rng.normal(-5, 1, (100, 2)), rng.normal(5, 1, (300, 2))])
    >>> np.sort(fit_mixture(x, n_words=2).weights).round(2)
    array([0.25, 0.75])
    """
    x = np.asarray(x, np.float32)
    centres = fit_codebook(x, n_words, random_state)
    sample_variances = x.var(0, dtype=np.float64)
    min_variances = np.maximum(1e-3 * sample_variances, 1e-9 * sample_variances.max())
    # The first maximization step uses the hard assignment of k-means.
    mixture, previous = _maximization_step(_hard_assignment_sums(x, centres), min_variances), -np.inf
    for _ in range(max_iter):
        coefficients, log_likelihood = log_likelihood_coefficients(mixture), 0.0
        sums = np.zeros((n_words, 2 * x.shape[1] + 1))
        for chunk in _chunks(x):
            statistics = sufficient_statistics(chunk)
            q, logs = posteriors(statistics @ coefficients.T)
            log_likelihood += logs.sum(dtype=np.float64) / len(x)
            sums += q.T @ statistics
        mixture = _maximization_step(sums, min_variances)
        if log_likelihood - previous < tol:
            break
        previous = log_likelihood
    return mixture


def nearest_words(x: np.ndarray, codebook: np.ndarray) -> np.ndarray:
    """Return the index of the nearest word (Euclidean distance) of each descriptor.

    Parameters
    ----------
    x : ndarray, shape (p, D), float32
    codebook : ndarray, shape (K, D)

    Returns
    -------
    ndarray, shape (p,), int

    Examples
    --------
    >>> import numpy as np
    >>> nearest_words(np.array([[9.0], [1.0]]), np.array([[0.0], [10.0]])).tolist()
    [1, 0]
    """
    codebook = np.asarray(codebook, np.float32)
    return (x @ codebook.T - 0.5 * (codebook**2).sum(1)).argmax(1)


def one_hot_assignment(x: np.ndarray, codebook: np.ndarray) -> np.ndarray:
    """Return a matrix (K, p) float32 that is 1 where a word is the nearest word of a descriptor, else 0."""
    q = np.zeros((len(codebook), len(x)), np.float32)
    q[nearest_words(x, codebook), np.arange(len(x))] = 1
    return q


def sufficient_statistics(x: np.ndarray) -> np.ndarray:
    """Return (x, x**2, 1) of each descriptor, (p, D) -> (p, 2 D + 1) float32.

    Log-likelihoods and posterior-weighted sums of a diagonal mixture are linear in these statistics.
    """
    x, d = np.asarray(x, np.float32), x.shape[1]
    statistics = np.empty((len(x), 2 * d + 1), np.float32)
    statistics[:, :d] = x
    np.multiply(x, x, out=statistics[:, d:-1])  # reads the contiguous x: twice as fast as reading the copy
    statistics[:, -1] = 1
    return statistics


def log_likelihood_coefficients(mixture: DiagonalGMM) -> np.ndarray:
    """Return the coefficients (K, 2 D + 1) float32 of ``log(weight * density)`` in the sufficient statistics."""
    weights, means, variances = mixture.as_float64()
    constants = np.log(weights) - 0.5 * (np.log(2 * np.pi * variances) + means**2 / variances).sum(1)
    return np.column_stack([means / variances, -0.5 / variances, constants]).astype(np.float32)


def posteriors(logs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return posterior probabilities and the log-likelihood of the mixture.

    Parameters
    ----------
    logs : ndarray, shape (p, K), real
        ``log(weight * density)`` of each descriptor and word. The array is overwritten.

    Returns
    -------
    posteriors : ndarray, shape (p, K)
        Probabilities of the words given a descriptor; each row has a sum of 1.
    log_likelihood : ndarray, shape (p,)

    Examples
    --------
    >>> import numpy as np
    >>> posteriors(np.log([[0.1, 0.3]]))[0].round(2)
    array([[0.25, 0.75]])
    """
    top = logs.max(1)
    logs -= top[:, None]
    np.exp(logs, out=logs)
    total = logs.sum(1)
    logs /= total[:, None]
    return logs, top + np.log(total)


def _hard_assignment_sums(x: np.ndarray, codebook: np.ndarray) -> np.ndarray:
    """Sum the sufficient statistics of the descriptors that are nearest to each word, (K, 2 D + 1) float64."""
    sums = np.zeros((len(codebook), 2 * x.shape[1] + 1))
    for chunk in _chunks(x):
        sums += one_hot_assignment(chunk, codebook) @ sufficient_statistics(chunk)
    return sums


def _maximization_step(sums: np.ndarray, min_variances: np.ndarray) -> DiagonalGMM:
    """Return the mixture of the posterior-weighted sums (K, 2 D + 1) of the sufficient statistics."""
    count = np.maximum(sums[:, -1:], 1e-9)
    means, squares = np.split(sums[:, :-1] / count, 2, axis=1)
    weights = np.maximum(count[:, 0] / count.sum(), 0.01 / len(count))
    return DiagonalGMM(weights / weights.sum(), means, np.maximum(squares - means**2, min_variances))


def _chunks(x: np.ndarray) -> Iterator[np.ndarray]:
    return (x[start : start + DESCRIPTORS_PER_CHUNK] for start in range(0, len(x), DESCRIPTORS_PER_CHUNK))
