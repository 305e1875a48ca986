"""Extractors side by side, brought to one scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import FeatureUnion

from ..exceptions import FerError
from ..samples.mirroring import mirrored
from .base import Extractor
from .parameters import check_parameters

#: Entries of a block that are looked at together.
ENTRIES = 1 << 22


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
    mirror : {'none', 'mean', 'beside'}
        'mean': the mean of the features of a face and of its mirror image, so that both have the same; 'beside': the
        features of the mirror image follow those of the face, for a classifier that knows what to make of them
        (`KRR` with ``mirror=True``). Both have one centre and scale. Extractors that learn do it from rows every
        second of which is mirrored.

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
        mirror: str = "none",
    ):
        super().__init__(transformer_list, transformer_weights=transformer_weights)
        self.scale = scale
        self.mirror = mirror

    def fit(self, X: Any, y: Any = None) -> Features:
        """Learn centre and scale of each block."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> np.ndarray:
        """Learn centre and scale of each block, and return the scaled features, (n, d) float32."""
        check_parameters(self, {"scale": ("column", "block", "none"), "mirror": ("none", "mean", "beside")})
        names = [name for name, _ in self.transformer_list]
        for name in self.transformer_weights or {}:
            if name not in names:
                raise FerError(f"transformer_weights: there is no block '{name}'; the blocks are {', '.join(names)}")
        for _, extractor in self.transformer_list:
            extractor.fit(X if self.mirror == "none" else mirrored(X, extractor.reads, every=2), y)
        blocks = self._blocks(X)
        scaling = [centre_and_scale(block, self.scale) for block in blocks]
        self.means_, self.scales_ = [m for m, _ in scaling], [s for _, s in scaling]
        return self._scaled(blocks)

    def transform(self, X: Any, **params: Any) -> np.ndarray:
        """Scaled features, (n, d) float32; (n, 2 d) with mirror='beside'.

        Raises
        ------
        FerError
            For rows that cannot be described; `fer_features.pipelines.describable` tells which.
        """
        return self._scaled(self._blocks(X))

    def _blocks(self, X: Any) -> list[np.ndarray]:
        """Features of each extractor, (n, d); of pictures and mirrors (n, 2, d) where these stay apart."""
        blocks = []
        for _, extractor in self.transformer_list:
            block = extractor.transform(X)
            if self.mirror == "mean":
                block += extractor.transform(mirrored(X, extractor.reads))
                block /= 2
            elif self.mirror == "beside":
                beside = np.empty((len(block), 2, block.shape[1]), np.float32)
                beside[:, 0] = block
                del block  # of thousands of rows it is gigabytes
                beside[:, 1] = extractor.transform(mirrored(X, extractor.reads))
                block = beside
            blocks.append(block)
        bad = np.unique(np.concatenate([np.flatnonzero(~_finite(block)) for block in blocks]))
        if bad.size:
            some = ", ".join(map(str, bad[:10])) + (", ..." if bad.size > 10 else "")
            raise FerError(
                f"{bad.size} row(s) cannot be described, for landmarks (or other rows of the subject) are missing "
                f"there: {some}; leave them out: X[describable(model, X)]"
            )
        return blocks

    def _scaled(self, blocks: list[np.ndarray]) -> np.ndarray:
        given = self.transformer_weights or {}
        weights = np.array([given.get(name, 1.0) for name, _ in self.transformer_list], np.float32)
        if self.scale != "none":
            weights /= np.sqrt((weights**2).sum())
        widths = [block.shape[-1] for block in blocks]
        # What is alone is scaled where it stands.
        out = blocks[0] if len(blocks) == 1 else np.empty((*blocks[0].shape[:-1], sum(widths)), np.float32)
        end = np.cumsum(widths)
        parts = zip(blocks, self.means_, self.scales_, weights, end, strict=True)
        for block, mean, divisor, weight, stop in parts:
            part = out[..., stop - block.shape[-1] : stop]
            np.subtract(block, mean, out=part)
            part /= divisor
            part *= weight
        return out.reshape(len(out), -1)


def _finite(block: np.ndarray) -> np.ndarray:
    """Rows of a block without NaN, (n,) bool; by a sum, which makes no array of the block's size."""
    return np.isfinite(block.reshape(len(block), -1).sum(1, dtype=np.float64))


def centre_and_scale(block: np.ndarray, scale: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean (d,) and divisor (d,), float32, that centre a block (n, d) and give it a total variance of 1.

    Of a block (n, 2, d) too, whose pictures and mirrors have one mean and variance.
    """
    if scale == "none":
        return np.zeros(block.shape[-1], np.float32), np.ones(block.shape[-1], np.float32)
    axes = tuple(range(block.ndim - 1))
    mean = block.mean(axes, dtype=np.float64)
    # In parts: float64 of all rows at once would be twice the size of the block.
    step = max(1, ENTRIES // max(1, block[0].size)) if len(block) else 1
    squares = np.zeros(block.shape[-1])
    for start in range(0, len(block), step):
        squares += np.square(block[start : start + step] - mean).sum(axes)
    deviation = np.sqrt(squares / max(1, block.size // max(1, block.shape[-1])))
    total = np.sqrt((deviation**2).sum())
    if scale == "column":
        # A column that hardly varies in training must not be blown up: it is held to a floor.
        floor = 1e-2 * total / np.sqrt(deviation.size)
        divisor = np.maximum(deviation, floor)
        divisor *= np.sqrt(((deviation / np.where(divisor, divisor, 1)) ** 2).sum())
    else:
        divisor = np.full(deviation.shape, total)
    divisor[divisor == 0] = 1
    return mean.astype(np.float32), divisor.astype(np.float32)


def extractors_of(model: BaseEstimator) -> list[tuple[str, Extractor]]:
    """The extractors of a pipeline with a step 'features', else none."""
    steps = getattr(model, "named_steps", {})
    return list(steps["features"].transformer_list) if "features" in steps else []
