"""Arguments of the Python API: pipelines by their specification, and data sets by their path."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator, clone

from .datasets import load_dataset
from .exceptions import FerError
from .front_end import locate_faces, with_note
from .pipelines import make_pipeline, set_parameters
from .presets import PRESETS, preset_for_table
from .samples.table import Samples


def resolve_inputs(
    model: str | BaseEstimator,
    X: str | Path | Samples,
    random_state: int = 0,
    settings: Mapping[str, Any] | None = None,
) -> tuple[Any, Samples, dict[str, Any]]:
    """The estimator and the table that arguments stand for.

    Parameters
    ----------
    model : str or estimator
        A pipeline specification, or a classifier, which is cloned.
    X : str, Path or Samples
        A data set by its path, or 'demo'; or a table.
    random_state : int, default 0
        Of a pipeline given by its specification.
    settings : mapping, optional
        Parameters by name, which are set.

    Returns
    -------
    model : estimator
        Not fitted.
    X : Samples
        With the landmarks that the pipeline locates.
    settings : dict
        With the method that locates the faces of the data.

    Raises
    ------
    FerError
        For arguments of another type, an unknown specification or parameter, or a path that cannot be read.
    """
    settings = dict(settings or {})
    if isinstance(model, str):
        make_pipeline(model)  # an unknown name is reported before data are read
        pipeline, table = pipeline_for_table(model, resolve_table(X), random_state, settings)
    elif isinstance(model, BaseEstimator):
        pipeline, table = set_parameters(clone(model), settings), resolve_table(X)
    else:
        raise FerError(f"the model is of type {type(model).__name__}: give a pipeline specification or an estimator")
    table, located = locate_faces(pipeline, table)
    return pipeline, table, settings | located


def pipeline_for_table(
    name: str, X: Samples, random_state: int = 0, settings: Mapping[str, Any] | None = None
) -> tuple[Any, Samples]:
    """The pipeline that a specification or preset stands for on a table.

    Parameters
    ----------
    name : str
    X : Samples
    random_state : int, default 0
    settings : mapping, optional
        Parameters by name.

    Returns
    -------
    pipeline : estimator
    X : Samples
        With a note if the name stands for another preset on these data.

    Raises
    ------
    FerError
        For an unknown name or parameter.
    """
    chosen = preset_for_table(name, X)
    if chosen == name:
        return make_pipeline(name, random_state, **(settings or {})), X
    try:
        pipeline = make_pipeline(chosen, random_state, **(settings or {}))
    except FerError as error:
        raise FerError(f"'{name}' is '{chosen}' on {len(X)} still images: {error}") from error
    return pipeline, with_note(X, f"pipeline: '{name}' is '{chosen}' on {len(X)} still images: {PRESETS[chosen]}")


def resolve_table(X: str | Path | Samples) -> Samples:
    """The table that an argument stands for: itself, or the data set at a path.

    Raises
    ------
    FerError
        For an argument of another type.
    """
    if isinstance(X, Samples):
        return X
    if not isinstance(X, str | Path):
        raise FerError(f"X is of type {type(X).__name__}: give Samples (Samples.from_arrays makes them) or a path")
    return load_dataset(X)
