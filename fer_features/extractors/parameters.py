"""Validation of parameters, before any image is read."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..exceptions import FerError

#: Constraints of a single number: also the text of the message.
POSITIVE_INTEGER, POSITIVE, NON_NEGATIVE = "an integer of at least 1", "a number above 0", "a number of at least 0"
NON_NEGATIVE_INTEGER, FINITE = "an integer of at least 0", "a finite number"

#: Constraints of one number, or of several in a tuple or list.
POSITIVE_INTEGERS = f"{POSITIVE_INTEGER}, or a tuple of such integers"
POSITIVES, FINITES = f"{POSITIVE}, or a tuple of such numbers", f"{FINITE}, or a tuple of such numbers"

_CONSTRAINT_OF_ITEMS = {POSITIVE_INTEGERS: POSITIVE_INTEGER, POSITIVES: POSITIVE, FINITES: FINITE}

#: Sides in pixels of a window around a pixel, as local phase quantization has it.
WINDOW_SIZES = tuple(range(3, 32, 2))

#: One of the texts above, or a tuple of the allowed values.
Constraint = str | tuple[Any, ...]


def check_parameters(estimator: BaseEstimator, constraints: Mapping[str, Constraint]) -> None:
    """Raise an error where a parameter violates its constraint.

    Parameters
    ----------
    estimator : BaseEstimator
    constraints : mapping of str to Constraint
        Name of each parameter and its constraint.

    Raises
    ------
    FerError
        With the parameter, its value, and the allowed values.
    """
    for name, constraint in constraints.items():
        value = getattr(estimator, name)
        if not _satisfies(value, constraint):
            allowed = constraint if isinstance(constraint, str) else "one of " + ", ".join(map(repr, constraint))
            raise FerError(f"{type(estimator).__name__}: {name}={value!r}, but {allowed} is needed")


def as_list(value: Any) -> list[Any]:
    """The values of a parameter that is one value, or several values in a tuple or list."""
    return list(value) if isinstance(value, tuple | list) else [value]


def _satisfies(value: Any, constraint: Constraint) -> bool:
    if isinstance(constraint, tuple):
        # True == 1, but a flag is not a number.
        is_flag = isinstance(value, bool | np.bool_)
        return any(is_flag == isinstance(allowed, bool) and value == allowed for allowed in constraint)
    if constraint in _CONSTRAINT_OF_ITEMS:
        items = as_list(value)
        return len(items) > 0 and all(_satisfies(item, _CONSTRAINT_OF_ITEMS[constraint]) for item in items)
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real) or not math.isfinite(value):
        return False
    if constraint in (POSITIVE_INTEGER, NON_NEGATIVE_INTEGER):
        return isinstance(value, numbers.Integral) and int(value) >= (constraint == POSITIVE_INTEGER)
    return constraint == FINITE or (float(value) > 0 if constraint == POSITIVE else float(value) >= 0)
