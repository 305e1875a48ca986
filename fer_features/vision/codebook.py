"""What Fisher vectors and VLAD are told in, learnt from samples: components, codebooks, Gaussian mixtures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
from scipy.linalg import eigh

#: Rows of a sample that are looked at together while learning.
CHUNK = 8192


@dataclasses.dataclass(frozen=True)
class Mixture:
    """A Gaussian mixture with diagonal covariances.

    Attributes
    ----------
    weights : ndarray, shape (K,)
    means, variances : ndarray, shape (K, D)
    """

    weights: np.ndarray
    means: np.ndarray
    variances: np.ndarray

    def parts(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weights, means and variances in float64."""
        weights, means, variances = (np.asarray(a, np.float64) for a in dataclasses.astuple(self))
        return weights, means, variances


def fit_pca(x: np.ndarray, components: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean (D,) and directions (D, components) of largest variance of a sample (m, D), float32."""
    mean = x.mean(0, dtype=np.float64)
    covariance = np.zeros((x.shape[1], x.shape[1]))
    for chunk in _chunks(x):
        centred = chunk - mean
        covariance += centred.T @ centred
    basis = np.linalg.eigh(covariance)[1][:, ::-1][:, :components]
    # The sign of an eigenvector is free: the largest part is made positive, so that it does not hang on LAPACK.
    basis = basis * np.sign(basis[np.abs(basis).argmax(0), np.arange(components)])
    return mean.astype(np.float32), basis.astype(np.float32)


def fit_wide_pca(x: np.ndarray, components: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean (D,) and directions (D, components) of largest variance of a sample (m, D) with fewer rows than columns.

    By the products of rows with each other, (m, m), which see the same variances as the covariance (D, D). Directions
    without variance are left out: there may be fewer than `components`.
    """
    mean = x.mean(0, dtype=np.float64).astype(np.float32)
    x = np.asarray(x, np.float32) - mean
    kept = min(components, len(x))
    values, vectors = _largest(x @ x.T, kept)
    some = values > 1e-6 * max(float(values[0]), 1e-30)
    basis = x.T @ (vectors[:, some] / np.sqrt(values[some]))
    basis *= np.sign(basis[np.abs(basis).argmax(0), np.arange(basis.shape[1])])
    return mean, np.ascontiguousarray(basis, np.float32)


def _largest(gram: np.ndarray, kept: int) -> tuple[np.ndarray, np.ndarray]:
    """Largest eigenvalues (kept,), falling, and eigenvectors (m, kept) of a symmetric matrix (m, m).

    Of many the few largest by iterating on a random subspace (Halko et al. 2011), which is several times faster; what
    the last of them miss, their neighbours hold.
    """
    m = len(gram)
    if m < 1000 or 3 * kept > m:
        values, vectors = eigh(gram, subset_by_index=(m - kept, m - 1), overwrite_a=True)
        return values[::-1], vectors[:, ::-1]
    space = np.random.default_rng(0).normal(size=(m, kept + kept // 3)).astype(gram.dtype)
    for _ in range(6):
        space = np.linalg.qr(gram @ space)[0]
    values, turn = np.linalg.eigh(space.T @ (gram @ space))
    return values[::-1][:kept], space @ turn[:, ::-1][:, :kept]


def fit_codebook(x: np.ndarray, words: int, seed: int = 0, rounds: int = 20) -> np.ndarray:
    """Codebook of a sample by k-means (Lloyd's rounds from k-means++), (m, D) -> (words, D) float32.

    A sample with fewer different descriptors than words is refused with a ValueError.
    """
    rng = np.random.default_rng(seed)
    x = np.asarray(x, np.float32)
    few = x[rng.permutation(len(x))[: 100 * words]]
    centres = few[:1]
    distance = np.full(len(few), np.inf)
    while len(centres) < words:
        distance = np.minimum(distance, ((few - centres[-1]) ** 2).sum(1, dtype=np.float64))
        if not distance.sum() > 0:
            raise ValueError(f"{words} words of a sample of {len(centres)} different descriptors")
        centres = np.concatenate([centres, few[[rng.choice(len(few), p=distance / distance.sum())]]])
    for _ in range(rounds):
        sums = _hard_sums(x, centres)
        count, before = sums[:, -1:], centres
        # A word that nothing is near to stays where it is.
        centres = np.where(count, sums[:, : x.shape[1]] / np.maximum(count, 1), centres).astype(np.float32)
        if np.array_equal(before, centres):
            break
    return centres


def fit_mixture(x: np.ndarray, words: int, seed: int = 0, rounds: int = 30, tolerance: float = 1e-3) -> Mixture:
    """Gaussian mixture of a sample by expectation maximisation from k-means.

    Parameters
    ----------
    x : ndarray, shape (m, D), float32
    words, seed : int
        As in `fit_codebook`; equal seeds give equal mixtures.
    rounds : int
        Of expectation maximisation, at most.
    tolerance : float
        Gain in mean log likelihood below which it ends, as in scikit-learn.

    Returns
    -------
    Mixture, float64

    Notes
    -----
    Variances are held above a thousandth of the sample's, and weights above a hundredth of an equal share, for the
    Fisher vector divides by them. The likelihoods are float32 products, the sums over chunks float64.
    """
    x = np.asarray(x, np.float32)
    centres = fit_codebook(x, words, seed)
    spread = x.var(0, dtype=np.float64)
    floor = np.maximum(1e-3 * spread, 1e-9 * spread.max())
    # The first round takes the words of k-means.
    mixture, reached = _maximise(_hard_sums(x, centres), floor), -np.inf
    for _ in range(rounds):
        linear, likelihood, sums = log_linear(mixture), 0.0, np.zeros((words, 2 * x.shape[1] + 1))
        for chunk in _chunks(x):
            both = extended(chunk)
            q, logs = posteriors(both @ linear.T)
            likelihood += logs.sum(dtype=np.float64) / len(x)
            sums += q.T @ both
        mixture = _maximise(sums, floor)
        if likelihood - reached < tolerance:
            break
        reached = likelihood
    return mixture


def nearest(x: np.ndarray, codebook: np.ndarray) -> np.ndarray:
    """Index of the nearest word of each descriptor, (p, D) -> (p,) int."""
    codebook = np.asarray(codebook, np.float32)
    return (x @ codebook.T - 0.5 * (codebook**2).sum(1)).argmax(1)


def one_hot(x: np.ndarray, codebook: np.ndarray) -> np.ndarray:
    """1 where a word is the nearest of a descriptor, (K, p) float32."""
    q = np.zeros((len(codebook), len(x)), np.float32)
    q[nearest(x, codebook), np.arange(len(x))] = 1
    return q


def _hard_sums(x: np.ndarray, codebook: np.ndarray) -> np.ndarray:
    """Of each word the sums of (x, x squared, 1) of the descriptors that are nearest to it, (K, 2 D + 1)."""
    sums = np.zeros((len(codebook), 2 * x.shape[1] + 1))
    for chunk in _chunks(x):
        sums += one_hot(chunk, codebook) @ extended(chunk)
    return sums


def _maximise(sums: np.ndarray, floor: np.ndarray) -> Mixture:
    """The mixture of the sums of posteriors times (x, x squared, 1), (K, 2 D + 1)."""
    count = np.maximum(sums[:, -1:], 1e-9)
    means, squares = np.split(sums[:, :-1] / count, 2, axis=1)
    weights = np.maximum(count[:, 0] / count.sum(), 0.01 / len(count))
    return Mixture(weights / weights.sum(), means, np.maximum(squares - means**2, floor))


def extended(x: np.ndarray) -> np.ndarray:
    """Descriptors as (x, x squared, 1), (p, 2 D + 1) float32: what likelihoods and sums are linear in."""
    x, d = np.asarray(x, np.float32), x.shape[1]
    both = np.empty((len(x), 2 * d + 1), np.float32)
    both[:, :d] = x
    np.multiply(x, x, out=both[:, d:-1])  # of the compact rows: twice as fast
    both[:, -1] = 1
    return both


def log_linear(mixture: Mixture) -> np.ndarray:
    """Coefficients of a word's log likelihood, (K, 2 D + 1) float32."""
    weights, means, variances = mixture.parts()
    constants = np.log(weights) - 0.5 * (np.log(2 * np.pi * variances) + means**2 / variances).sum(1)
    return np.column_stack([means / variances, -0.5 / variances, constants]).astype(np.float32)


def posteriors(logs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probability of each word (p, K), and log likelihood (p,), of log likelihoods of words (p, K), overwritten."""
    top = logs.max(1)
    logs -= top[:, None]
    np.exp(logs, out=logs)
    total = logs.sum(1)
    logs /= total[:, None]
    return logs, top + np.log(total)


def _chunks(x: np.ndarray) -> Iterator[np.ndarray]:
    return (x[start : start + CHUNK] for start in range(0, len(x), CHUNK))
