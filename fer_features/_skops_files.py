"""Models in the format of skops: a zip archive with arrays and a tree of types in JSON, which is checked before use.

Nothing in a file chooses what is run. Of the nodes that skops knows, a file may contain those of `PLAIN_TYPES`, which
hold values, and 'ObjectNode', an object that is made of its attributes. Nodes that call a function, a method or a
constructor with arguments of the file are refused, whatever their types. So are objects of other types than the caller
trusts, and archives that would take much more memory than their size. skops then audits the same tree by its own rules.
"""

from __future__ import annotations

import importlib.util
import io
import json
import math
import re
import stat
import zipfile
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from .exceptions import FerError

#: First bytes of a zip archive, which no pickle and no file of joblib has.
ZIP_SIGNATURE = b"PK\x03\x04"
#: Compression level of zlib, as in the files of joblib.
COMPRESSION_LEVEL = 3
#: Version of the layout of the tree. That of skops 0.16, to which `pyproject.toml` limits the package.
PROTOCOL = 2
#: Entry with the tree, and all names of entries that skops writes: arrays by numbers, bytes by UUIDs.
SCHEMA = "schema.json"
_ENTRY_NAME = re.compile(r"schema\.json|[0-9]{1,20}\.npy|[0-9a-f-]{36}\.bin")

#: Limits of an archive. Models of this package have up to a hundred entries, 5,000 nodes in 15 levels, 1 MB of JSON,
#: and a size of at most 20 times that of the file, most of it JSON.
MAX_ENTRIES, MAX_NODES, MAX_DEPTH, MAX_SCHEMA_BYTES = 10_000, 200_000, 60, 20_000_000
#: An archive may become larger by this factor, or take this number of bytes.
MAX_EXPANSION, ALWAYS_ALLOWED_BYTES = 20, 64_000_000

_SCALAR_TYPES = frozenset(
    f"numpy.{t.__name__}" for t in np.sctypeDict.values() if issubclass(t, np.number | np.bool_ | np.str_)
)
#: Nodes that hold values, by the name of their loader in skops, and the types that they may have.
PLAIN_TYPES: Mapping[str, frozenset[str]] = {
    "DictNode": frozenset({"builtins.dict"}),
    "ListNode": frozenset({"builtins.list"}),
    "TupleNode": frozenset({"builtins.tuple"}),
    "JsonNode": frozenset({"builtins.str"}),
    "BytearrayNode": frozenset({"builtins.bytearray"}),
    "NdArrayNode": _SCALAR_TYPES | {"numpy.ndarray"},
    # Types of the keys of a dict, which are called with the key as text.
    "TypeNode": _SCALAR_TYPES | {f"builtins.{t.__name__}" for t in (str, int, float, bool)},
}


class ForeignType(FerError):
    """A file contains an object of a type that is not trusted."""


def require_skops() -> None:
    """Raise `FerError` if the package skops, which is optional, is not installed."""
    if importlib.util.find_spec("skops") is None:
        raise FerError("files in the format skops need the package skops: pip install 'fer_features[safe]'")


def dump_skops(model: Any, trusted: Collection[str]) -> bytes:
    """Encode a model.

    Parameters
    ----------
    model : object
    trusted : collection of str
        Types that `load_skops` will be given.

    Returns
    -------
    bytes
        Content of the file.

    Raises
    ------
    FerError
        If skops is not installed, or the model contains something that `load_skops` would refuse.
    """
    require_skops()
    import skops.io

    try:
        content = skops.io.dumps(model, compression=zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION_LEVEL)
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            _NodeCheck(_Entries(file, len(content)), trusted).check()
        return content
    except MemoryError:
        raise
    except Exception as error:  # of skops, whose messages depend on the type
        raise FerError(f"this model cannot be saved in the format skops, use joblib: {_reason(error)}") from error


def load_skops(content: bytes, trusted: Collection[str], attribute: str | None = None) -> Any:
    """Load a model.

    Parameters
    ----------
    content : bytes
        Of the file.
    trusted : collection of str
        Types of objects that the file may contain: module and name of each class.
    attribute : str, optional
        Name of an attribute of the model that is loaded instead; nothing else in the file is then read.

    Returns
    -------
    object
        None where the model lacks `attribute`.

    Raises
    ------
    FerError
        If skops is not installed; if the archive is damaged or too large; or if it contains a type or a node that is
        not allowed. Nothing is then imported or called.
    """
    require_skops()
    from skops.io._audit import audit_tree, get_tree
    from skops.io._utils import LoadContext

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            entries = _Entries(file, len(content))
            node = _NodeCheck(entries, trusted).check(attribute)
            if node is None:
                return None
            tree = get_tree(node, LoadContext(src=entries, protocol=PROTOCOL), trusted=list(trusted))
        audit_tree(tree, trusted=list(trusted))
        return tree.construct()
    except (MemoryError, FerError):
        raise
    except Exception as error:  # of zipfile, json, numpy and skops, which expect files of their own
        raise FerError(f"it is damaged ({_reason(error)})") from error


def _reason(error: Exception) -> str:
    text = str(error) if isinstance(error, FerError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())


class _Entries:
    """Entries of an archive whose sizes were checked, with the method of `zipfile.ZipFile` that skops calls."""

    def __init__(self, file: zipfile.ZipFile, n_bytes: int):
        self._file = file
        entries = file.infolist()
        if len(entries) > MAX_ENTRIES:
            raise FerError(f"it has {len(entries)} entries, more than {MAX_ENTRIES}")
        self.sizes: dict[str, int] = {}
        for entry in entries:
            if not _ENTRY_NAME.fullmatch(entry.filename) or stat.S_ISLNK(entry.external_attr >> 16):
                raise FerError(f"it has the entry '{entry.filename[:80]}', which skops does not write")
            if entry.filename in self.sizes:
                raise FerError(f"it has the entry '{entry.filename}' twice")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or entry.flag_bits & 1:
                raise FerError(f"its entry '{entry.filename}' is encrypted or compressed by another method than zlib")
            self.sizes[entry.filename] = entry.file_size
        unpacked = sum(self.sizes.values())
        if unpacked > max(MAX_EXPANSION * n_bytes, ALWAYS_ALLOWED_BYTES):
            raise FerError(f"its {n_bytes} bytes would unpack to {unpacked}")
        if not 0 < self.sizes.get(SCHEMA, 0) <= MAX_SCHEMA_BYTES:
            raise FerError(f"its entry '{SCHEMA}' is missing, empty or larger than {MAX_SCHEMA_BYTES // 10**6} MB")

    def read(self, name: str) -> bytes:
        """Content of an entry. Arrays are those of a NumPy file of exactly the declared size, without pickle."""
        with self._file.open(name) as file:
            # A size, since an entry can hold more than it declares. With it no more than this is unpacked.
            content = file.read(self.sizes[name])
        if len(content) != self.sizes[name]:
            raise FerError(f"its entry '{name}' is truncated")
        if name.endswith(".npy"):
            _check_array(name, content)
        return content


def _check_array(name: str, content: bytes) -> None:
    """Check that a NumPy file holds numbers or text, and all of them, before memory is reserved for its shape."""
    file = io.BytesIO(content)
    if np.lib.format.read_magic(file) != (1, 0):
        raise FerError(f"its array '{name}' has another version of the format of NumPy")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.kind not in "biufcUS" or not dtype.itemsize:
        raise FerError(f"its array '{name}' holds {dtype} instead of numbers or text")
    if any(n < 0 for n in shape) or math.prod(shape) * dtype.itemsize != len(content) - file.tell():
        raise FerError(f"its array '{name}' declares the shape {shape}, which does not fit its size")


class _NodeCheck:
    """The check of the tree of an archive, with the rule of skops that a node whose id is known is the first one."""

    def __init__(self, entries: _Entries, trusted: Collection[str]):
        self._entries = entries
        self._types = {**PLAIN_TYPES, "ObjectNode": frozenset(trusted)}
        self._nodes: dict[int, dict[str, Any]] = {}
        self._sizes: dict[int, int] = {}
        self._owners: dict[str, int] = {}

    def check(self, attribute: str | None = None) -> dict[str, Any] | None:
        """The tree, or the part of an attribute of the model; None if that is absent."""
        node = json.loads(self._entries.read(SCHEMA))
        protocol = node.get("protocol")
        if type(protocol) is not int or protocol != PROTOCOL:
            version = str(node.get("_skops_version"))[:20]
            raise FerError(
                f"it was written by skops {version} with the protocol {str(protocol)[:20]}, and {PROTOCOL} is "
                "supported: save it again with skops 0.16, or update fer_features"
            )
        if attribute is not None:
            node = node["content"]["content"].get(attribute)
        if node is not None:
            self._visit(node, 0)
        return node

    def _visit(self, node: dict[str, Any], depth: int) -> int:
        """Check a node and its children; the number of nodes that an audit of it visits."""
        number = node["__id__"]
        if type(number) is not int or not number:
            raise FerError("it has a node without a number")
        if number in self._sizes:
            return self._sizes[number]
        if number in self._nodes or depth > MAX_DEPTH:
            raise FerError(f"it has nodes that contain themselves, or more than {MAX_DEPTH} levels")
        self._nodes[number] = node
        loader, name = node["__loader__"], f"{node['__module__']}.{node['__class__']}"
        if not (isinstance(loader, str) and loader in self._types):
            raise FerError(f"it contains a {str(loader)[:40]} of {name[:120]}, which models do not have")
        if name not in self._types[loader]:
            raise ForeignType(
                f"it contains the type {name[:120]}, which is neither a part of models of this package nor registered "
                "by a plugin"
            )
        size = 1
        for child in self._children(node, loader, number):
            size += self._visit(child, depth + 1)
            if size > MAX_NODES:
                raise FerError(f"it has more than {MAX_NODES} nodes")
        if loader == "DictNode":
            self._check_key_types(node["key_types"])
        self._sizes[number] = size
        return size

    def _children(self, node: dict[str, Any], loader: str, number: int) -> list[dict[str, Any]]:
        if loader == "DictNode":
            return [node["key_types"], *node["content"].values()]
        if loader in ("ListNode", "TupleNode"):
            return node["content"]
        if loader == "ObjectNode":
            return [] if node.get("content") is None else [node["content"]]
        if loader == "BytearrayNode" or (loader == "NdArrayNode" and node["type"] == "numpy"):
            file = node["file"]
            # Bytes that many nodes share would be read for each of them.
            if file not in self._entries.sizes or self._owners.setdefault(file, number) != number:
                raise FerError(f"its entry '{str(file)[:80]}' is missing, or used by two objects")
            if file.endswith(".npy") != (loader == "NdArrayNode"):
                raise FerError(f"its entry '{file}' is of another type than its node")
            return []
        if loader == "NdArrayNode":
            return [*node["content"], node["shape"]]
        return []  # JsonNode and TypeNode

    def _check_key_types(self, types: dict[str, Any]) -> None:
        first = self._nodes[types["__id__"]]
        children = [self._nodes[child["__id__"]] for child in first["content"]]
        if first["__loader__"] != "ListNode" or any(child["__loader__"] != "TypeNode" for child in children):
            raise FerError("it has a dict whose keys have values as types")
