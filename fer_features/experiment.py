"""The result of an evaluation, which can be saved and reported."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from ._atomic import atomic_directory, atomic_write
from .evaluation.protocol import training_mask
from .evaluation.rejection import mark_uncertain
from .evaluation.results import EvaluationResult, sample_ids
from .manifest import is_json_ready
from .model_selection.search_result import SearchResult
from .persistence import save_model
from .pipelines import can_extract
from .plotting.confusion_matrix import draw_confusion_matrix
from .reports.run import run_page, write_run_report
from .samples.duplicates import exact_duplicates, without_duplicates
from .samples.table import Samples

#: Files that a run may write.
RUN_OUTPUTS = (
    "model.joblib",
    "model.json",
    "scores.json",
    "predictions.csv",
    "test_predictions.csv",
    "confusion_matrix.png",
    "submission.csv",
    "subjects.csv",
    "report.html",
    "MODEL_CARD.md",
)

#: Files that a search may write; its journal is kept.
SEARCH_OUTPUTS = ("candidates.csv", *RUN_OUTPUTS)


@dataclasses.dataclass(frozen=True)
class TestPredictions:
    """Predictions of the unlabelled test split.

    Attributes
    ----------
    table : DataFrame
        id, predicted class, and one probability or score per class; empty where landmarks are missing.
    codes : ndarray of int, shape (n,)
        Label codes for a submission, which needs one in every row: the most frequent class where landmarks are missing.
    n_without_features : int
    """

    __test__ = False  # not a pytest class

    table: pd.DataFrame
    codes: np.ndarray
    n_without_features: int


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Experiment(EvaluationResult):
    """Result of `evaluate` and `run_experiment`: an `EvaluationResult` that can be saved and reported.

    Attributes
    ----------
    scores, predictions
        See `EvaluationResult`.
    model : estimator or None
        Fitted on all training samples; of `evaluate` only with predefined splits.
    X : Samples
        The table that was evaluated.
    pipeline : estimator
        The pipeline, not fitted.
    settings : dict
        Parameters that were set by name.
    command : str
        The command line that reproduces it, or empty.
    seed : int
    drop_duplicates : bool
    test : TestPredictions or None
    search : SearchResult or None
        The search that chose the settings.
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
        one = self.fitted()
        path = Path(path)
        with atomic_write(path) as temporary:
            temporary.write_text(_page(one), encoding="utf-8")
        return path

    def save(self, folder: str | Path) -> Path:
        """Write model, scores, predictions, confusion matrix, report and model card into a folder.

        Parameters
        ----------
        folder : str or Path
            It is created if needed; results of an earlier run in it are replaced.

        Returns
        -------
        Path
        """
        one = self.fitted()
        folder = Path(folder)
        with atomic_directory(folder, RUN_OUTPUTS if self.search is None else SEARCH_OUTPUTS) as temporary:
            one.write(temporary)
        return folder

    def write(self, folder: Path) -> None:
        """Write all files into an existing folder; `save` does so all at once."""
        assert self.X is not None
        scores, model, X = self.scores, self.model, self.X
        if self.search is not None:
            self.search.table.to_csv(folder / "candidates.csv", index=False)
        write_subjects(X, folder / "subjects.csv")
        if self.test is not None:
            # Without features of any sample the table has no probabilities, by which it could be marked.
            some = self.test.n_without_features < len(self.test.table)
            table = mark_uncertain(self.test.table, scores) if some else self.test.table
            table.to_csv(folder / "test_predictions.csv", index=False)
            submission = pd.DataFrame({"Id": np.arange(len(self.test.codes)), "Expression": self.test.codes})
            submission.to_csv(folder / "submission.csv", index=False)
        (folder / "scores.json").write_text(scores.to_json())
        mark_uncertain(self.predictions, scores).to_csv(folder / "predictions.csv", index=False)
        draw_confusion_matrix(scores, folder / "confusion_matrix.png")
        save_model(model, folder / "model.joblib", _model_metadata(self))
        write_run_report(folder, self, X, dict(self.settings), command=self.command, seed=self.seed, search=self.search)


def fit_on_training_samples(model: BaseEstimator, X: Samples, drop_duplicates: bool = False) -> Any:
    """A clone of a pipeline, fitted on all training samples of a table.

    Parameters
    ----------
    model : estimator
    X : Samples
    drop_duplicates : bool, default False
        Train on one sample of each group of identical images.

    Returns
    -------
    estimator
    """
    train = np.flatnonzero(training_mask(X) & can_extract(model, X))
    if drop_duplicates and "images" in X:
        train = without_duplicates(X, train, exact_duplicates(X))
    return clone(model).fit(X[train], X["label"][train])


def write_subjects(X: Samples, path: Path) -> None:
    """Write the subject ids of the training samples, in the form that ``--subjects`` reads."""
    train = np.flatnonzero(X["split"] == "train") if "split" in X else np.arange(len(X))
    groups = X.groups
    table = pd.DataFrame({"id": sample_ids(X)[train], "subject": "" if groups is None else X["subject"][train]})
    table["source"] = X.info.subjects_from
    if "subject_confidence" in X:
        table["confidence"] = np.round(X["subject_confidence"][train], 4)
    table.to_csv(path, index=False)


def _classes(one: Experiment) -> dict[str, str]:
    """Class name of each label code of the model."""
    assert one.X is not None
    assert one.model is not None
    codes = one.X.info.codes_of(one.model.classes_)
    return {str(code): name for code, name in zip(codes.tolist(), one.X.info.names_of(codes), strict=True)}


def _page(one: Experiment) -> str:
    assert one.X is not None
    return run_page(one, one.X, dict(one.settings), command=one.command, seed=one.seed, search=one.search)


def _model_metadata(one: Experiment) -> dict[str, Any]:
    """What the manifest of the model records of its evaluation."""
    assert one.X is not None
    scores, metrics = one.scores, one.scores.metrics
    metadata: dict[str, Any] = {
        "pipeline": scores.pipeline,
        "settings": {k: v if is_json_ready(v) else repr(v) for k, v in one.settings.items()},
        "classes": _classes(one),
        "data": {
            "dataset": scores.data.dataset,
            "synthetic": scores.data.synthetic,
            "fingerprint": scores.data.fingerprint,
            "n_samples": metrics.n_samples,
            "n_subjects": metrics.n_subjects,
            "subjects_from": scores.data.subjects_from,
        },
        "scores": {
            "protocol": scores.protocol,
            "accuracy": metrics.accuracy,
            "balanced_accuracy": metrics.balanced_accuracy,
            "macro_f1": metrics.macro_f1,
            "ci95": metrics.ci95,
            "leakage": scores.leakage,
        },
    }
    if scores.rejection is not None:
        metadata["reject_threshold"] = scores.rejection.threshold
    if scores.landmarker is not None:
        metadata["landmarker"] = scores.landmarker
    if one.search is not None:
        kept = ("strategy", "n_candidates", "scoring", "best_params", "best_score", "nested_score", "optimism")
        metadata["search"] = {k: v for k, v in one.search.to_dict().items() if k in kept}
    return metadata
