"""Search over the settings of a pipeline by grouped cross-validation, resumable and optionally nested."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.base import BaseEstimator

from .._progress import progress, progress_enabled
from ..exceptions import FerError
from ..inputs import resolve_inputs
from ..samples.table import Samples
from .fit_and_score import discard_last_features
from .journal import FitKey, Journal
from .plan import OUTER_TEST, SearchPlan
from .runner import SearchRunner
from .search_result import OuterOutcome, SearchResult, candidates_table, nested_scores


def search(
    model: str | BaseEstimator,
    X: str | Path | Samples,
    grid: Mapping[str, Sequence[Any]],
    *,
    cv: str = "5fold",
    nested: str | None = None,
    strategy: str = "grid",
    n_iter: int | None = None,
    scoring: str = "accuracy",
    seed: int = 0,
    n_jobs: int = 1,
    time_limit: float | None = None,
    journal: str | Path | None = None,
    verbose: bool = False,
) -> SearchResult:
    """Find the best settings of a pipeline by cross-validation grouped by subject.

    Parameters
    ----------
    model : str or estimator
        Pipeline specification, or any scikit-learn classifier that takes `Samples`. It is cloned, not fitted.
    X : Samples, or path of a data set
        With the columns 'label' and 'subject'. Of predefined splits only 'train' is used.
    grid : mapping of str to list
        Values to try for each parameter.
    cv : {'5fold', '<k>fold', 'loso'}, default '5fold'
        Folds on which candidates are evaluated.
    nested : {'5fold', '<k>fold', 'loso'}, optional
        Outer folds of nested cross-validation (S. Varma, R. Simon, BMC Bioinformatics 7, 2006,
        doi:10.1186/1471-2105-7-91): in each the complete search is repeated on the training subjects, and the
        selected candidate is evaluated on the others. `cv` then defines the inner folds.
    strategy : {'grid', 'random'}, default 'grid'
        All candidates, or a random sample of them.
    n_iter : int, optional
        Number of candidates to sample; 'random' samples 60 by default.
    scoring : {'accuracy', 'balanced_accuracy', 'macro_f1'}, default 'accuracy'
        The metric whose mean over folds is maximized; the first of equal candidates wins.
    seed : int, default 0
        Random state of folds and sampling.
    n_jobs : int, default 1
        Fits run in parallel worker processes; -1 for all cores. Results do not depend on it.
    time_limit : float, optional
        Minutes after which no new candidate is begun.
    journal : str or Path, optional
        File that keeps every fit; the same search continues from it.
    verbose : bool, default False
        Show progress.

    Returns
    -------
    SearchResult

    Raises
    ------
    FerError
        For an unknown parameter, folds that the data do not allow, or where every candidate fails.

    Examples
    --------
    >>> from fer_features import load_dataset, make_pipeline, search
    >>> X = load_dataset("demo")
    >>> result = search(make_pipeline("landmarks_svm"), X, {"classifier__C": [1, 10]}, cv="3fold")
    >>> sorted(result.best_params)
    ['classifier__C']
    """
    options: dict[str, Any] = {"cv": cv, "nested": nested, "strategy": strategy, "n_iter": n_iter}
    with progress_enabled(verbose):
        model, X, _ = resolve_inputs(model, X, seed)
        planned = Search(model, X, grid, **options, scoring=scoring, seed=seed)
        return planned.run(journal=journal, n_jobs=n_jobs, time_limit=time_limit)


class Search(SearchPlan):
    """A search that can be run, and continued; see `search` for the parameters."""

    def run(
        self,
        *,
        journal: str | Path | None = None,
        n_jobs: int = 1,
        time_limit: float | None = None,
        on_step: Callable[[], None] | None = None,
    ) -> SearchResult:
        """Run the fits that are not in the journal.

        Parameters
        ----------
        journal, n_jobs, time_limit
            See `search`.
        on_step : callable, optional
            Called after each fit; `table` then holds the results so far.

        Returns
        -------
        SearchResult
        """
        self.journal = Journal(None if journal is None else Path(journal), self.identity)
        n_computed = self.X.feature_store.n_computed
        runner = SearchRunner(self, n_jobs, time_limit)
        try:
            for _ in progress(runner.steps(), runner.total(), self._progress_label):
                if on_step:
                    on_step()
        finally:
            self.journal.close()
            discard_last_features()
        everything = self.outer_folds[0]
        best = self.selected(everything)
        if best is None:
            raise FerError(self._failure())
        outcomes = []
        for outer_fold in self.outer_folds[1:]:
            candidate = self.selected(outer_fold)
            if candidate is not None:
                fit = self.journal.results[FitKey(outer_fold.name, candidate, OUTER_TEST)]
                outcomes += [] if fit.error else [OuterOutcome(outer_fold, candidate, fit)]
        return SearchResult(
            table=self.table(),
            best_params=self.candidates[best],
            best_score=self.score(everything, best).mean,
            scoring=self.scoring,
            model=self.with_candidate(best),
            indices=self.indices,
            excluded=self.excluded,
            nested=nested_scores(self, outcomes) if outcomes else None,
            strategy=self.strategy,
            protocol=everything.protocol,
            outer_protocol=everything.outer_protocol,
            n_extractor_settings=self.n_extractor_settings,
            n_fits=len(self.journal.results),
            n_resumed=self.journal.n_resumed,
            n_features_computed=self.X.feature_store.n_computed - n_computed,
            finished=runner.finished,
        )

    def table(self) -> pd.DataFrame:
        """The candidates evaluated so far or failed: parameters, mean, std, seconds, rank, error."""
        return candidates_table(self)

    def _progress_label(self) -> str:
        best = self.selected(self.outer_folds[0])
        return "fits" if best is None else f"fits, best score {self.score(self.outer_folds[0], best).mean:.3f}"

    def _failure(self) -> str:
        errors = self.errors()
        if len(errors) == len(self.candidates):
            return f"every candidate failed; the first error: {errors[0]}"
        return "no candidate was evaluated on all folds"
