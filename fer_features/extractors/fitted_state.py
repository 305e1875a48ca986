"""What extractors and features were fitted to, as a file of plain arrays: reading it runs no code."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from .._files import read_npz
from ..exceptions import FerError
from ..vision.codebook import DiagonalGMM
from .cell_pca import CellPCA
from .feature_pca import FeaturePCA

#: Classes of fitted attributes that are not arrays.
STATE_CLASSES = {kind.__name__: kind for kind in (CellPCA, DiagonalGMM, FeaturePCA)}
#: Largest size of what was fitted. That of Fisher vectors with hundreds of components per cell is 100 MB.
MAX_STATE_BYTES = 2_000_000_000
#: Attributes that are kept elsewhere.
_OTHER_ATTRIBUTES = ("input_shape_",)


def fitted_attributes(extractor: BaseEstimator) -> dict[str, Any]:
    """Attributes that `fit` has set, by name."""
    return {
        name: value
        for name, value in vars(extractor).items()
        if name.endswith("_") and not name.startswith("_") and name not in _OTHER_ATTRIBUTES
    }


def dump_state(state: Mapping[str, Any]) -> bytes:
    """Content of a .npz file with arrays, and lists, mappings and objects of `STATE_CLASSES` with them.

    Parameters
    ----------
    state : mapping of str to object

    Returns
    -------
    bytes

    Raises
    ------
    FerError
        For a value of another type, by name.
    """
    arrays: dict[str, Any] = {}

    def described(value: Any, name: str) -> Any:
        if isinstance(value, np.ndarray) and value.dtype.kind in "biufU":
            arrays[f"a{len(arrays)}"] = value
            return {"array": f"a{len(arrays) - 1}"}
        if isinstance(value, list | tuple):
            return {"list": [described(item, name) for item in value]}
        if isinstance(value, Mapping):
            return {"mapping": {str(key): described(item, f"{name}.{key}") for key, item in value.items()}}
        if STATE_CLASSES.get(type(value).__name__) is type(value):
            fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
            return {"class": type(value).__name__, "fields": described(fields, name)}
        raise FerError(f"the fitted attribute {name} is a {type(value).__name__}, which cannot be kept in files")

    tree, file = json.dumps(described(state, "")["mapping"]), io.BytesIO()
    np.savez_compressed(file, tree=np.array(tree), **arrays)
    return file.getvalue()


def read_state(path: Path) -> dict[str, Any]:
    """Read a file with the content of `dump_state`.

    Raises
    ------
    FerError
        For a damaged file.
    """
    try:
        arrays = read_npz(path, MAX_STATE_BYTES)
        return {key: _restored(value, arrays) for key, value in json.loads(arrays["tree"].item()).items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile, RecursionError) as error:
        raise FerError(f"{path} cannot be read ({error}): extract the features again") from error


def _restored(node: dict[str, Any], arrays: Any) -> Any:
    ((kind, value),) = [item for item in node.items() if item[0] != "fields"]
    if kind == "array":
        return arrays[value]
    if kind == "list":
        return [_restored(item, arrays) for item in value]
    if kind == "mapping":
        return {key: _restored(item, arrays) for key, item in value.items()}
    return STATE_CLASSES[value](**_restored(node["fields"], arrays))
