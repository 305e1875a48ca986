"""Fisher vectors (Perronnin et al., ECCV 2010) and VLAD (Jegou et al., CVPR 2010) of dense SIFT of the aligned face."""

from __future__ import annotations

from functools import partial
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._progress import progress
from .._threads import map_in_threads, single_threaded_blas
from ..exceptions import FerError
from ..samples.plain_arrays import as_samples
from ..samples.table import Samples
from ..vision.codebook import DiagonalGMM, fit_codebook, fit_mixture
from ..vision.crop import rotate_images
from ..vision.fisher import MIN_RELATIVE_POSTERIOR, fisher_vectors, grid_cell_weights, power_l2_normalize, vlad_vectors
from ..vision.pca import fit_pca
from ..vision.sift import DESCRIPTOR_LENGTH, dense_sift, fitting_bin_sizes, mirror_permutations
from . import base
from .align import Align
from .appearance import FRAMES, Appearance
from .cell_pca import CellPCA, fit_cell_pca
from .local_descriptors import sample_descriptors, usable_samples
from .parameters import FINITES, NON_NEGATIVE_INTEGER, POSITIVE, POSITIVE_INTEGER, POSITIVES, as_list

#: Samples per batch where the vectors of cells are projected. The projection is read once per batch, and for small
#: batches this would take longer than the rest.
PROJECTION_BATCH_SIZE = 64


class FisherVectors(Appearance):
    """Fisher vectors or VLAD of dense SIFT over a grid, with a codebook fitted on the training samples.

    Parameters
    ----------
    encoding : {'fisher', 'vlad'}, default='fisher'
    bin_sizes : float or tuple of float, default=(4, 6)
        Sides of a spatial bin of SIFT in pixels of the crop. A patch has 4 x 4 bins.
    step : float, default=4
        Distance of neighbouring patches in pixels of the crop.
    rootsift : bool, default=True
        Whether to use RootSIFT, the square roots of L1-normalized descriptors.
    n_pca : int, default=32
        Number of principal components of the descriptors, at most 128.
    n_words : int, default=16
        Number of components of the Gaussian mixture, or of words of the codebook.
    grid : int, default=3
        The crop is divided into `grid` x `grid` cells, each with a vector of its own.
    soft_assignment : bool, default=True
        Whether a patch contributes to the cells around it by bilinear weights; otherwise to its own cell only.
    rotations : float or tuple of float, default=(0,)
        Rotations of the image in degrees; its vectors are the mean over all of them.
    align_size : int, default=0
        Width in pixels of the crop, aligned by all landmarks, that is described; see `Align`. 0 describes the images as
        they are. It serves pipelines that describe a face with and without alignment.
    frame : {'apex', 'apex_minus_neutral', 'both'}, default='apex'
        Features of the apex frame, their difference to those of the neutral frame, or both concatenated.
    n_train_descriptors : int, default=50_000
        Number of descriptors on which the principal components and the codebook are fitted.
    n_pca_cell : int, default=0
        Number of principal components to which the vector of each cell is reduced; 0 for no reduction. It keeps the
        vectors of many words small enough for thousands of samples. A cell has fewer if it has fewer training vectors.
    n_train_images : int, default=4000
        Number of samples on which the principal components of the cells are fitted.
    random_state : int, default=0
        Seed of the samples and of the codebook.

    Attributes
    ----------
    pca_mean_ : ndarray, shape (128,), float32
    pca_components_ : ndarray, shape (128, n_pca), float32
        Principal components of the descriptors.
    codebook_ : DiagonalGMM, or ndarray of shape (n_words, n_pca)
        Gaussian mixture for Fisher vectors, words for VLAD.
    cell_pca_ : list of CellPCA
        Projection of each cell; empty without `n_pca_cell`.

    See Also
    --------
    fer_features.vision.sift.dense_sift, fer_features.vision.fisher.fisher_vectors : The formulas.

    Notes
    -----
    The features depend on the samples of `fit`, so they are not kept in the feature store of the table: each fold
    extracts the features of its samples again. Samples are read in batches. Memory holds the local descriptors of one
    batch and of the training sample.

    The vector of each cell is normalized on its own (signed square root, length 1), and all are divided by the square
    root of their number, so that a row has length 1. Perronnin et al. normalize the cells of a spatial pyramid in the
    same way. Words that are much less probable than the most probable one are ignored; see `MIN_RELATIVE_POSTERIOR` in
    `fer_features.vision.fisher`. For VLAD, the signed square root follows Jegou and Chum (ECCV 2012); the paper of
    2010 has none.

    References
    ----------
    F. Perronnin, J. Sanchez, T. Mensink, "Improving the Fisher kernel for large-scale image classification",
    ECCV 2010, doi:10.1007/978-3-642-15561-1_11.
    H. Jegou, M. Douze, C. Schmid, P. Perez, "Aggregating local descriptors into a compact image representation",
    CVPR 2010, doi:10.1109/CVPR.2010.5540039.
    H. Jegou, O. Chum, "Negative evidences and co-occurences in image retrieval: the benefit of PCA and whitening",
    ECCV 2012, doi:10.1007/978-3-642-33709-3_55.
    D. G. Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 60(2), 2004,
    doi:10.1023/B:VISI.0000029664.99615.94.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.extractors.fisher import FisherVectors
    >>> images = np.random.default_rng(0).integers(0, 256, (5, 48, 48)).astype(np.uint8)
    >>> extractor = FisherVectors(n_pca=8, n_words=4, grid=2)
    >>> extractor.fit_transform(images).shape
    (5, 256)
    >>> extractor.get_feature_names_out()[0]
    'fisher[cell=0,0 word=0 mean of component=0]'
    """

    reference = "Perronnin, Sanchez and Mensink, ECCV 2010; VLAD: Jegou et al., CVPR 2010; Lowe, IJCV 2004"
    parameter_constraints = {
        "encoding": ("fisher", "vlad"),
        "bin_sizes": POSITIVES,
        "step": POSITIVE,
        "rootsift": (False, True),
        "n_pca": POSITIVE_INTEGER,
        "n_words": POSITIVE_INTEGER,
        "grid": POSITIVE_INTEGER,
        "soft_assignment": (False, True),
        "rotations": FINITES,
        "align_size": NON_NEGATIVE_INTEGER,
        "frame": FRAMES,
        "n_train_descriptors": POSITIVE_INTEGER,
        "n_pca_cell": NON_NEGATIVE_INTEGER,
        "n_train_images": POSITIVE_INTEGER,
        "random_state": NON_NEGATIVE_INTEGER,
    }

    def __init__(
        self,
        encoding: str = "fisher",
        bin_sizes: float | tuple[float, ...] = (4, 6),
        step: float = 4,
        rootsift: bool = True,
        n_pca: int = 32,
        n_words: int = 16,
        grid: int = 3,
        soft_assignment: bool = True,
        rotations: float | tuple[float, ...] = (0,),
        align_size: int = 0,
        frame: str = "apex",
        n_train_descriptors: int = 50_000,
        n_pca_cell: int = 0,
        n_train_images: int = 4000,
        random_state: int = 0,
    ):
        self.encoding = encoding
        self.bin_sizes = bin_sizes
        self.step = step
        self.rootsift = rootsift
        self.n_pca = n_pca
        self.n_words = n_words
        self.grid = grid
        self.soft_assignment = soft_assignment
        self.rotations = rotations
        self.align_size = align_size
        self.frame = frame
        self.n_train_descriptors = n_train_descriptors
        self.n_pca_cell = n_pca_cell
        self.n_train_images = n_train_images
        self.random_state = random_state

    @property
    def required_columns(self) -> tuple[str, ...]:  # type: ignore[override]
        """Columns of `Samples` that the extractor uses."""
        return ("images", "landmarks") if self.align_size else ("images",)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "codebook_")

    def __sklearn_tags__(self) -> Any:
        # Precomputation of features before the folds skips extractors that must be fitted.
        tags = super().__sklearn_tags__()
        tags.requires_fit = True
        return tags

    def validate_parameters(self) -> None:
        """Raise an error for invalid parameters.

        Raises
        ------
        FerError
        """
        super().validate_parameters()
        if self.n_pca > DESCRIPTOR_LENGTH:
            raise FerError(
                f"FisherVectors: n_pca={self.n_pca}, but a SIFT descriptor has {DESCRIPTOR_LENGTH} components"
            )

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit the principal components and the codebook on a sample of local descriptors.

        Parameters
        ----------
        X : Samples, or array of the one required column
        y : None
            Ignored.

        Raises
        ------
        FerError
            For an invalid parameter, images that are smaller than one patch, if features cannot be extracted from any
            sample, or if there are too few different descriptors.
        """
        self.validate_parameters()
        X = self._aligned(as_samples(X, self.required_columns))
        super().fit(X, y)
        if self.frame != "apex":
            base.require_neutral_frame(self, "images", X)
        usable = usable_samples(X, self.required_columns)
        with base.descriptor_errors(self, X), single_threaded_blas(len(X) > base.BATCH_SIZE):
            n_per_frame = self._descriptors(np.zeros((1, *self.input_shape_[1:]), np.uint8))[0].shape[1]
            sample = sample_descriptors(
                X,
                usable,
                lambda images: self._descriptors(images)[0],
                self._frames(),
                int(self.n_train_descriptors),
                n_per_frame,
                int(self.random_state),
                base.BATCH_SIZE,
                "sampling local descriptors: FisherVectors",
            )
            self.pca_mean_, self.pca_components_ = fit_pca(sample, int(self.n_pca))
            sample = self._project(sample)
            fit_words = fit_mixture if self.encoding == "fisher" else fit_codebook
            try:
                self.codebook_ = fit_words(sample, int(self.n_words), int(self.random_state))
            except ValueError as error:
                raise FerError(f"FisherVectors: {error}; use fewer words or other images") from None
        self.cell_pca_ = self._fit_cells(X, usable) if self.n_pca_cell else []
        return self

    def feature_array(self, X: Any) -> np.ndarray:
        """Vectors of each sample, (n, d) float32; NaN in rows of samples with missing values."""
        check_is_fitted(self)
        X = self._aligned(as_samples(X, self.required_columns))
        with single_threaded_blas(len(X) > base.BATCH_SIZE):
            blocks = list(self.extract_batches(X)) if len(X) else []
        return np.concatenate([np.empty((0, len(self.feature_names())), np.float32), *blocks])

    def mirror_pairs(self, X: Any) -> np.ndarray:
        """Vectors of each sample and of its mirror image, (n, 2, d) float32.

        Descriptors of the mirror image are those of the image in another order.
        """
        if self.align_size or as_list(self.rotations) != [0]:  # the crop of a mirror image differs by rounding
            return super().mirror_pairs(X)
        check_is_fitted(self)
        X = as_samples(X, self.required_columns)
        extract = partial(self.select_frames, describe=lambda X, t: self._image_pairs(X.frame("images", t)))
        with single_threaded_blas(len(X) > base.BATCH_SIZE):
            blocks = list(self.extract_batches(X, extract)) if len(X) else []
        return np.concatenate([np.empty((0, 2, len(self.feature_names())), np.float32), *blocks])

    def batch_size(self) -> int:
        """Number of samples per batch."""
        return PROJECTION_BATCH_SIZE if self.n_pca_cell else super().batch_size()

    def extract_images(self, images: np.ndarray) -> np.ndarray:
        """Vectors of images (n, H, W) uint8, shape (n, d) float32."""
        return self._project_cells(self._cell_vectors(images))

    def image_feature_names(self) -> list[str]:
        """Names such as ``fisher[cell=row,column word=w mean of component=c]``.

        Of VLAD they are ``vlad[cell=row,column word=w component=c]``, and with `n_pca_cell`
        ``fisher[cell=row,column component=c]``.
        """
        cells = [(r, c) for r in range(self.grid) for c in range(self.grid)]
        if self.n_pca_cell:
            check_is_fitted(self)
            numbered = [
                (cell, k) for cell, pca in zip(cells, self.cell_pca_, strict=True) for k in range(pca.n_components)
            ]
            return [f"{self.encoding}[cell={r},{c} component={k}]" for (r, c), k in numbered]
        statistics = ("mean of ", "variance of ") if self.encoding == "fisher" else ("",)
        return [
            f"{self.encoding}[cell={r},{c} word={w} {statistic}component={k}]"
            for r, c in cells
            for statistic in statistics
            for w in range(self.n_words)
            for k in range(self.n_pca)
        ]

    def _aligned(self, X: Samples) -> Samples:
        return Align(size=self.align_size).transform(X) if self.align_size else X

    def _frames(self) -> tuple[int, ...]:
        return (-1,) if self.frame == "apex" else (0, -1)

    def _descriptors(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        bin_sizes = [float(size) for size in as_list(self.bin_sizes)]
        return dense_sift(images, bin_sizes, float(self.step), bool(self.rootsift))

    def _project(self, descriptors: np.ndarray, components: np.ndarray | None = None) -> np.ndarray:
        components = self.pca_components_ if components is None else components
        return descriptors @ components - self.pca_mean_ @ self.pca_components_

    def _project_cells(self, vectors: np.ndarray) -> np.ndarray:
        if self.cell_pca_:
            vectors = np.concatenate([pca.project(vectors[:, c]) for c, pca in enumerate(self.cell_pca_)], 1)
        return vectors.reshape(len(vectors), -1)

    def _cell_vectors(self, images: np.ndarray) -> np.ndarray:
        """Normalized vectors of images, (n, grid * grid, d) float32, as the mean over the rotations."""
        rotations = as_list(self.rotations)
        if len(rotations) == 1 and not rotations[0]:
            return self._encode(images)
        vectors = self._encode(rotate_images(images, rotations[0]))
        for degrees in rotations[1:]:
            vectors += self._encode(rotate_images(images, degrees))
        vectors /= np.float32(len(rotations))
        return vectors

    def _image_pairs(self, images: np.ndarray) -> np.ndarray:
        """Vectors of images (n, H, W) and of their mirror images, (n, 2, d) float32."""
        descriptors, positions = self._descriptors(images)
        height, width = images.shape[1:]
        bin_sizes = fitting_bin_sizes(height, width, [float(size) for size in as_list(self.bin_sizes)])
        patches, values = mirror_permutations(height, width, bin_sizes, float(self.step))
        # Values are permuted in the components, and patches once their descriptors are short.
        mirrored = self._project(descriptors, self.pca_components_[values])[:, patches]
        pairs = [
            self._project_cells(self._encode_projected(projected, positions, images.shape[1:]))
            for projected in (self._project(descriptors), mirrored)
        ]
        return np.stack(pairs, 1)

    def _encode(self, images: np.ndarray) -> np.ndarray:
        descriptors, positions = self._descriptors(images)
        return self._encode_projected(self._project(descriptors), positions, images.shape[1:])

    def _encode_projected(self, projected: np.ndarray, positions: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        height, width = shape
        weights = grid_cell_weights(positions, height, width, int(self.grid), bool(self.soft_assignment))
        codebook = self.codebook_
        if isinstance(codebook, DiagonalGMM):
            raw = fisher_vectors(projected, codebook, weights, min_relative_posterior=MIN_RELATIVE_POSTERIOR)
        else:
            raw = vlad_vectors(projected, codebook, weights)
        vectors = power_l2_normalize(raw)
        vectors /= np.float32(self.grid)
        return vectors

    def _fit_cells(self, X: Samples, usable: np.ndarray) -> list[CellPCA]:
        """Principal components of the cells, from the vectors of a sample in float16."""
        chosen = np.random.default_rng(int(self.random_state)).permutation(usable)[: int(self.n_train_images)]
        chosen = np.sort(chosen)
        batches = [X[chosen[start : start + base.BATCH_SIZE]] for start in range(0, len(chosen), base.BATCH_SIZE)]

        def vectors_of(batch: Samples) -> np.ndarray:
            frames = [batch.frame("images", t) for t in self._frames()]
            return np.concatenate([self._cell_vectors(images).astype(np.float16) for images in frames])

        with single_threaded_blas(len(chosen) > base.BATCH_SIZE):
            label = "fitting the components of cells: FisherVectors"
            blocks = list(progress(map_in_threads(vectors_of, batches), len(batches), label))
        return fit_cell_pca(blocks, int(self.n_pca_cell))
