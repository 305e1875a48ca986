"""Extraction of features to files, block by block: what ``fer-features extract`` does, as a function."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils import get_tags

from .._atomic import atomic_write
from .._cluster_tasks import SentOnce
from .._parallel import parallel
from .._progress import progress, progress_enabled
from ..datasets import load_dataset
from ..datasets.shards import MANIFEST, SHARD_COLUMNS, SHARD_FORMAT, read_manifest
from ..exceptions import FerError
from ..extractors.cache_keys import cache_key
from ..extractors.features import named_extractors
from ..front_end import locate_faces
from ..inputs import resolve_table
from ..pipelines import can_extract, check_columns, ensemble_members, make_pipeline, transformed
from ..samples.feature_store import source_digest
from ..samples.fingerprint import fingerprint
from ..samples.table import Samples

#: Samples per file.
SAMPLES_PER_SHARD = 1024
#: Types in which features can be kept.
SHARD_DTYPES = ("float32", "float16")


def write_shards(
    model: str | BaseEstimator,
    X: str | Path | Samples,
    folder: str | Path,
    *,
    dtype: str = "float32",
    n_jobs: int = 1,
    overwrite: bool = False,
    verbose: bool = False,
) -> Samples:
    """Extract the features of a pipeline block by block, and keep them in files that `load_dataset` reads.

    Parameters
    ----------
    model : str or estimator
        Pipeline specification, or a pipeline. Its classifier is not used.
    X : Samples, or path of a data set
        Images that are read on access are read in blocks, once.
    folder : str or Path
        Empty or absent, or with a part of the same extraction, which is then continued.
    dtype : {'float32', 'float16'}, default 'float32'
        float16 takes half of the space, and rounds to three digits.
    n_jobs : int, default 1
        Blocks are extracted in parallel worker processes; -1 for all cores.
    overwrite : bool, default False
        Replace the features of another extraction in the folder.
    verbose : bool, default False
        Show progress.

    Returns
    -------
    Samples
        The table with the column 'features', which is read from the files on access.

    Raises
    ------
    FerError
        For a pipeline whose features are fitted to training samples or need other samples; a folder with other files;
        features that float16 cannot hold; and files that cannot be written.

    Notes
    -----
    A block is listed in the manifest when its files are complete and on disk: an extraction that was killed continues
    after the last complete block. Memory does not grow with the number of samples, except for their labels, subjects
    and ids.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from fer_features import Samples, load_dataset
    >>> from fer_features.workflow.feature_shards import write_shards
    >>> landmarks = np.random.default_rng(0).normal(50, 9, (6, 2, 68, 2))
    >>> X = Samples.from_arrays(landmarks=landmarks, label=[0, 1] * 3, subject=np.arange(6), id=np.arange(6))
    >>> folder = tempfile.mkdtemp()
    >>> write_shards("landmarks_ridge", X, folder)["features"].shape
    (6, 192)
    >>> load_dataset(folder).columns
    ('features', 'label', 'subject', 'id')
    """
    folder = Path(folder)
    if dtype not in SHARD_DTYPES:
        raise FerError(f"dtype='{dtype}' is not one of {', '.join(SHARD_DTYPES)}")
    model = make_pipeline(model) if isinstance(model, str) else clone(model)
    X = resolve_table(X)
    with progress_enabled(verbose):
        locate_faces(model, X)  # sets the method
        check_columns(model, X)
        member = _single_member(model)
        header = _header(member, X, dtype)
        _prepare_folder(folder, header, overwrite)
        done = [line["name"] for line in read_manifest(folder / MANIFEST)[1:] if "name" in line]
        n_blocks = header["n_blocks"]
        shared = SentOnce((member, X, dtype))
        starts = range(len(done) * SAMPLES_PER_SHARD, len(X), SAMPLES_PER_SHARD)
        calls = (joblib.delayed(extract_block)(shared, start, start + SAMPLES_PER_SHARD) for start in starts)
        blocks = parallel(calls, n_blocks - len(done), n_jobs, batch_size=1)
        for number, block in enumerate(progress(blocks, n_blocks - len(done), "blocks extracted"), len(done)):
            _write_block(folder, f"block-{number:06d}", *block)
        if not any("complete" in line for line in read_manifest(folder / MANIFEST)):
            _append(folder / MANIFEST, {"complete": len(X)})
    return load_dataset(folder)


def extract_block(shared: SentOnce, start: int, stop: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Features of a block, and its columns.

    Parameters
    ----------
    shared : SentOnce
        Of the pipeline, the table, and the type of the features.
    start, stop : int
        The samples of the block.

    Returns
    -------
    features : ndarray, shape (m, d)
        0 in the rows of samples whose features cannot be extracted.
    columns : dict of str to ndarray, shape (m,)
        With 'usable'.
    """
    member, X, dtype = shared.value
    some = X[start:stop]
    table = some.with_columns()  # its feature store is released with the block
    usable = can_extract(member, table)
    table = transformed(member, table)
    features = [extractor.fit(table).feature_array(table) for _, extractor in named_extractors(member)]
    values = np.concatenate(features, 1)
    values[~usable] = 0
    with np.errstate(over="ignore"):
        stored = values.astype(dtype)
    if not np.isfinite(stored).all():
        raise FerError(f"the features have values up to {np.abs(values).max():.3g}, which {dtype} cannot hold")
    columns = {"usable": usable}
    for name in SHARD_COLUMNS:
        if name in X:
            column = np.asarray(some.label_codes if name == "label" else some[name])
            columns[name] = column.astype(str) if column.dtype.kind == "O" else column
    return stored, columns


def _single_member(model: Any) -> Any:
    members = ensemble_members(model)
    if len(members) > 1:
        raise FerError("features of several pipelines cannot be kept together: extract those of each")
    (member,) = members
    extractors = named_extractors(member)
    fitted = [name for name, extractor in extractors if get_tags(extractor).requires_fit]
    if not extractors or fitted:
        what = f"the features '{fitted[0]}' are fitted to training samples" if fitted else "it has no extractors"
        raise FerError(f"the features of this pipeline cannot be extracted before the folds: {what}")
    if member.named_steps["features"].mirror != "none":
        raise FerError("features of mirror images cannot be kept in files: use features__mirror='none'")
    if member.named_steps["neutral"].method == "subject":
        raise FerError("neutral__method='subject' needs all samples of a subject, and a block has few: use another one")
    return member


def _header(member: Any, X: Samples, dtype: str) -> dict[str, Any]:
    """Description of an extraction, equal for equal features."""
    table = transformed(member, X[:1].with_columns())
    extractors = {}
    for name, extractor in named_extractors(member):
        n_features = extractor.fit(table).feature_array(table).shape[1]
        extractors[name] = {
            "key": cache_key(extractor),
            "n_features": n_features,
            "input_shape": [int(size) for size in extractor.input_shape_],
        }
    header = {
        "format": SHARD_FORMAT,
        "info": dataclasses.asdict(dataclasses.replace(X.info, files={})),
        "n_samples": len(X),
        "n_blocks": -(-len(X) // SAMPLES_PER_SHARD),
        "labels": fingerprint(X, ("label",)),
        "extractors": extractors,
        "steps": [cache_key(step) for name, step in member.steps if name in ("faces", "align", "neutral")],
        "image_size": _image_size(member, X),
        "face_method": member.named_steps["faces"].method,
        "dtype": dtype,
        "source": source_digest(),
    }
    return json.loads(json.dumps(header))


def _image_size(member: Any, X: Samples) -> list[int] | None:
    """Height and width of the images as the pipeline gets them, None where these differ or are absent."""
    sizes: tuple[Any, ...] = (
        X.column("images").shape[-2:] if "images" in X and "align" in member.named_steps else (None,)
    )
    return None if None in sizes else [int(size) for size in sizes]


def _prepare_folder(folder: Path, header: dict[str, Any], overwrite: bool) -> None:
    """Create the folder and its manifest, or compare the manifest that is there."""
    path = folder / MANIFEST
    lines = read_manifest(path) if path.is_file() else []
    if overwrite and lines[:1] != [header]:
        path.unlink(missing_ok=True)  # first: without it the other files are those of no extraction
        for file in folder.glob("block-*.np[yz]"):
            file.unlink()
        lines = []
    if lines:
        different = [name for name in header if lines[0].get(name) != header[name]]
        if different:
            raise FerError(
                f"{folder} has other features (different {', '.join(different)}): use another folder, "
                "or replace them by overwrite=True"
            )
        kept = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        if path.stat().st_size != len(kept):  # the last line is incomplete
            with atomic_write(path) as temporary:
                temporary.write_bytes(kept)
        return
    of_others = folder.is_dir() and any(not entry.name.startswith(".") for entry in folder.iterdir())
    if of_others and not overwrite:
        raise FerError(f"{folder} is not empty, and has no extracted features: use another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FerError(f"cannot write {folder}: {error.strerror}") from error
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(header) + "\n")


def _write_block(folder: Path, name: str, features: np.ndarray, columns: dict[str, Any]) -> None:
    """Write the files of a block, then list it."""
    digest = hashlib.blake2b(np.ascontiguousarray(features).view(np.uint8).data, digest_size=16)
    with atomic_write(folder / f"{name}.npz") as temporary, open(temporary, "wb") as file:
        np.savez(file, **columns)
        _sync(file)
    with atomic_write(folder / f"{name}.npy") as temporary, open(temporary, "wb") as file:
        np.save(file, features)
        _sync(file)
    for column in columns.values():
        digest.update(np.ascontiguousarray(column).view(np.uint8).data)
    _append(folder / MANIFEST, {"name": name, "n": len(features), "digest": digest.hexdigest()})


def _append(path: Path, line: dict[str, Any]) -> None:
    try:
        with open(path, "ab") as file:
            file.write(json.dumps(line).encode() + b"\n")
            _sync(file)
    except OSError as error:
        raise FerError(f"cannot write {path}: {error.strerror or error}") from error


def _sync(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())
