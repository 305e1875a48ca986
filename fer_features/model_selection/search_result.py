"""What a search found: the table of candidates, the best, and its honest score."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from ..evaluation.cross_validation import class_name
from ..evaluation.metrics import summarise
from .plan import SCORES, Plan
from .schedule import Scope


@dataclasses.dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes
    ----------
    table : DataFrame
        One line a candidate: its number, parameters, mean, spread (deviation over folds), seconds, rank; subjects of
        the last stage that it was judged in; why it failed.
    best : dict
        Parameters of the best.
    score : float
        Its mean over folds. It was chosen by this figure, which is therefore too high.
    score_name : str
    model : estimator
        The pipeline with the best parameters, not fitted.
    rows : ndarray of int
        Positions of the rows that were used.
    left_out : dict of str to int
        How many labelled rows were not, and why.
    nested : dict or None
        The score of the search by outer folds, whose subjects it has not seen; see `nested_scores`.
    strategy, protocol : str
    outer : str or None
        The outer folds in words.
    settings : int
        Distinct settings of single extractors: how often a row is described at most. Extractors that learn do not
        count, for they do it anew in each fold.
    fits, from_journal : int
        All fits, and how many of them had been done before.
    described : int
        Rows described now, over all settings.
    finished : bool
        False where the budget ended the plan.
    """

    table: pd.DataFrame
    best: dict[str, Any]
    score: float
    score_name: str
    model: Any
    rows: np.ndarray
    left_out: dict[str, int]
    nested: dict[str, Any] | None
    strategy: str
    protocol: str
    outer: str | None
    settings: int
    fits: int
    from_journal: int
    described: int
    finished: bool

    def record(self) -> dict[str, Any]:
        """What `scores.json` says of it: the same for the same search, however often it was interrupted."""
        failed = int((self.table["error"] != "").sum())
        return {
            "strategy": self.strategy,
            "protocol": self.protocol,
            "candidates": len(self.table),
            "failed": failed,
            "extractor_settings": self.settings,
            "finished": self.finished,
            "score": self.score_name,
            "chosen": self.best,
            "selected_score": self.score,
            "nested_score": self.nested and self.nested["score"],
            "optimism": self.nested and self.nested["optimism"],
            "nested": self.nested,
        }

    def __str__(self) -> str:
        words = {"macro_f1": "macro-F1"}.get(self.score_name, self.score_name.replace("_", " "))
        chosen = ", ".join(f"{k}={v}" for k, v in self.best.items())
        judged = self.table["mean"].notna().sum()
        lines = [
            f"search ({self.strategy}): {judged} candidates of {self.settings} extractor setting(s), {self.protocol}",
            f"  best: {chosen}",
            f"  {f'{words}, chosen by it':34s} {self.score:.3f}",
        ]
        if self.nested:
            other = "" if self.nested["same_folds"] else "   partly of other folds: give --cv and --nested the same"
            lines += [
                f"  {f'{words}, nested':34s} {self.nested['score']:.3f}   people unseen by the choices: {self.outer}",
                f"  {'optimism between them':34s} {self.nested['optimism']:+.3f}{other}",
            ]
        else:
            lines.append("  it was chosen by this figure, which is therefore too high; --nested gives an honest one")
        failed = self.table[self.table["error"] != ""]
        if len(failed):
            lines.append(f"  {len(failed)} candidate(s) failed, the first because of: {failed['error'].iloc[0]}")
        if not self.finished:
            lines.append("  the budget ended the search before its end; the same command goes on")
        return "\n".join(lines)


def table_of(plan: Plan) -> pd.DataFrame:
    """The table of the candidates that are judged or failed."""
    whole = plan.scopes[0]
    lines, errors = [], plan.errors()
    for i, params in enumerate(plan.candidates):
        mean, spread, seconds, stage = plan.mean(whole, i)
        error = errors.get(i, "")
        if np.isnan(mean) and not error:
            continue
        figures = {"mean": mean, "spread": spread, "seconds": round(seconds, 3)}
        people = {} if len(whole.stages) == 1 else {"subjects": 0 if np.isnan(mean) else whole.stages[stage].n_subjects}
        lines.append({"candidate": i, **params, **figures, **people, "error": error, "stage": stage})
    columns = ["candidate", *plan.candidates[0], "mean", "spread", "seconds", "error", "stage"]
    table = pd.DataFrame(lines) if lines else pd.DataFrame(columns=columns)
    # Who came further stands before who did not, whatever the figures on fewer people.
    order = table[table["mean"].notna()].sort_values(["stage", "mean", "candidate"], ascending=[False, False, True])
    rank = pd.Series(range(1, len(order) + 1), index=order.index)
    table.insert(len(table.columns) - 2, "rank", rank.reindex(table.index).astype("Int64"))
    return table.drop(columns="stage")


def nested_scores(plan: Plan, judged: list[tuple[Scope, int, dict[str, Any]]]) -> dict[str, Any]:
    """The score of a search as a whole, by outer folds.

    Parameters
    ----------
    plan : Plan
    judged : list of (Scope, int, dict)
        Of each outer fold the scope, the candidate that was chosen in it, and how that was judged.

    Returns
    -------
    dict
        'score': mean over outer folds; 'same_folds': whether those are the folds that the best of all was chosen by;
        'optimism': how much higher that one's score is; 'pooled': figures over all rows with intervals; 'folds': what
        each outer fold chose, and its scores.
    """
    X, label = plan.X, plan.label
    test = np.concatenate([scope.test for scope, _, _ in judged])
    codes = np.unique(label)
    truth = np.searchsorted(codes, label[test])
    predicted = np.searchsorted(codes, np.concatenate([entry["prediction"] for _, _, entry in judged]))
    subject = None if plan.subject is None else plan.subject[test]
    score = float(np.mean([entry[plan.score] for _, _, entry in judged]))
    best = plan.chosen(plan.scopes[0])
    assert best is not None
    return {
        "protocol": judged[0][0].outer,
        "same_folds": judged[0][0].outer == plan.scopes[0].protocol,
        "score": score,
        "optimism": plan.mean(plan.scopes[0], best)[0] - score,
        "pooled": summarise(truth, predicted, subject, [class_name(X, code) for code in codes]),
        "folds": [
            {
                "fold": i,
                "subjects": [] if plan.subject is None else np.unique(plan.subject[scope.test]).tolist(),
                "n_train": len(scope.rows),
                "n_test": len(scope.test),
                "chosen": plan.candidates[candidate],
                "inner_score": plan.mean(scope, candidate)[0],
                **{name: entry[name] for name in SCORES},
            }
            for i, (scope, candidate, entry) in enumerate(judged)
        ],
    }
