"""Landmarkers in files: on their own, as part of a saved pipeline, or of dlib."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import joblib

from .._atomic import atomic_write, write_text
from .._model_files import FileIdentity, ModelFile, check_versions
from ..exceptions import FerError
from ..version import versions
from .dlib_files import read_shape_predictor
from .landmarker import Landmarker
from .pretrained import PretrainedLandmarker
from .pretrained_files import load_pretrained
from .regression_trees import RegressionTreeLandmarker

#: Suffix of the files of `save_pretrained`, and of the shape predictors of dlib.
PRETRAINED_SUFFIX, DLIB_SUFFIX = ".npz", ".dat"


def save_landmarker(landmarker: Landmarker, path: str | Path, record: dict[str, Any]) -> Path:
    """Write a fitted landmarker, and a manifest of the same name with the suffix .json.

    Parameters
    ----------
    landmarker : Landmarker
    path : str or Path
        The file of the model, NAME.joblib.
    record : dict
        Further content of the manifest that can be written as JSON, such as the data set and errors.

    Returns
    -------
    Path
        Path of the model.

    Raises
    ------
    FerError
        If the suffix is .json, or the files cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from fer_features.faces import Landmarker, load_landmarker, save_landmarker
    >>> path = tempfile.mkdtemp() + "/landmarks.joblib"
    >>> _ = save_landmarker(Landmarker(n_components=20), path, {"dataset": "mine"})
    >>> load_landmarker(path)
    Landmarker(n_components=20)
    """
    path = Path(path)
    if path.suffix == ".json":
        raise FerError(f"{path}: the manifest of the model has this suffix; name the model NAME.joblib")
    with atomic_write(path) as temporary:
        joblib.dump(landmarker, temporary, compress=3)
        content = temporary.read_bytes()
    identity = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), "versions": versions()}
    manifest = {"format": 1, "kind": "landmarks", **record, **identity}
    with atomic_write(path.with_suffix(".json")) as temporary:
        write_text(temporary, json.dumps(manifest, indent=1) + "\n")
    return path


def load_landmarker(path: str | Path) -> Landmarker | PretrainedLandmarker | RegressionTreeLandmarker:
    """Load a landmarker that `save_landmarker`, `save_pretrained` or `run_experiment` saved, or a predictor of dlib.

    Parameters
    ----------
    path : str or Path
        The file of the model, with its manifest in the same folder; or a run folder; or a file with the suffix .npz,
        from `save_pretrained`; or a file with the suffix .dat: a shape predictor of dlib with 68 landmarks, see
        `fer_features.faces.dlib_files.read_shape_predictor`.

    Returns
    -------
    Landmarker, PretrainedLandmarker or RegressionTreeLandmarker

    Raises
    ------
    FerError
        If the file or its manifest is absent, the manifest is not valid, or the file does not match it, was saved with
        other versions of scikit-learn, this package or OpenCV, or contains no landmarker; or if a shape predictor is
        damaged or has another number of landmarks.

    Notes
    -----
    A joblib file is a pickle, and loading it executes the code in it. Load only files from sources that you trust. The
    other files are read as data, and nothing in them is executed. You are responsible for the terms of the author of a
    shape predictor: the common ``shape_predictor_68_face_landmarks.dat`` excludes commercial use. A model that is saved
    with it contains it.
    """
    suffix = Path(path).suffix.lower()
    if suffix == PRETRAINED_SUFFIX:
        return load_pretrained(path)
    if suffix == DLIB_SUFFIX:
        return read_shape_predictor(path)
    file = ModelFile.read(path)
    try:
        identity = FileIdentity.from_json(file.manifest)
    except FerError as error:
        raise FerError(f"{file.manifest_path} is not the manifest of a model: {error}") from error
    file.check_hash(identity.sha256)
    check_versions(file.path, identity.versions)
    content = file.unpickle()
    landmarker = content if isinstance(content, Landmarker) else getattr(content, "landmarker_", None)
    if not isinstance(landmarker, Landmarker):
        raise FerError(f"{file.path} contains no landmarker: train one with `fer-features landmarks train`")
    return landmarker
