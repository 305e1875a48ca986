"""Features in files: what the extractors were fitted to, and the scales of the features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator

from ..exceptions import FerError
from ..samples.feature_blocks import ShardColumn
from .cache_keys import cache_key
from .feature_pca import FeaturePCA
from .fitted_state import dump_state, fitted_attributes, read_state
from .scaling import divisor_of

if TYPE_CHECKING:
    from pathlib import Path

    from .features import Features


def extraction_state(features: Features) -> bytes:
    """What the extractors and projections of `Features` were fitted to, as the content of a file.

    Raises
    ------
    FerError
        For a fitted attribute that cannot be kept.
    """
    extractors = {name: fitted_attributes(extractor) for name, extractor in features.transformer_list}
    return dump_state({"extractors": extractors, "projections": features.projections_})


def load_state(features: Features, path: Path) -> None:
    """Fit the extractors and projections of `Features` to what `extraction_state` returned, in a file.

    Raises
    ------
    FerError
        For a damaged file.
    """
    state = read_state(path)
    for name, extractor in features.transformer_list:
        for attribute, value in state["extractors"][name].items():
            setattr(extractor, attribute, value)
    features.projections_ = state["projections"]


def check_step(name: str, step: BaseEstimator, column: ShardColumn) -> None:
    """Raise `FerError` where a step differs from that before the extraction of features in files."""
    for parameter, value in column.extraction.steps.get(name, {}).items():
        if (given := step.get_params()[parameter]) != value:
            raise FerError(
                f"the features in {column.folder} were extracted with {name}__{parameter}={value!r}, but the pipeline "
                f"has {given!r}: use the same"
            )


def restore_extraction(features: Features, column: ShardColumn) -> dict[str, FeaturePCA]:
    """Give the extractors of `Features` the state that those of the features in files had.

    Returns
    -------
    dict of str to FeaturePCA
        The projections.

    Raises
    ------
    FerError
        Where the features in the files are those of other extractors or parameters.
    """
    found = column.extraction
    if [name for name, _ in features.transformer_list] != list(found.extractors):
        raise FerError(
            f"the features in {column.folder} are those of {'_'.join(found.extractors)}: use a pipeline with these"
        )
    for name, given, kept in (("mirror", features.mirror, found.mirror), ("scale", features.scale, found.scale)):
        if kept and given != kept:
            raise FerError(
                f"the features in {column.folder} were extracted with features__{name}='{kept}', but the pipeline has "
                f"'{given}': use the same"
            )
    for name, extractor in features.transformer_list:
        extractor.validate_parameters()
        if cache_key(extractor) != found.extractors[name]["key"]:
            raise FerError(
                f"the features '{name}' in {column.folder} were extracted with other parameters or another version "
                "of the code: extract them again, or use the same parameters"
            )
        extractor.input_shape_ = tuple(found.extractors[name]["input_shape"])
    features.projections_ = {}
    if found.state:
        load_state(features, column.folder / found.state)
    return dict(features.projections_)


def fit_stored_scaling(
    column: ShardColumn, indices: np.ndarray, scale: str
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Mean and divisor of the features of each extractor, in one pass over their files; see `fit_block_scaling`.

    Parameters
    ----------
    column : ShardColumn
    indices : ndarray of int, shape (n,)
        Positions of the training samples.
    scale : str

    Returns
    -------
    means, divisors : list of ndarray, shape (d_k,), float32
    """
    widths = [extractor["n_features"] for extractor in column.extraction.extractors.values()]

    def rows_of(at: Any) -> np.ndarray:
        return column[at].reshape(-1, sum(widths))  # images and mirror images have a common mean and scale

    shift = rows_of(indices[:1])[0].astype(np.float64)  # close to the mean, so that little cancels
    total, squares, n = np.zeros(sum(widths)), np.zeros(sum(widths)), 0
    for _, at in column.by_file(indices):
        centred = rows_of(indices[at]) - shift
        total += centred.sum(0)
        squares += np.einsum("ij,ij->j", centred, centred)
        n += len(centred)
    mean, stops = total / n, np.cumsum(widths)[:-1]
    std = np.sqrt(np.maximum(squares / n - mean**2, 0))
    # Components are scaled together: those of small variance would become the largest noise.
    scale = "block" if column.extraction.n_components and scale != "none" else scale
    means = [part.astype(np.float32) for part in np.split(mean + shift, stops)]
    means = [np.zeros_like(part) for part in means] if scale == "none" else means
    return means, [divisor_of(part, scale) for part in np.split(std, stops)]
