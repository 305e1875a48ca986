"""Saved models: a joblib file, and a JSON manifest that is checked before anything is unpickled."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import io
import pickle
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.base import BaseEstimator

from ._atomic import atomic_write, write_text
from ._model_files import ModelFile, check_versions
from ._progress import log
from .exceptions import FerError
from .manifest import ModelManifest, is_json_ready
from .pipelines import ensemble_members, pipeline_name, required_columns
from .samples.table import COLUMNS
from .version import versions

#: Size in megabytes from which the size of a model is reported before it is written.
LARGE_MODEL_MB = 50


@dataclasses.dataclass(frozen=True)
class SavedModel:
    """A loaded model.

    Attributes
    ----------
    model : estimator
        Fitted.
    manifest : ModelManifest
    """

    model: Any
    manifest: ModelManifest


def save_model(model: BaseEstimator, path: str | Path, metadata: Mapping[str, Any] | None = None) -> Path:
    """Write a fitted pipeline and its manifest.

    Parameters
    ----------
    model : estimator
        A fitted classifier.
    path : str or Path
        Path of the joblib file. The manifest has the same name and the suffix .json.
    metadata : mapping, optional
        Further values of the manifest, which JSON can represent. `pipeline`, `classes`, `parameters`, `data`, `scores`
        and `reject_threshold` set the fields of `ModelManifest` with these names. By default the first three are
        derived from the model, and the others are empty. Values with other names are stored as they are.

    Returns
    -------
    Path
        Path of the joblib file.

    Raises
    ------
    FerError
        If the model is not fitted, the metadata are not valid, or the files cannot be written.

    See Also
    --------
    load_model

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from fer_features import Samples, load_model, make_pipeline, save_model
    >>> rng = np.random.default_rng(0)
    >>> X = Samples.from_arrays(rng.integers(0, 256, (12, 48, 48), dtype=np.uint8))
    >>> model = make_pipeline("lbp_linear", align__method="none", calibration_cv=0).fit(X, np.arange(12) % 2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_model(model, Path(folder) / "model.joblib", {"classes": {"0": "happiness", "1": "surprise"}})
    ...     loaded = load_model(folder)
    >>> bool((loaded.predict(X) == model.predict(X)).all())
    True
    """
    path = Path(path)
    if path.suffix == ".json":
        raise FerError(f"{path}: the manifest of the model has this suffix, name the model {path.stem}.joblib")
    classes = getattr(model, "classes_", None)
    if classes is None:
        raise FerError(f"the {type(model).__name__} to be saved is not a fitted classifier: call fit first")
    values = {
        "pipeline": pipeline_name(model),
        "classes": {str(code): str(code) for code in classes},
        "parameters": _plain_parameters(model),
        **(metadata or {}),
    }
    manifest = ModelManifest.from_metadata(
        values,
        required_columns=required_columns(model),
        versions=versions(),
        date=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )
    _check_classes(model, manifest)
    size_mb = pickled_size(model) / 1e6
    if size_mb > LARGE_MODEL_MB:
        log(f"the model takes about {size_mb:.0f} MB on disk{_size_hint(model)}")
    with atomic_write(path) as temporary:
        joblib.dump(model, temporary, compress=3)
        with open(temporary, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    with atomic_write(path.with_suffix(".json")) as temporary:
        write_text(temporary, dataclasses.replace(manifest, sha256=digest).to_json() + "\n")
    return path


def pickled_size(model: BaseEstimator) -> int:
    """Return the size in bytes of a pickled model. Compression reduces it by about a tenth."""
    counter = _ByteCounter()
    pickle.Pickler(counter, pickle.HIGHEST_PROTOCOL).dump(model)
    return counter.n_bytes


def load_model(path: str | Path, columns: Iterable[str] | None = None, strict: bool = True) -> Any:
    """Load a saved pipeline after checking its manifest.

    Parameters
    ----------
    path : str or Path
        The joblib file, whose manifest is in the same folder; or a run folder that contains ``model.joblib``.
    columns : iterable of str, optional
        Columns of the data to be predicted. Columns that the model requires and the data lack are an error.
    strict : bool, default=True
        Whether a model that was saved with another version of scikit-learn or fer_features (major and minor number), or
        of OpenCV (major number), is refused. If False, a warning is issued instead. A file that differs from its
        manifest is always refused.

    Returns
    -------
    estimator

    Raises
    ------
    FerError
        For a missing file or manifest, an invalid manifest, another hash, another version, missing columns, a file that
        does not contain a fitted classifier, or one with other classes than the manifest.

    Warns
    -----
    FerWarning
        For other versions, if `strict` is False.

    See Also
    --------
    save_model

    Notes
    -----
    A joblib file is a pickle: loading it executes code in it. The hash detects damaged and confused files, but not
    malicious ones, since whoever can replace the model can also replace the manifest. Load models from trusted sources
    only.
    """
    return load_saved_model(path, columns, strict).model


def load_saved_model(path: str | Path, columns: Iterable[str] | None = None, strict: bool = True) -> SavedModel:
    """Load a saved pipeline with its manifest. Parameters and errors are those of `load_model`."""
    file = ModelFile.read(path)
    try:
        manifest = ModelManifest.from_json(file.manifest)
    except FerError as error:
        raise FerError(f"{file.manifest_path} is not the manifest of a model: {error}") from error
    file.check_hash(manifest.sha256)
    _check_columns(file.path, manifest, columns)
    check_versions(file.path, manifest.versions, strict, stacklevel=3)
    model = file.unpickle()
    if not hasattr(model, "predict") or np.ndim(getattr(model, "classes_", 0)) != 1:
        raise FerError(f"{file.path} contains a {type(model).__name__}: a fitted classifier is needed")
    _check_classes(model, manifest)
    return SavedModel(model, manifest)


def _check_columns(path: Path, manifest: ModelManifest, columns: Iterable[str] | None) -> None:
    required = manifest.required_columns
    unknown = [name for name in required if name not in COLUMNS]
    if unknown:
        raise FerError(f"{path} requires the column(s) {', '.join(unknown)}, which this version does not support")
    if columns is not None:
        present = set(columns)
        absent = [name for name in required if name not in present]
        if absent:
            raise FerError(f"{path} requires the column(s) {', '.join(absent)}, which the data lack")


def _check_classes(model: Any, manifest: ModelManifest) -> None:
    """Check that the manifest names each class of a model: by its label, or by its name if the labels are names."""
    known = {*manifest.classes, *manifest.classes.values()}
    absent = [str(label) for label in model.classes_ if str(label) not in known]
    if absent:
        raise FerError(f"'classes' of the manifest lacks the class(es) {', '.join(absent)} of the model")


class _ByteCounter(io.RawIOBase):
    """A writable file that counts bytes and discards them."""

    def __init__(self) -> None:
        super().__init__()
        self.n_bytes = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.n_bytes += (n := memoryview(data).nbytes)
        return n


def _size_hint(model: BaseEstimator) -> str:
    """Return how the model can be made smaller, if its classifier stores training samples."""
    stored = [getattr(getattr(m, "named_steps", {}).get("classifier"), "X_fit_", None) for m in ensemble_members(model)]
    n_stored = max((len(X_fit) for X_fit in stored if X_fit is not None), default=0)
    if not n_stored:
        return ""
    return (
        f", because it stores {n_stored} training samples; for a smaller model limit them by "
        "classifier__n_inducing=5000, reduce classifier__n_components_even and classifier__n_components_odd, or use "
        "the pipeline 'small' for still images"
    )


def _plain_parameters(model: BaseEstimator) -> dict[str, Any]:
    # Steps and extractors are parameters as well. Their own parameters describe them completely.
    return {key: value for key, value in model.get_params().items() if "__" in key and is_json_ready(value)}
