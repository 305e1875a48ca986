"""Base classes of the extractors: columns, batches, missing samples and feature names."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import get_tags

from .._parallel import map_batches
from .._progress import progress
from ..exceptions import FerError
from ..samples.mirroring import mirror_samples
from ..samples.plain_arrays import as_samples
from ..samples.table import Samples
from .cache_keys import cache_key
from .parameters import Constraint, check_parameters

#: Samples per batch: enough to keep numpy busy, few enough for the cache of the processor.
BATCH_SIZE = 16
#: Batches of landmarks are larger by this factor, since landmarks take a thousandth of the memory of images.
LANDMARK_BATCH_FACTOR = 4


class StatelessTransformer(TransformerMixin, BaseEstimator):
    """A transformer that estimates nothing from data, so that it can be used without `fit`."""

    @property
    def fits_only_scales(self) -> bool:
        """Whether `fit` estimates no more than the mean and scale of features; see `CalibratedPipeline`."""
        return not get_tags(self).requires_fit

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        # The input is a table of samples, or one array of clips.
        tags.input_tags.one_d_array, tags.input_tags.two_d_array = True, False
        return tags


class SamplesTransformer(StatelessTransformer):
    """A stateless transformer from `Samples` to `Samples`.

    Notes
    -----
    The output stays a table for every setting of `set_output` and of the option `transform_output` of scikit-learn,
    since images are not columns of a data frame.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(auto_wrap_output_keys=None, **kwargs)

    def set_output(self, *, transform: str | None = None) -> Self:
        """Do nothing: the output is a table of samples in every case.

        Parameters
        ----------
        transform : {'default', 'pandas', 'polars'}, optional
        """
        return self

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """The names of the input columns, unchanged."""
        return input_features


class Extractor(StatelessTransformer):
    """Base class of the stateless transformers from `Samples` to feature vectors.

    A subclass sets the class attributes, stores its parameters in ``__init__``, and implements `extract` and
    `feature_names`. This class provides batches, threads, the feature store and plain arrays as input.

    Attributes
    ----------
    required_columns : tuple of str
        Columns of `Samples` that `extract` uses.
    reference : str
        Paper of the method.
    parameter_constraints : mapping of str to Constraint
        Allowed values of each parameter; see `fer_features.extractors.parameters`.
    input_shape_ : tuple of int
        Shape of one sample of the first required column, set by `fit`. The number of features may depend on it.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples, make_pipeline, register_extractor
    >>> from fer_features.extractors import EXTRACTORS, Extractor
    >>> @register_extractor("chin")
    ... class ChinPosition(Extractor):
    ...     required_columns = ("landmarks",)
    ...     reference = "none"
    ...     def extract(self, X):
    ...         return X["landmarks"][:, -1, 8]
    ...     def feature_names(self):
    ...         return ["chin[x]", "chin[y]"]
    >>> X = Samples.from_arrays(landmarks=np.random.default_rng(0).uniform(0, 99, (12, 1, 68, 2)), label=[0, 1] * 6)
    >>> ChinPosition().fit_transform(X).shape
    (12, 2)
    >>> make_pipeline("chin_linear", calibration_cv=0).fit(X, X["label"]).predict(X).shape
    (12,)
    >>> del EXTRACTORS["chin"]
    """

    required_columns: ClassVar[tuple[str, ...]] = ("images",)
    reference: ClassVar[str] = ""
    parameter_constraints: ClassVar[Mapping[str, Constraint]] = {}

    def extract(self, X: Samples) -> np.ndarray:
        """Features of one batch.

        Parameters
        ----------
        X : Samples
            A few samples.

        Returns
        -------
        ndarray, shape (n, d)
            Rows of samples with missing values may hold any numbers.
        """
        raise NotImplementedError

    def feature_names(self) -> list[str]:
        """Description of each of the d features, such as ``hog[block=0,0 cell=0,1 orientation=20deg]``."""
        raise NotImplementedError

    def validate_parameters(self) -> None:
        """Raise an error for invalid parameters.

        Raises
        ------
        FerError
        """
        check_parameters(self, self.parameter_constraints)

    def fit(self, X: Any, y: Any = None) -> Self:
        """Validate the parameters and store the shape of the input. Nothing is estimated from the values.

        Parameters
        ----------
        X : Samples, or array of the one required column
        y : None
            Ignored.

        Raises
        ------
        FerError
            If a parameter is invalid or a column is absent.
        """
        self.validate_parameters()
        X = as_samples(X, self.required_columns)
        self.input_shape_ = tuple(np.shape(X.column(self.required_columns[0]))[1:])
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Features of each sample.

        Parameters
        ----------
        X : Samples, or array of the one required column

        Returns
        -------
        ndarray, shape (n, d), float32
            NaN in the rows of samples whose features cannot be extracted, since a required column is missing there.
            A data frame after ``set_output(transform="pandas")``.

        Raises
        ------
        FerError
            If a parameter is invalid or a column is absent.
        """
        return self.feature_array(X)

    def feature_array(self, X: Any) -> np.ndarray:
        """The features of `transform` as an array, for every setting of `set_output`."""
        self.validate_parameters()
        X = as_samples(X, self.required_columns)
        return X.features(cache_key(self), self.extract_batches)

    def mirror_pairs(self, X: Any) -> np.ndarray:
        """Features of each sample and of its mirror image.

        Parameters
        ----------
        X : Samples, or array of the one required column

        Returns
        -------
        ndarray, shape (n, 2, d), float32
        """
        features = self.feature_array(X)
        pairs = np.empty((len(features), 2, features.shape[1]), np.float32)
        pairs[:, 0] = features
        del features  # gigabytes for thousands of samples
        pairs[:, 1] = self.feature_array(mirror_samples(X, self.required_columns))
        return pairs

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the features, available after `fit`.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        ndarray of str, shape (d,)
        """
        return np.array(self.feature_names(), dtype=object)

    def batch_size(self) -> int:
        """Number of samples per batch."""
        return BATCH_SIZE if "images" in self.required_columns else LANDMARK_BATCH_FACTOR * BATCH_SIZE

    def extract_batches(
        self, X: Samples, extract: Callable[[Samples], np.ndarray] | None = None
    ) -> Iterator[np.ndarray]:
        """Features of each batch in order, (m, d) float32, or the values (m, ...) of another function of a batch."""
        step = self.batch_size()
        batches = [X[start : start + step] for start in range(0, len(X), step)]
        label = f"extracting features: {type(self).__name__}"
        extract_batch = partial(self._extract_batch, extract=extract or self.extract)
        if X.info.landmarks_located and "landmarks" in X and batches:
            X["landmarks"]  # located here, and kept for other extractors: workers of a cluster would each locate them
        return progress(map_batches(extract_batch, batches), len(batches), label)

    def _extract_batch(self, X: Samples, extract: Callable[[Samples], np.ndarray]) -> np.ndarray:
        with descriptor_errors(self, X):
            features = np.asarray(extract(X), dtype=np.float32)
        missing = np.any([X.missing(name) for name in self.required_columns], axis=0)
        features[missing] = np.nan
        return features


@contextlib.contextmanager
def descriptor_errors(extractor: Extractor, X: Samples) -> Iterator[None]:
    """Raise `FerError` for images that a descriptor is not defined for: too small ones, or several sizes.

    Functions of `vision` raise ValueError for them.
    """
    if "images" in extractor.required_columns and None in np.shape(X.column("images")):
        raise FerError(
            f"{type(extractor).__name__} needs images of one size, and these have several: resize them first, for "
            "example with Align('none')"
        )
    try:
        yield
    except FerError:
        raise
    except ValueError as error:
        raise FerError(f"{type(extractor).__name__}: {error}") from error


def require_neutral_frame(extractor: Extractor, column: str, X: Samples) -> None:
    """Raise an error for still images where the change from the neutral frame to the apex is needed.

    Raises
    ------
    FerError
        If the samples have a single frame.
    """
    if np.shape(X.column(column))[1] == 1:
        raise FerError(
            f"{type(extractor).__name__} needs a neutral frame and an apex, but the samples are still images; use "
            "frames=2 (pairs with the neutral image of the subject, when the data are read), "
            "neutral__method='subject' (mean of the subject's other samples) or neutral__method='none' (no reference)"
        )
