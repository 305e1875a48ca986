"""Landmarkers in files: alone, or as the second part of a saved pipeline."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import joblib

from .._atomic import replacing
from ..exceptions import FerError
from ..version import versions
from .landmarker import Landmarker


def save_landmarker(landmarker: Landmarker, path: str | Path, record: dict[str, Any]) -> Path:
    """Write a fitted landmarker, and beside it a manifest of the same name with the suffix .json.

    Parameters
    ----------
    landmarker : Landmarker
    path : str or Path
    record : dict
        What is known of it, ready for JSON: data, errors.

    Returns
    -------
    Path
        Of the joblib file.
    """
    path = Path(path)
    if path.suffix == ".json":
        raise FerError(f"{path}: the manifest beside the model has this suffix; name the model NAME.joblib")
    with replacing(path) as temporary:
        joblib.dump(landmarker, temporary, compress=3)
        digest = _sha256(temporary)
        size = temporary.stat().st_size
    manifest = {"format": 1, "kind": "landmarks", **record, "bytes": size, "sha256": digest, "versions": versions()}
    with replacing(path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(manifest, indent=1) + "\n")
    return path


def load_landmarker(path: str | Path) -> Landmarker:
    """The landmarker in a file that `save_landmarker` wrote, or that a run with ``--with-landmarks`` saved.

    Raises
    ------
    FerError
        Where there is no such file or manifest, it is another file than its manifest describes, or has no landmarker.

    Notes
    -----
    A joblib file is a pickle: loading one runs the code in it. Load files from people you trust.
    """
    path = Path(path)
    if not path.is_file():
        raise FerError(f"there is no file {path}")
    try:
        digest = json.loads(path.with_suffix(".json").read_text())["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FerError(
            f"{path.with_suffix('.json')} is missing or damaged: a model is saved with this file beside it"
        ) from error
    if _sha256(path) != digest:
        raise FerError(f"{path} is not the file that its manifest describes: it was damaged or replaced")
    held = joblib.load(path)
    landmarker = held if isinstance(held, Landmarker) else getattr(held, "landmarker_", None)
    if not isinstance(landmarker, Landmarker):
        raise FerError(f"{path} holds no landmarker: train one by python -m fer_features landmarks train")
    return landmarker


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
