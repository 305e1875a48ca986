"""Extractors side by side, brought to one scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import FeatureUnion

from ..errors import FerError
from .base import Extractor
from .parameters import check_parameters


class Features(FeatureUnion):
    """The features of several extractors side by side, each block with the same say.

    Parameters
    ----------
    transformer_list : list of (str, Extractor)
    scale : {'column', 'block', 'none'}
        'column': each feature to unit variance over the training rows; 'block': all features of an extractor by one
        factor, which keeps their relative strength. Both centre, and give every block the same total variance, so
        that 192 displacements weigh as much as 4,000 histogram bins; over all blocks it is 1, so that the width of
        a kernel means the same for every combination.
    transformer_weights : dict of str to float, optional
        Factor of each block after scaling, 1 where not given.

    Attributes
    ----------
    means_, scales_ : list of ndarray
        Of each block, learnt from training rows.
    """

    def __init__(
        self,
        transformer_list: list[tuple[str, Extractor]],
        scale: str = "column",
        transformer_weights: dict[str, float] | None = None,
    ):
        super().__init__(transformer_list, transformer_weights=transformer_weights)
        self.scale = scale

    def fit(self, X: Any, y: Any = None) -> Features:
        """Learn centre and scale of each block."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> np.ndarray:
        """Learn centre and scale of each block, and return the scaled features, (n, d) float32."""
        check_parameters(self, {"scale": ("column", "block", "none")})
        names = [name for name, _ in self.transformer_list]
        for name in self.transformer_weights or {}:
            if name not in names:
                raise FerError(f"transformer_weights: there is no block '{name}'; the blocks are {', '.join(names)}")
        blocks = [extractor.fit(X, y).transform(X) for _, extractor in self.transformer_list]
        self._check(blocks)
        scaling = [centre_and_scale(block, self.scale) for block in blocks]
        self.means_, self.scales_ = [m for m, _ in scaling], [s for _, s in scaling]
        return self._scaled(blocks)

    def transform(self, X: Any, **params: Any) -> np.ndarray:
        """Scaled features, (n, d) float32.

        Raises
        ------
        FerError
            For rows that cannot be described; `fer_features.pipelines.describable` tells which.
        """
        blocks = [extractor.transform(X) for _, extractor in self.transformer_list]
        self._check(blocks)
        return self._scaled(blocks)

    def _scaled(self, blocks: list[np.ndarray]) -> np.ndarray:
        given = self.transformer_weights or {}
        weights = np.array([given.get(name, 1.0) for name, _ in self.transformer_list], np.float32)
        if self.scale != "none":
            weights /= np.sqrt((weights**2).sum())
        parts = zip(blocks, self.means_, self.scales_, weights, strict=True)
        return np.concatenate([(b - m) / s * w for b, m, s, w in parts], 1)

    def _check(self, blocks: list[np.ndarray]) -> None:
        bad = np.unique(np.concatenate([np.flatnonzero(~np.isfinite(b).all(1)) for b in blocks]))
        if bad.size:
            some = ", ".join(map(str, bad[:10])) + (", ..." if bad.size > 10 else "")
            raise FerError(
                f"{bad.size} row(s) cannot be described, for landmarks (or other rows of the subject) are missing "
                f"there: {some}; leave them out: X[describable(model, X)]"
            )


def centre_and_scale(block: np.ndarray, scale: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean (d,) and divisor (d,), float32, that centre a block (n, d) and give it a total variance of 1."""
    if scale == "none":
        return np.zeros(block.shape[1], np.float32), np.ones(block.shape[1], np.float32)
    deviation = block.std(0, dtype=np.float64)
    total = np.sqrt((deviation**2).sum())
    if scale == "column":
        # A column that hardly varies in training must not be blown up: it is held to a floor.
        floor = 1e-2 * total / np.sqrt(deviation.size)
        divisor = np.maximum(deviation, floor)
        divisor *= np.sqrt(((deviation / np.where(divisor, divisor, 1)) ** 2).sum())
    else:
        divisor = np.full(deviation.shape, total)
    divisor[divisor == 0] = 1
    return block.mean(0, dtype=np.float64).astype(np.float32), divisor.astype(np.float32)


def extractors_of(model: BaseEstimator) -> list[tuple[str, Extractor]]:
    """The extractors of a pipeline with a step 'features', else none."""
    steps = getattr(model, "named_steps", {})
    return list(steps["features"].transformer_list) if "features" in steps else []
