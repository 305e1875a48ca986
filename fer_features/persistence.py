"""Saved models: a joblib file and, beside it, a manifest that is read before anything is unpickled."""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import pickle
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import joblib
import sklearn
from sklearn.base import BaseEstimator

from ._atomic import replacing
from ._progress import say
from .exceptions import FerError
from .pipelines import columns_read, members
from .samples.table import COLUMNS
from .version import __version__, versions

#: Megabytes from which a model's size is told before it is written.
TOLD = 50


def save_model(model: BaseEstimator, path: str | Path, record: dict[str, Any]) -> Path:
    """Write a fitted pipeline and its manifest.

    Parameters
    ----------
    model : estimator
        Fitted.
    path : str or Path
        Of the joblib file; the manifest has the same name and the suffix .json.
    record : dict
        What is known of the model, ready for JSON: pipeline, classes, codes, data, scores.

    Returns
    -------
    Path
        Of the joblib file.

    Raises
    ------
    FerError
        Where the files cannot be written.
    """
    path = Path(path)
    size = size_of(model) / 1e6
    if size > TOLD:
        say(f"the model takes about {size:.0f} MB on disk{_smaller(model)}")
    with replacing(path) as temporary:
        joblib.dump(model, temporary, compress=3)
        digest = _sha256(temporary)
    manifest = {
        "format": 1,
        **record,
        "columns": list(columns_read(model)),
        "sha256": digest,
        "versions": versions(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    with replacing(path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(manifest, indent=1, default=repr) + "\n")
    return path


def size_of(model: BaseEstimator) -> int:
    """Bytes that a model takes when it is saved, before they are compressed, which saves about a tenth of them."""
    counter = _Counter()
    pickle.Pickler(counter, pickle.HIGHEST_PROTOCOL).dump(model)
    return counter.size


class _Counter(io.RawIOBase):
    """A file that keeps nothing but its length."""

    def __init__(self) -> None:
        super().__init__()
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.size += (n := memoryview(data).nbytes)
        return n


def _smaller(model: BaseEstimator) -> str:
    """What would make it smaller, where its classifier keeps training rows."""
    kept = [getattr(getattr(one, "named_steps", {}).get("classifier"), "rows_", None) for one in members(model)]
    rows = max((len(one) for one in kept if one is not None), default=0)
    if not rows:
        return ""
    return (
        f", for it keeps {rows} training rows; smaller: --set classifier__landmarks=5000 keeps so many of them, "
        "classifier__even and classifier__odd numbers of each, or --pipeline small for stills"
    )


def load_model(path: str | Path, columns: Iterable[str] | None = None, strict: bool = True) -> BaseEstimator:
    """Load a saved pipeline after checking its manifest.

    Parameters
    ----------
    path : str or Path
        The joblib file, with its manifest beside it.
    columns : iterable of str, optional
        Columns of the data to be predicted; what the model needs and they lack is said.
    strict : bool
        Whether another version of scikit-learn or of this package is refused, or only warned of. A file that is not
        the one its manifest describes is refused in any case.

    Returns
    -------
    estimator

    Raises
    ------
    FerError
        For a missing file or manifest, another hash, another version, or columns that are not there.

    Warns
    -----
    UserWarning
        Of other versions where not `strict`.

    Notes
    -----
    A joblib file is a pickle: loading one runs the code in it. The hash tells damage and mix-ups, not malice, since
    whoever can replace the model can replace the manifest. Load models from people you trust.
    """
    path = Path(path)
    manifest_path = path.with_suffix(".json")
    if not path.is_file():
        raise FerError(f"there is no model at {path}")
    if not manifest_path.is_file():
        raise FerError(f"{manifest_path} is missing: a model is saved with this file beside it, which says what it is")
    try:
        manifest = json.loads(manifest_path.read_text())
        digest, built_with, needed = manifest["sha256"], manifest["versions"], manifest["columns"]
    except (ValueError, KeyError, TypeError) as error:
        raise FerError(f"{manifest_path} is not the manifest of a model ({error})") from error
    if _sha256(path) != digest:
        raise FerError(f"{path} is not the file that {manifest_path.name} describes: it was damaged or replaced")
    unknown = [name for name in needed if name not in COLUMNS]
    if unknown:
        raise FerError(f"{path} reads the column(s) {', '.join(unknown)}, which this version does not know")
    if columns is not None:
        absent = [name for name in needed if name not in set(columns)]
        if absent:
            raise FerError(f"{path} reads the column(s) {', '.join(absent)}, which the data lacks")
    for package, here in (("scikit-learn", sklearn.__version__), ("fer_features", __version__)):
        there = built_with.get("sklearn" if package == "scikit-learn" else package, "an unknown version")
        if _minor(there) != _minor(here):
            message = (
                f"{path} was saved with {package} {there} and {here} is installed: install {there}, or train it anew"
            )
            if strict:
                raise FerError(message + ", or pass strict=False to try it")
            warnings.warn(message, UserWarning, stacklevel=2)
    return joblib.load(path)


def _minor(version: str) -> list[str]:
    # Pickles of scikit-learn are promised to load only within one version; patch releases do keep to it.
    return version.split(".")[:2]


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
