"""Features of several extractors, concatenated and scaled."""

from __future__ import annotations

import math
import types
from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
import sklearn
from sklearn.base import BaseEstimator
from sklearn.pipeline import FeatureUnion
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.validation import check_is_fitted

from ..exceptions import FerError
from ..samples.feature_blocks import FeatureBlocks, stored_features
from ..samples.mirroring import mirror_samples
from ..samples.table import Samples
from .base import Extractor
from .feature_pca import FeaturePCA
from .parameters import check_parameters
from .scaling import SCALES, chunks_of_rows, finite_rows, fit_block_scaling
from .stored_extraction import fit_stored_scaling, restore_extraction

#: Allowed values of the parameter `mirror`.
MIRRORS = ("none", "mean", "concatenate")
#: Sample numbers that a message lists.
MAX_LISTED_SAMPLES = 10


class Features(FeatureUnion):
    """Concatenated features of several extractors, each block with the same total variance.

    Parameters
    ----------
    transformer_list : list of (str, Extractor)
    scale : {'standardize', 'block', 'none'}, default='standardize'
        'standardize' scales each feature to unit variance over the training samples. 'block' divides all features of an
        extractor by the same number, which keeps their relative variance. Both centre the features and give every
        block the same total variance, so that 192 displacements count as much as 4,000 bins of a histogram. The total
        variance over all blocks is 1, so that the width of a kernel means the same for every combination.
    transformer_weights : dict of str to float, optional
        Factor of each block after scaling, 1 where not given.
    mirror : {'none', 'mean', 'concatenate'}, default='none'
        'mean': mean of the features of a face and of its mirror image, which are then equal. 'concatenate': features of
        the face, followed by those of its mirror image, for a classifier that uses this symmetry
        (`KernelRidgeClassifier` with ``mirror_invariant=True``). Both have a common mean and scale. Extractors that
        must be fitted are fitted on samples of which every second one is mirrored.

    Attributes
    ----------
    means_, scales_ : list of ndarray, shape (d_k,)
        Mean and divisor of each block, fitted on the training samples.
    n_features_out_ : int
        Number of features.
    projections_ : dict of str to FeaturePCA
        Of the extractors whose features are reduced to principal components. These are fitted where features are kept
        in files (`fer_features.workflow.feature_shards.write_shards`), and scaled as one block.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.extractors import HOG, LBP, Features
    >>> images = np.random.default_rng(0).integers(0, 256, (6, 48, 48)).astype(np.uint8)
    >>> features = Features([("hog", HOG()), ("lbp", LBP(grid=2))])
    >>> values = features.fit_transform(images)
    >>> values.shape, round(float(values.var(0).sum()), 2)
    ((6, 380), 1.0)
    >>> features.get_feature_names_out()[0]
    'hog__hog[block=0,0 cell=0,0 orientation=0deg]'
    """

    #: Of models that were saved before there were projections.
    projections_: Mapping[str, FeaturePCA] = types.MappingProxyType({})

    def __init__(
        self,
        transformer_list: list[tuple[str, Extractor]],
        scale: str = "standardize",
        transformer_weights: dict[str, float] | None = None,
        mirror: str = "none",
    ):
        super().__init__(transformer_list, transformer_weights=transformer_weights)
        self.scale = scale
        self.mirror = mirror

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "means_")

    @property
    def fits_only_scales(self) -> bool:
        """Whether no extractor is fitted, only the mean and scale of features."""
        return all(getattr(extractor, "fits_only_scales", False) for _, extractor in self.transformer_list)

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Fit the extractors and the mean and scale of each block.

        Parameters
        ----------
        X : Samples, or array of the one required column
        y : array-like, shape (n,), optional
        **params
            Metadata for the `fit` method of the extractors, routed as in `sklearn.pipeline.FeatureUnion`.

        Raises
        ------
        FerError
            For invalid parameters, or if features cannot be extracted from some samples.
        """
        if stored_features(X):
            self._fit_stored(X)
        else:
            self._fit_blocks(X, y, self._routed("fit", params))
        return self

    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Fit, and return the scaled features of the same samples, as `fit` and `transform` would do.

        Returns
        -------
        ndarray or FeatureBlocks, shape (n, ``n_features_out_``), float32
        """
        if stored_features(X):
            self._fit_stored(X)
            return self._stored(X)
        return self._scale_blocks(self._fit_blocks(X, y, self._routed("fit_transform", params)))

    def transform(self, X: Any, **params: Any) -> Any:
        """Scaled features.

        Parameters
        ----------
        X : Samples, or array of the one required column
        **params
            Not supported by the extractors of this package.

        Returns
        -------
        ndarray, shape (n, ``n_features_out_``), float32
            A data frame after ``set_output(transform="pandas")``. `FeatureBlocks`, which are read on access, where the
            features of the samples were extracted before.

        Raises
        ------
        FerError
            For samples whose features cannot be extracted, which `fer_features.pipelines.can_extract` finds, and for
            images of another size than in `fit` where the number of features depends on it.
        """
        if params:
            raise TypeError(f"Features.transform takes no metadata, but got {', '.join(params)}")
        check_is_fitted(self)
        if stored_features(X):
            return self._stored(X)
        blocks = self._valid_blocks(X)
        for (name, _), block, mean in zip(self.transformer_list, blocks, self.means_, strict=True):
            if block.shape[-1] != len(mean):
                raise FerError(
                    f"'{name}' computes {block.shape[-1]} features of these samples, but {len(mean)} in fit: the "
                    "images or clips differ in size from those that the pipeline was fitted on"
                )
        return self._scale_blocks(blocks)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the features, one for each column.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        ndarray of str, shape (``n_features_out_``,)
            The name of the block, two underscores, and the name that the extractor gives. With
            ``mirror='concatenate'``, those of the mirror image follow and begin with ``mirrored__``.
        """

        def names_of(block: str, extractor: Extractor) -> Iterable[str]:
            if block not in self.projections_:
                return extractor.get_feature_names_out()
            return (f"component[{k}]" for k in range(len(self.projections_[block].offset)))

        names = [
            f"{block}__{name}" for block, extractor in self.transformer_list for name in names_of(block, extractor)
        ]
        if self.mirror == "concatenate":
            names += [f"mirrored__{name}" for name in names]
        return np.array(names, dtype=object)

    def _routed(self, method: str, params: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Arguments of the `fit` method of each extractor."""
        names = [name for name, _ in self.transformer_list]
        if not params or not sklearn.get_config()["enable_metadata_routing"]:
            return dict.fromkeys(names, params)
        routed = process_routing(self, method, **params)
        return {name: routed[name]["fit"] for name in names}

    def fit_extractors(self, X: Any, y: Any = None, params: Mapping[str, dict[str, Any]] | None = None) -> None:
        """Fit the extractors only, neither projections nor scales.

        Parameters
        ----------
        X, y
            As in `fit`.
        params : mapping of str to dict, optional
            Further arguments for the `fit` method of each extractor.
        """
        check_parameters(self, {"scale": SCALES, "mirror": MIRRORS})
        for name, extractor in self.transformer_list:
            table = X if self.mirror == "none" else mirror_samples(X, extractor.required_columns, step=2)
            extractor.fit(table, y, **(params or {}).get(name, {}))
        self.projections_ = {}

    def unscaled_blocks(self, X: Any) -> list[np.ndarray]:
        """Features of each extractor before they are scaled.

        Parameters
        ----------
        X : Samples, or array of the one required column

        Returns
        -------
        list of ndarray, shape (n, d), float32
            NaN where they cannot be extracted. With ``mirror='concatenate'`` (n, 2, d), of images and mirror images.
        """
        blocks = []
        for name, extractor in self.transformer_list:
            if self.mirror == "none":
                block = extractor.feature_array(X)
            else:
                block = extractor.mirror_pairs(X)
                block = block.mean(1) if self.mirror == "mean" else block
            blocks.append(self.projections_[name].project(block) if name in self.projections_ else block)
        return blocks

    def _fit_blocks(self, X: Any, y: Any, params: dict[str, dict[str, Any]]) -> list[np.ndarray]:
        """Fit everything, and return the unscaled features."""
        for name in self.transformer_weights or {}:
            if name not in params:
                raise FerError(f"transformer_weights: there is no block '{name}'; the blocks are {', '.join(params)}")
        self.fit_extractors(X, y, params)
        blocks = self._valid_blocks(X)
        scalings = [fit_block_scaling(block, self.scale) for block in blocks]
        self.means_, self.scales_ = [mean for mean, _ in scalings], [divisor for _, divisor in scalings]
        self.n_features_out_ = sum(math.prod(block.shape[1:]) for block in blocks)
        return blocks

    def _fit_stored(self, X: Samples) -> None:
        """Fit mean and scale to features that were extracted before, in one pass over their files."""
        check_parameters(self, {"scale": SCALES, "mirror": MIRRORS})
        found = stored_features(X)
        assert found is not None
        column, indices = found
        self.projections_ = restore_extraction(self, column)
        self.means_, self.scales_ = fit_stored_scaling(column, indices, self.scale)
        self.n_features_out_ = column.shape[1]

    def _stored(self, X: Samples) -> FeatureBlocks:
        found = stored_features(X)
        assert found is not None
        parts = zip(self._block_weights(), self.scales_, strict=True)
        factor = np.concatenate([weight / divisor for weight, divisor in parts]).astype(np.float32)
        n_copies = 2 if self.mirror == "concatenate" else 1
        return FeatureBlocks(*found, np.tile(np.concatenate(self.means_), n_copies), np.tile(factor, n_copies))

    def _block_weights(self) -> np.ndarray:
        given = self.transformer_weights or {}
        weights = np.array([given.get(name, 1.0) for name, _ in self.transformer_list], np.float32)
        return weights if self.scale == "none" else weights / np.sqrt((weights**2).sum())

    def _valid_blocks(self, X: Any) -> list[np.ndarray]:
        """As `unscaled_blocks`, for samples whose features can be extracted."""
        blocks = self.unscaled_blocks(X)
        if not len(blocks[0]):
            raise FerError("there are no samples: at least one is needed")
        invalid = np.unique(np.concatenate([np.flatnonzero(~finite_rows(block)) for block in blocks]))
        if invalid.size:
            listed = ", ".join(map(str, invalid[:MAX_LISTED_SAMPLES])) + (", ..." * (invalid.size > MAX_LISTED_SAMPLES))
            raise FerError(
                f"features of {invalid.size} sample(s) cannot be extracted, since landmarks (or other samples of the "
                f"subject) are missing: {listed}; exclude them: X[can_extract(model, X)]"
            )
        return blocks

    def _scale_blocks(self, blocks: list[np.ndarray]) -> np.ndarray:
        weights = self._block_weights()
        widths = [block.shape[-1] for block in blocks]
        # A single block is scaled in place.
        out = blocks[0] if len(blocks) == 1 else np.empty((*blocks[0].shape[:-1], sum(widths)), np.float32)
        stops = np.cumsum(widths)
        for block, mean, divisor, weight, stop in zip(blocks, self.means_, self.scales_, weights, stops, strict=True):
            part = out[..., stop - block.shape[-1] : stop]
            factor = weight / divisor
            for rows in chunks_of_rows(block):
                np.subtract(block[rows], mean, out=part[rows])
                part[rows] *= factor
        return out.reshape(len(out), -1)


def named_extractors(model: BaseEstimator) -> list[tuple[str, Extractor]]:
    """Names and extractors of the step 'features' of a pipeline; an empty list for other models."""
    features = getattr(model, "named_steps", {}).get("features")
    return list(features.transformer_list) if isinstance(features, Features) else []
