"""Reduction of feature vectors to principal components of their even and odd parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from .mirror_kernel import BLOCK_ENTRIES, EvenOdd, LazyPart, split_even_odd

#: Features are scaled below this magnitude, far below the overflow of float16 at 65,504, before they are rounded.
MAX_FLOAT16_MAGNITUDE = 1024.0


class EvenOddReduction:
    """Split feature vectors into even and odd part, project each on principal components, and scale both.

    Parameters
    ----------
    mirror_invariant : bool
        Whether the feature vectors hold the features of an image and of its mirror image. Otherwise there is no odd
        part.
    n_components_even, n_components_odd : int
        Number of principal components of each part. 0 keeps the part as it is.
    store_float16 : bool
        Whether components are rounded to float16, and pickled in it.

    Attributes
    ----------
    even_, odd_ : tuple of (mean, components), or None
        Arrays of shape (d,) and (d, c), where the part is projected.
    scale_ : float
        Factor that brings the largest magnitude close to `MAX_FLOAT16_MAGNITUDE`. It is a power of two, which rounds
        nothing.
    """

    def __init__(self, mirror_invariant: bool, n_components_even: int, n_components_odd: int, store_float16: bool):
        self.mirror_invariant = mirror_invariant
        self.n_components_even = n_components_even
        self.n_components_odd = n_components_odd
        self.store_float16 = store_float16

    def fit_transform(self, X: np.ndarray, sample_weight: np.ndarray | None = None) -> EvenOdd:
        """Fit the components and the scale to feature vectors, and reduce them.

        Parameters
        ----------
        X : ndarray of shape (n, d), or (n, 2 d) with a mirror
        sample_weight : ndarray of shape (n,), optional
        """
        self.even_ = self.odd_ = None
        self.scale_ = 1.0
        if self.n_components_even:
            part = LazyPart(X, 1) if self.mirror_invariant else X
            self.even_ = principal_components(part, int(self.n_components_even), True, sample_weight)
        if self.n_components_odd and self.mirror_invariant:
            self.odd_ = principal_components(LazyPart(X, -1), int(self.n_components_odd), False, sample_weight)
        if self.store_float16:  # the fitted model and the loaded one predict the same
            for projection in (self.even_, self.odd_):
                if projection is not None:
                    projection[1][:] = projection[1].astype(np.float16)
        reduced = self.transform(X)
        parts = [part for part in (reduced.even, reduced.odd) if part is not None]
        largest = max(float(np.abs(part).max(initial=0)) for part in parts)
        self.scale_ = float(2.0 ** np.floor(np.log2(MAX_FLOAT16_MAGNITUDE / largest))) if largest else 1.0
        return reduced.scaled(self.scale_)

    def transform(self, X: np.ndarray) -> EvenOdd:
        """Reduce feature vectors, block by block: the two parts of all of them may take gigabytes."""
        step = max(1, BLOCK_ENTRIES // X.shape[1])
        blocks = [self._transform_block(X[start : start + step]) for start in range(0, len(X), step)]
        if len(blocks) == 1:
            return blocks[0]
        even, odds = [block.even for block in blocks], [block.odd for block in blocks if block.odd is not None]
        return EvenOdd(np.concatenate(even), np.concatenate(odds) if odds else None)

    def _transform_block(self, X: np.ndarray) -> EvenOdd:
        parts = split_even_odd(X) if self.mirror_invariant else EvenOdd(X)
        even, odd = parts.even, parts.odd
        if self.even_ is not None:
            even = (even - self.even_[0]) @ self.even_[1]
        if self.odd_ is not None and odd is not None:
            odd = odd @ self.odd_[1]
        return EvenOdd(even, odd).scaled(self.scale_)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        for name in ("even_", "odd_"):
            if self.store_float16 and state.get(name) is not None:
                mean, components = state[name]
                state[name] = (mean, components.astype(np.float16))
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Predictions need the dtype of the features. A conversion for every face would take longer than the face.
        self.__dict__.update(state)
        for name in ("even_", "odd_"):
            if state.get(name) is not None:
                mean, components = state[name]
                setattr(self, name, (mean, components.astype(mean.dtype)))


def principal_components(
    X: np.ndarray | LazyPart, n_components: int, center: bool, sample_weight: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the directions of largest variance.

    Parameters
    ----------
    X : ndarray or LazyPart, shape (n, d)
    n_components : int
    center : bool
        Whether the mean is subtracted. The odd part is not centered: its mean over images and mirror images is 0.
    sample_weight : ndarray of shape (n,), optional

    Returns
    -------
    mean : ndarray of shape (d,)
    components : ndarray of shape (d, c)
        In columns, in descending order of variance. Directions without variance are omitted, so that c may be less
        than `n_components`. The entry of largest magnitude of each is positive.

    Notes
    -----
    Eigenvectors of the covariance matrix, or of the Gram matrix if there are fewer samples than features.
    """
    n, d = X.shape
    wide = d > n
    size = min(n, d)
    step = max(1, BLOCK_ENTRIES // (n if wide else d))
    blocks = [slice(start, start + step) for start in range(0, d if wide else n, step)]
    mean = np.zeros(d, X.dtype)
    if center and sample_weight is not None:
        fraction = sample_weight / sample_weight.sum(dtype=np.float64)
        if wide:
            mean = np.concatenate([fraction @ X[:, at] for at in blocks]).astype(X.dtype)
        else:
            mean = np.sum([fraction[at] @ X[at] for at in blocks], 0).astype(X.dtype)
    elif center and wide:
        mean = np.concatenate([X[:, at].mean(0, dtype=np.float64) for at in blocks]).astype(X.dtype)
    elif center:
        mean = (np.sum([X[at].sum(0, dtype=np.float64) for at in blocks], 0) / n).astype(X.dtype)
    factor = None if sample_weight is None else np.sqrt(sample_weight).astype(X.dtype)
    gram = np.zeros((size, size), X.dtype)
    for at in blocks:
        block = (X[:, at] - mean[at]).T if wide else X[at] - mean
        if factor is not None:
            block *= factor if wide else factor[at, None]
        gram += block.T @ block
    kept = min(n_components, size)
    values, vectors = scipy.linalg.eigh(gram, subset_by_index=(size - kept, size - 1), overwrite_a=True)
    values, vectors = values[::-1], vectors[:, ::-1]
    varying = values > 1e-6 * max(float(values[0]), 1e-30)
    vectors = vectors[:, varying]
    if wide:
        basis = np.zeros((d, vectors.shape[1]), X.dtype)
        weighted = vectors if factor is None else factor[:, None] * vectors
        for at in blocks:
            basis[at] = (X[:, at] - mean[at]).T @ weighted
        vectors = basis / np.sqrt(values[varying])
    # The sign of an eigenvector is arbitrary and may differ between LAPACK libraries.
    if vectors.size:
        vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(0), np.arange(vectors.shape[1])])
    return mean, np.ascontiguousarray(vectors, X.dtype)
