"""Rejection: 'uncertain' is written, the guess stays beside it, and figures are those of the rows that are answered."""

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from fer_features import FerError, Samples, evaluate, make_pipeline
from fer_features.evaluation.rejection import UNCERTAIN, check_rejection, marked, rejected

from ..conftest import draw_clips


@pytest.fixture(scope="module")
def X():
    _, landmarks, label, subject = draw_clips(n_subjects=6, seed=3)
    landmarks = landmarks + np.random.default_rng(0).normal(scale=1.5, size=landmarks.shape)  # so that some are unsure
    return Samples.from_arrays(landmarks=landmarks, label=label, subject=subject)


@pytest.fixture(scope="module")
def result(X):
    return evaluate(make_pipeline("landmarks_svm"), X, "loso")


def test_unsure_rows_are_uncertain_and_keep_their_guess(result):
    confidence = result.predictions.filter(like="probability_").max(axis=1)
    threshold = float(confidence.median())
    found = rejected(result, threshold)
    table = marked(found.predictions, found.scores)
    assert (table["prediction"] == UNCERTAIN).tolist() == (confidence < threshold).tolist()
    assert table["guess"].tolist() == result.predictions["prediction"].tolist()
    kept = table[table["prediction"] != UNCERTAIN]
    assert found.scores["reject"] == {
        "threshold": threshold,
        "coverage": pytest.approx(len(kept) / len(table)),
        "accuracy_of_kept": pytest.approx((kept["truth"] == kept["prediction"]).mean()),
        "accuracy": result.accuracy,
    }
    assert "of those answered" in str(found)


def test_without_a_threshold_nothing_changes(result):
    assert rejected(result) is result
    pd.testing.assert_frame_equal(marked(result.predictions, result.scores), result.predictions)
    assert "reject" not in result.scores


def test_a_share_of_held_out_rows_is_answered(result):
    found = rejected(result, share=0.7).scores["reject"]
    assert found["coverage"] == pytest.approx(0.7, abs=1 / len(result.predictions))


def test_of_official_parts_the_threshold_is_that_of_the_part_not_reported(X):
    parts = np.array(["train", "train", "validation", "test"])[np.asarray(X["subject"]) % 4]
    result = evaluate(make_pipeline("landmarks_svm"), X.with_columns(split=parts), "official")
    other = result.predictions[result.predictions["part"] == "validation"].filter(like="probability_").max(axis=1)
    found = rejected(result, share=0.5).scores["reject"]
    assert found["threshold"] in other.tolist()
    assert found["accuracy"] == result.scores["parts"]["test"]["accuracy"]


def test_models_without_probabilities_are_refused(X):
    with pytest.raises(FerError, match="calibration=5"):
        check_rejection(make_pipeline("landmarks_svm", calibration=0))
    check_rejection(make_pipeline("landmarks_svm"))
    check_rejection(DummyClassifier())


def test_rows_that_cannot_be_described_are_not_called_uncertain():
    table = pd.DataFrame({"id": [0, 1], "prediction": ["joy", ""], "probability_joy": [0.4, np.nan]})
    found = marked(table, {"reject": {"threshold": 0.5}})
    assert found["prediction"].tolist() == [UNCERTAIN, ""]
    assert list(found) == ["id", "prediction", "guess", "probability_joy"]
