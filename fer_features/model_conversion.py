"""Conversion of saved models between their formats."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable
from pathlib import Path

from ._atomic import atomic_write, check_writable, resolved
from ._files import regular_file
from ._model_files import MODEL_FILES, ModelFile, format_of_name
from .exceptions import FerError
from .persistence import SavedModel, load_model_file, write_model

#: The card of a model, in its folder.
CARD = "MODEL_CARD.md"


def convert_model(
    source: str | Path, target: str | Path, overwrite: bool = False, trusted: Iterable[str | type] = ()
) -> Path:
    """Write a saved model in the other format.

    Parameters
    ----------
    source : str or Path
        The file of a model or a run folder, see `load_model`. Loading a file of joblib executes code in it.
    target : str or Path
        The file to write, with the suffix .skops or .joblib. Its manifest is that of the source, with the data, scores,
        versions and date of the training. If both files have the same name up to the suffix, they share the manifest.
        A model card of the source is copied if the folders differ.
    overwrite : bool, default=False
        Whether existing files are replaced.
    trusted : iterable of str or type, default=()
        See `load_model`.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    FerError
        If the source cannot be loaded, has this format already, or cannot be saved in it; if a file exists or cannot be
        written. Nothing is then written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from fer_features import convert_model, load_model, make_pipeline, save_model
    >>> points = np.random.default_rng(0).normal(size=(12, 3, 68, 2))
    >>> model = make_pipeline("landmarks_linear", calibration_cv=0).fit(points, np.arange(12) % 2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_model(model, Path(folder) / "model.joblib")
    ...     converted = load_model(convert_model(path, Path(folder) / "model.skops"))
    >>> bool((converted.predict(points) == model.predict(points)).all())
    True
    """
    target = Path(target)
    if target.suffix.lower() not in (f".{name}" for name in MODEL_FILES):
        raise FerError(f"{target}: a name that ends in .skops or .joblib is needed")
    file = ModelFile.read(source)
    if file.format == format_of_name(target):
        raise FerError(f"{file.path} already has the format {file.format}: {target} needs the other suffix")
    manifest_path = target.with_suffix(".json")
    check_writable(target, manifest_path)
    shares_manifest = resolved(manifest_path) == resolved(file.manifest_path)
    card = file.path.parent / CARD
    copies_card = card.exists() and resolved(target.parent) != resolved(card.parent)
    written = [target, *([] if shares_manifest else [manifest_path]), *([target.parent / CARD] if copies_card else [])]
    for path in written:
        if path.exists() and not overwrite:
            raise FerError(f"{path} exists: choose another name, or use overwrite=True to replace it")
    saved = load_model_file(file, trusted=trusted)
    digests = saved.manifest.sha256 if shares_manifest else {}
    with contextlib.ExitStack() as stack:
        if copies_card:
            stack.enter_context(atomic_write(target.parent / CARD)).write_bytes(regular_file(card).read_bytes())
        write_model(SavedModel(saved.model, dataclasses.replace(saved.manifest, sha256=digests)), target, trusted)
    return target
