"""Tests of the checks of pipelines: leakage that is built in on purpose is detected, and nothing else."""

import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.frozen import FrozenEstimator
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from fer_features import make_pipeline
from fer_features.audit.leakage_checks import check_label_leakage, check_prefitted_steps, check_row_independence

from .toy_audits import (
    IdAsFeature,
    LabelAsFeature,
    LastLandmarks,
    ScaledByBatch,
    ScaledByTable,
    context_of,
    linear_classifier,
    nearest_neighbours,
    small_clips,
    subject_specific_landmarks,
)


@pytest.fixture(scope="module")
def X():
    return small_clips()


@pytest.fixture(scope="module")
def landmarks():
    return subject_specific_landmarks()


@pytest.mark.parametrize("pipeline", ["landmarks_svm+hog_linear", "hog_xgb"])
def test_soft_voting_and_boosted_trees_pass(X, pipeline):
    model = make_pipeline(pipeline)
    context = context_of(model, X)
    for found in (
        check_prefitted_steps(model, context.X),
        check_label_leakage(context),
        check_row_independence(context),
    ):
        assert found.status == "pass", found


@pytest.mark.parametrize("make_model", [nearest_neighbours, linear_classifier])
@pytest.mark.parametrize("transformer", [LabelAsFeature, IdAsFeature])
def test_labels_and_ids_as_features_fail(landmarks, transformer, make_model):
    X = landmarks.with_columns(id=1000 * landmarks["label"])
    assert check_label_leakage(context_of(make_model(transformer()), X)).status == "fail"
    assert check_label_leakage(context_of(make_model(LastLandmarks()), X)).status == "pass"


def test_a_pipeline_that_raises_an_error_without_labels_fails(landmarks):
    class RequiresLabels(LastLandmarks):
        def transform(self, X):
            if (X.label_codes < 0).any():
                raise ValueError("label missing")
            return super().transform(X)

    found = check_label_leakage(context_of(nearest_neighbours(RequiresLabels()), landmarks))
    assert found.status == "fail"
    assert "label missing" in found.message


@pytest.mark.parametrize("transformer", [ScaledByTable, ScaledByBatch])
def test_scaling_by_other_samples_fails(landmarks, transformer):
    found = check_row_independence(context_of(linear_classifier(transformer()), landmarks))
    assert found.status == "fail"
    by_batch = found.details["batch_change"] > found.details["table_change"]
    assert by_batch == (transformer is ScaledByBatch)


def test_scaling_of_each_sample_passes(landmarks):
    assert check_row_independence(context_of(linear_classifier(LastLandmarks()), landmarks)).status == "pass"


def test_a_random_classifier_is_distinguished_from_leakage(landmarks):
    def forest(seed):
        classifier = RandomForestClassifier(5, random_state=seed)
        return context_of(Pipeline([("last_landmarks", LastLandmarks()), ("classifier", classifier)]), landmarks)

    found = check_row_independence(forest(None))
    assert (found.status, "random_state" in found.message) == ("warning", True)
    assert check_row_independence(forest(0)).status == "pass"


@pytest.mark.parametrize("step", [StandardScaler(), SelectKBest(k=5)])
def test_a_step_fitted_on_all_samples_fails(landmarks, step):
    features = LastLandmarks().fit(landmarks).transform(landmarks)

    def model(step):
        return Pipeline([("last_landmarks", LastLandmarks()), ("step", step), ("classifier", KNeighborsClassifier())])

    assert check_prefitted_steps(model(step), landmarks).status == "pass"
    found = check_prefitted_steps(model(FrozenEstimator(step.fit(features, landmarks["label"]))), landmarks)
    assert found.status == "fail"
    assert found.details["fitted"] == ["step__estimator"]
    assert "step__estimator" in found.message
    # A fitted pipeline passes, because each fold uses an unfitted clone.
    assert check_prefitted_steps(model(step).fit(landmarks, landmarks["label"]), landmarks).status == "pass"


def test_features_that_use_other_samples_of_the_subject_are_a_warning(X):
    context = context_of(make_pipeline("hogdiff_svm", neutral__method="subject"), X)
    assert check_row_independence(context).status == "warning"
    assert check_label_leakage(context).status == "skipped"
