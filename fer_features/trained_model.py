"""A pipeline fitted on all training samples, its predictions of a test split without labels, and their files."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from ._csv import write_csv
from ._model_files import MODEL_FILES, model_file_name
from ._result_folder import save_results
from .evaluation.eligible_samples import training_indices
from .evaluation.fit_predict import predict_with_scores
from .evaluation.rejection import mark_uncertain
from .evaluation.results import sample_ids
from .faces.landmarker_training import LandmarkerInfo
from .manifest import is_json_ready
from .persistence import save_model
from .pipelines import can_extract
from .recognition.face_in_crop import attach_face_in_crop
from .recognition.rest import attach_rest_thresholds
from .samples.duplicates import exact_duplicates, without_duplicates
from .samples.fingerprint import fingerprint
from .samples.splits import in_training_split, training_mask
from .samples.table import Samples

#: Files that `TrainedModel.write` may write.
MODEL_OUTPUTS = (*MODEL_FILES.values(), "model.json", "test_predictions.csv", "submission.csv", "subjects.csv")


@dataclasses.dataclass(frozen=True)
class TestPredictions:
    """Predictions of the unlabelled test split.

    Attributes
    ----------
    table : DataFrame
        id, predicted class, and one probability or score per class, in the order of the codes; empty where landmarks
        are missing.
    codes : ndarray of int, shape (n,)
        Label codes for a submission, which needs one in every row: the most frequent class where landmarks are missing.
    n_without_features : int
    """

    __test__ = False  # not a pytest class

    table: pd.DataFrame
    codes: np.ndarray
    n_without_features: int


@dataclasses.dataclass(frozen=True)
class TrainingData:
    """The samples on which a model was fitted, for its manifest.

    Attributes
    ----------
    dataset : str
    synthetic : bool
    fingerprint : str
        See `fer_features.samples.fingerprint`.
    n_samples, n_subjects : int
        `n_subjects` is 0 where subjects are unknown.
    subjects_from : str
        Source of the subject ids, see `fer_features.DataInfo`.
    """

    dataset: str
    synthetic: bool
    fingerprint: str
    n_samples: int
    n_subjects: int
    subjects_from: str


@dataclasses.dataclass(frozen=True)
class ScoreRecord:
    """The evaluation of the pipeline of a model, for its manifest; see `Metrics`."""

    protocol: str
    n_samples: int
    n_subjects: int
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    ci95: dict[str, tuple[float, float]]
    leakage: str


@dataclasses.dataclass(frozen=True)
class SelectionRecord:
    """The search that chose the settings of a model, for its manifest; see `SearchSummary`."""

    strategy: str
    n_candidates: int
    scoring: str
    best_params: dict[str, Any]
    best_score: float
    nested_score: float | None


@dataclasses.dataclass(frozen=True)
class TrainedModel:
    """A pipeline fitted on all training samples, with or without an evaluation.

    Attributes
    ----------
    model : estimator
        Fitted.
    X : Samples
    pipeline : str
        Its specification.
    settings : dict
        Parameters that were set by name.
    reject_threshold : float or None
        Predictions with a smaller largest probability are 'uncertain'.
    landmarker : LandmarkerInfo or None
        The landmarker that was trained with the model.
    test : TestPredictions or None
    scores : ScoreRecord or None
    search : SelectionRecord or None
    """

    model: Any
    X: Samples
    pipeline: str
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    reject_threshold: float | None = None
    landmarker: LandmarkerInfo | None = None
    test: TestPredictions | None = None
    scores: ScoreRecord | None = None
    search: SelectionRecord | None = None

    def save(self, folder: str | Path, overwrite: bool = False, format: str = "joblib") -> Path:
        """Write model, manifest and predictions into a folder; see `Experiment.save`."""
        model_file_name(format)
        return save_results(folder, MODEL_OUTPUTS, "run", overwrite, lambda temporary: self.write(temporary, format))

    def write(self, folder: Path, format: str = "joblib") -> None:
        """Write the files of `save` into a folder that exists, such as that of `ResultFolder.publish`.

        Parameters
        ----------
        folder : Path
            Files with the same names are replaced.
        format : {'joblib', 'skops'}, default='joblib'
        """
        write_subjects(self.X, folder / "subjects.csv")
        if self.test is not None:
            # Without features of any sample the table has no probabilities, by which it could be marked.
            some = self.test.n_without_features < len(self.test.table)
            table = mark_uncertain(self.test.table, self.reject_threshold) if some else self.test.table
            write_csv(table, folder / "test_predictions.csv")
            ids = self.test.table["id"] if "id" in self.X else np.arange(len(self.test.codes))
            submission = pd.DataFrame({"Id": ids, "Expression": self.test.codes})
            write_csv(submission, folder / "submission.csv")
        save_model(self.model, folder / model_file_name(format), self._metadata())

    def _metadata(self) -> dict[str, Any]:
        info = self.X.info
        codes = info.codes_of(self.model.classes_)
        metadata: dict[str, Any] = {
            "pipeline": self.pipeline,
            "settings": {k: v if is_json_ready(v) else repr(v) for k, v in self.settings.items()},
            "classes": {str(code): name for code, name in zip(codes.tolist(), info.names_of(codes), strict=True)},
            "data": self._data(),
        }
        optional = {
            "scores": self.scores,
            "search": self.search,
            "reject_threshold": self.reject_threshold,
            "landmarker": self.landmarker,
            "rest_thresholds": getattr(self.model, "rest_thresholds_", None),
        }
        return metadata | {name: value for name, value in optional.items() if value is not None}

    def _data(self) -> TrainingData:
        train = training_mask(self.X)
        groups = None if self.X.groups is None else self.X.groups[train]
        return TrainingData(
            dataset=self.X.info.dataset,
            synthetic=self.X.info.synthetic,
            fingerprint=fingerprint(self.X),
            n_samples=int(train.sum()),
            n_subjects=0 if groups is None else len(np.unique(groups[groups >= 0])),
            subjects_from=self.X.info.subjects_from,
        )

    def __str__(self) -> str:
        data = self._data()
        return (
            f"{self.pipeline} on {self.X.info.title}: fitted on {data.n_samples} samples, "
            f"{data.n_subjects or 'unknown'} subjects ({data.subjects_from}); not evaluated"
        )


def fit_on_training_samples(model: BaseEstimator, X: Samples, drop_duplicates: bool = False) -> Any:
    """A clone of a pipeline, fitted on all training samples of a table, with the thresholds of faces at rest.

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
    train = training_indices(model, X)
    if drop_duplicates and "images" in X:
        train = without_duplicates(X, train, exact_duplicates(X))
    fitted = clone(model).fit(X[train], X["label"][train])
    attach_rest_thresholds(fitted, X[train])
    attach_face_in_crop(fitted, X[train])
    return fitted


def predict_test_split(model: Any, X: Samples) -> TestPredictions | None:
    """Predictions of the split 'test', if none of its samples has a label; else None."""
    test = np.flatnonzero(X["split"] == "test") if "split" in X else np.array([], int)
    label = np.asarray(X.label_codes)
    if not test.size or (label[test] >= 0).any():
        return None
    usable = can_extract(model, X[test])
    known, counts = np.unique(label[label >= 0], return_counts=True)
    codes = np.full(len(test), known[counts.argmax()])
    table = pd.DataFrame({"id": sample_ids(X)[test], "predicted": ""})
    if usable.any():
        predicted, values, kind = predict_with_scores(model, X[test[usable]])
        codes[usable] = X.info.codes_of(predicted)
        # In the order of the codes, as in predictions.csv; the classes of a fitted model are sorted by name.
        order = np.argsort(X.info.codes_of(model.classes_), kind="stable")
        columns = [f"{kind}_{name}" for name in X.info.names_of(model.classes_[order])]
        table = table.join(pd.DataFrame(values[:, order], index=np.flatnonzero(usable), columns=columns))
        table.loc[usable, "predicted"] = X.info.names_of(predicted)
    return TestPredictions(table, codes, int((~usable).sum()))


def write_subjects(X: Samples, path: Path) -> None:
    """Write the subject ids of the training samples, in the form that `load_dataset` reads."""
    train = np.flatnonzero(in_training_split(X))
    groups = X.groups
    table = pd.DataFrame({"id": sample_ids(X)[train], "subject": "" if groups is None else X["subject"][train]})
    table["source"] = X.info.subjects_from
    if "subject_confidence" in X:
        table["confidence"] = np.round(X["subject_confidence"][train], 4)
    write_csv(table, path)
