"""Rounding of reduced samples to 255 levels of each component, which take one byte in a saved model.

>>> import numpy as np
>>> samples = EvenOdd(np.array([[0.5, -2.0], [1.0, 4.0]], np.float32))
>>> steps = quantization_steps(samples)
>>> levels = quantize(samples, steps)
>>> levels.even.tolist()
[[64, -64], [127, 127]]
>>> dequantize(levels, steps).even.round(1).tolist()
[[0.5, -2.0], [1.0, 4.0]]
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .mirror_kernel import EvenOdd

#: Largest level; levels are symmetric, so that a mirror image has the negative levels of the odd part.
MAX_LEVEL = 127


def quantization_steps(samples: EvenOdd) -> EvenOdd:
    """Difference between neighbouring levels of each component, arrays of shape (p,) and (q,).

    The largest magnitude of a component is its last level.
    """
    return _of_parts(lambda part: np.abs(part).max(0, initial=0) / part.dtype.type(MAX_LEVEL), samples)


def quantize(samples: EvenOdd, steps: EvenOdd) -> EvenOdd:
    """The nearest level of each value, int8."""

    def levels(part: np.ndarray, step: np.ndarray) -> np.ndarray:
        return np.rint(part / np.where(step > 0, step, 1)).astype(np.int8)

    return _of_parts(levels, samples, steps)


def dequantize(levels: EvenOdd, steps: EvenOdd) -> EvenOdd:
    """The values of levels, in the dtype of the steps. `quantize` returns the same levels for them."""
    return _of_parts(lambda part, step: part.astype(step.dtype) * step, levels, steps)


def _of_parts(function: Callable[..., np.ndarray], *operands: EvenOdd) -> EvenOdd:
    odd = None if operands[0].odd is None else function(*(operand.odd for operand in operands))
    return EvenOdd(function(*(operand.even for operand in operands)), odd)
