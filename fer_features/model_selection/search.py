"""Search over the settings of a pipeline: grouped folds, each picture described once a setting, nothing done twice.

>>> found = search(make_pipeline("hog_svm"), X, {"classifier__C": [1, 10]}, nested="5fold")
>>> found.table, found.best, found.score, found.nested["score"]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.base import BaseEstimator

from .._progress import progress
from ..exceptions import FerError
from ..samples.table import Samples
from .fit_and_score import forget_last
from .journal import Journal
from .plan import Plan
from .runner import Loop
from .search_result import Found, nested_scores, table_of


def search(
    model: BaseEstimator,
    X: Samples,
    grid: Mapping[str, Sequence[Any]],
    *,
    cv: str = "5fold",
    nested: str | None = None,
    strategy: str = "grid",
    candidates: int | None = None,
    score: str = "accuracy",
    seed: int = 0,
    jobs: int = 1,
    budget: float | None = None,
    journal: str | Path | None = None,
) -> Found:
    """Find the best settings of a pipeline by cross-validation grouped by subject.

    Parameters
    ----------
    model : estimator
        As made by `make_pipeline`, or any scikit-learn classifier that takes `Samples`. It is cloned, not fitted.
    X : Samples
        With the columns 'label' and 'subject'. Of official parts the training part alone is used.
    grid : mapping of str to list
        Values to try by the names of parameters.
    cv : {'5fold', '<k>fold', 'loso'}
        The folds that candidates are judged by.
    nested : {'5fold', '<k>fold', 'loso'}, optional
        Outer folds: in each the whole search is done on the training subjects, and its choice is judged on the others,
        whom nothing has seen. `cv` then is that of the inner folds.
    strategy : {'grid', 'random', 'halving'}
        All candidates; some drawn at random; all on few subjects, then the better half on twice as many, and so on.
    candidates : int, optional
        How many are drawn; 'random' draws 60 where not given.
    score : {'accuracy', 'balanced_accuracy', 'macro_f1'}
        What is best: its mean over folds. Of equal candidates the first wins.
    seed : int
        Of folds and drawing.
    jobs : int
        Fits side by side, in processes of their own; -1 for all cores. Results do not depend on it.
    budget : float, optional
        Minutes after which no new candidate is begun.
    journal : str or Path, optional
        File that keeps every fit: the same search goes on from there.

    Returns
    -------
    Found

    Raises
    ------
    FerError
        For an unknown parameter, folds that the data cannot bear, or where every candidate fails.
    """
    options: dict[str, Any] = {"cv": cv, "nested": nested, "strategy": strategy, "candidates": candidates}
    planned = Search(model, X, grid, **options, score=score, seed=seed)
    return planned.run(journal=journal, jobs=jobs, budget=budget)


class Search(Plan):
    """A search that is planned and not yet done. See `search` for the parameters."""

    def run(
        self,
        *,
        journal: str | Path | None = None,
        jobs: int = 1,
        budget: float | None = None,
        on_step: Callable[[], None] | None = None,
    ) -> Found:
        """Do what is not yet in the journal.

        Parameters
        ----------
        journal, jobs, budget
            See `search`.
        on_step : callable, optional
            Called after each fit; `table` then holds all that is known.

        Returns
        -------
        Found
        """
        self.journal = Journal(None if journal is None else Path(journal), self.identity)
        described = self.X.store.described
        work = Loop(self, jobs, budget)
        try:
            for _ in progress(work.steps(), work.total(), self._so_far):
                if on_step:
                    on_step()
        finally:
            self.journal.close()
            forget_last()
        whole = self.scopes[0]
        best = self.chosen(whole)
        if best is None:
            raise FerError(self._why())
        outer = [(scope, self.chosen(scope)) for scope in self.scopes[1:]]
        judged = [(s, c, self.journal.results[s.name, "outer", c, 0]) for s, c in outer if c is not None]
        judged = [one for one in judged if "error" not in one[2]]
        return Found(
            table=self.table(),
            best=self.candidates[best],
            score=self.mean(whole, best)[0],
            score_name=self.score,
            model=self.with_settings(best),
            rows=self.rows,
            left_out=self.left_out,
            nested=nested_scores(self, judged) if judged else None,
            strategy=self.strategy,
            protocol=whole.protocol,
            outer=self.scopes[0].outer,
            settings=self.n_described,
            fits=len(self.journal.results),
            from_journal=self.journal.found,
            described=self.X.store.described - described,
            finished=work.finished,
        )

    def table(self) -> pd.DataFrame:
        """The candidates that are judged so far, or failed: parameters, mean, spread, seconds, rank."""
        return table_of(self)

    def _so_far(self) -> str:
        best = self.chosen(self.scopes[0])
        return "fits" if best is None else f"fits, best so far {self.mean(self.scopes[0], best)[0]:.3f}"

    def _why(self) -> str:
        errors = self.errors()
        if len(errors) == len(self.candidates):
            return f"every candidate failed, the first because of: {errors[0]}"
        return "no candidate was judged on all folds"
