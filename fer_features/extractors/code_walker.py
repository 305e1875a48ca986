"""The compiled code of classes and functions as text, with the user's code that it refers to."""

from __future__ import annotations

import functools
import sys
import sysconfig
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import joblib
import numpy as np

PACKAGE = __name__.partition(".")[0]

#: Members of a class that are not code of the user, or that differ between processes.
_IGNORED_MEMBERS = frozenset(
    {
        "__dict__", "__weakref__", "__module__", "__qualname__", "__doc__", "__annotations__", "__annotate__",
        "__annotate_func__", "__annotations_cache__", "__abstractmethods__", "_abc_impl", "__firstlineno__",
        "__static_attributes__", "__parameters__", "__orig_bases__", "_sklearn_auto_wrap_output_keys",
    }
)  # fmt: skip


class CodeWalker:
    """Lists the code of objects and of the objects that this code refers to.

    Parameters
    ----------
    followed : set of str
        Packages whose functions, classes and modules are listed where code refers to them. Modules outside the
        installed packages are always followed, and this package never is.

    Notes
    -----
    Lists, dicts, sets and arrays in global variables and class attributes may change while a program runs. They are
    listed only if their name is in capitals, as the names of constants are.
    """

    def __init__(self, followed: Iterable[str] = ()):
        self.followed = set(followed) - {PACKAGE} | {"__main__"}
        self._visited: set[int] = set()

    def lines(self, values: Iterable[Any]) -> Iterator[str]:
        """Text of several objects, one line for each part."""
        for value in values:
            yield from self._lines_of(value)

    def _lines_of(self, value: Any) -> Iterator[str]:
        value = unwrap(value)
        if isinstance(value, type | types.FunctionType | types.CodeType | types.ModuleType):
            if id(value) in self._visited:
                return
            self._visited.add(id(value))
        if isinstance(value, type):
            yield f"class {value.__module__}.{value.__qualname__}"
            for name, member in sorted(vars(value).items()):
                if name not in _IGNORED_MEMBERS and _is_constant(name, member):
                    yield name
                    yield from self._lines_of(member)
        elif isinstance(value, types.ModuleType):
            yield f"module {value.__name__}"
            yield from self.lines(v for _, v in sorted(vars(value).items()) if module_of(v) == value.__name__)
        elif isinstance(value, types.FunctionType):
            yield from self._lines_of(value.__code__)
            yield from self.lines((value.__defaults__, value.__kwdefaults__))
            yield from self._referenced(value)
        elif isinstance(value, types.CodeType):
            yield f"code {value.co_code.hex()} {value.co_names} {value.co_varnames} {value.co_freevars}"
            yield from self.lines(value.co_consts)
        elif isinstance(value, property):
            yield from self.lines((value.fget, value.fset, value.fdel))
        elif isinstance(value, tuple | list):
            yield f"{type(value).__name__} {len(value)}"
            yield from self.lines(value)
        elif isinstance(value, frozenset | set):
            yield f"set {sorted(map(repr, value))}"
        elif isinstance(value, Mapping):
            yield f"mapping {len(value)}"
            yield from self.lines(item for pair in value.items() for item in pair)
        elif isinstance(value, np.ndarray | np.generic):
            yield f"array {joblib.hash(np.asarray(value))}"
        elif value is None or isinstance(value, bool | int | float | complex | str | bytes | range):
            yield repr(value)
        else:
            # The content of other objects may differ between processes.
            yield f"object {type(value).__module__}.{type(value).__qualname__}"

    def _referenced(self, function: types.FunctionType) -> Iterator[str]:
        """The objects that the global names and the closure of a function refer to."""
        if not self._is_followed(function.__module__):
            return
        names = sorted(_global_names(function.__code__))
        found = [(name, function.__globals__[name]) for name in names if name in function.__globals__]
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        found += [(name, cell.cell_contents) for name, cell in cells if _is_filled(cell)]
        for name, value in found:
            value = unwrap(value)
            is_code = isinstance(value, type | types.FunctionType | types.ModuleType)
            if self._is_followed(module_of(value)) if is_code else _is_constant(name, value):
                yield name
                yield from self._lines_of(value)

    def _is_followed(self, module: str) -> bool:
        if top_level(module) in self.followed or not module:
            return bool(module)
        path = getattr(sys.modules.get(module), "__file__", None)
        return top_level(module) != PACKAGE and path is not None and not path.startswith(_installation_folders())


def _is_constant(name: str, value: Any) -> bool:
    return name.isupper() or not isinstance(value, list | set | Mapping | np.ndarray)


def unwrap(value: Any) -> Any:
    """The function inside a method, a decorated function or a cached property."""
    while True:
        if isinstance(value, staticmethod | classmethod | types.MethodType):
            value = value.__func__
        elif isinstance(value, functools.cached_property):
            value = value.func
        elif "__wrapped__" in getattr(value, "__dict__", {}) and not isinstance(value, type):
            value = value.__wrapped__
        else:
            return value


def module_of(value: Any) -> str:
    """Name of the module that defines an object, or of the module itself; empty where there is none."""
    name = value.__name__ if isinstance(value, types.ModuleType) else getattr(value, "__module__", "")
    return name if isinstance(name, str) else ""


def top_level(module: str) -> str:
    """Name of the package that a module belongs to."""
    return module.partition(".")[0]


def _global_names(code: types.CodeType) -> set[str]:
    """Names that compiled code and the functions inside it look up, names of attributes included."""
    nested = (constant for constant in code.co_consts if isinstance(constant, types.CodeType))
    return set(code.co_names).union(*map(_global_names, nested))


def _is_filled(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:  # a name that is assigned later
        return False


@functools.cache
def _installation_folders() -> tuple[str, ...]:
    return tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
