"""Rows as a mirror-symmetric kernel sees them: an even and an odd part, reduced to principal components."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import scipy.linalg

#: Entries of a block of rows or of the kernel that are worked on at once: 64 MB in float32.
BLOCK = 1 << 24
#: Largest magnitude that float16 holds well; rows are scaled below it before they are stored.
HALF = 1024.0


@dataclasses.dataclass(frozen=True)
class Parts:
    """Even and odd part of some rows.

    Attributes
    ----------
    even : ndarray, shape (n, p), float32 or float16
        The rows themselves where there is no mirror.
    odd : ndarray, shape (n, q), the same, or None
    """

    even: np.ndarray
    odd: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.even)

    def __getitem__(self, rows: slice | np.ndarray) -> Parts:
        return Parts(self.even[rows], None if self.odd is None else self.odd[rows])

    def astype(self, dtype: type) -> Parts:
        """The same in another type; not copied where it has that type."""
        even: np.ndarray = self.even.astype(dtype, copy=False)
        return Parts(even) if self.odd is None else Parts(even, self.odd.astype(dtype, copy=False))

    def times(self, factor: float) -> Parts:
        """The same at another scale; not copied where it is the same one."""
        if factor == 1:
            return self
        return Parts(self.even * np.float32(factor), None if self.odd is None else self.odd * np.float32(factor))

    def squares(self) -> np.ndarray:
        """Squared length of each row, (n,) float32."""
        found = np.einsum("nd,nd->n", self.even, self.even)
        return found if self.odd is None else found + np.einsum("nd,nd->n", self.odd, self.odd)

    def mean_distance(self) -> float:
        """Mean squared distance of two different rows, or of a row and another or the other's mirror."""
        n = len(self)
        centred = 2 * float(self.even.var(0, dtype=np.float64).sum()) * n / max(n - 1, 1)
        if self.odd is None:
            return centred
        return centred + 2 * float(np.einsum("nd,nd->n", self.odd, self.odd).sum(dtype=np.float64)) / n


def split(X: np.ndarray) -> Parts:
    """Even part (f + f_m) / sqrt 2 and odd part (f - f_m) / sqrt 2 of rows (n, 2 d) that are f and f_m side by side."""
    return Parts(Half(X, 1)[:], Half(X, -1)[:])


@dataclasses.dataclass(frozen=True)
class Half:
    """One of the parts that `split` gives, computed where it is asked for: of thousands of rows it is gigabytes.

    Attributes
    ----------
    X : ndarray, shape (n, 2 d), float32
    sign : {1, -1}
        Even or odd.
    """

    X: np.ndarray
    sign: int

    @property
    def shape(self) -> tuple[int, int]:
        """``(n, d)``."""
        return len(self.X), self.X.shape[1] // 2

    def __getitem__(self, at: Any) -> np.ndarray:
        d = self.shape[1]
        f, mirror = self.X[:, :d][at], self.X[:, d:][at]
        found = f + mirror if self.sign > 0 else f - mirror
        found *= np.float32(np.sqrt(0.5))
        return found


def principal(X: np.ndarray | Half, components: int, centre: bool) -> tuple[np.ndarray, np.ndarray]:
    """Mean (d,) and directions (d, c) of largest variance of rows (n, d), float32.

    Directions without variance are left out, so that `c` may be less than `components`. The odd part is not centred:
    a mirrored row has it turned round, so that its mean over rows and mirrored rows is 0.
    """
    n, d = X.shape
    wide = d > n
    size = min(n, d)
    step = max(1, BLOCK // (n if wide else d))
    blocks = [slice(start, start + step) for start in range(0, d if wide else n, step)]
    mean = np.zeros(d, np.float32)
    if centre and wide:
        mean = np.concatenate([X[:, at].mean(0, dtype=np.float64) for at in blocks]).astype(np.float32)
    elif centre:
        mean = (np.sum([X[at].sum(0, dtype=np.float64) for at in blocks], 0) / n).astype(np.float32)
    gram = np.zeros((size, size), np.float32)
    for at in blocks:
        block = (X[:, at] - mean[at]).T if wide else X[at] - mean
        gram += block.T @ block
    kept = min(components, size)
    values, vectors = scipy.linalg.eigh(gram, subset_by_index=(size - kept, size - 1), overwrite_a=True)
    values, vectors = values[::-1], vectors[:, ::-1]
    some = values > 1e-6 * max(float(values[0]), 1e-30)
    vectors = vectors[:, some]
    if wide:
        basis = np.zeros((d, vectors.shape[1]), np.float32)
        for at in blocks:
            basis[at] = (X[:, at] - mean[at]).T @ vectors
        vectors = basis / np.sqrt(values[some])
    # The sign of an eigenvector is free: the largest part is made positive, so that it does not hang on LAPACK.
    if vectors.size:
        vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(0), np.arange(vectors.shape[1])])
    return mean, np.ascontiguousarray(vectors, np.float32)


def kernel(A: Parts, B: Parts, gamma: float, squares: tuple[np.ndarray, np.ndarray], out: np.ndarray) -> None:
    """The kernel of two sets of rows, into `out` (a, b) float32.

    Without odd parts ``exp(-gamma |x - x'|^2)``; with them the mean of that kernel of a row with the other and with
    the other's mirror, whose odd part is turned round:
    ``(exp(-gamma (|s - s'|^2 + |d - d'|^2)) + exp(-gamma (|s - s'|^2 + |d + d'|^2))) / 2``.
    """
    np.matmul(A.even, B.even.T, out=out)
    out *= np.float32(2 * gamma)
    out -= (np.float32(gamma) * squares[0])[:, None]
    out -= np.float32(gamma) * squares[1]
    if A.odd is None or B.odd is None:
        np.minimum(out, 0, out=out)
        np.exp(out, out=out)
        return
    product = A.odd @ B.odd.T
    product *= np.float32(2 * gamma)
    turned = out - product
    out += product
    for one in (out, turned):
        np.minimum(one, 0, out=one)
        np.exp(one, out=one)
    out += turned
    out *= np.float32(0.5)
