"""Search over the settings of a pipeline by grouped cross-validation, resumable and optionally nested."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from .._progress import progress
from ..exceptions import FerError
from .fit_and_score import discard_last_features
from .journal import FitKey, Journal
from .plan import OUTER_TEST, SearchPlan
from .runner import SearchRunner
from .search_result import OuterOutcome, SearchResult, candidates_table, nested_scores


class Search(SearchPlan):
    """A search that can be run, and continued after an interruption.

    Parameters
    ----------
    model, X, grid, cv, nested, strategy, n_iter, scoring, seed
        See `fer_features.search`. The model is an estimator, and X a table.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from fer_features import Samples, make_pipeline
    >>> from fer_features.model_selection import Search
    >>> landmarks = np.random.default_rng(0).normal(50, 9, (24, 2, 68, 2))
    >>> X = Samples.from_arrays(
    ...     landmarks=landmarks, label=np.tile(["fear", "joy"], 12), subject=np.repeat(np.arange(6), 4)
    ... )
    >>> pipeline = make_pipeline("landmarks_linear", calibration_cv=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     journal = Path(folder) / "journal.jsonl"
    ...     first = Search(pipeline, X, {"classifier__C": [0.1, 1]}, cv="2fold").run(journal=journal)
    ...     again = Search(pipeline, X, {"classifier__C": [0.1, 1]}, cv="2fold").run(journal=journal)
    >>> first.n_resumed, again.n_resumed, first.best_params == again.best_params
    (0, 4, True)
    """

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
            See `fer_features.search`.
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
