"""The RBF kernel, and its average over an image and its mirror image.

The kernel that does not change when an image is mirrored needs the features of each image and of its mirror image, f
and f_m. It depends on them through the even part (f + f_m) / sqrt 2, which a mirror leaves as it is, and the odd part
(f - f_m) / sqrt 2, whose sign it changes.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

#: Entries of a block of feature vectors that is processed at once: 64 MB in float32.
BLOCK_ENTRIES = 1 << 24


@dataclasses.dataclass(frozen=True)
class EvenOdd:
    """Even and odd part of feature vectors.

    Attributes
    ----------
    even : ndarray of shape (n, p)
        The feature vectors themselves if there is no odd part.
    odd : ndarray of shape (n, q), or None
        None for the plain RBF kernel.
    """

    even: np.ndarray
    odd: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.even)

    def __getitem__(self, samples: slice | np.ndarray) -> EvenOdd:
        return EvenOdd(self.even[samples], None if self.odd is None else self.odd[samples])

    def astype(self, dtype: Any) -> EvenOdd:
        """Convert both parts to another dtype. Arrays that have it are not copied."""
        even: np.ndarray = self.even.astype(dtype, copy=False)
        return EvenOdd(even) if self.odd is None else EvenOdd(even, self.odd.astype(dtype, copy=False))

    def scaled(self, factor: float) -> EvenOdd:
        """Multiply both parts by a factor. Nothing is copied if the factor is 1."""
        if factor == 1:
            return self
        number = self.even.dtype.type(factor)
        return EvenOdd(self.even * number, None if self.odd is None else self.odd * number)

    def squared_norms(self) -> np.ndarray:
        """Compute the squared norm of each feature vector, shape (n,)."""
        norms = np.einsum("nd,nd->n", self.even, self.even)
        return norms if self.odd is None else norms + np.einsum("nd,nd->n", self.odd, self.odd)

    def mean_squared_distance(self, sample_weight: np.ndarray | None = None) -> float:
        """Compute the mean squared distance of two different samples.

        Parameters
        ----------
        sample_weight : ndarray of shape (n,), optional
            Number of times that each sample counts.

        Returns
        -------
        float
            With odd parts, the mean over the distance to a sample and the distance to its mirror image.
        """
        n: float = len(self)
        if sample_weight is None:
            variance = float(self.even.var(0, dtype=np.float64).sum())
            odd = 0.0 if self.odd is None else float(np.einsum("nd,nd->n", self.odd, self.odd).sum(dtype=np.float64))
        else:
            weight = sample_weight.astype(np.float64)
            n = float(weight.sum())
            mean = weight @ self.even / n
            variance = float(weight @ ((self.even - mean) ** 2).sum(1)) / n
            odd = 0.0 if self.odd is None else float(weight @ np.einsum("nd,nd->n", self.odd, self.odd))
        # Weights may sum to less than the two samples that a distance needs.
        centred = 2 * variance * n / max(n - 1, 1)
        return centred if self.odd is None else centred + 2 * odd / n


@dataclasses.dataclass(frozen=True)
class LazyPart:
    """Even or odd part of feature vectors, computed for the slices that are read: in full it may take gigabytes.

    Attributes
    ----------
    X : ndarray of shape (n, 2 d)
        Features of the images, then those of their mirror images.
    sign : {1, -1}
        1 for the even part, -1 for the odd part.
    """

    X: np.ndarray
    sign: int

    @property
    def shape(self) -> tuple[int, int]:
        """``(n, d)``."""
        return len(self.X), self.X.shape[1] // 2

    @property
    def dtype(self) -> np.dtype:
        """The dtype of `X`."""
        return self.X.dtype

    def __getitem__(self, at: Any) -> np.ndarray:
        d = self.shape[1]
        image, mirrored = self.X[:, :d][at], self.X[:, d:][at]
        part = image + mirrored if self.sign > 0 else image - mirrored
        part *= self.dtype.type(np.sqrt(0.5))
        return part


def split_even_odd(X: np.ndarray) -> EvenOdd:
    """Compute the even part (f + f_m) / sqrt 2 and the odd part (f - f_m) / sqrt 2 of feature vectors.

    Parameters
    ----------
    X : ndarray of shape (n, 2 d)
        Features f of the images, then features f_m of their mirror images.
    """
    return EvenOdd(LazyPart(X, 1)[:], LazyPart(X, -1)[:])


def rbf_kernel_block(
    A: EvenOdd, B: EvenOdd, gamma: float, squared_norms: tuple[np.ndarray, np.ndarray], out: np.ndarray
) -> None:
    """Compute the kernel of two sets of samples.

    Parameters
    ----------
    A, B : EvenOdd
        Of a and of b samples.
    gamma : float
    squared_norms : tuple of ndarray
        `EvenOdd.squared_norms` of `A` and of `B`.
    out : ndarray of shape (a, b)
        The kernel is written here.

    Notes
    -----
    Without odd parts the kernel is ``exp(-gamma |x - x'|^2)``. With odd parts it is the mean of this kernel for the
    second sample and for its mirror image, whose odd part d' has the opposite sign:
    ``(exp(-gamma (|s - s'|^2 + |d - d'|^2)) + exp(-gamma (|s - s'|^2 + |d + d'|^2))) / 2``.
    """
    number = out.dtype.type
    np.matmul(A.even, B.even.T, out=out)
    out *= number(2 * gamma)
    out -= (number(gamma) * squared_norms[0])[:, None]
    out -= number(gamma) * squared_norms[1]
    if A.odd is None or B.odd is None:
        np.minimum(out, 0, out=out)
        np.exp(out, out=out)
        return
    product = A.odd @ B.odd.T
    product *= number(2 * gamma)
    mirrored = out - product
    out += product
    for exponent in (out, mirrored):
        np.minimum(exponent, 0, out=exponent)
        np.exp(exponent, out=exponent)
    out += mirrored
    out *= number(0.5)
