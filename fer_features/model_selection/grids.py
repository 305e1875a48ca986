"""Candidates of a search: grids, random samples of them, and default grids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.pipeline import Pipeline

from ..classifiers import CLASSIFIERS
from ..exceptions import FerError
from ..extractors import EXTRACTORS
from ..extractors.features import named_extractors
from ..presets import PRESETS, base_specification

#: Search strategies: all candidates, or a random sample.
STRATEGIES = ("grid", "random")

#: Candidates of a random search by default.
DEFAULT_N_ITER = 60


def default_grid(name: str) -> dict[str, list[Any]]:
    """The default grid of a pipeline.

    Parameters
    ----------
    name : str
        As for `make_pipeline`.

    Returns
    -------
    dict of str to list
        The grid of its classifier; with a single extractor also that of the extractor; with several, the scaling of
        their features. A preset fixes its features: only its classifier is searched.

    Raises
    ------
    FerError
        For soft voting (``+``), whose grid would be the product of those of all members.

    Examples
    --------
    >>> sorted(default_grid("landmarks_geometry_svm"))
    ['classifier__C', 'classifier__gamma', 'features__scale']
    """
    specification = base_specification(name)
    if "+" in specification:
        raise FerError(f"soft voting such as '{specification}' has no default grid: give a grid")
    *features, classifier = specification.split("_")
    grid = dict(CLASSIFIERS[classifier].grid)
    if name in PRESETS:
        return grid
    if len(features) > 1:
        return {"features__scale": ["standardize", "block"], **grid}
    own = EXTRACTORS[features[0]].grid
    return {**{f"features__{features[0]}__{key}": values for key, values in own.items()}, **grid}


def check_grid(grid: Any) -> dict[str, list[Any]]:
    """A grid with a non-empty list of values for each parameter.

    Raises
    ------
    FerError
    """
    if not isinstance(grid, Mapping) or not grid:
        raise FerError('a grid maps parameters to lists of values, such as {"classifier__C": [1, 10]}')
    for key, values in grid.items():
        if isinstance(values, str) or not isinstance(values, Sequence | np.ndarray) or len(values) == 0:
            raise FerError(f"grid: {key} has {values!r}: a list of values is needed, such as [1, 10]")
    return {str(key): list(values) for key, values in grid.items()}


def list_candidates(
    grid: Mapping[str, Sequence[Any]], strategy: str, n_iter: int | None, seed: int
) -> list[dict[str, Any]]:
    """The candidates of a search, in the order that breaks ties.

    Parameters
    ----------
    grid : mapping of str to list
        The last parameter varies fastest.
    strategy : {'grid', 'random'}
    n_iter : int or None
        Candidates drawn without replacement; None: 60 for 'random', all for 'grid'.
    seed : int

    Returns
    -------
    list of dict
    """
    if strategy not in STRATEGIES:
        raise FerError(f"unknown strategy '{strategy}': use {' or '.join(STRATEGIES)}")
    # ParameterGrid sorts by name; numbered names keep the order of the grid.
    names = list(grid)
    numbered = {f"{i:03d}": list(range(len(grid[name]))) for i, name in enumerate(names)}
    size = len(ParameterGrid(numbered))
    n_iter = DEFAULT_N_ITER if n_iter is None and strategy == "random" else n_iter
    if n_iter is None or n_iter >= size:
        candidates = list(ParameterGrid(numbered))
    else:
        candidates = list(ParameterSampler(numbered, n_iter, random_state=seed))
        candidates.sort(key=lambda one: [one[key] for key in numbered])
    return [{name: grid[name][one[f"{i:03d}"]] for i, name in enumerate(names)} for one in candidates]


def n_feature_steps(model: BaseEstimator) -> int:
    """Number of the first steps of a pipeline that compute features; later steps can share these."""
    if isinstance(model, Pipeline) and named_extractors(model):
        return list(model.named_steps).index("features") + 1
    return 0


def feature_settings(model: BaseEstimator, params: Mapping[str, Any]) -> str:
    """The settings of a candidate that determine its features, as a key: candidates with equal keys share features."""
    n = n_feature_steps(model)
    later = [name for name, _ in model.steps[n:]] if isinstance(model, Pipeline) else []
    return repr([(k, v) for k, v in sorted(params.items()) if not n or k.split("__")[0] not in later])
