"""Which settings a search tries: a grid, some drawn from it, and what is worth trying where nobody says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.pipeline import Pipeline

from ..classifiers import CLASSIFIERS
from ..evaluation.protocol import Protocol, choose_protocol
from ..exceptions import FerError
from ..extractors.features import extractors_of
from ..pipelines import PRESETS

#: Parameters of an extractor that are worth searching where it stands alone, by their names in it. Those that are not
#: here are slow to describe or have nothing that matters much.
EXTRACTOR_GRIDS: dict[str, dict[str, list[Any]]] = {
    "hog": {"orientations": [6, 9, 12], "cell": [8, 16]},
    "hogdiff": {"orientations": [6, 9, 12], "cell": [8, 16]},
    "lbp": {"radius": [1, 2, 3], "grid": [6, 8]},
    "lbpdiff": {"radius": [1, 2, 3], "grid": [6, 8]},
    "landmarks": {"register": ["pose", "similarity"], "late": [1, 3]},
    "flow": {"grid": [6, 8], "still": [0.25, 0.5]},
}

#: Halving: of the candidates of a stage one in this many goes on to the next, with this many times the subjects.
FACTOR = 2

#: How candidates are found and sorted out.
STRATEGIES = ("grid", "random", "halving")


def default_grid(name: str) -> dict[str, list[Any]]:
    """What is worth searching in a pipeline.

    Parameters
    ----------
    name : str
        As for `make_pipeline`.

    Returns
    -------
    dict of str to list
        The grid of its classifier; with a single extractor, that of the extractor besides; with several, how their
        features are scaled. A preset has its features chosen: there the classifier alone is searched.

    Raises
    ------
    FerError
        For a vote (``+``), whose grid would be the product of those of all members.
    """
    sentence = PRESETS[name].name if name in PRESETS else name
    if "+" in sentence:
        raise FerError(f"a vote such as '{sentence}' has no default grid: give --set or --grid")
    *features, classifier = sentence.split("_")
    grid = dict(CLASSIFIERS[classifier].grid)
    if name in PRESETS:
        return grid
    if len(features) > 1:
        return {"features__scale": ["column", "block"], **grid}
    own = EXTRACTOR_GRIDS.get(features[0], {})
    return {**{f"features__{features[0]}__{key}": values for key, values in own.items()}, **grid}


def check_grid(grid: Any) -> dict[str, list[Any]]:
    """A grid whose every parameter has a list of values, at least one.

    Raises
    ------
    FerError
    """
    if not isinstance(grid, Mapping) or not grid:
        raise FerError('a grid is a table of parameters with their values, such as {"classifier__C": [1, 10]}')
    for key, values in grid.items():
        if isinstance(values, str) or not isinstance(values, Sequence | np.ndarray) or len(values) == 0:
            raise FerError(f"grid: {key} has {values!r}: a list of values is needed, such as [1, 10]")
    return {str(key): list(values) for key, values in grid.items()}


def list_candidates(grid: Mapping[str, Sequence[Any]], strategy: str, n: int | None, seed: int) -> list[dict[str, Any]]:
    """The settings to try, in the order that decides ties.

    Parameters
    ----------
    grid : mapping of str to list
        The last parameter changes fastest.
    strategy : {'grid', 'random', 'halving'}
    n : int or None
        How many are drawn, without replacement: by 'random' 60 where not given, else all.
    seed : int

    Returns
    -------
    list of dict
    """
    if strategy not in STRATEGIES:
        raise FerError(f"no strategy '{strategy}': {', '.join(STRATEGIES)}")
    # ParameterGrid sorts by name; the order in which a person wrote the grid is kept by numbering.
    names = list(grid)
    numbered = {f"{i:03d}": list(range(len(grid[name]))) for i, name in enumerate(names)}
    size = len(ParameterGrid(numbered))
    n = 60 if n is None and strategy == "random" else n
    if n is None or n >= size:
        drawn = list(ParameterGrid(numbered))
    else:
        drawn = list(ParameterSampler(numbered, n, random_state=seed))
        drawn.sort(key=lambda one: [one[key] for key in numbered])
    return [{name: grid[name][one[f"{i:03d}"]] for i, name in enumerate(names)} for one in drawn]


def front_of(model: BaseEstimator) -> int:
    """How many first steps of a pipeline make features: what comes after them can be fitted to the same features."""
    if isinstance(model, Pipeline) and extractors_of(model):
        return list(model.named_steps).index("features") + 1
    return 0


def front_settings(model: BaseEstimator, params: Mapping[str, Any]) -> str:
    """The part of a candidate that makes features, as a key: candidates with the same share features."""
    back = [name for name, _ in model.steps[front_of(model) :]] if isinstance(model, Pipeline) else []
    return repr([(k, v) for k, v in sorted(params.items()) if not front_of(model) or k.split("__")[0] not in back])


def stages(
    strategy: str,
    cv: str,
    label: np.ndarray,
    subject: np.ndarray | None,
    classes: tuple[str, ...],
    seed: int,
    n_candidates: int,
) -> list[tuple[np.ndarray, Protocol]]:
    """Rows and folds of each stage of a search on some rows: one, or by 'halving' as many as the subjects allow.

    Parameters
    ----------
    strategy : str
    cv : str
        As for `choose_protocol`.
    label, subject : ndarray, shape (n,)
        Of the rows; subject None where none are known.
    classes : tuple of str
    seed : int
    n_candidates : int

    Returns
    -------
    list of (ndarray of int, Protocol)
        Positions of the rows of each stage, the last of which has all; and how they are split.

    Notes
    -----
    Successive halving (Jamieson and Talwalkar, AISTATS 2016) with people as what is spent: all candidates are judged
    on few people, the better half on twice as many, and so on. People are drawn once, those of a stage are in the next.
    """
    every = np.arange(len(label))
    plan = [(every, choose_protocol(cv, label, subject, classes, seed=seed))]
    if strategy != "halving":
        return plan
    if subject is None:
        raise FerError("halving draws subjects, and none are known: use --strategy grid or random, or give --subjects")
    people = np.random.default_rng(seed).permutation(np.unique(subject))
    n = len(people)
    while n_candidates > FACTOR:
        n_candidates = math.ceil(n_candidates / FACTOR)
        for fewer in range(math.ceil(n / FACTOR), n):
            rows = np.flatnonzero(np.isin(subject, people[:fewer]))
            try:  # so few may not bear the folds
                protocol = choose_protocol(cv, label[rows], subject[rows], classes, seed=seed)
            except FerError:
                continue
            plan.insert(0, (rows, protocol))
            n = fewer
            break
        else:
            break
    return plan
