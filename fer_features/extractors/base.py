"""What every extractor shares: reading columns in batches, keeping features, refusing what cannot be described."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ClassVar

import numpy as np
from joblib import cpu_count
from sklearn.base import BaseEstimator, TransformerMixin

from .._progress import progress
from ..exceptions import FerError
from ..samples.table import Samples, as_samples
from .parameters import Rule, check_parameters

#: Rows described at once: enough to keep numpy busy, few enough to stay in the processor's cache.
BATCH = 16
#: Batches a thread that are described before the first of them is taken: results must not pile up.
AHEAD = 2


class Stateless(TransformerMixin, BaseEstimator):
    """A transformer that learns nothing: it may be used without `fit`."""

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags


class Extractor(Stateless):
    """A stateless transformer from rows of `Samples` to feature vectors.

    A subclass names the columns that it `reads`, stores its parameters in ``__init__``, and implements
    `describe` and `names`. Everything else (batches, threads, keeping, plain arrays) is here.
    """

    reads: ClassVar[tuple[str, ...]] = ("images",)
    #: Paper of the method, for listings.
    cites: ClassVar[str] = ""
    #: What each parameter may be.
    rules: ClassVar[Mapping[str, Rule]] = {}

    def describe(self, X: Samples) -> np.ndarray:
        """Features of a small table, (n, d); rows whose columns are missing may hold anything."""
        raise NotImplementedError

    def names(self) -> list[str]:
        """A name in words for each of the d features."""
        raise NotImplementedError

    def fit(self, X: Any, y: Any = None) -> Extractor:
        """Note the picture size, on which the number of features depends; nothing is learnt."""
        check_parameters(self, self.rules)
        X = as_samples(X, self.reads)
        self.shape_ = tuple(np.shape(X.column(self.reads[0]))[1:])
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Features of each row.

        Parameters
        ----------
        X : Samples, or array of the one column that is read

        Returns
        -------
        ndarray, shape (n, d), float32
            NaN in rows that cannot be described because a column is missing there.

        Raises
        ------
        FerError
            Where a column is absent.
        """
        check_parameters(self, self.rules)
        X = as_samples(X, self.reads)
        return X.features(repr_of(self), self._batches)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names in words of the features, (d,) of str; after `fit`, which tells the size of pictures."""
        return np.array(self.names(), dtype=object)

    def rows_at_once(self) -> int:
        """How many rows are described together."""
        # Points are a thousandth of the size of pictures: more rows at once keep numpy as busy.
        return BATCH if "images" in self.reads else 4 * BATCH

    def _batches(self, X: Samples) -> Iterator[np.ndarray]:
        step = self.rows_at_once()
        batches = [X[start : start + step] for start in range(0, len(X), step)]
        label = f"describing: {type(self).__name__}"
        return progress(_in_threads(self._one, batches), len(batches), label)

    def _one(self, X: Samples) -> np.ndarray:
        features = np.asarray(self.describe(X), dtype=np.float32)
        missing = np.any([X.missing(name) for name in self.reads], axis=0)
        features[missing] = np.nan
        return features


def require_neutral(extractor: Extractor, column: str, X: Samples) -> None:
    """Refuse stills where the change from neutral to apex is to be described.

    Raises
    ------
    FerError
        Where the rows have a single frame.
    """
    if np.shape(X.column(column))[1] == 1:
        raise FerError(
            f"{type(extractor).__name__} needs a neutral frame and an apex, and these are stills; "
            "--set neutral__method=subject compares with the person's other rows, neutral__method=none with nobody"
        )


def repr_of(estimator: BaseEstimator) -> str:
    """Class and all parameters in one line: the same for the same setting, whatever the display options."""
    values = {name: getattr(estimator, name) for name in _parameter_names(estimator.__class__)}
    values = {k: v.item() if isinstance(v, np.generic) else v for k, v in values.items()}
    return f"{type(estimator).__name__}({', '.join(f'{k}={v!r}' for k, v in values.items())})"


@functools.cache
def _parameter_names(kind: type[BaseEstimator]) -> list[str]:
    # Scikit-learn reads the signature each time, which takes as long as a small face.
    return sorted(kind._get_param_names())


def _in_threads(function: Any, items: Sequence[Any]) -> Iterator[Any]:
    """What a function gives of each item, in order; no more than some batches ahead of whoever takes it."""
    # OpenCV and numpy release the interpreter lock in the loops that take the time. Cores are those that this process
    # may use, which are fewer than the machine has in a container.
    workers = min(len(items), cpu_count()) if len(items) > 1 else 1  # to count them takes longer than a small face
    if workers <= 1:
        yield from map(function, items)
        return
    running: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                running.append(pool.submit(function, item))
                if len(running) >= AHEAD * workers:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
