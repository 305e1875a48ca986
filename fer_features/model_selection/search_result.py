"""The result of a search: the table of candidates, the best one, and the nested score."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from .._serialization import json_ready
from .._text import counted
from ..evaluation.metrics import compute_metrics
from ..evaluation.search_scores import NestedFold, NestedScores, SearchSummary
from ..samples.data_info import class_name
from .fit_and_score import CandidateFit
from .plan import SearchPlan
from .schedule import OuterFold


@dataclasses.dataclass(frozen=True)
class OuterOutcome:
    """The candidate selected in an outer fold and its evaluation on the test subjects of that fold."""

    outer_fold: OuterFold
    candidate: int
    fit: CandidateFit


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class SearchResult:
    """The candidates of a search and the best one.

    Attributes
    ----------
    table : DataFrame
        One row per candidate: its number, parameters, mean and std (SD) over folds, seconds, rank, and the error of
        candidates that failed.
    best_params : dict
    best_score : float
        Mean of the best candidate over folds. It was selected by this value, which is therefore optimistic.
    scoring : str
    model : estimator
        The pipeline with the best parameters, not fitted.
    indices : ndarray of int
        Samples that were used.
    excluded : dict of str to int
        Labelled samples that were not used, by reason.
    nested : NestedScores or None
    strategy, protocol : str
    outer_protocol : str or None
    n_extractor_settings : int
        Distinct settings of single extractors, without those that are fitted: how often features of a sample are
        computed at most.
    n_fits, n_resumed : int
        All fits, and those that were found in the journal.
    n_features_computed : int
    finished : bool
        False where the time limit ended the search.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples, make_pipeline, search
    >>> landmarks = np.random.default_rng(0).normal(50, 9, (24, 2, 68, 2))
    >>> X = Samples.from_arrays(
    ...     landmarks=landmarks, label=np.tile(["fear", "joy"], 12), subject=np.repeat(np.arange(6), 4)
    ... )
    >>> pipeline = make_pipeline("landmarks_linear", calibration_cv=0)
    >>> result = search(pipeline, X, {"classifier__C": [0.1, 1]}, cv="2fold")
    >>> bool(result.to_frame()["mean"].max() == result.best_score)
    True
    >>> result.model.get_params()["classifier__C"] == result.best_params["classifier__C"]
    True
    """

    table: pd.DataFrame
    best_params: dict[str, Any]
    best_score: float
    scoring: str
    model: Any
    indices: np.ndarray
    excluded: dict[str, int]
    nested: NestedScores | None
    strategy: str
    protocol: str
    outer_protocol: str | None
    n_extractor_settings: int
    n_fits: int
    n_resumed: int
    n_features_computed: int
    finished: bool

    def to_frame(self) -> pd.DataFrame:
        """The table of candidates, the best first."""
        return self.table.sort_values("rank", na_position="last", ignore_index=True)

    def summarize(self) -> SearchSummary:
        """Summary for ``scores.json``, equal for equal searches however often they were interrupted."""
        return SearchSummary(
            strategy=self.strategy,
            protocol=self.protocol,
            n_candidates=len(self.table),
            n_failed=int((self.table["error"] != "").sum()),
            n_extractor_settings=self.n_extractor_settings,
            finished=self.finished,
            scoring=self.scoring,
            best_params=json_ready(self.best_params),
            best_score=self.best_score,
            nested=self.nested,
        )

    def __str__(self) -> str:
        name = {"macro_f1": "macro-F1"}.get(self.scoring, self.scoring.replace("_", " "))
        params = ", ".join(f"{k}={v}" for k, v in self.best_params.items())
        n_evaluated = self.table["mean"].notna().sum()
        settings = counted(self.n_extractor_settings, "extractor setting")
        lines = [
            f"search ({self.strategy}): {n_evaluated} candidates, {settings}, {self.protocol}",
            f"  best parameters: {params}",
            f"  {f'{name} of the selected candidate':34s} {self.best_score:.3f}",
        ]
        if self.nested:
            other = "" if self.nested.same_folds else "   (other folds: use the same for cv and nested)"
            lines += [
                f"  {f'{name}, nested':34s} {self.nested.score:.3f}   outer folds: {self.outer_protocol}",
                f"  {'optimism (selection bias)':34s} {self.nested.optimism:+.3f}{other}",
            ]
        else:
            lines.append(
                "  the score of the selection is optimistic; nested='5fold' estimates the score on new subjects"
            )
        failed = self.table[self.table["error"] != ""]
        if len(failed):
            lines.append(f"  {counted(len(failed), 'candidate')} failed; the first error: {failed['error'].iloc[0]}")
        if not self.finished:
            lines.append("  the time limit ended the search; the same search with its journal continues it")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.table)} candidates: {self.scoring} {self.best_score:.3f})"

    def _repr_html_(self) -> str:
        return self.to_frame().round(3).to_html(index=False, border=0)


def candidates_table(plan: SearchPlan) -> pd.DataFrame:
    """The table of the candidates that were evaluated or failed."""
    rows, errors = [], plan.errors()
    for i, params in enumerate(plan.candidates):
        score, error = plan.score(plan.outer_folds[0], i), errors.get(i, "")
        if np.isnan(score.mean) and not error:
            continue
        values = {"mean": score.mean, "std": score.std, "seconds": round(score.seconds, 3)}
        rows.append({"candidate": i, **params, **values, "error": error})
    columns = ["candidate", *plan.candidates[0], "mean", "std", "seconds", "error"]
    table = pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns)
    order = table[table["mean"].notna()].sort_values(["mean", "candidate"], ascending=[False, True])
    rank = pd.Series(range(1, len(order) + 1), index=order.index)
    table.insert(len(table.columns) - 1, "rank", rank.reindex(table.index).astype("Int64"))
    return table


def nested_scores(plan: SearchPlan, outcomes: Sequence[OuterOutcome]) -> NestedScores:
    """Score of a search by its outer folds."""
    X, label = plan.X, plan.label
    test = np.concatenate([outcome.outer_fold.test for outcome in outcomes])
    codes = np.unique(label)
    true = np.searchsorted(codes, label[test])
    predicted = np.searchsorted(codes, np.concatenate([np.array(outcome.fit.predicted) for outcome in outcomes]))
    subject = None if plan.subject is None else plan.subject[test]
    score = float(np.mean([getattr(outcome.fit, plan.scoring) for outcome in outcomes]))
    everything = plan.outer_folds[0]
    best = plan.selected(everything)
    assert best is not None
    return NestedScores(
        protocol=str(everything.outer_protocol),
        same_folds=everything.outer_protocol == everything.protocol,
        score=score,
        optimism=plan.score(everything, best).mean - score,
        pooled=compute_metrics(true, predicted, subject, [class_name(X.info, code) for code in codes]),
        folds=tuple(
            NestedFold(
                fold=i,
                subjects=()
                if plan.subject is None
                else tuple(np.unique(plan.subject[outcome.outer_fold.test]).tolist()),
                n_train=len(outcome.outer_fold.train),
                n_test=len(outcome.outer_fold.test),
                best_params=json_ready(plan.candidates[outcome.candidate]),
                inner_score=plan.score(outcome.outer_fold, outcome.candidate).mean,
                accuracy=outcome.fit.accuracy,
                balanced_accuracy=outcome.fit.balanced_accuracy,
                macro_f1=outcome.fit.macro_f1,
            )
            for i, outcome in enumerate(outcomes)
        ),
    )
