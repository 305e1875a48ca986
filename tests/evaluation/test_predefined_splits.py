"""Evaluation on predefined splits: one model of the split 'train' predicts the others."""

import numpy as np
import pytest

from fer_features import DataInfo, Samples, make_pipeline
from fer_features.evaluation import evaluate_pipeline

from ..conftest import draw_clips
from .test_cross_validation import SubjectRecorder


@pytest.fixture(scope="module")
def X():
    images, landmarks, label, subject = draw_clips(n_subjects=5, seed=3)
    return Samples.from_arrays(images=images, landmarks=landmarks, label=label, subject=subject)


def with_splits(X, *splits, **columns):
    """The table with its samples assigned to splits in turn."""
    return X.with_columns(split=np.resize(splits, len(X)), **columns)


class TrueLabels(SubjectRecorder):
    """Keeps the indices of its training samples, and predicts the true labels of others."""

    def fit(self, X, y):
        self.indices_ = X.indices.copy()
        return super().fit(X, y)

    def predict(self, X):
        assert not set(self.indices_) & set(X.indices)
        return np.asarray(X["label"])


def test_every_split_is_evaluated_by_the_model_that_is_returned(X):
    table = with_splits(X, "train", "train", "validation", "test", subject=np.full(len(X), -1))
    result = evaluate_pipeline(TrueLabels(), table)
    assert set(table["split"][result.model.indices_]) == {"train"}
    n = {split: int((table["split"] == split).sum()) for split in ("validation", "test")}
    assert {name: split.n_samples for name, split in result.scores.splits.items()} == n
    assert result.scores.metrics == result.scores.splits["test"]
    assert result.predictions.groupby("split").size().to_dict() == n
    assert result.predictions["split"].tolist() == table["split"][result.predictions["sample"]].tolist()
    assert result.accuracy == 1
    assert "if the predefined splits share subjects" in result.scores.leakage
    assert "split validation" in str(result)


def test_predictions_equal_those_of_a_model_fitted_by_hand(X):
    table = with_splits(X, "train", "test")
    result = evaluate_pipeline(make_pipeline("hog_lda"), table, "predefined")
    train, test = (np.flatnonzero(table["split"] == split) for split in ("train", "test"))
    expected = make_pipeline("hog_lda").fit(table[train], table["label"][train]).predict(table[test])
    assert result.predictions["predicted"].astype(int).tolist() == expected.tolist()
    assert result.model.predict(table[test]).tolist() == expected.tolist()


def test_a_single_fit_does_not_keep_features_in_memory(X):
    table = with_splits(X, "train", "test", subject=np.full(len(X), -1))
    model = make_pipeline("hog_krr", features__mirror="concatenate", classifier__mirror_invariant=True)
    result = evaluate_pipeline(model, table, "predefined")
    assert (table.feature_store.nbytes, table.feature_store.n_computed) == (0, 2 * len(table))  # and mirror images
    result.model.predict(table)
    assert table.feature_store.nbytes > 0


def test_subjects_in_several_splits_give_a_leakage_warning(X):
    shared = evaluate_pipeline(make_pipeline("landmarks_lda"), with_splits(X, "train", "test")).scores
    assert "5 subject(s) are in both training and evaluated samples" in shared.leakage
    separate = X.with_columns(split=np.where(X["subject"] < 3, "train", "test"))
    scores = evaluate_pipeline(make_pipeline("landmarks_lda"), separate).scores
    assert (scores.leakage, scores.metrics.n_subjects) == ("", 2)


@pytest.mark.parametrize("cv", ["2fold", 2])
def test_folds_are_drawn_within_the_training_split(X, cv):
    table = with_splits(X, "train", "test", "train")
    result = evaluate_pipeline(make_pipeline("landmarks_svm", calibration_cv=0), table, cv)
    assert result.model is None
    assert set(table["split"][result.predictions["sample"]]) == {"train"}
    assert result.scores.excluded == {"not in the training split": int((table["split"] == "test").sum())}


def test_class_names_give_the_same_predictions_and_scores_as_codes(X):
    # The names sort in another order than the codes.
    names = ("joy", "fear", "anger")
    splits = np.where(X["subject"] < 3, "train", "test")
    named = Samples.from_arrays(
        images=X["images"],
        landmarks=X["landmarks"],
        label=[names[code] for code in X["label"]],
        subject=X["subject"],
        split=splits,
        info=DataInfo(classes=names),
    )
    tables = X.with_columns(split=splits), named
    by_code, by_name = (evaluate_pipeline(make_pipeline("hog_svm"), table) for table in tables)
    assert by_name.scores.classes == names
    assert by_name.predictions["predicted"].tolist() == [names[int(c)] for c in by_code.predictions["predicted"]]
    assert by_name.scores.metrics.confusion == by_code.scores.metrics.confusion
    assert by_name.scores.metrics.calibration == by_code.scores.metrics.calibration
    for i, name in enumerate(names):
        expected = by_code.predictions[f"probability_{i}"].tolist()
        assert by_name.predictions[f"probability_{name}"].tolist() == expected
    assert by_name.model.classes_.tolist() == sorted(names)
    assert set(by_name.model.predict(named[:5])) <= set(names)
