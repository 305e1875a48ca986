"""Frozen dataclasses to and from JSON, with types checked when they are read."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from typing import Any, TypeVar

T = TypeVar("T")


def to_jsonable(value: Any) -> Any:
    """A dataclass as nested dicts and lists of plain values.

    Parameters
    ----------
    value : dataclass instance

    Returns
    -------
    dict
        Tuples become lists. A field whose metadata has ``{"omit_none": True}`` is absent where it is None.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((f, getattr(value, f.name)) for f in dataclasses.fields(value))
        return {f.name: to_jsonable(v) for f, v in pairs if not (v is None and f.metadata.get("omit_none"))}
    if isinstance(value, dict):
        return {str(k): to_jsonable(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [to_jsonable(v) for v in value]
    return value.tolist() if hasattr(value, "tolist") else value


def json_ready(value: Any) -> Any:
    """A value as parsed JSON; parts that JSON cannot represent, such as estimators, as their representation."""
    return json.loads(json.dumps(to_jsonable(value), default=repr))


def from_jsonable(kind: type[T], data: Any, path: str = "") -> T:
    """A dataclass from what `to_jsonable` made of it.

    Parameters
    ----------
    kind : type
        A dataclass whose fields are annotated with plain types, dataclasses, and lists, tuples, dicts and unions
        of these.
    data : object
        Parsed JSON.
    path : str
        Prefix of the field names in messages.

    Returns
    -------
    instance of `kind`

    Raises
    ------
    ValueError
        For an absent field or a value of another type; the message names the field.
    """
    if not isinstance(data, dict):
        raise ValueError(f"{path or 'the file'} holds {_type_name(data)} where an object is needed")
    hints = typing.get_type_hints(kind)
    values = {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        name = f"{path}.{field.name}" if path else field.name
        if field.name in data:
            values[field.name] = _convert(hints[field.name], data[field.name], name)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ValueError(f"'{name}' is missing")
    return kind(**values)


def _convert(hint: Any, value: Any, path: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _convert(next(a for a in arguments if a is not type(None)), value, path)
    if dataclasses.is_dataclass(hint):
        return from_jsonable(typing.cast(type, hint), value, path)
    if origin is dict:
        _require(isinstance(value, dict), "an object", value, path)
        return {k: _convert(arguments[1], v, f"{path}.{k}") for k, v in value.items()}
    if origin in (tuple, list):
        _require(isinstance(value, list), "a list", value, path)
        if origin is list or arguments[-1] is Ellipsis:
            kinds = [arguments[0]] * len(value)
        else:
            kinds = list(arguments)
            _require(len(kinds) == len(value), f"a list of {len(kinds)} values", value, path)
        return origin(_convert(k, v, f"{path}[{i}]") for i, (k, v) in enumerate(zip(kinds, value, strict=True)))
    if hint is float:
        _require(isinstance(value, int | float) and not isinstance(value, bool), "a number", value, path)
        try:
            return float(value)
        except OverflowError:
            raise ValueError(f"'{path}' holds a number that is too large") from None
    _require(isinstance(value, hint) and (hint is bool or not isinstance(value, bool)), hint.__name__, value, path)
    return value


def _require(condition: bool, needed: str, value: Any, path: str) -> None:
    if not condition:
        raise ValueError(f"'{path}' holds {_type_name(value)} where {needed} is needed")


def _type_name(value: Any) -> str:
    return "null" if value is None else type(value).__name__
