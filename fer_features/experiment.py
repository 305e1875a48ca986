"""The result of an evaluation, which can be saved and reported."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ._atomic import write_text
from ._csv import write_csv
from ._result_folder import save_results
from .evaluation.rejection import mark_uncertain
from .evaluation.results import EvaluationResult
from .evaluation.scores import Scores
from .model_selection.search_result import SearchResult
from .persistence import check_model_format
from .plotting.confusion_matrix import draw_confusion_matrix
from .reports.html import write_page
from .reports.run import run_page, write_run_report
from .samples.table import Samples
from .trained_model import (
    MODEL_OUTPUTS,
    ScoreRecord,
    SelectionRecord,
    TestPredictions,
    TrainedModel,
    fit_on_training_samples,
)

#: Files that a run may write.
RUN_OUTPUTS = (
    *MODEL_OUTPUTS,
    "scores.json",
    "predictions.csv",
    "confusion_matrix.png",
    "report.html",
    "MODEL_CARD.md",
)

#: The journal of a search, by which it continues.
JOURNAL = "journal.jsonl"

#: Files that a search may write; its journal is kept.
SEARCH_OUTPUTS = ("candidates.csv", *RUN_OUTPUTS)


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Experiment(EvaluationResult):
    """Result of `evaluate` and `run_experiment`: an `EvaluationResult` that can be saved and reported.

    Attributes
    ----------
    scores, predictions
        See `EvaluationResult`.
    model : estimator, optional
        Fitted on all training samples; of `evaluate` only with predefined splits.
    X : Samples, optional
        The table that was evaluated.
    pipeline : estimator, optional
        The pipeline, not fitted.
    settings : dict, optional
        Parameters that were set by name.
    command : str, default=''
        The command line that reproduces it, or empty.
    seed : int, default=0
    drop_duplicates : bool, default=False
    test : TestPredictions, optional
    search : SearchResult, optional
        The search that chose the settings.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from fer_features import Samples, evaluate, load_model, make_pipeline
    >>> landmarks = np.random.default_rng(0).normal(50, 9, (24, 2, 68, 2))
    >>> X = Samples.from_arrays(
    ...     landmarks=landmarks, label=np.tile(["fear", "joy"], 12), subject=np.repeat(np.arange(6), 4)
    ... )
    >>> experiment = evaluate(make_pipeline("landmarks_lda", calibration_cv=0), X, cv="2fold")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     saved = experiment.save(Path(folder) / "run")
    ...     (saved / "report.html").exists(), load_model(saved).predict(X[:2]).shape
    (True, (2,))
    """

    X: Samples | None = dataclasses.field(default=None, repr=False)
    pipeline: Any = None
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    command: str = ""
    seed: int = 0
    drop_duplicates: bool = False
    test: TestPredictions | None = dataclasses.field(default=None, repr=False)
    search: SearchResult | None = dataclasses.field(default=None, repr=False)

    def fitted(self) -> Experiment:
        """The result with its model fitted on all training samples, where it is not yet."""
        if self.model is not None:
            return self
        assert self.X is not None
        return dataclasses.replace(self, model=fit_on_training_samples(self.pipeline, self.X, self.drop_duplicates))

    def report(self, path: str | Path) -> Path:
        """Write the report as one self-contained HTML file.

        Parameters
        ----------
        path : str or Path
            The file; its folder must exist.

        Returns
        -------
        Path
        """
        return write_page(path, lambda: _page(self.fitted()))

    def save(self, folder: str | Path, overwrite: bool = False, format: str = "joblib") -> Path:
        """Write model, scores, predictions, confusion matrix, report and model card into a folder.

        Parameters
        ----------
        folder : str or Path
            It is created if needed.
        overwrite : bool, default False
            Whether the folder may contain files. Results of an earlier run are then replaced; other files are kept.
        format : {'joblib', 'skops'}, default='joblib'
            Format of the model, see `save_model`.

        Returns
        -------
        Path

        Raises
        ------
        FerError
            If the folder cannot be written, or contains files that may not be replaced; or if the model cannot be saved
            in this format.
        """
        filenames, command = (RUN_OUTPUTS, "run") if self.search is None else (SEARCH_OUTPUTS, "search")
        check_model_format(self.pipeline, format)
        fitted = self.fitted()
        return save_results(folder, filenames, command, overwrite, lambda temporary: fitted.write(temporary, format))

    def write(self, folder: Path, format: str = "joblib") -> None:
        """Write the files of `save` into a folder that exists, such as that of `ResultFolder.publish`.

        Parameters
        ----------
        folder : Path
            Files with the same names are replaced.
        format : {'joblib', 'skops'}, default='joblib'
        """
        assert self.X is not None
        scores, trained = self.scores, self._trained_model()
        if self.search is not None:
            write_csv(self.search.table, folder / "candidates.csv")
        write_text(folder / "scores.json", scores.to_json())
        write_csv(mark_uncertain(self.predictions, trained.reject_threshold), folder / "predictions.csv")
        draw_confusion_matrix(scores, folder / "confusion_matrix.png")
        trained.write(folder, format)
        settings = dict(self.settings)
        write_run_report(folder, self, self.X, settings, command=self.command, seed=self.seed, search=self.search)

    def _trained_model(self) -> TrainedModel:
        assert self.X is not None
        return TrainedModel(
            self.model,
            self.X,
            self.scores.pipeline,
            self.settings,
            reject_threshold=None if self.scores.rejection is None else self.scores.rejection.threshold,
            landmarker=self.scores.landmarker,
            test=self.test,
            scores=_score_record(self.scores),
            search=None if self.search is None else _selection_record(self.search),
        )


def _page(one: Experiment) -> str:
    assert one.X is not None
    return run_page(one, one.X, dict(one.settings), command=one.command, seed=one.seed, search=one.search)


def _score_record(scores: Scores) -> ScoreRecord:
    metrics = scores.metrics
    return ScoreRecord(
        protocol=scores.protocol,
        n_samples=metrics.n_samples,
        n_subjects=metrics.n_subjects,
        accuracy=metrics.accuracy,
        balanced_accuracy=metrics.balanced_accuracy,
        macro_f1=metrics.macro_f1,
        ci95=metrics.ci95,
        leakage=scores.leakage,
    )


def _selection_record(found: SearchResult) -> SelectionRecord:
    summary = found.summarize()
    return SelectionRecord(
        strategy=summary.strategy,
        n_candidates=summary.n_candidates,
        scoring=summary.scoring,
        best_params=summary.best_params,
        best_score=summary.best_score,
        nested_score=None if summary.nested is None else summary.nested.score,
    )
