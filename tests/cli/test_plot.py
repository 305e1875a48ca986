"""Tests of the command that plots descriptors and feature importance."""

import dataclasses

import cv2
import numpy as np
import pytest

from fer_features import load_dataset, make_pipeline, save_model
from fer_features.cli.plot import main
from fer_features.plotting.descriptors import DESCRIPTOR_PLOTS

from ..conftest import write_h5

CLASSES = {"0": "joy", "1": "fear", "2": "surprise"}


@pytest.mark.parametrize("feature", DESCRIPTOR_PLOTS)
def test_a_sample_is_plotted(labelled_clips, tmp_path, capsys, feature):
    out = tmp_path / "plot.png"
    assert main([feature, labelled_clips[1], "--sample", "3", "--out", str(out)]) == 0
    image = cv2.imread(str(out))
    assert image.shape[0] > 250
    assert image.shape[1] > 600
    assert image.std() > 20
    assert str(out) in capsys.readouterr().out


def test_plots_of_two_samples_differ(labelled_clips, tmp_path):
    for sample in "12":
        assert main(["landmarks", labelled_clips[1], "--sample", sample, "--out", str(tmp_path / f"{sample}.png")]) == 0
    assert (tmp_path / "1.png").read_bytes() != (tmp_path / "2.png").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["hogg"], "hog, lbp, flow, landmarks"),
        (["hog", "--sample", "99"], "samples 0 to 23"),
        (["hog", "--sample", "-1"], "--sample"),
    ],
)
def test_invalid_arguments_are_refused(labelled_clips, tmp_path, refused, arguments, text):
    feature, *options = arguments
    refused(main, [feature, labelled_clips[1], "--out", tmp_path / "x.png", *options], text)
    assert not (tmp_path / "x.png").exists()


def test_a_sample_without_landmarks_and_a_missing_folder_are_refused(fer22_folder, tmp_path, refused):
    write_h5(fer22_folder, "data_train_landmarks", np.zeros((24, 3, 68, 2)))
    refused(main, ["hog", fer22_folder, "--out", tmp_path / "x.png"], "no landmarks")
    write_h5(fer22_folder, "data_train_landmarks", np.ones((24, 3, 68, 2)) * np.arange(68)[:, None])
    refused(main, ["hog", fer22_folder, "--out", tmp_path / "nowhere" / "x.png"], "cannot write")


@pytest.fixture(scope="module")
def save(labelled_clips, tmp_path_factory):
    """A function that fits a pipeline to samples of `labelled_clips`, saves it, and returns the path of the model."""
    X = load_dataset(labelled_clips[1], subjects=labelled_clips[3])

    def save(pipeline, classes=CLASSES, samples=slice(None), **params):
        named = X.with_columns(info=dataclasses.replace(X.info, classes=tuple(classes.values())))[samples]
        model = make_pipeline(pipeline, **params).fit(named, named["label"])
        return save_model(model, tmp_path_factory.mktemp("models") / "model.joblib", {"classes": classes})

    return save


@pytest.mark.parametrize(
    ("pipeline", "feature"),
    [("hogdiff_linear", "hogdiff"), ("landmarks_logreg", "landmarks"), ("flow_landmarks_xgb", "flow")],
)
def test_feature_importance_is_plotted(labelled_clips, save, tmp_path, capsys, pipeline, feature):
    model, out = save(pipeline), tmp_path / "plot.png"
    # The folder of the model is as good as its file.
    assert main([feature, labelled_clips[1], "--model", str(model.parent), "--out", str(out)]) == 0
    image = cv2.imread(str(out))
    assert min(image.shape[:2]) > 400
    assert ((image[..., 2].astype(int) - image[..., 0]) > 60).mean() > 0.005  # red marks the important places
    assert str(out) in capsys.readouterr().out


def test_subjects_are_inferred_for_a_model_with_the_neutral_face_of_the_subject(labelled_clips, save, tmp_path):
    model, out = save("landmarks_linear", neutral__method="subject"), tmp_path / "plot.png"
    assert main(["landmarks", labelled_clips[1], "--model", str(model), "--out", str(out)]) == 0
    assert out.exists()


@pytest.mark.parametrize(
    ("pipeline", "feature", "text"),
    [("landmarks_lda", "hog", "landmarks_lda has landmarks"), ("landmarks_svm", "landmarks", "landmarks_svm")],
)
def test_models_without_importance_of_the_feature_are_refused(
    labelled_clips, save, tmp_path, refused, pipeline, feature, text
):
    model, out = save(pipeline), tmp_path / "x.png"
    refused(main, [feature, labelled_clips[1], "--model", model, "--out", out], text)
    assert not out.exists()


def test_other_classes_are_refused(labelled_clips, save, tmp_path, refused):
    arguments = ["landmarks", labelled_clips[1], "--out", tmp_path / "x.png", "--model"]
    other = save("landmarks_lda", {**CLASSES, "0": "anger"})
    refused(main, [*arguments, other], "class 0 is 'anger' in the model and 'joy' in")
    labels = load_dataset(labelled_clips[1]).label_codes
    two = save("landmarks_lda", {"0": "joy", "1": "fear"}, np.flatnonzero(labels < 2))
    refused(main, [*arguments, two], "surprise")


def test_a_missing_model_and_data_without_its_columns_are_refused(fer22_folder, save, tmp_path, refused):
    arguments = ["landmarks", fer22_folder, "--out", tmp_path / "x.png", "--model"]
    refused(main, [*arguments, tmp_path / "none.joblib"], "none.joblib")
    model = save("landmarks_lda")
    refused(main, [*arguments, model, "--sample", "0"], "--sample and --model cannot be combined")
    (fer22_folder / "data_train_landmarks.h5").unlink()
    refused(main, [*arguments, model], "landmarks")
