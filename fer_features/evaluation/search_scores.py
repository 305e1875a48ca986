"""Scores of a hyper-parameter search, as part of the scores of the pipeline that it selected."""

from __future__ import annotations

import dataclasses
from typing import Any

from .metric_types import Metrics


@dataclasses.dataclass(frozen=True)
class NestedFold:
    """One outer fold: sizes, test subjects, the selected parameters, their inner score and the outer scores."""

    fold: int
    subjects: tuple[Any, ...]
    n_train: int
    n_test: int
    best_params: dict[str, Any]
    inner_score: float
    accuracy: float
    balanced_accuracy: float
    macro_f1: float


@dataclasses.dataclass(frozen=True)
class NestedScores:
    """Score of a search by nested cross-validation.

    Attributes
    ----------
    protocol : str
        Outer folds, as text.
    same_folds : bool
        Whether the best candidate was selected on the same folds.
    score : float
        Mean over outer folds.
    optimism : float
        Selection bias: how much higher the score is by which the best candidate was selected.
    pooled : Metrics
        Of the predictions of all outer folds.
    folds : tuple of NestedFold
    """

    protocol: str
    same_folds: bool
    score: float
    optimism: float
    pooled: Metrics
    folds: tuple[NestedFold, ...]


@dataclasses.dataclass(frozen=True)
class SearchSummary:
    """Summary of a search, equal for equal searches however often they were interrupted.

    Attributes
    ----------
    strategy, protocol : str
    n_candidates, n_failed : int
    n_extractor_settings : int
        Distinct settings of single extractors.
    finished : bool
        False where the time limit ended the search.
    scoring : str
        Metric by which the candidates were selected.
    best_params : dict
        Parameters that JSON cannot represent, such as estimators, are given by their representation.
    best_score : float
        Mean of the best candidate over folds.
    nested : NestedScores or None
    """

    strategy: str
    protocol: str
    n_candidates: int
    n_failed: int
    n_extractor_settings: int
    finished: bool
    scoring: str
    best_params: dict[str, Any]
    best_score: float
    nested: NestedScores | None = None
