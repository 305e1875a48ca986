"""Parameters that are wrong are told in words before any picture is read."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..exceptions import FerError

#: A whole number of at least 1, and a finite number above 0 or of at least 0.
WHOLE, POSITIVE, NOT_NEGATIVE = "a whole number of at least 1", "a number above 0", "a number of at least 0"

#: One or several of the first two, in a tuple or list.
WHOLES, POSITIVES = WHOLE + ", or a tuple of such", POSITIVE + ", or a tuple of such"

#: What a parameter may be: one of the five above, or a tuple of values.
Rule = str | tuple[Any, ...]


def check_parameters(estimator: BaseEstimator, rules: Mapping[str, Rule]) -> None:
    """Refuse parameters that break a rule.

    Parameters
    ----------
    estimator : BaseEstimator
    rules : mapping of str to Rule

    Raises
    ------
    FerError
        Naming the parameter, its value, and what is allowed.
    """
    for name, rule in rules.items():
        value = getattr(estimator, name)
        if not _obeys(value, rule):
            allowed = rule if isinstance(rule, str) else "one of " + ", ".join(map(repr, rule))
            raise FerError(f"{type(estimator).__name__}: {name}={value!r}, but {allowed} is needed")


def several(value: Any) -> list[Any]:
    """The values of a parameter that may be one value or several."""
    return list(value) if isinstance(value, tuple | list) else [value]


def _obeys(value: Any, rule: Rule) -> bool:
    if isinstance(rule, tuple):
        # True == 1, but the one is no answer to a question for the other.
        truth = isinstance(value, bool | np.bool_)
        return any(truth == isinstance(allowed, bool) and value == allowed for allowed in rule)
    if rule in (WHOLES, POSITIVES):
        values = several(value)
        return len(values) > 0 and all(_obeys(one, WHOLE if rule == WHOLES else POSITIVE) for one in values)
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real) or not math.isfinite(value):
        return False
    if rule == WHOLE:
        return isinstance(value, numbers.Integral) and int(value) >= 1
    return float(value) > 0 if rule == POSITIVE else float(value) >= 0
