"""Files in the format of skops that were changed, for tests of hostile ones."""

import io
import itertools
import json
import zipfile

import numpy as np

_numbers = itertools.count(1)


def node(loader, type_name, **fields):
    """A node of the tree, with a number of its own."""
    module, _, name = type_name.rpartition(".")
    return {"__class__": name, "__module__": module, "__loader__": loader, "__id__": next(_numbers), **fields}


def value_node(value):
    return node("JsonNode", "builtins.str", content=json.dumps(value), is_json=True)


def tuple_node(*children):
    return node("TupleNode", "builtins.tuple", content=list(children))


def list_node(*children):
    return node("ListNode", "builtins.list", content=list(children))


def type_node(name="builtins.str"):
    return node("TypeNode", name)


def dict_node(key_type=None, **values):
    types = list_node(*(key_type or type_node() for _ in values))
    return node("DictNode", "builtins.dict", key_types=types, content=values)


def object_node(type_name, **attributes):
    return node("ObjectNode", type_name, content=dict_node(**attributes))


def array_node(file):
    return node("NdArrayNode", "numpy.ndarray", type="numpy", file=file)


def unpacked(content):
    """The tree and the other entries of a file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    return json.loads(entries.pop("schema.json")), entries


def packed(schema, entries, compression=zipfile.ZIP_DEFLATED):
    """A file with a tree, given as a dict or as text, and entries, given as a dict or as pairs."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in entries.items() if isinstance(entries, dict) else entries:
            archive.writestr(name, data)
        archive.writestr("schema.json", schema if isinstance(schema, str | bytes) else json.dumps(schema))
    return buffer.getvalue()


def with_attribute(content, child, **entries):
    """A file whose model has a further attribute."""
    schema, old = unpacked(content)
    attributes = schema["content"]
    attributes["content"]["further"] = child
    attributes["key_types"]["content"].append(type_node())
    return packed(schema, old | {name.replace("_npy", ".npy"): data for name, data in entries.items()})


def npy(array=None, header=None, data=b""):
    """A NumPy file, of an array, or with any header."""
    buffer = io.BytesIO()
    if header is None:
        np.save(buffer, array)
    else:
        np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, **header})
        buffer.write(data)
    return buffer.getvalue()
