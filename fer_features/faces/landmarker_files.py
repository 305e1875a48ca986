"""Landmarkers in files: arrays, parts of a saved pipeline, or shape predictors of dlib."""

from __future__ import annotations

from pathlib import Path

from .._model_files import FileIdentity, ModelFile, check_versions
from ..exceptions import FerError
from ..vision.cascaded_regression import CascadeStage
from .dlib_files import read_shape_predictor
from .landmarker import Landmarker
from .landmarker_archive import load_landmarker_archive
from .regression_trees import RegressionTreeLandmarker

#: Suffix of the files of `save_landmarker`, and of the shape predictors of dlib.
ARCHIVE_SUFFIX, DLIB_SUFFIX = ".npz", ".dat"


def load_landmarker(path: str | Path) -> Landmarker | RegressionTreeLandmarker:
    """Load a landmarker that `save_landmarker` or `run_experiment` saved, or a shape predictor of dlib.

    Parameters
    ----------
    path : str or Path
        A file with the suffix .npz, from `save_landmarker`; or one with the suffix .dat: a shape predictor of dlib with
        68 landmarks, see `fer_features.faces.dlib_files.read_shape_predictor`; or the file of a model with its manifest
        in the same folder, or a run folder, of a run that trained a landmarker.

    Returns
    -------
    Landmarker or RegressionTreeLandmarker

    Raises
    ------
    FerError
        If the file is absent, damaged, or of another kind; or if a model contains no landmarker, does not match its
        manifest, or was saved with other versions of scikit-learn, this package or OpenCV.

    Notes
    -----
    A model of joblib is a pickle, and loading it executes the code in it. Load only such models from sources that you
    trust. The other files are read as data, and nothing in them is executed. You are responsible for the terms of the
    author of a shape predictor: the common ``shape_predictor_68_face_landmarks.dat`` excludes commercial use. A model
    that is saved with it contains it once, whatever the number of members of an ensemble: 63 MB of float32, compressed.
    With float16 it would have 30 MB, but its comparisons of pixels would no longer be those of dlib.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fer_features.faces import default_landmarker, load_landmarker, save_landmarker
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     landmarker = load_landmarker(save_landmarker(default_landmarker(), Path(folder) / "landmarker.npz"))
    >>> type(landmarker).__name__, len(landmarker.stages)
    ('Landmarker', 5)
    """
    suffix = Path(path).suffix.lower()
    if suffix == ARCHIVE_SUFFIX:
        return load_landmarker_archive(path)
    if suffix == DLIB_SUFFIX:
        return read_shape_predictor(path)
    file = ModelFile.read(path)
    try:
        identity = FileIdentity.from_json(file.manifest)
    except FerError as error:
        raise FerError(f"{file.manifest_path} is not the manifest of a model: {error}") from error
    file.check_hash(identity.sha256)
    check_versions(file.path, identity.versions)
    trusted = [f"{cls.__module__}.{cls.__name__}" for cls in (Landmarker, CascadeStage)]
    landmarker = file.load_attribute("landmarker_", trusted)
    if not isinstance(landmarker, Landmarker):
        raise FerError(f"{file.path} contains no landmarker: train one with the model by train_landmarker=True")
    return landmarker
