"""Keys under which features are stored: class, parameters, and a hash of the code of the class."""

from __future__ import annotations

import functools
import hashlib
import inspect
import types
from collections.abc import Mapping
from typing import Any

import joblib
import numpy as np
from sklearn.base import BaseEstimator

from ..exceptions import FerError
from .code_walker import PACKAGE, CodeWalker, module_of, top_level

#: Base classes from these packages are not hashed: their versions are fixed for an environment.
_UNHASHED_PACKAGES = ("builtins", "abc", "typing", "numpy", "sklearn")


def cache_key(estimator: BaseEstimator) -> str:
    """A key that is equal for estimators that compute the same features, and different otherwise.

    Parameters
    ----------
    estimator : BaseEstimator
        An extractor, or a transformer of `Samples`.

    Returns
    -------
    str
        Module, qualified name, parameters and a hash of the code:
        ``fer_features.extractors.lpq.LPQ(decorrelate=True, frame='apex', ...) 5b0c5d...``.

    Raises
    ------
    FerError
        If a parameter cannot be hashed.

    Notes
    -----
    The name alone is not sufficient: a class ``HOG`` of a user must not receive the features of the package's class,
    and an edited class must not receive the features of its previous version. The hash covers the compiled code of
    the class and of its base classes outside scikit-learn and numpy, and of every function, class and constant of the
    user's own modules that this code refers to by name. Compiled code is used since it is what runs: the source file
    may have been edited after the import, and code typed into an interpreter has no file. It differs between versions
    of Python, for which features are extracted again. The code of this package is hashed once for the disk, in
    `fer_features.samples.feature_store`, and does not change while a process runs.

    Examples
    --------
    >>> from fer_features.extractors import LBP
    >>> cache_key(LBP(radius=1)) == cache_key(LBP(radius=1))
    True
    >>> cache_key(LBP(radius=1)) == cache_key(LBP(radius=2))
    False
    """
    return f"{_estimator_text(estimator)} {_code_digest(type(estimator))}"


def _estimator_text(estimator: BaseEstimator) -> str:
    kind = estimator.__class__
    values = {name: getattr(estimator, name) for name in _parameter_names(kind)}
    try:
        text = ", ".join(f"{name}={_value_text(value)}" for name, value in values.items())
    except Exception as error:
        # Pickling calls code of any kind, which may raise any exception.
        raise FerError(
            f"{kind.__name__}: a parameter cannot be hashed, so its features cannot be stored ({error}); "
            "use numbers, strings, arrays, functions or estimators as parameters"
        ) from error
    return f"{kind.__module__}.{kind.__qualname__}({text})"


@functools.cache
def _parameter_names(kind: type[BaseEstimator]) -> list[str]:
    # scikit-learn inspects the signature on each call, which takes as long as one small face.
    parameters = inspect.signature(kind.__init__).parameters.values()
    return sorted(p.name for p in parameters if p.name != "self" and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))


def _value_text(value: Any) -> str:
    """The value of a parameter as text, equal for equal values in any process."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        return repr(value)
    if isinstance(value, tuple | list):
        ends = "()" if isinstance(value, tuple) else "[]"
        return f"{ends[0]}{', '.join(map(_value_text, value))}{ends[1]}"
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(map(_value_text, value)))}}}"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_value_text(key)}: {_value_text(item)}' for key, item in value.items())}}}"
    if isinstance(value, BaseEstimator):
        return cache_key(value)
    if isinstance(value, types.FunctionType | type):
        return f"{value.__module__}.{value.__qualname__} {_hash_code(value)}"
    if isinstance(value, functools.partial):
        return f"partial({_value_text(value.func)}, {_value_text(value.args)}, {_value_text(value.keywords)})"
    return f"{type(value).__name__} {joblib.hash(value)}"


def _code_digest(kind: type) -> str:
    classes = [base for base in kind.__mro__ if top_level(base.__module__) not in _UNHASHED_PACKAGES]
    digest = _package_digest(tuple(base for base in classes if top_level(base.__module__) == PACKAGE))
    of_user = [base for base in classes if top_level(base.__module__) != PACKAGE]
    return f"{digest} {_hash_code(*of_user)}" if of_user else digest


@functools.cache
def _package_digest(classes: tuple[type, ...]) -> str:
    return _hash_code(*classes)


def _hash_code(*code: Any) -> str:
    """Hash of classes and functions and of the user's code that they refer to."""
    digest = hashlib.blake2b(digest_size=12)
    for line in CodeWalker({top_level(module_of(item)) for item in code}).lines(code):
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()
