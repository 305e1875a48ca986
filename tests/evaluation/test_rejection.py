"""Rejection of predictions with a low confidence."""

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from fer_features import FerError, Samples, make_pipeline
from fer_features.evaluation import evaluate_pipeline
from fer_features.evaluation.metric_types import Rejection
from fer_features.evaluation.rejection import UNCERTAIN, check_rejection, mark_uncertain, with_rejection

from ..conftest import draw_clips


@pytest.fixture(scope="module")
def X():
    _, landmarks, label, subject = draw_clips(n_subjects=6, seed=3)
    landmarks = landmarks + np.random.default_rng(0).normal(scale=1.5, size=landmarks.shape)  # for lower confidences
    return Samples.from_arrays(landmarks=landmarks, label=label, subject=subject)


@pytest.fixture(scope="module")
def result(X):
    return evaluate_pipeline(make_pipeline("landmarks_svm"), X, "loso")


def test_predictions_below_the_threshold_are_uncertain_and_kept_as_raw_predictions(result):
    confidence = result.predictions.filter(like="probability_").max(axis=1)
    threshold = float(confidence.median())
    found = with_rejection(result, threshold)
    table = mark_uncertain(found.predictions, found.scores.rejection.threshold)
    assert (table["predicted"] == UNCERTAIN).tolist() == (confidence < threshold).tolist()
    assert table["raw_prediction"].tolist() == result.predictions["predicted"].tolist()
    accepted = table[table["predicted"] != UNCERTAIN]
    assert found.scores.rejection == Rejection(
        threshold=threshold,
        coverage=pytest.approx(len(accepted) / len(table)),
        selective_accuracy=pytest.approx((accepted["true"] == accepted["predicted"]).mean()),
        accuracy=result.accuracy,
    )
    assert "selective accuracy" in str(found)


def test_nothing_changes_without_a_threshold(result):
    assert with_rejection(result) is result
    pd.testing.assert_frame_equal(mark_uncertain(result.predictions, None), result.predictions)
    assert result.scores.rejection is None


def test_the_coverage_is_that_of_held_out_samples(result):
    found = with_rejection(result, coverage=0.7).scores.rejection
    assert found.coverage == pytest.approx(0.7, abs=1 / len(result.predictions))


def test_the_threshold_is_found_on_the_split_that_is_not_reported(X):
    splits = np.array(["train", "train", "validation", "test"])[np.asarray(X["subject"]) % 4]
    result = evaluate_pipeline(make_pipeline("landmarks_svm"), X.with_columns(split=splits), "predefined")
    validation = result.predictions[result.predictions["split"] == "validation"]
    found = with_rejection(result, coverage=0.5).scores.rejection
    assert found.threshold in validation.filter(like="probability_").max(axis=1).tolist()
    assert found.accuracy == result.scores.splits["test"].accuracy


def test_models_without_probabilities_are_refused(X):
    model = make_pipeline("landmarks_svm", calibration_cv=0)
    with pytest.raises(FerError, match="calibration_cv=5"):
        check_rejection(model)
    with pytest.raises(FerError, match="these predictions have none"):
        with_rejection(evaluate_pipeline(model, X, "2fold"), 0.5)
    check_rejection(make_pipeline("landmarks_svm"))
    check_rejection(DummyClassifier())


@pytest.mark.parametrize(("threshold", "coverage"), [(0.5, 0.5), (1.5, None), (0.0, None), (None, 2), (None, -1)])
def test_invalid_thresholds_and_coverages_are_refused(result, threshold, coverage):
    with pytest.raises(FerError, match="rejection") as error:
        with_rejection(result, threshold, coverage)
    assert "\n" not in str(error.value)


def test_samples_without_features_are_not_uncertain():
    table = pd.DataFrame({"id": [0, 1], "predicted": ["joy", ""], "probability_joy": [0.4, np.nan]})
    found = mark_uncertain(table, 0.5)
    assert found["predicted"].tolist() == [UNCERTAIN, ""]
    assert list(found) == ["id", "predicted", "raw_prediction", "probability_joy"]
