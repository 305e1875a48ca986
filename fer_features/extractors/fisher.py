"""Fisher vectors (Perronnin et al., ECCV 2010) and VLAD (Jegou et al., CVPR 2010) of dense SIFT of the aligned face."""

from __future__ import annotations

import contextlib
import numbers
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from .._progress import progress
from ..exceptions import FerError
from ..samples.table import Samples, as_samples
from ..vision.codebook import Mixture, fit_codebook, fit_mixture, fit_pca, fit_wide_pca
from ..vision.crop import turned
from ..vision.fisher import FLOOR, fisher_vectors, grid_cells, improve, vlad_vectors
from ..vision.sift import LENGTH, dense_sift
from . import base
from .appearance import OF, Appearance
from .base import require_neutral
from .parameters import POSITIVE, WHOLE, check_parameters

#: Local descriptors that a picture gives to the sample at least, while there are enough pictures.
A_PICTURE = 200
#: Rows described at once where the vectors of cells are reduced.
LARGE_BATCH = 64


class FisherVectors(Appearance):
    """Fisher vectors or VLAD of dense SIFT over a grid, by words learnt from the training rows.

    Parameters
    ----------
    encoding : {'fisher', 'vlad'}
    bins : float or tuple of float
        Sides of a SIFT bin in pixels of the crop; a patch is 4 of them wide.
    step : float
        Distance of neighbouring patches in pixels of the crop.
    root : bool
        RootSIFT: the roots of L1-normed descriptors.
    components : int
        Principal components of the descriptors that are kept, at most 128.
    words : int
        Components of the Gaussian mixture, or means of the codebook.
    grid : int
        The crop is cut into `grid` x `grid` cells, each of which has a vector of its own.
    soft : bool
        Whether a patch is shared out over the cells around it; else it counts in the one it is in.
    turns : tuple of float
        Degrees that a picture is turned by; its vectors are the mean over all of them. (0,) takes it as it is.
    of : {'apex', 'difference', 'both'}
        The vectors of the apex, those minus the vectors of the neutral frame, or both.
    n_sample : int
        Local descriptors that components and words are learnt from.
    cell_components : int
        Principal components that the vector of each cell is reduced to, 0 for none: what keeps vectors of many words
        small enough for thousands of rows. Those of a cell whose sample has fewer are fewer too.
    cell_sample : int
        Rows that the principal components of cells are learnt from.
    seed : int
        Of these samples and of the words.

    Attributes
    ----------
    mean_, basis_ : ndarray, shape (128,) and (128, components), float32
        Of the principal components.
    words_ : Mixture, or ndarray, shape (words, components)
    cells_ : list of (ndarray, ndarray)
        Of each cell, where any is reduced, its mean along its principal directions, and these directions.

    Notes
    -----
    What comes out depends on the rows that it was fitted to, so it is not kept in the table's store: each fold
    describes its rows anew. Rows are read in batches, and no more than a batch's local descriptors and the sample
    are held at a time.

    Each cell's vector is improved (signed root, length 1) by itself, and all are divided by the root of their
    number, so that a row has length 1. Perronnin et al. norm a spatial pyramid's cells in the same way.
    Words much less likely than the likeliest are dropped, by `FLOOR` in `fer_features.vision.fisher`.
    For VLAD the signed root follows Jegou and Chum (ECCV 2012); the paper of 2010 has none.

    See Also
    --------
    fer_features.vision.sift.dense_sift, fer_features.vision.fisher.fisher_vectors : the formulas.
    """

    #: Nothing is reduced before anything is learnt.
    cells_: list[tuple[np.ndarray, np.ndarray]] = []
    cites = "Perronnin, Sanchez and Mensink, ECCV 2010; VLAD: Jegou et al., CVPR 2010; Lowe, IJCV 2004"
    rules = {
        "encoding": ("fisher", "vlad"),
        "step": POSITIVE,
        "root": (False, True),
        "components": WHOLE,
        "words": WHOLE,
        "grid": WHOLE,
        "soft": (False, True),
        "of": OF,
        "n_sample": WHOLE,
        "cell_sample": WHOLE,
    }

    def __init__(
        self,
        encoding: str = "fisher",
        bins: float | tuple[float, ...] = (4, 6),
        step: float = 4,
        root: bool = True,
        components: int = 32,
        words: int = 16,
        grid: int = 3,
        soft: bool = True,
        turns: tuple[float, ...] = (0,),
        of: str = "apex",
        n_sample: int = 50_000,
        cell_components: int = 0,
        cell_sample: int = 4000,
        seed: int = 0,
    ):
        self.encoding = encoding
        self.bins = bins
        self.step = step
        self.root = root
        self.components = components
        self.words = words
        self.grid = grid
        self.soft = soft
        self.turns = turns
        self.of = of
        self.n_sample = n_sample
        self.cell_components = cell_components
        self.cell_sample = cell_sample
        self.seed = seed

    def __getstate__(self) -> dict[str, Any]:
        # Directions of cells are by far the most of a model; they hold numbers of float16 since `fit`.
        state = super().__getstate__()
        if state.get("cells_"):
            state["cells_"] = [(middle, basis.astype(np.float16)) for middle, basis in state["cells_"]]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if getattr(self, "cells_", None):
            self.cells_ = [(middle, basis.astype(np.float32)) for middle, basis in self.cells_]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "words_")

    def __sklearn_tags__(self) -> Any:
        # Its vectors hang on the rows it learnt from: what describes all rows beforehand passes it over.
        tags = super().__sklearn_tags__()
        tags.requires_fit = True
        return tags

    def fit(self, X: Any, y: Any = None) -> FisherVectors:
        """Learn components and words from a sample of local descriptors of these rows.

        Raises
        ------
        FerError
            For a wrong parameter, rows none of which can be described, or too few different descriptors.
        ValueError
            Where the pictures hold no patch.
        """
        self._check()
        X = as_samples(X, self.reads)
        if self.of != "apex":
            require_neutral(self, "images", X)
        self.shape_ = tuple(np.shape(X.column("images"))[1:])
        with _one_thread(len(X)):
            sample = self._sample(X)
            self.mean_, self.basis_ = fit_pca(sample, int(self.components))
            sample = self._project(sample)
            learn = fit_mixture if self.encoding == "fisher" else fit_codebook
            try:
                self.words_ = learn(sample, int(self.words), int(self.seed))
            except ValueError as error:
                raise FerError(f"{type(self).__name__}: {error}; fewer words or other pictures are needed") from None
        self.cells_ = []  # by which the sample is not reduced
        if self.cell_components:
            self.cells_ = self._learn_cells(X)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Vectors of each row, (n, d) float32; NaN in rows that cannot be described."""
        check_is_fitted(self)
        X = as_samples(X, self.reads)
        with _one_thread(len(X)):
            blocks = list(self._batches(X)) if len(X) else []
        return np.concatenate([np.empty((0, len(self.names())), np.float32), *blocks])

    def describe_pictures(self, images: np.ndarray) -> np.ndarray:
        """Vectors of pictures, (n, H, W) uint8 -> (n, d) float32."""
        vectors = self._by_cell(images)
        if self.cells_:
            cells = enumerate(self.cells_)
            vectors = np.concatenate([vectors[:, c] @ basis - middle for c, (middle, basis) in cells], 1)
        return vectors.reshape(len(images), -1)

    def _by_cell(self, images: np.ndarray) -> np.ndarray:
        """Improved vectors of pictures, (n, grid * grid, d) float32, the mean over their turns."""
        if len(self.turns) == 1 and not self.turns[0]:
            return self._encoded(images)
        vectors = self._encoded(turned(images, self.turns[0]))
        for degrees in self.turns[1:]:
            vectors += self._encoded(turned(images, degrees))
        vectors /= np.float32(len(self.turns))
        return vectors

    def _encoded(self, images: np.ndarray) -> np.ndarray:
        descriptors, positions = self._local(images)
        height, width = images.shape[1:]
        cells = grid_cells(positions, height, width, int(self.grid), bool(self.soft))
        found, words = self._project(descriptors), self.words_
        if isinstance(words, Mixture):
            vectors = improve(fisher_vectors(found, words, cells, floor=FLOOR))
        else:
            vectors = improve(vlad_vectors(found, words, cells))
        vectors /= np.float32(self.grid)
        return vectors

    def rows_at_once(self) -> int:
        """How many rows are described together."""
        # The directions of cells are read once a batch: of small ones that would take longer than the rest.
        return LARGE_BATCH if self.cells_ else super().rows_at_once()

    def _learn_cells(self, X: Samples) -> list[tuple[np.ndarray, np.ndarray]]:
        """Directions of each cell and its mean along them, from vectors of a sample of rows held in float16."""
        usable = self._usable(X)
        chosen = np.sort(np.random.default_rng(int(self.seed)).permutation(usable)[: int(self.cell_sample)])
        batches = [X[chosen[start : start + base.BATCH]] for start in range(0, len(chosen), base.BATCH)]

        def one(rows: Samples) -> np.ndarray:
            frames = (-1,) if self.of == "apex" else (0, -1)
            return np.concatenate([self._by_cell(rows.frame("images", t)).astype(np.float16) for t in frames])

        with _one_thread(len(chosen)):
            found = progress(base._in_threads(one, batches), len(batches), f"learning cells: {type(self).__name__}")
            sample = list(found)
        cells = range(self.grid * self.grid)
        kept = int(self.cell_components)
        learnt = []
        for c in cells:  # the whole sample never stands in memory twice
            mean, basis = fit_wide_pca(np.concatenate([part[:, c] for part in sample]).astype(np.float32), kept)
            basis = basis.astype(np.float16).astype(np.float32)
            learnt.append((mean @ basis, basis))
        return learnt

    def picture_names(self) -> list[str]:
        """``fisher[cell=row,column word=w mean of component=c]``; ``vlad[cell=row,column word=w component=c]``."""
        cells = [(r, c) for r in range(self.grid) for c in range(self.grid)]
        if self.cell_components:
            kept = zip(cells, self.cells_, strict=False)
            return [f"{self.encoding}[cell={r},{c} component={k}]" for (r, c), b in kept for k in range(b[1].shape[1])]
        kinds = ("mean of ", "variance of ") if self.encoding == "fisher" else ("",)
        return [
            f"{self.encoding}[cell={r},{c} word={w} {kind}component={k}]"
            for r, c in cells
            for kind in kinds
            for w in range(self.words)
            for k in range(self.components)
        ]

    def _check(self) -> None:
        check_parameters(self, self.rules)
        bins = self.bins if isinstance(self.bins, tuple | list) else (self.bins,)
        if not bins or any(isinstance(b, bool) or not isinstance(b, numbers.Real) or not 0 < b < np.inf for b in bins):
            raise FerError(f"{type(self).__name__}: bins={self.bins!r}, but one or several numbers above 0 are needed")
        turns = self.turns if isinstance(self.turns, tuple | list) else ()
        if not turns or not all(isinstance(t, numbers.Real) and np.isfinite(t) for t in turns):
            raise FerError(f"{type(self).__name__}: turns={self.turns!r}, but a tuple of degrees is needed")
        if isinstance(self.cell_components, bool) or not isinstance(self.cell_components, numbers.Integral):
            raise FerError(f"{type(self).__name__}: cell_components={self.cell_components!r}: a whole number is needed")
        if self.components > LENGTH:
            raise FerError(f"{type(self).__name__}: components={self.components}, but at most {LENGTH} are there")
        if isinstance(self.seed, bool) or not isinstance(self.seed, numbers.Integral) or self.seed < 0:
            raise FerError(f"{type(self).__name__}: seed={self.seed!r}, but a whole number of at least 0 is needed")

    def _local(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        bins = self.bins if isinstance(self.bins, tuple | list) else (self.bins,)
        return dense_sift(images, [float(b) for b in bins], float(self.step), bool(self.root))

    def _sample(self, X: Samples) -> np.ndarray:
        """Local descriptors of rows drawn at random, about (n_sample, 128)."""
        usable = self._usable(X)
        frames = (-1,) if self.of == "apex" else (0, -1)
        rng = np.random.default_rng(int(self.seed))
        there = self._local(np.zeros((1, *self.shape_[1:]), np.uint8))[0].shape[1]
        rows = -(-int(self.n_sample) // (min(A_PICTURE, there) * len(frames)))
        chosen = np.sort(rng.permutation(usable)[:rows])
        each = -(-int(self.n_sample) // (len(chosen) * len(frames)))
        # A seed of its own for each row: what is drawn does not hang on the size of batches.
        seeds = rng.integers(2**32, size=len(chosen))
        starts = range(0, len(chosen), base.BATCH)
        batches = [(X[chosen[s : s + base.BATCH]], seeds[s : s + base.BATCH]) for s in starts]

        def draw(batch: tuple[Samples, np.ndarray]) -> np.ndarray:
            rows, seeds = batch
            found = [self._local(rows.frame("images", t))[0] for t in frames]
            parts = []
            for i, seed in enumerate(seeds):
                order = np.random.default_rng(seed).permutation(found[0].shape[1])[:each]
                parts += [one[i, order] for one in found]
            return np.concatenate(parts)

        drawn = base._in_threads(draw, batches)
        return np.concatenate(list(progress(drawn, len(batches), f"learning: {type(self).__name__}")))

    def _usable(self, X: Samples) -> np.ndarray:
        usable = np.flatnonzero(~np.any([X.missing(name) for name in self.reads], axis=0))
        if not usable.size:
            raise FerError("no row can be described: landmarks are missing in every one")
        return usable

    def _project(self, descriptors: np.ndarray) -> np.ndarray:
        return descriptors @ self.basis_ - self.mean_ @ self.basis_


@contextlib.contextmanager
def _one_thread(n: int) -> Iterator[None]:
    """BLAS threads inside threads of ours wait for each other; a single batch has no thread of ours."""
    with threadpool_limits(1, user_api="blas") if n > base.BATCH else contextlib.nullcontext():
        yield
