"""The input specification is derived from the fitted model."""

import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from fer_features import FerError, Samples, make_pipeline
from fer_features.classifiers import SoftVoting
from fer_features.recognition.input_spec import InputSpec, infer_input_spec

from .scenes import fit_toy


@pytest.mark.parametrize(
    ("name", "params", "expected"),
    [
        ("hog_linear", {}, InputSpec(("images", "landmarks"), 1, None)),
        ("landmarks_linear", {}, InputSpec(("landmarks",), 2, None)),
        ("hogdiff_landmarks_linear", {}, InputSpec(("images", "landmarks"), 2, None)),
        ("hogdiff_linear", {"neutral__method": "none"}, InputSpec(("images", "landmarks"), 1, None)),
        # The size of the training images, not the size they are resized to.
        (
            "hog_linear",
            {"align__method": "none", "align__size": 48, "still": True},
            InputSpec(("images",), 1, (100, 90), "none"),
        ),
    ],
)
def test_specification_of_a_pipeline(name, params, expected):
    model, _ = fit_toy(name, calibration_cv=0, **params)
    assert infer_input_spec(model) == expected


def test_pipelines_inside_an_ensemble_are_found():
    _, (images, landmarks, label, subject) = fit_toy("landmarks_linear", calibration_cv=0)
    X = Samples.from_arrays(images, landmarks, label=label, subject=subject)
    members = [("a", make_pipeline("hog_linear")), ("b", make_pipeline("landmarks_linear"))]
    ensemble = SoftVoting(members, calibration_cv=2).fit(X, label)
    assert infer_input_spec(ensemble) == InputSpec(("images", "landmarks"), 2, None)


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("hogtop_linear", {}, "clips of 3 frames"),
        ("hogdiff_linear", {"neutral__method": "median"}, "the neutral method 'median'"),
        ("hogdiff_linear", {"neutral__method": "subject"}, "the neutral method 'subject'"),
    ],
)
def test_models_that_need_more_than_single_frames_are_refused(name, params, message):
    with pytest.raises(FerError, match=message):
        infer_input_spec(fit_toy(name, calibration_cv=0, **params)[0])


def test_other_estimators_are_refused():
    with pytest.raises(FerError, match="contains no pipeline"):
        infer_input_spec(LogisticRegression())


def test_pipelines_that_are_not_fitted_are_refused():
    model, _ = fit_toy("hog_linear", calibration_cv=0)
    model.set_params(features=clone(model.named_steps["features"]))
    with pytest.raises(FerError, match=r"cannot predict single frames or pairs of frames: .* not fitted"):
        infer_input_spec(model)
