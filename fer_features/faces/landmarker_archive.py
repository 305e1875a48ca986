"""The file of a landmarker: one NumPy archive without pickle, and the one that ships with the package."""

from __future__ import annotations

import functools
import hashlib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from .._atomic import atomic_write
from ..exceptions import FerError
from ..vision.cascaded_regression import CascadeStage
from ..vision.landmark_features import BOX_DESCRIPTOR_LENGTH
from ..vision.shape_model import DESCRIPTOR_LENGTH, FRAME_SIDE_PX
from .landmarker import Landmarker

#: Version of the layout of the archive.
FORMAT = 2
#: The landmarker of the package, fitted by `experiments/train_landmarker.py`.
DEFAULT_FILE = Path(__file__).parent / "data" / "landmarker.npz"
#: Maximum size of the arrays of a file.
MAX_BYTES = 100_000_000
#: Maximum number of stages, and of components per stage, of a file.
MAX_STAGES, MAX_COMPONENTS = 16, DESCRIPTOR_LENGTH


def save_landmarker(landmarker: Landmarker, path: str | Path) -> Path:
    """Write a landmarker as one NumPy archive.

    Parameters
    ----------
    landmarker : Landmarker
    path : str or Path

    Returns
    -------
    Path

    Raises
    ------
    FerError
        If the file cannot be written.

    Notes
    -----
    Weights are rounded to float16, which changes landmarks by less than a hundredth of a pixel.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fer_features.faces import default_landmarker, load_landmarker, save_landmarker
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_landmarker(default_landmarker(), Path(folder) / "landmarker.npz")
    ...     landmarker = load_landmarker(path)
    >>> landmarker.mean_shape.shape
    (68, 2)
    """
    arrays: dict[str, np.ndarray] = {
        "format": np.array(FORMAT, np.int32),
        "mean_shape": np.asarray(landmarker.mean_shape, np.float32),
        "cell_sizes": np.array([stage.cell_size for stage in landmarker.stages], np.int32),
        "error_coefs": np.asarray(landmarker.error_coefs, np.float32),
        "confidence_coef": np.asarray(landmarker.confidence_coef, np.float32),
        "box_weights": _halved(landmarker.box_weights, "box_weights"),
    }
    for k, stage in enumerate(landmarker.stages):
        arrays[f"mean_{k}"] = np.asarray(stage.mean, np.float32)
        arrays[f"components_{k}"] = np.asarray(stage.components, np.float32)
        arrays[f"weights_{k}"] = _halved(stage.weights, f"weights_{k}")
    path = Path(path)
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        save: Any = np.savez  # its stub takes the names for options
        save(file, **arrays)
    return path


def _halved(weights: np.ndarray, name: str) -> np.ndarray:
    if not np.abs(weights).max() < np.finfo(np.float16).max:
        raise FerError(f"{name}: weights up to {np.abs(weights).max():.3g} do not fit into float16")
    return np.asarray(weights, np.float16)


def load_landmarker_archive(path: str | Path) -> Landmarker:
    """Read a file that `save_landmarker` wrote; no code of the file is executed.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Landmarker

    Raises
    ------
    FerError
        If the file is absent, damaged, of another version, or its arrays do not have the expected shapes and types.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
                raise FerError(f"{path}: not a landmarker file: more than {MAX_BYTES // 1_000_000} MB")
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise FerError(f"{path}: not a landmarker file: {getattr(error, 'strerror', None) or error}") from error
    version = _array(arrays, "format", path, (), "i")
    if int(version) != FORMAT:
        raise FerError(f"{path}: version {int(version)} of the landmarker file, {FORMAT} is needed")
    cells = _array(arrays, "cell_sizes", path, (None,), "i")
    if not 1 <= len(cells) <= MAX_STAGES or cells.min() < 1 or cells.max() > FRAME_SIDE_PX // 4:
        raise FerError(f"{path}: 'cell_sizes' {cells.tolist()}: 1 to {MAX_STAGES} sizes of 1 to 32 pixels are needed")
    stages = []
    for k, cell_size in enumerate(cells.tolist()):
        components = _array(arrays, f"components_{k}", path, (DESCRIPTOR_LENGTH, None))
        d = components.shape[1]
        if not 1 <= d <= MAX_COMPONENTS:
            raise FerError(f"{path}: 'components_{k}' has {d} columns, 1 to {MAX_COMPONENTS} are needed")
        mean = _array(arrays, f"mean_{k}", path, (DESCRIPTOR_LENGTH,))
        weights = _array(arrays, f"weights_{k}", path, (68 * d + 1, 136))
        stages.append(CascadeStage(cell_size, mean, components, weights))
    if stages[0].components.shape != stages[-1].components.shape:
        raise FerError(f"{path}: the first and the last stage need the same number of components")
    known = {"format", "cell_sizes", "mean_shape", "box_weights", "error_coefs", "confidence_coef"}
    known |= {f"{name}_{k}" for name in ("mean", "components", "weights") for k in range(len(stages))}
    if unknown := sorted(set(arrays) - known):
        raise FerError(f"{path}: unknown array '{unknown[0]}'")
    return Landmarker(
        _array(arrays, "mean_shape", path, (68, 2)),
        _array(arrays, "box_weights", path, (BOX_DESCRIPTOR_LENGTH + 1, 136)),
        stages,
        _array(arrays, "error_coefs", path, (2, 68 * stages[0].components.shape[1] + 1)),
        _array(arrays, "confidence_coef", path, (68 * stages[-1].components.shape[1] + 1,)),
    )


def _array(
    arrays: dict[str, np.ndarray], name: str, path: Path, shape: tuple[int | None, ...], kind: str = "f"
) -> np.ndarray:
    """An array of the file with this shape and kind, floats as float32; raises `FerError` otherwise."""
    if name not in arrays:
        raise FerError(f"{path}: the array '{name}' is missing")
    array = arrays[name]
    matches = array.ndim == len(shape) and all(n in (None, m) for n, m in zip(shape, array.shape, strict=True))
    if not matches or array.dtype.kind != kind:
        raise FerError(f"{path}: '{name}' is {array.dtype} {array.shape}, '{kind}' {shape} is needed")
    if kind == "f":
        array = array.astype(np.float32)
        if not np.isfinite(array).all():
            raise FerError(f"{path}: '{name}' has values that are not finite")
    return array


@functools.cache
def default_landmarker() -> Landmarker:
    """The landmarker that ships with the package.

    Returns
    -------
    Landmarker
        Fitted on rendered portraits only (`fer_features.synthetic.portraits`), free of the terms of any photographs;
        the card beside its file has the figures. Read once per process.

    Examples
    --------
    >>> from fer_features.faces import default_landmarker
    >>> default_landmarker().mean_shape.shape
    (68, 2)
    """
    return ShippedLandmarker(**vars(load_landmarker_archive(DEFAULT_FILE)))


@functools.cache
def default_digest() -> str:
    """SHA-256 digest of the file of `default_landmarker`, in hexadecimal digits."""
    return hashlib.sha256(DEFAULT_FILE.read_bytes()).hexdigest()


class ShippedLandmarker(Landmarker):
    """The landmarker of the package, in whose place pickles and saved models have the digest of its file.

    It is larger than most models, and installed wherever they are loaded. A copy with other attributes
    (`dataclasses.replace`) is contained in pickles as any landmarker is.
    """

    def __getstate__(self) -> dict[str, Any]:
        attributes, default = vars(self), vars(default_landmarker())
        if all(value is default[name] for name, value in attributes.items()):
            return {"sha256": default_digest()}
        return dict(attributes)

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "sha256" not in state:
            vars(self).update(state)
            return
        saved, installed = str(state["sha256"]), default_digest()
        if saved != installed:
            raise FerError(
                f"it uses the landmarker of the package with the digest {saved[:12]}, and the installed one has "
                f"{installed[:12]}: install the version of fer_features that saved it, or train again"
            )
        vars(self).update(vars(default_landmarker()))
