"""Saved models: a file of joblib or skops, and a JSON manifest that is checked before anything is loaded."""

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
from ._model_files import ModelFile, check_versions, format_of_name, model_file_name
from ._progress import log
from ._skops_files import dump_skops
from .exceptions import FerError
from .manifest import ModelManifest, is_json_ready
from .pipelines import fitted_members, pipeline_name, required_columns
from .samples.table import COLUMNS
from .trusted_types import trusted_types
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


def save_model(
    model: BaseEstimator,
    path: str | Path,
    metadata: Mapping[str, Any] | None = None,
    trusted: Iterable[str | type] = (),
) -> Path:
    """Write a fitted pipeline and its manifest.

    Parameters
    ----------
    model : estimator
        A fitted classifier.
    path : str or Path
        Path of the file. With the suffix .skops it has the format of skops, which needs the package skops, else that of
        joblib. The manifest has the same name and the suffix .json.
    metadata : mapping, optional
        Further values of the manifest, which JSON can represent. `pipeline`, `classes`, `parameters`, `data`, `scores`
        and `reject_threshold` set the fields of `ModelManifest` with these names. By default the first three are
        derived from the model, and the others are empty. Values with other names are stored as they are.
    trusted : iterable of str or type, default=()
        Classes that `load_model` will be given to load a file of skops, where the model has estimators from outside of
        this package that are not registered.

    Returns
    -------
    Path
        Path of the file.

    Raises
    ------
    FerError
        If the model is not fitted, the metadata are not valid, or the files cannot be written; if skops is not
        installed, or the model contains something that `load_model` would refuse.

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
    write_model(SavedModel(model, manifest), path, trusted)
    return path


def write_model(saved: SavedModel, path: Path, trusted: Iterable[str | type] = ()) -> None:
    """Write a model and its manifest, both or neither, with the digest added to the manifest; see `save_model`."""
    model_format = format_of_name(path)
    with atomic_write(path) as temporary, atomic_write(path.with_suffix(".json")) as temporary_manifest:
        if model_format == "skops":
            temporary.write_bytes(dump_skops(saved.model, trusted_types(trusted)))
        else:
            joblib.dump(saved.model, temporary, compress=3)
        with open(temporary, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        digests = saved.manifest.sha256 | {model_format: digest}
        write_text(temporary_manifest, dataclasses.replace(saved.manifest, sha256=digests).to_json() + "\n")


def check_model_format(model: BaseEstimator, format: str, trusted: Iterable[str | type] = ()) -> None:
    """Check before a long computation that a pipeline, fitted or not, can be saved in a format.

    Parameters
    ----------
    model : estimator
    format : {'joblib', 'skops'}
    trusted : iterable of str or type, default=()
        See `save_model`.

    Raises
    ------
    FerError
    """
    model_file_name(format)
    if format == "skops":
        dump_skops(model, trusted_types(trusted))


def pickled_size(model: BaseEstimator) -> int:
    """Return the size in bytes of a pickled model. Compression reduces it by about a tenth."""
    counter = _ByteCounter()
    pickle.Pickler(counter, pickle.HIGHEST_PROTOCOL).dump(model)
    return counter.n_bytes


def load_model(
    path: str | Path,
    columns: Iterable[str] | None = None,
    strict: bool = True,
    trusted: Iterable[str | type] = (),
) -> Any:
    """Load a saved pipeline after checking its manifest.

    Parameters
    ----------
    path : str or Path
        The file, whose manifest is in the same folder; or a run folder that contains ``model.skops`` or
        ``model.joblib``, of which the first is loaded. The format is that of the content of the file, whatever its
        name, but a file of joblib with the suffix .skops is refused.
    columns : iterable of str, optional
        Columns of the data to be predicted. Columns that the model requires and the data lack are an error.
    strict : bool, default=True
        Whether a model that was saved with another version of scikit-learn or fer_features (major and minor number), or
        of OpenCV (major number), is refused. If False, a warning is issued instead. A file that differs from its
        manifest is always refused.
    trusted : iterable of str or type, default=()
        Further classes that a file of skops may contain, for estimators from outside of this package. Those that are
        registered (`register_extractor`, `register_classifier`) need not be listed. Never pass what a file asks for
        without knowing the class.

    Returns
    -------
    estimator

    Raises
    ------
    FerError
        For a missing file or manifest, an invalid manifest, another hash, another version, missing columns, a file that
        does not contain a fitted classifier, or one with other classes than the manifest; for a file of skops with
        types that are not trusted, or if skops is not installed.

    Warns
    -----
    FerWarning
        For other versions, if `strict` is False.

    See Also
    --------
    save_model

    Notes
    -----
    A file of joblib is a pickle: loading it executes code in it. The hash detects damaged and confused files, but not
    malicious ones, since whoever can replace the model can also replace the manifest. Load such models from trusted
    sources only.

    A file of skops runs no code. Only objects of the types of `fer_features.trusted_types` are created, from their
    attributes. What remains is that the bytes of a model of xgboost are read by its C++ code, and the arrays of a
    support vector machine by the C code of libsvm.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from fer_features import load_model, make_pipeline, save_model
    >>> points = np.random.default_rng(0).normal(size=(12, 3, 68, 2))
    >>> model = make_pipeline("landmarks_linear", calibration_cv=0).fit(points, np.arange(12) % 2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_model(model, Path(folder) / "model.joblib")
    ...     loaded = load_model(path, columns=["landmarks"])
    >>> bool((loaded.predict(points) == model.predict(points)).all())
    True
    """
    return load_saved_model(path, columns, strict, trusted).model


def load_saved_model(
    path: str | Path,
    columns: Iterable[str] | None = None,
    strict: bool = True,
    trusted: Iterable[str | type] = (),
) -> SavedModel:
    """Load a saved pipeline with its manifest. Parameters and errors are those of `load_model`."""
    return load_model_file(ModelFile.read(path), columns, strict, trusted)


def load_model_file(
    file: ModelFile,
    columns: Iterable[str] | None = None,
    strict: bool = True,
    trusted: Iterable[str | type] = (),
) -> SavedModel:
    """Load a pipeline from a file that was read. Other parameters and errors are those of `load_model`."""
    try:
        manifest = ModelManifest.from_json(file.manifest)
    except FerError as error:
        raise FerError(f"{file.manifest_path} is not the manifest of a model: {error}") from error
    file.check_hash(manifest.sha256)
    _check_columns(file.path, manifest, columns)
    check_versions(file.path, manifest.versions, strict, stacklevel=4)
    model = file.load(trusted_types(trusted))
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
    stored = [getattr(getattr(m, "named_steps", {}).get("classifier"), "X_fit_", None) for m in fitted_members(model)]
    n_stored = max((len(X_fit) for X_fit in stored if X_fit is not None), default=0)
    if not n_stored:
        return ""
    return (
        f", because it stores {n_stored} training samples; for a smaller model limit them by "
        "classifier__n_inducing=5000, reduce classifier__n_components_even and classifier__n_components_odd, or use "
        "the pipeline 'small' for still images"
    )


def _plain_parameters(model: BaseEstimator) -> dict[str, Any]:
    # Steps and extractors are parameters as well. Their own parameters describe them completely. Landmarkers are
    # megabytes of numbers, which are in the model itself.
    parameters = {key: value for key, value in model.get_params().items() if "__" in key}
    return {k: v for k, v in parameters.items() if not hasattr(v, "detect_landmarks") and is_json_ready(v)}
