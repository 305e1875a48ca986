"""Sets of local descriptors as one vector: Fisher vectors (Perronnin et al. 2010) and VLAD (Jegou et al. 2010)."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csc_array

from .codebook import Mixture, extended, log_linear, one_hot, posteriors

#: Descriptors of some pictures that are encoded together: what is made of them stays in the processor's cache.
TOGETHER = 1600
#: Descriptors of a picture that are summed in float32.
BLOCK = 256
#: Of the likeliest word's posterior, the share below which others are dropped.
FLOOR = 1e-3


def fisher_vectors(
    descriptors: np.ndarray,
    mixture: Mixture,
    cells: np.ndarray | None = None,
    priors: bool = False,
    floor: float = 0,
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
    floor : float, 0 to 1
        Words whose posterior is below this share of the likeliest word's are dropped: 0 for none, 1 for all but the
        likeliest.

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
    With ``floor=0`` equal to `skimage.feature.fisher_vector` of float64 to 1e-5 of its length, in its order of columns
    and with its signs: it turns the derivatives by the variances round, which kernels and norms do not see. Sums are
    weighted by `cells` and divided by the cell's weight. The derivatives by the weights are left out by default, as in
    the paper.

    Of dozens of words two or three explain a patch of a face, and the floor leaves those, so that the sums have few
    terms; what is dropped is shared out over what is kept. On dense SIFT of faces the vector differs from the exact one
    by 0.1 % of its length then, by 1 % at a floor of 0.01, and by a quarter where the likeliest word alone is kept.
    """
    n, p, d = descriptors.shape
    shares = np.full((p, 1), 1 / p) if cells is None else np.asarray(cells, np.float64)
    shares = (shares / np.where(shares.sum(0), shares.sum(0), 1)).astype(np.float32)
    linear = np.ascontiguousarray(log_linear(mixture).T)
    weights, means, variances = mixture.parts()
    # What the sums are multiplied by; worked out once, for it would take longer than the sums.
    root = np.sqrt(weights)[:, None]
    by_mean, by_variance = 1 / (root * np.sqrt(variances)), 1 / (np.sqrt(2) * root * variances)
    scale = np.concatenate([by_mean, -by_variance], 1)
    offset = np.concatenate([means * by_mean, (means**2 - variances) * by_variance], 1)
    mixed = 2 * means * by_variance
    if floor:
        scale, offset, mixed = (a.astype(np.float32) for a in (scale, offset, mixed))
    out = np.empty((n, shares.shape[1], 2, len(means), d), np.float32)
    counts = np.empty((n, shares.shape[1], len(means)), np.float32)
    some = max(1, TOGETHER // p)
    for i in range(0, n, some):
        x = extended(descriptors[i : i + some].reshape(-1, d))
        sums = _few_sums(x, x @ linear, shares, floor) if floor else _all_sums(x, x @ linear, shares)
        sums = sums.reshape(-1, *counts.shape[1:], 2 * d + 1)
        counts[i : i + some] = sums[..., -1]
        derivatives = sums[..., :-1] * scale
        derivatives -= sums[..., -1:] * offset
        derivatives[..., d:] += sums[..., :d] * mixed
        out[i : i + some] = derivatives.reshape(*derivatives.shape[:-1], 2, d).swapaxes(-3, -2)
    vectors = out.reshape(*counts.shape[:2], -1)
    if not priors:
        return vectors
    by_weight = (counts - weights).astype(np.float32) / root[:, 0].astype(np.float32)
    by_weight[:, shares.sum(0) == 0] = 0
    return np.concatenate([by_weight, vectors], -1)


def _few_sums(x: np.ndarray, logs: np.ndarray, shares: np.ndarray, floor: float) -> np.ndarray:
    """Sums of `x` of some pictures (m p, 2 D + 1) by cell and word, of the likeliest words alone, (m C K, 2 D + 1)."""
    (p, cells), words = shares.shape, logs.shape[1]
    if floor < 1:
        top = logs.max(1)
        at = np.flatnonzero(logs >= (top + np.float32(np.log(floor)))[:, None]).astype(np.int32)
        place = at // words
        word = at - place * words
        weight = np.exp(logs.ravel()[at] - top[place])
        weight *= (1 / np.bincount(place, weight)).astype(np.float32)[place]
        first = np.concatenate([[0], np.cumsum(np.bincount(place, minlength=len(x)))])
    else:
        word, weight, first = logs.argmax(1), np.ones(len(x), np.float32), np.arange(len(x) + 1)
        place = first[:-1]
    where, row = place % p, place // p * (cells * words) + word
    if cells > 1:
        # The cells that a place is in, as many for each as for the place that is in most.
        most = int((shares > 0).sum(1).max())
        near = np.argsort(-shares, 1, kind="stable")[:, :most]
        row = row[:, None] + (near * words).astype(np.int32)[where]
        weight = weight[:, None] * np.take_along_axis(shares, near, 1)[where]
        first = first * most
    else:
        weight *= shares[where, 0]
    index = row.ravel().astype(np.int32), first.astype(np.int32)  # what scipy would look through the indices for
    return csc_array((weight.ravel(), *index), shape=(len(x) // p * cells * words, len(x))) @ x


def _all_sums(x: np.ndarray, logs: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """The same of all words, (m, C, K, 2 D + 1) float64."""
    (p, cells), q = shares.shape, posteriors(logs)[0]
    sums = np.zeros((len(x) // p, cells, q.shape[1], x.shape[1]))
    for i, start in enumerate(range(0, len(x), p)):
        for c, share in enumerate(shares.T):
            rows = np.flatnonzero(share)
            # Within a block of rows in float32, over blocks in float64: the derivatives are small differences.
            for some in np.split(rows, range(BLOCK, len(rows), BLOCK)):
                sums[i, c] += (q[start + some] * share[some, None]).T @ x[start + some]
    return sums


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
        q = one_hot(x, codebook)
        for c, (rows, weight, total) in enumerate(places):
            if total:
                qc, xc = (q, x) if rows is None else (q.take(rows, 1) * weight, x.take(rows, 0))
                out[i, c] = (qc @ xc - qc.sum(1, keepdims=True) * codebook) / total
    return out.reshape(n, len(places), -1)


def improve(vectors: np.ndarray) -> np.ndarray:
    """Signed root, then length 1, over the last axis; 0 stays 0. What makes a Fisher vector 'improved'."""
    size = np.abs(vectors)
    length = np.sqrt(size.sum(-1, keepdims=True))
    rooted = np.copysign(np.sqrt(size, out=size), vectors, out=size)
    return np.divide(rooted, np.where(length, length, 1), out=rooted)


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


def _places(cells: np.ndarray | None, p: int) -> list[tuple[np.ndarray | None, np.ndarray | None, float]]:
    """Of each cell the places in it, their weights, and the sum of these; None stands for all, and for weight 1."""
    if cells is None:
        return [(None, None, float(p))]
    found: list[tuple[np.ndarray | None, np.ndarray | None, float]] = []
    for weight in np.asarray(cells, np.float32).T:
        rows = np.flatnonzero(weight)
        found.append((rows, weight[rows], float(weight.sum(dtype=np.float64))))
    return found
