"""Files of models: a file of joblib or skops, and a manifest of the same name that is checked before it is loaded."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import warnings
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from ._files import regular_file
from ._serialization import from_jsonable
from ._skops_files import ZIP_SIGNATURE, ForeignType, load_skops
from .exceptions import FerError, FerWarning
from .manifest import check_manifest_format
from .version import versions

#: Format -> name of the model in a run folder. Where both exist, the first one is loaded, which runs no code.
MODEL_FILES = {"skops": "model.skops", "joblib": "model.joblib"}
#: Size in bytes from which a manifest is not read; the largest manifests have some kilobytes.
MAX_MANIFEST_BYTES = 10_000_000

#: Key in `versions` -> name of the package, and how many numbers of the version must be equal. Pickles of scikit-learn
#: are only compatible within a minor version. Crops differ between major versions of OpenCV.
VERSION_NUMBERS = {"sklearn": ("scikit-learn", 2), "fer_features": ("fer_features", 2), "cv2": ("OpenCV", 1)}


@dataclasses.dataclass(frozen=True)
class ModelFile:
    """Content of a model file and of its manifest, read once.

    Attributes
    ----------
    path : Path
    content : bytes
    manifest : bytes
    """

    path: Path
    content: bytes
    manifest: bytes

    @classmethod
    def read(cls, path: str | Path) -> ModelFile:
        """Read a model, or the model in a run folder, without loading it.

        Raises
        ------
        FerError
            If one of the files is absent or cannot be read, or a file that is named .skops is of another format.
        """
        path = Path(path)
        if path.is_dir():
            files = [path / name for name in MODEL_FILES.values()]
            path = next((file for file in files if file.exists()), files[-1])
        if not path.exists():
            raise FerError(f"there is no model at {path}")
        manifest_path = path.with_suffix(".json")
        if path == manifest_path:
            raise FerError(f"{path} is a manifest, not a model: use {path.with_suffix('.joblib')} or the folder")
        if not manifest_path.exists():
            raise FerError(f"{manifest_path} is missing: it is the manifest of the model, which is saved with it")
        if regular_file(manifest_path).stat().st_size > MAX_MANIFEST_BYTES:
            raise FerError(f"{manifest_path} is not the manifest of a model: it is too large")
        try:
            file = cls(path, regular_file(path).read_bytes(), manifest_path.read_bytes())
        except OSError as error:
            raise FerError(f"{error.filename} cannot be read: {error.strerror}") from error
        if format_of_name(path) == "skops" and file.format != "skops":  # the name promises that no code is run
            raise FerError(f"{path} is not a file of skops: it was damaged, or it is of joblib, which can run code")
        return file

    @property
    def format(self) -> str:
        """Format of the content, whatever the name of the file: 'joblib' or 'skops'."""
        return "skops" if self.content.startswith(ZIP_SIGNATURE) else "joblib"

    @property
    def manifest_path(self) -> Path:
        """Path of the manifest."""
        return self.path.with_suffix(".json")

    def check_hash(self, sha256: Mapping[str, str]) -> None:
        """Check the SHA-256 digest of the content.

        Parameters
        ----------
        sha256 : mapping of str to str
            Digests in the manifest, by format.

        Raises
        ------
        FerError
            If it differs.
        """
        if hashlib.sha256(self.content).hexdigest() != sha256.get(self.format):
            raise FerError(
                f"{self.path} is not the file that {self.manifest_path.name} belongs to: it was damaged or replaced"
            )

    def load(self, trusted: Collection[str]) -> Any:
        """Load the content that was read. That of joblib is unpickled, which executes code in it.

        Parameters
        ----------
        trusted : collection of str
            Types that a file of skops may contain.

        Raises
        ------
        FerError
            If the file is damaged, contains other types, or a class in it cannot be imported.
        """
        return self._unpickle() if self.format == "joblib" else self._load_skops(trusted)

    def load_attribute(self, name: str, trusted: Collection[str]) -> Any:
        """Load an attribute of the model, None if it is absent. Of a file of skops nothing else is loaded."""
        return getattr(self._unpickle(), name, None) if self.format == "joblib" else self._load_skops(trusted, name)

    def _load_skops(self, trusted: Collection[str], attribute: str | None = None) -> Any:
        try:
            return load_skops(self.content, trusted, attribute)
        except ForeignType as error:
            hint = "import the plugin or, if you know and trust this class, use trusted=[...] in load_model"
            raise FerError(f"{self.path} cannot be loaded: {error}; {hint}") from error
        except FerError as error:
            raise FerError(f"{self.path} cannot be loaded: {error}") from error

    def _unpickle(self) -> Any:
        import joblib

        try:
            return joblib.load(io.BytesIO(self.content))
        except MemoryError:
            raise
        except FerError as error:
            raise FerError(f"{self.path} cannot be loaded: {error}") from error
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            hint = ""
            if isinstance(error, ModuleNotFoundError):
                hint = f": import {error.name} first, in a command by plugin='{error.name}'"
            raise FerError(f"{self.path} cannot be unpickled ({reason}){hint}") from error


def model_file_name(format: str) -> str:
    """Name of a model in a run folder.

    Raises
    ------
    FerError
        For an unknown format.
    """
    if format not in MODEL_FILES:
        raise FerError(f"format={format!r}: one of {', '.join(MODEL_FILES)} is needed")
    return MODEL_FILES[format]


def format_of_name(path: Path) -> str:
    """Format in which a model is saved under a name: 'skops' for the suffix .skops, else 'joblib'."""
    return "skops" if path.suffix.lower() == ".skops" else "joblib"


@dataclasses.dataclass(frozen=True)
class FileIdentity:
    """Fields that the manifests of all models have.

    Attributes
    ----------
    sha256 : dict of str to str
        SHA-256 digest of the model file in each format.
    versions : dict of str to str
        Versions of the packages with which it was saved.
    """

    sha256: dict[str, str]
    versions: dict[str, str]

    @classmethod
    def from_json(cls, text: str | bytes) -> FileIdentity:
        """Read these fields of a manifest.

        Raises
        ------
        FerError
            If the text is not JSON, a field is missing, or a value has another type.
        """
        try:
            values = json.loads(text)
            check_manifest_format(values)
            return from_jsonable(cls, values)
        except (ValueError, RecursionError) as error:
            raise FerError(" ".join(str(error).split())) from error


def check_versions(path: Path, saved: Mapping[str, str], strict: bool = True, stacklevel: int = 2) -> None:
    """Compare the versions of packages that a saved model depends on with the installed ones.

    Parameters
    ----------
    path : Path
        Of the model, for messages.
    saved : mapping of str to str
        Versions with which the model was saved.
    strict : bool, default=True
        Raise an error instead of a warning.
    stacklevel : int, default=2
        Of the warning, see `warnings.warn`.

    Raises
    ------
    FerError
        For other versions, if `strict` is True.

    Warns
    -----
    FerWarning
        For other versions, if `strict` is False.
    """
    for package, version, installed in version_differences(saved):
        message = (
            f"{path} was saved with {package} {version}, but {installed} is installed: install {version} or train again"
        )
        if strict:
            raise FerError(message + ", or load it with strict=False")
        warnings.warn(message, FerWarning, stacklevel=stacklevel + 1)


def version_differences(
    saved: Mapping[str, str], names: Collection[str] = tuple(VERSION_NUMBERS)
) -> Iterator[tuple[str, str, str]]:
    """Packages whose installed versions are not compatible with those that wrote a file.

    Parameters
    ----------
    saved : mapping of str to str
        Versions that wrote the file.
    names : collection of str
        Keys of `VERSION_NUMBERS` that are compared.

    Yields
    ------
    tuple of str
        Name of the package, its version in `saved`, and the installed one.
    """
    installed = versions()
    for name in names:
        package, n_numbers = VERSION_NUMBERS[name]
        version = str(saved.get(name, "an unknown version"))
        if version.split(".")[:n_numbers] != installed[name].split(".")[:n_numbers]:
            yield package, version, installed[name]
