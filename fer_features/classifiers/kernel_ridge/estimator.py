"""Kernel ridge regression as a classifier, with a kernel that does not see whether a face is mirrored."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import check_is_fitted

from ..._progress import say
from ...exceptions import FerError
from ..temperature import likeliest_factor
from .mirrored import BLOCK, HALF, Half, Parts, kernel, principal, split
from .solvers import ROWS, of_all_rows, of_landmarks

GB = 1e9
#: Entries of the kernel that are made at once in predicting: they fit the processor's second cache.
ENTRIES = 1 << 16
#: Natural logarithms between which the factor on scores is sought.
TEMPERATURES = (-3.0, 6.0)


class KRR(ClassifierMixin, BaseEstimator):
    """Kernel ridge classifier: least squares on the kernel ``exp(-g |x - x'|^2)``, one class against the rest.

    Parameters
    ----------
    gamma : float
        g in units of the mean squared distance of training rows: 1 means that two rows at that distance have the
        kernel 1 / e.
    ridge : float or tuple of float
        Added to the kernel's diagonal, which is 1, or between a half and 1 with a mirror. Of several the one is taken
        that is right on most training rows when each is left out in turn; each costs a factorisation.
    mirror : bool
        Whether the first half of the columns describes a picture and the second half its mirror image, as
        ``Features(mirror='beside')`` gives them. The kernel is then the mean of those with the other row and with its
        mirror, and a face and its mirror always get the same scores.
    even, odd : int
        Principal components that the even part (f + f_m) / sqrt 2 and the odd part (f - f_m) / sqrt 2 are reduced to
        first; 0 keeps all. Without a mirror all is even.
    landmarks : int
        Training rows, drawn at random, that the solution is made of (Nystroem); 0 for all. What is kept of a model is
        these rows.
    class_weight : dict, 'balanced' or None
    max_memory : float
        Gigabytes that the kernel may take. Where it would need more, as many `landmarks` are drawn as fit, with a
        warning.
    half : bool
        Whether training rows and components are kept in float16, half the size on disk.
    random_state : int or None
        Of the landmarks.

    Attributes
    ----------
    classes_ : ndarray, shape (k,)
    rows_ : Parts
        Reduced training rows, or those drawn.
    coefficients_ : ndarray, shape (m, k), float32
    gamma_, ridge_ : float
        g in units of the features, and the ridge that was taken.
    left_out_ : ndarray, shape (n, k), float32
        Score of each training row when it is left out, in closed form; not pickled.
    sharpness_ : float
        What scores are multiplied by before the softmax: the likeliest for `left_out_`.

    References
    ----------
    C. Saunders, A. Gammerman, V. Vovk, "Ridge regression learning algorithm in dual variables", ICML 1998.
    G. Cawley, N. Talbot, "Efficient leave-one-out cross-validation of kernel Fisher discriminant classifiers", Pattern
    Recognition 36, 2003.
    C. Williams, M. Seeger, "Using the Nystroem method to speed up kernel machines", NIPS 2000.
    B. Haasdonk, H. Burkhardt, "Invariant kernel functions for pattern analysis and machine learning", Machine Learning
    68, 2007: kernels averaged over a group, here that of the mirror.

    Notes
    -----
    One float32 Cholesky factorisation in place serves all classes: the lower triangle becomes the factor while the
    upper keeps the kernel, by which the solution is refined and other ridges are tried. 28,709 rows take 3.3 GB. The
    error of a row when it is left out is its coefficient over its entry on the diagonal of the inverse; components and
    `gamma_`, which hang on it a little, stay those of all rows. There is no intercept: targets are 1 - 1/k for the
    class and -1/k for the others, so that they sum to 0 over the classes.
    """

    def __init__(
        self,
        gamma: float = 1.0,
        ridge: float | tuple[float, ...] = 0.1,
        mirror: bool = False,
        even: int = 0,
        odd: int = 0,
        landmarks: int = 0,
        class_weight: dict[Any, float] | str | None = None,
        max_memory: float = 8.0,
        half: bool = True,
        random_state: int | None = None,
    ):
        self.gamma = gamma
        self.ridge = ridge
        self.mirror = mirror
        self.even = even
        self.odd = odd
        self.landmarks = landmarks
        self.class_weight = class_weight
        self.max_memory = max_memory
        self.half = half
        self.random_state = random_state

    def fit(self, X: Any, y: Any, group: Any = None) -> KRR:
        """Fit on features (n, d) and labels (n,).

        Parameters
        ----------
        X, y
        group : ndarray, shape (n,), optional
            Rows of one group, which stand side by side, are left out together: copies of a row would tell of it.
        """
        X, y = np.asarray(X, np.float32), np.asarray(y)
        ridges = self._check(X)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"all rows are of one class, {self.classes_[0]!r}: at least two are needed")
        bounds = None if group is None else _bounds(np.asarray(group))
        targets = (np.eye(len(self.classes_))[codes] - 1 / len(self.classes_)).astype(np.float32)
        weight = compute_sample_weight(self.class_weight, y).astype(np.float32)
        rows = self._learn_parts(X)
        del X
        self.gamma_ = float(self.gamma) / (rows.mean_distance() or 1.0)
        few = self._few(len(rows))
        if self.half:  # what is solved, and what is pickled, is what predicts
            rows = rows.astype(np.float16).astype(np.float32)
        chosen = np.arange(len(rows))
        if few:
            chosen = np.sort(np.random.default_rng(self.random_state).permutation(len(rows))[:few])
            solutions = of_landmarks(rows, chosen, self.gamma_, ridges, targets, weight, bounds)
        else:
            solutions = of_all_rows(rows, self.gamma_, ridges, targets, weight, bounds)
        best = -1.0
        for ridge, coefficients, left_out in solutions:
            right = float(weight @ (left_out.argmax(1) == codes))
            if right > best:
                best, self.ridge_, self.coefficients_, self.left_out_ = right, ridge, coefficients, left_out
        self.rows_ = rows[chosen] if few else rows
        self._squares = self.rows_.squares()
        self.sharpness_ = likeliest_factor(self.left_out_, codes, TEMPERATURES, weight)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Score of each class, (n, k) float32; (n,) for two classes, above 0 for the second."""
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each class, (n, k) float64."""
        return softmax(self.sharpness_ * self._scores(X).astype(np.float64), 1)

    def predict(self, X: Any) -> np.ndarray:
        """Labels, (n,)."""
        return self.classes_[self._scores(X).argmax(1)]

    def __getstate__(self) -> dict[str, Any]:
        # Scores of training rows are no part of what predicts; rows and components have been of float16 since `fit`.
        state = {key: value for key, value in super().__getstate__().items() if key not in ("left_out_", "_squares")}
        for name in ("even_", "odd_"):
            if self.half and state.get(name) is not None:
                state[name] = tuple(a.astype(np.float16) if a.ndim == 2 else a for a in state[name])
        if self.half and "rows_" in state:
            state["rows_"] = state["rows_"].astype(np.float16)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Float32 is twice the memory; to change it for each face would take many times what the face does.
        super().__setstate__(state)
        for name in ("even_", "odd_"):
            if getattr(self, name, None) is not None:
                setattr(self, name, tuple(a.astype(np.float32) for a in getattr(self, name)))
        if hasattr(self, "rows_"):
            self.rows_ = self.rows_.astype(np.float32)
            self._squares = self.rows_.squares()

    def _check(self, X: np.ndarray) -> list[float]:
        ridges = [float(r) for r in (self.ridge if isinstance(self.ridge, tuple | list) else [self.ridge])]
        wrong = {"ridge": not ridges or min(ridges) <= 0, "gamma": not self.gamma > 0}
        wrong |= {name: getattr(self, name) < 0 for name in ("even", "odd", "landmarks", "max_memory")}
        for name, is_wrong in wrong.items():
            if is_wrong:
                raise FerError(f"KRR: {name}={getattr(self, name)!r} is too small")
        if self.mirror and X.shape[1] % 2:
            raise FerError(
                f"KRR: mirror=True, but {X.shape[1]} features are no two halves: they come from features__mirror=beside"
            )
        return sorted(ridges, reverse=True)

    def _few(self, n: int) -> int:
        """How many rows to draw, 0 for all; says the memory that is about to be taken."""
        few, need = min(int(self.landmarks), n), 4.0 * n * n / GB
        if not few and need > self.max_memory:
            few = max(1, min(n, int((self.max_memory * GB / 32) ** 0.5)))
            warnings.warn(
                f"KRR: the kernel of {n} rows takes {need:.1f} GB, above max_memory={self.max_memory:g}: "
                f"{few} landmarks are drawn instead",
                UserWarning,
                stacklevel=3,
            )
        need = 4.0 * few * (4 * few + ROWS) / GB if few else need
        what = f"{few} landmarks of {n} rows" if few else f"the kernel of {n} rows"
        if need > 0.5:
            say(f"kernel ridge: {what} takes {need:.1f} GB")
        return few

    def _learn_parts(self, X: np.ndarray) -> Parts:
        self.even_ = self.odd_ = None
        self.scale_ = 1.0
        if self.even:
            self.even_ = principal(Half(X, 1) if self.mirror else X, int(self.even), centre=True)
        if self.odd and self.mirror:
            self.odd_ = principal(Half(X, -1), int(self.odd), centre=False)
        if self.half:  # what is pickled is what is used here
            for part in (self.even_, self.odd_):
                if part is not None:
                    part[1][:] = part[1].astype(np.float16)
        rows = self._reduced(X)
        largest = max(float(np.abs(p).max(initial=0)) for p in (rows.even, rows.odd) if p is not None)
        # A power of two: nothing is rounded by it.
        self.scale_ = float(2.0 ** np.floor(np.log2(HALF / largest))) if largest else 1.0
        return rows.times(self.scale_)

    def _reduced(self, X: np.ndarray) -> Parts:
        """Even and odd part of rows, reduced and scaled; made in blocks, for whole they may be gigabytes."""
        step = max(1, BLOCK // X.shape[1])
        blocks = [self._reduced_block(X[start : start + step]) for start in range(0, len(X), step)]
        if len(blocks) == 1:
            return blocks[0]
        odd = None if blocks[0].odd is None else np.concatenate([block.odd for block in blocks])
        return Parts(np.concatenate([block.even for block in blocks]), odd)

    def _reduced_block(self, X: np.ndarray) -> Parts:
        parts = split(X) if self.mirror else Parts(X)
        even, odd = parts.even, parts.odd
        if self.even_ is not None:
            even = (even - self.even_[0]) @ self.even_[1]
        if self.odd_ is not None and odd is not None:
            odd = odd @ self.odd_[1]
        return Parts(even, odd).times(self.scale_)

    def _scores(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        X = np.asarray(X, np.float32)
        scores = np.zeros((len(X), len(self.classes_)), np.float32)
        step = max(1, BLOCK // max(ROWS, X.shape[1]))
        for start in range(0, len(X), step):
            some = self._reduced_block(X[start : start + step])
            squares = some.squares()
            width = max(ROWS, ENTRIES // len(some))  # many rows at once for one face
            for first in range(0, len(self.rows_), width):
                at = slice(first, first + width)
                rows = self.rows_[at]
                part = np.empty((len(some), len(rows)), np.float32)
                kernel(some, rows, self.gamma_, (squares, self._squares[at]), part)
                scores[start : start + step] += part @ self.coefficients_[at]
        return scores


def _bounds(group: np.ndarray) -> np.ndarray:
    """Where groups of rows begin, and the end, (g + 1,)."""
    starts = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
    if len(starts) > len(np.unique(group)):
        raise ValueError("KRR: rows of a group must stand side by side")
    return np.append(starts, len(group))
