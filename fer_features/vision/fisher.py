"""Sets of local descriptors as one vector: Fisher vectors (Perronnin et al. 2010) and VLAD (Jegou et al. 2010)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

#: Rows of a sample that are looked at together while learning.
CHUNK = 8192
#: Descriptors of a picture that are summed in float32.
BLOCK = 256


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


def fisher_vectors(
    descriptors: np.ndarray, mixture: Mixture, cells: np.ndarray | None = None, priors: bool = False
) -> np.ndarray:
    """Fisher vectors of sets of descriptors, one for each cell of a spatial grid.

    Parameters
    ----------
    descriptors : ndarray, shape (n, p, D), real
        `p` descriptors of each of `n` pictures, at the same places in each.
    mixture : Mixture
        Of K words.
    cells : ndarray, shape (p, C), optional
        Weight of each place in each cell, not negative; one cell that holds all where not given.
    priors : bool
        Whether the derivatives by the mixture's weights come first.

    Returns
    -------
    ndarray, shape (n, C, 2 K D), float32; K more columns with `priors`
        Derivatives by the means, words one after the other, then by the variances. Not yet improved; see `improve`.
        0 in cells without weight.

    References
    ----------
    F. Perronnin, J. Sanchez, T. Mensink, "Improving the Fisher kernel for large-scale image classification", ECCV 2010.

    Notes
    -----
    Equal to `skimage.feature.fisher_vector` of float64 to 1e-5 of its length, in its order of columns and with its
    signs: it turns the derivatives by the variances round, which kernels and norms do not see. Sums are weighted by
    `cells` and divided by the cell's weight. The derivatives by the weights are left out by default, as in the paper.
    """
    n, p, d = descriptors.shape
    linear, places = _log_linear(mixture), _places(cells, p)
    out = np.zeros((n, len(places), len(linear), 2 * d + 1), np.float32)
    # What the sums are multiplied by; worked out once, for it would take longer than the sums.
    weights, means, variances = (np.asarray(a, np.float64) for a in dataclasses.astuple(mixture))
    weights = weights[:, None]
    by_mean = 1 / np.sqrt(weights * variances)
    by_variance = 1 / (np.sqrt(2 * weights) * variances)
    by_first, by_count = 2 * means * by_variance, (means**2 - variances) * by_variance
    for i in range(n):  # picture by picture: all of one stays in the processor's cache
        x = _extended(descriptors[i])
        q = _posteriors(x, linear)[0]
        for c, (rows, weight, total) in enumerate(places):
            if total == 0:
                continue
            qc, xc = (q, x) if rows is None else (q.take(rows, 1) * weight, x.take(rows, 0))
            # Within a block of rows in float32, over blocks in float64: the derivatives are small differences.
            sums = np.zeros((len(linear), 2 * d + 1))
            for s in range(0, len(xc), BLOCK):
                sums += qc[:, s : s + BLOCK] @ xc[s : s + BLOCK]
            sums *= 1 / total
            first, second, count = sums[:, :d], sums[:, d:-1], sums[:, -1:]
            out[i, c, :, :d] = (first - count * means) * by_mean
            out[i, c, :, d:-1] = first * by_first - second * by_variance - count * by_count
            out[i, c, :, -1:] = (count - weights) / np.sqrt(weights)
    # Words stand one after the other in each of the three parts.
    parts = [out[..., :d], out[..., d:-1]]
    parts = [out[..., -1:], *parts] if priors else parts
    return np.concatenate([part.reshape(n, len(places), -1) for part in parts], -1)


def vlad_vectors(descriptors: np.ndarray, codebook: np.ndarray, cells: np.ndarray | None = None) -> np.ndarray:
    """Vectors of locally aggregated descriptors, one for each cell of a spatial grid.

    Parameters
    ----------
    codebook : ndarray, shape (K, D)
    descriptors, cells : ndarray
        As in `fisher_vectors`.

    Returns
    -------
    ndarray, shape (n, C, K D), float32
        For each word the mean over the cell's descriptors of their differences to it, taken as 0 for descriptors
        that are nearer to another word. Not yet improved; see `improve`.

    References
    ----------
    H. Jegou, M. Douze, C. Schmid, P. Perez, "Aggregating local descriptors into a compact image representation",
    CVPR 2010.
    """
    n, p, _ = descriptors.shape
    codebook = np.asarray(codebook, np.float32)
    places = _places(cells, p)
    out = np.zeros((n, len(places), *codebook.shape), np.float32)
    for i in range(n):
        x = np.asarray(descriptors[i], np.float32)
        q = _one_hot(x, codebook)
        for c, (rows, weight, total) in enumerate(places):
            if total:
                qc, xc = (q, x) if rows is None else (q.take(rows, 1) * weight, x.take(rows, 0))
                out[i, c] = (qc @ xc - qc.sum(1, keepdims=True) * codebook) / total
    return out.reshape(n, len(places), -1)


def improve(vectors: np.ndarray) -> np.ndarray:
    """Signed root, then length 1, over the last axis; 0 stays 0. What makes a Fisher vector 'improved'."""
    rooted = np.sign(vectors) * np.sqrt(np.abs(vectors))
    length = np.linalg.norm(rooted, axis=-1, keepdims=True)
    return rooted / np.where(length, length, 1)


def grid_cells(positions: np.ndarray, height: int, width: int, grid: int, soft: bool = True) -> np.ndarray:
    """Weight of places (x, y) in pixels in the cells of a grid, (p, 2) -> (p, grid * grid) float32, cells row by row.

    `height` and `width` are the picture's in pixels, `grid` is its cells a side. The weights of a place sum to 1;
    where `soft`, it is shared out bilinearly over the cells whose centres surround it, else it is in one.
    """
    # 0 at the centre of the first cell, grid - 1 at that of the last.
    at = (np.asarray(positions, np.float64) + 0.5) / [width, height] * grid - 0.5
    at = np.clip(at, 0, grid - 1)
    if not soft:
        at = np.floor(at + 0.5)
    x, y = np.maximum(1 - np.abs(at.T[..., None] - np.arange(grid)), 0)
    return (y[:, :, None] * x[:, None]).reshape(len(at), -1).astype(np.float32)


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
        linear, likelihood, sums = _log_linear(mixture), 0.0, np.zeros((words, 2 * x.shape[1] + 1))
        for chunk in _chunks(x):
            extended = _extended(chunk)
            q, logs = _posteriors(extended, linear)
            likelihood += logs.sum(dtype=np.float64) / len(x)
            sums += q @ extended
        mixture = _maximise(sums, floor)
        if likelihood - reached < tolerance:
            break
        reached = likelihood
    return mixture


def nearest(x: np.ndarray, codebook: np.ndarray) -> np.ndarray:
    """Index of the nearest word of each descriptor, (p, D) -> (p,) int."""
    codebook = np.asarray(codebook, np.float32)
    return (x @ codebook.T - 0.5 * (codebook**2).sum(1)).argmax(1)


def _one_hot(x: np.ndarray, codebook: np.ndarray) -> np.ndarray:
    """1 where a word is the nearest of a descriptor, (K, p) float32."""
    q = np.zeros((len(codebook), len(x)), np.float32)
    q[nearest(x, codebook), np.arange(len(x))] = 1
    return q


def _hard_sums(x: np.ndarray, codebook: np.ndarray) -> np.ndarray:
    """Of each word the sums of (x, x squared, 1) of the descriptors that are nearest to it, (K, 2 D + 1)."""
    sums = np.zeros((len(codebook), 2 * x.shape[1] + 1))
    for chunk in _chunks(x):
        sums += _one_hot(chunk, codebook) @ _extended(chunk)
    return sums


def _maximise(sums: np.ndarray, floor: np.ndarray) -> Mixture:
    """The mixture of the sums of posteriors times (x, x squared, 1), (K, 2 D + 1)."""
    count = np.maximum(sums[:, -1:], 1e-9)
    means, squares = np.split(sums[:, :-1] / count, 2, axis=1)
    weights = np.maximum(count[:, 0] / count.sum(), 0.01 / len(count))
    return Mixture(weights / weights.sum(), means, np.maximum(squares - means**2, floor))


def _extended(x: np.ndarray) -> np.ndarray:
    """Descriptors as (x, x squared, 1), (p, 2 D + 1) float32: what likelihoods and sums are linear in."""
    x, d = np.asarray(x, np.float32), x.shape[1]
    extended = np.empty((len(x), 2 * d + 1), np.float32)
    extended[:, :d] = x
    np.multiply(x, x, out=extended[:, d:-1])  # of the compact rows: twice as fast
    extended[:, -1] = 1
    return extended


def _log_linear(mixture: Mixture) -> np.ndarray:
    """Coefficients of a word's log likelihood, (K, 2 D + 1) float32."""
    weights, means, variances = (np.asarray(a, np.float64) for a in dataclasses.astuple(mixture))
    constants = np.log(weights) - 0.5 * (np.log(2 * np.pi * variances) + means**2 / variances).sum(1)
    return np.column_stack([means / variances, -0.5 / variances, constants]).astype(np.float32)


def _posteriors(extended: np.ndarray, linear: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probability of each word (K, p), and log likelihood (p,), of extended descriptors (p, 2 D + 1)."""
    logs = linear @ extended.T  # words first: sums and maxima over words run along the memory
    top = logs.max(0)
    logs -= top
    np.exp(logs, out=logs)
    total = logs.sum(0)
    logs *= 1 / total
    return logs, top + np.log(total)


def _places(cells: np.ndarray | None, p: int) -> list[tuple[np.ndarray | None, np.ndarray | None, float]]:
    """Of each cell the places in it, their weights, and the sum of these; None stands for all, and for weight 1."""
    if cells is None:
        return [(None, None, float(p))]
    found: list[tuple[np.ndarray | None, np.ndarray | None, float]] = []
    for weight in np.asarray(cells, np.float32).T:
        rows = np.flatnonzero(weight)
        found.append((rows, weight[rows], float(weight.sum(dtype=np.float64))))
    return found


def _chunks(x: np.ndarray) -> Iterator[np.ndarray]:
    return (x[start : start + CHUNK] for start in range(0, len(x), CHUNK))
