"""Extraction of features to files, block by block: what ``fer-features extract`` does, as a function."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils import get_tags

from .._cluster_tasks import SentOnce
from .._parallel import parallel
from .._progress import progress, progress_enabled
from ..datasets import load_dataset
from ..datasets.shards import EXTRACTION_PACKAGES, SHARD_COLUMNS, SHARD_FORMAT, STATE_FILE
from ..exceptions import FerError
from ..extractors.cache_keys import cache_key
from ..extractors.feature_pca import fit_feature_pca
from ..extractors.features import named_extractors
from ..front_end import locate_faces, with_note
from ..inputs import resolve_table
from ..pipelines import can_extract, check_columns, ensemble_members, make_pipeline, transformed
from ..samples.feature_blocks import Extraction
from ..samples.feature_store import source_digest
from ..samples.fingerprint import fingerprint
from ..samples.splits import in_training_split, split_column
from ..samples.table import Samples
from ..version import versions
from .shard_folder import ShardFolder

#: Samples per file.
SAMPLES_PER_SHARD = 1024
#: Types in which features can be kept.
SHARD_DTYPES = ("float32", "float16")
#: Training samples to which extractors and principal components are fitted.
FIT_SAMPLES = 4096


def write_shards(
    model: str | BaseEstimator,
    X: str | Path | Samples,
    folder: str | Path,
    *,
    dtype: str = "float32",
    pca: int = 0,
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
    pca : int, default 0
        Number of principal components to which the features of each extractor are reduced; 0 for none. The same for
        images and mirror images. With ``features__scale='standardize'``, features are standardized before.
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
        For features that need other samples; a folder with other files, or to which another process writes; features
        that float16 cannot hold; and files that cannot be written.

    Notes
    -----
    Extractors that are fitted, such as Fisher vectors, and principal components are fitted once, to `FIT_SAMPLES`
    random samples of the training split, without labels. Folds are evaluated on samples that were among them, which a
    note in the table says. They are kept in the folder, so that a model that is trained on it predicts images.

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
        if fitted := _fitted_parts(member, pca):
            X = with_note(X, _fit_note(fitted, X))
        header = _header(member, X, dtype, pca)
        with ShardFolder(folder, header, overwrite) as shards:
            features = member.named_steps["features"]
            if not shards.restore(features):
                subset = _fit_to_subset(member, X, pca, bool(fitted), n_jobs)
                shards.describe(_description(member, X, subset, pca, bool(fitted)), features)
            todo = [number for number in range(header["n_blocks"]) if number not in shards.done]
            shared = SentOnce((member, X, dtype))
            calls = (joblib.delayed(extract_block)(shared, *_bounds(number)) for number in todo)
            blocks = parallel(calls, len(todo), n_jobs, batch_size=1)
            for number, block in zip(todo, progress(blocks, len(todo), "blocks extracted"), strict=True):
                shards.add(number, *block)
            shards.complete()
    return load_dataset(folder)


def _bounds(number: int) -> tuple[int, int]:
    """First sample of a block, and of the next one."""
    return number * SAMPLES_PER_SHARD, (number + 1) * SAMPLES_PER_SHARD


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
    values, usable = _block_features(member, some)
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


def _block_features(member: Any, some: Samples) -> tuple[np.ndarray, np.ndarray]:
    """Features (m, d) of some samples as they are kept in files, and which of them could be extracted."""
    table = some.with_columns()  # its feature store is released with the block
    usable = can_extract(member, table)
    blocks = member.named_steps["features"].unscaled_blocks(transformed(member, table))
    return np.concatenate(blocks, -1).reshape(len(some), -1), usable


def extract_subset(shared: SentOnce, positions: np.ndarray) -> np.ndarray:
    """Features (m, d) of the samples at some positions whose features can be extracted; see `extract_block`."""
    member, X = shared.value
    values, usable = _block_features(member, X[positions])
    return values[usable]


def _single_member(model: Any) -> Any:
    members = ensemble_members(model)
    if len(members) > 1:
        raise FerError("features of several pipelines cannot be kept together: extract those of each")
    (member,) = members
    if not named_extractors(member):
        raise FerError("the features of this pipeline cannot be extracted before the folds: it has no extractors")
    if member.named_steps["neutral"].method == "subject":
        raise FerError("neutral__method='subject' needs all samples of a subject, and a block has few: use another one")
    return member


def _fitted_parts(member: Any, pca: int) -> list[str]:
    """What is fitted before the extraction, in words."""
    if not pca >= 0:
        raise FerError(f"pca={pca}: a number of principal components of at least 0 is needed")
    fitted = [f"'{name}'" for name, extractor in named_extractors(member) if get_tags(extractor).requires_fit]
    return fitted + (["principal components"] if pca else [])


def _fit_note(fitted: list[str], X: Samples) -> str:
    """Where the samples come from to which something was fitted before the folds."""
    n, has_split = int(in_training_split(X).sum()), split_column(X) is not None
    samples = f"{min(n, FIT_SAMPLES)} samples {'of the training split' if has_split else 'of all'}"
    evaluated = "folds of the training split" if has_split else "folds, and held-out samples,"
    return (
        f"features: {' and '.join(fitted)} fitted to {samples}, without labels, before the folds; {evaluated} are "
        "evaluated on samples that were among them"
    )


def _fit_to_subset(member: Any, X: Samples, pca: int, is_fitted: bool, n_jobs: int) -> Samples:
    """Fit extractors and principal components, and return the samples to which they were fitted."""
    training = np.flatnonzero(in_training_split(X))
    subset = X[np.sort(np.random.default_rng(0).permutation(training)[: FIT_SAMPLES if is_fitted else 1])]
    usable = can_extract(member, subset)
    subset = subset[usable] if usable.any() else subset
    features = member.named_steps["features"]
    features.fit_extractors(transformed(member, subset))
    if pca:
        shared, step = SentOnce((member, subset)), SAMPLES_PER_SHARD // 4
        starts = range(0, len(subset), step)
        calls = (
            joblib.delayed(extract_subset)(shared, np.arange(start, min(start + step, len(subset)))) for start in starts
        )
        blocks = parallel(calls, len(starts), n_jobs, batch_size=1)
        values = np.concatenate(list(progress(blocks, len(starts), "blocks of a sample extracted")))
        widths = [block.shape[-1] for block in features.unscaled_blocks(transformed(member, subset[:1]))]
        parts = np.split(values.reshape(-1, sum(widths)), np.cumsum(widths)[:-1], 1)
        names = [name for name, _ in features.transformer_list]
        fits = (fit_feature_pca(part, pca, features.scale) for part in parts)
        features.projections_ = dict(zip(names, fits, strict=True))
    return subset


def _header(member: Any, X: Samples, dtype: str, pca: int) -> dict[str, Any]:
    """What is extracted, equal for equal features."""
    installed = versions()
    header = {
        "format": SHARD_FORMAT,
        "versions": {name: installed[name] for name in EXTRACTION_PACKAGES},
        "info": dataclasses.asdict(dataclasses.replace(X.info, files={})),
        "n_samples": len(X),
        "n_blocks": -(-len(X) // SAMPLES_PER_SHARD),
        "labels": fingerprint(X, ("label",)),
        "extractors": {name: cache_key(extractor) for name, extractor in named_extractors(member)},
        "steps": [cache_key(step) for name, step in member.steps if name in ("faces", "align", "neutral")],
        "mirror": member.named_steps["features"].mirror,
        "scale": member.named_steps["features"].scale if pca else "",
        "pca": pca,
        "dtype": dtype,
        "source": source_digest(),
    }
    return json.loads(json.dumps(header))


def _description(member: Any, X: Samples, subset: Samples, pca: int, is_fitted: bool) -> dict[str, Any]:
    """The extraction, with the numbers of features."""
    features = member.named_steps["features"]
    blocks = features.unscaled_blocks(transformed(member, subset[:1].with_columns()))
    extractors = {
        name: {
            "key": cache_key(extractor),
            "n_features": block.shape[-1],
            "input_shape": [int(size) for size in extractor.input_shape_],
        }
        for (name, extractor), block in zip(named_extractors(member), blocks, strict=True)
    }
    return dataclasses.asdict(
        Extraction(
            extractors=extractors,
            steps={name: step.get_params() for name, step in member.steps if name in ("align", "neutral")},
            mirror=features.mirror,
            face_method=member.named_steps["faces"].method,
            image_size=_image_size(member, X),
            n_components=pca,
            scale=features.scale if pca else "",
            state=STATE_FILE if is_fitted else "",
        )
    )


def _image_size(member: Any, X: Samples) -> tuple[int, int] | None:
    """Height and width of the images as the pipeline gets them, None where these differ or are absent."""
    sizes: tuple[Any, ...] = (
        X.column("images").shape[-2:] if "images" in X and "align" in member.named_steps else (None,)
    )
    return None if None in sizes else (int(sizes[0]), int(sizes[1]))
