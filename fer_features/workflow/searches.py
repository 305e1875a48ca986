"""Search for settings, evaluate and refit the best ones: what ``fer-features search`` does, as functions."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator

from .._progress import progress_enabled
from ..evaluation.cross_validation import evaluate_pipeline
from ..evaluation.profiling import Stopwatch, peak_memory_mb, seconds_per_sample
from ..evaluation.rejection import with_rejection
from ..experiment import Experiment
from ..inputs import resolve_inputs
from ..model_selection.schedule import check_search_folds
from ..model_selection.search import Search
from ..model_selection.search_result import SearchResult
from ..pipelines import pipeline_name
from ..samples.fingerprint import fingerprint
from ..samples.table import Samples
from ..trained_model import fit_on_training_samples, predict_test_split


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class SearchExperiment(SearchResult):
    """Result of `search`: a `SearchResult` that can be saved and reported.

    Attributes
    ----------
    X : Samples
        The table that was searched on.
    cv : str
        Folds of the search.
    n_jobs, seed : int
    name : str
        Name of the pipeline in the scores.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from fer_features import Samples, make_pipeline, search
    >>> landmarks = np.random.default_rng(0).normal(50, 9, (24, 2, 68, 2))
    >>> X = Samples.from_arrays(
    ...     landmarks=landmarks, label=np.tile(["fear", "joy"], 12), subject=np.repeat(np.arange(6), 4)
    ... )
    >>> pipeline = make_pipeline("landmarks_linear", calibration_cv=0)
    >>> result = search(pipeline, X, {"classifier__C": [0.1, 1]}, cv="2fold")
    >>> result.to_frame()["classifier__C"].tolist()
    [0.1, 1.0]
    >>> result.experiment.model.named_steps["classifier"].C == result.best_params["classifier__C"]
    True
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     (result.save(Path(folder) / "search") / "candidates.csv").exists()
    True
    """

    X: Samples
    cv: str
    n_jobs: int
    seed: int
    name: str

    @functools.cached_property
    def experiment(self) -> Experiment:
        """The best candidate, evaluated on the folds of the search and fitted on all training samples."""
        return finish_search(self, self.X, self.cv, n_jobs=self.n_jobs, seed=self.seed, name=self.name)

    def report(self, path: str | Path) -> Path:
        """Write the report of `experiment` and of the search as one HTML file; see `Experiment.report`."""
        return self.experiment.report(path)

    def save(self, folder: str | Path, overwrite: bool = False, format: str = "joblib") -> Path:
        """Write the files of `experiment` and the table of candidates into a folder; see `Experiment.save`.

        Parameters
        ----------
        folder : str or Path
            It is created if needed.
        overwrite : bool, default=False
            Whether the folder may contain files of an earlier result, which are then replaced.
        format : {'joblib', 'skops'}, default='joblib'
            Format of the model, see `save_model`.

        Returns
        -------
        Path
        """
        return self.experiment.save(folder, overwrite, format)


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
) -> SearchExperiment:
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
    SearchExperiment

    Raises
    ------
    FerError
        For an unknown parameter, folds that the data do not allow, or where every candidate fails.

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
    >>> list(result.best_params)
    ['classifier__C']
    >>> result.to_frame()[["classifier__C", "rank"]].shape
    (2, 2)
    """
    name = model if isinstance(model, str) else pipeline_name(model) if isinstance(model, BaseEstimator) else ""
    options: dict[str, Any] = {"cv": cv, "nested": nested, "strategy": strategy, "n_iter": n_iter}
    check_search_folds(cv, nested)
    with progress_enabled(verbose):
        model, table, _ = resolve_inputs(model, X, seed)
        planned = Search(model, table, grid, **options, scoring=scoring, seed=seed)
        found = planned.run(journal=journal, n_jobs=n_jobs, time_limit=time_limit)
    return SearchExperiment(**vars(found), X=table, cv=cv, n_jobs=n_jobs, seed=seed, name=name)


def finish_search(
    found: SearchResult,
    X: Samples,
    cv: Any,
    *,
    n_jobs: int = 1,
    seed: int = 0,
    name: str | None = None,
    reject_below: float | None = None,
    target_coverage: float | None = None,
    command: str = "",
    command_options: Mapping[str, Any] | None = None,
    watch: Stopwatch | None = None,
) -> Experiment:
    """Evaluate the best candidate of a search on the folds of the search, and fit it on all training samples.

    Parameters
    ----------
    found : SearchResult
    X : Samples
        The table that was searched on.
    cv, n_jobs, seed, name, reject_below, target_coverage, command, command_options, watch
        See `run_experiment`.

    Returns
    -------
    Experiment
    """
    watch = watch or Stopwatch()
    result = evaluate_pipeline(found.model, X[found.indices], cv, n_jobs=n_jobs, seed=seed, name=name)
    positions = found.indices[result.predictions["sample"]]
    result = dataclasses.replace(result, predictions=result.predictions.assign(sample=positions))
    result = with_rejection(result, reject_below, target_coverage)
    watch.lap("evaluate")
    model = fit_on_training_samples(found.model, X)
    watch.lap("fit")
    test = predict_test_split(model, X)
    watch.lap("predict")
    watch.record("predict_per_sample", seconds_per_sample(model, X))
    note = (
        f"the settings were chosen among {len(found.table)} candidates by these scores, which are therefore optimistic"
    )
    scores = result.scores.replace(
        data=dataclasses.replace(result.scores.data, fingerprint=fingerprint(X)),
        notes=(*result.scores.notes, note),
        excluded=found.excluded,
        search=found.summarize(),
        n_features_computed=0,  # it depends on how often the search was interrupted
        timing=watch.timing,
        peak_memory_mb=peak_memory_mb(),
        seconds=watch.total,
        command=None if command_options is None else dict(command_options),
    )
    return Experiment(
        scores,
        result.predictions,
        model,
        X=X,
        pipeline=found.model,
        settings=found.best_params,
        command=command,
        seed=seed,
        test=test,
        search=found,
    )
