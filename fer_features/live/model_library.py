"""The models of a server: one that was given, those of a folder of runs, and those that were taught."""

from __future__ import annotations

import dataclasses
import json
import threading
import weakref
from collections import OrderedDict
from pathlib import Path
from typing import Any

from .._model_files import MAX_MANIFEST_BYTES, MODEL_FILES
from ..exceptions import FerError
from ..manifest import ModelManifest
from ..recognition import Recognizer

#: Name of the manifest in a run folder.
MANIFEST_FILE = "model.json"
#: Number of models of a folder of runs that are in memory; the one that was not used for the longest time is removed.
MAX_LOADED_MODELS = 4
#: Number of runs that are listed.
MAX_RUNS = 500


@dataclasses.dataclass(frozen=True)
class ModelDescription:
    """A model for the list of the page, and for ``GET /v1/model``.

    Attributes
    ----------
    name : str
    pipeline : str
    classes : list of str
    dataset : str
        Where it is known, the data set of the training samples.
    protocol : str
        Of the evaluation, where there was one.
    accuracy : float or None
    needs_neutral : bool or None
        Whether it compares a face with a neutral face. None: not known before the model is loaded.
    """

    name: str
    pipeline: str
    classes: list[str]
    dataset: str = ""
    protocol: str = ""
    accuracy: float | None = None
    needs_neutral: bool | None = None

    @classmethod
    def from_manifest(cls, name: str, manifest: ModelManifest) -> ModelDescription:
        """The description of a saved model, without reading the model itself."""
        scores, data = manifest.scores or {}, manifest.data or {}
        return cls(
            name,
            manifest.pipeline,
            list(manifest.classes.values()),
            str(data.get("dataset", "")),
            str(scores.get("protocol", "")),
            scores.get("accuracy"),
        )


class ModelLibrary:
    """Models by name. They are loaded when they are first used.

    Parameters
    ----------
    model : str or Path, optional
        A saved model, or the run folder that contains it: the only one.
    runs : str or Path, optional
        Folder of run folders, without `model`. Only models in it can be chosen: loading a model executes code in it.
    **options
        Parameters of `Recognizer`.

    Raises
    ------
    FerError
        If `model` cannot be loaded.
    """

    def __init__(self, model: str | Path | None = None, runs: str | Path | None = None, **options: Any):
        self._options, self._lock = options, threading.Lock()
        self._runs = None if runs is None or model is not None else Path(runs)
        self._loaded: OrderedDict[str, Recognizer] = OrderedDict()
        self._kept: dict[str, tuple[ModelDescription, Recognizer]] = {}
        self._removed: weakref.WeakSet[Recognizer] = weakref.WeakSet()
        if model is not None:
            path = Path(model)
            folder = path if path.is_dir() else path.parent
            name = folder.resolve().name
            recognizer = Recognizer(model, **options)
            manifest_path = path / MANIFEST_FILE if path.is_dir() else path.with_suffix(".json")
            self.add(ModelDescription.from_manifest(name, _read_manifest(manifest_path)), recognizer)

    def add(self, description: ModelDescription, recognizer: Recognizer) -> None:
        """Add a model that stays in memory, or replace the one of this name."""
        needs_neutral = recognizer.input_spec.n_frames == 2
        with self._lock:
            self._kept[description.name] = dataclasses.replace(description, needs_neutral=needs_neutral), recognizer

    def remove(self, name: str) -> None:
        """Remove a model from memory. Cameras that use it get no further results, see `is_removed`."""
        with self._lock:
            _, kept = self._kept.pop(name, (None, None))
            self._removed.update(one for one in (kept, self._loaded.pop(name, None)) if one is not None)

    def is_removed(self, recognizer: Recognizer) -> bool:
        """Whether a model was removed by `remove`."""
        return recognizer in self._removed

    def descriptions(self) -> list[ModelDescription]:
        """All models: those that were added, and then the runs, the latest first."""
        with self._lock:
            found = [description for description, _ in self._kept.values()]
        known = {one.name for one in found}
        for path in self._manifests():
            name = path.parent.name
            try:
                description = ModelDescription.from_manifest(name, _read_manifest(path))
            except FerError:
                continue
            if name not in known:
                found.append(description)
        return found

    def recognizer(self, name: str = "") -> tuple[str, Recognizer]:
        """A model and its name, by default the first one; it is loaded if necessary.

        Raises
        ------
        FerError
            If there is no model of this name, or it cannot be loaded.
        """
        names = [name] if name else [one.name for one in self.descriptions()[:1]]
        if not names:
            raise FerError("there is no model: give one by model=PATH, or train one by fer-features run")
        (name,) = names
        with self._lock:
            if name in self._kept:
                return name, self._kept[name][1]
            if name not in self._loaded:
                folders = {path.parent.name: path.parent for path in self._manifests()}
                if name not in folders:
                    raise FerError(f"there is no model '{name}'")
                self._loaded[name] = Recognizer(folders[name], **self._options)
            self._loaded.move_to_end(name)
            while len(self._loaded) > MAX_LOADED_MODELS:
                self._loaded.popitem(last=False)
            return name, self._loaded[name]

    def describe(self, name: str = "") -> ModelDescription:
        """The description of a model that is loaded for it."""
        name, recognizer = self.recognizer(name)
        (found,) = (one for one in self.descriptions() if one.name == name)
        return dataclasses.replace(
            found, classes=recognizer.class_names, needs_neutral=recognizer.input_spec.n_frames == 2
        )

    def _manifests(self) -> list[Path]:
        if self._runs is None or not self._runs.is_dir():
            return []
        models = MODEL_FILES.values()
        found = [
            path for path in self._runs.glob(f"*/{MANIFEST_FILE}") if any((path.parent / m).exists() for m in models)
        ]
        return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)[:MAX_RUNS]


def _read_manifest(path: Path) -> ModelManifest:
    try:
        if path.stat().st_size > MAX_MANIFEST_BYTES:
            raise FerError(f"{path} is not the manifest of a model: it is too large")
        return ModelManifest.from_json(path.read_bytes())
    except (OSError, json.JSONDecodeError) as error:
        raise FerError(f"{path} cannot be read") from error
