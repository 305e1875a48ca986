"""Tests of the section on feature importance: figures for every kind of model, on held-out samples."""

import re

import numpy as np
import pandas as pd
import pytest

from fer_features import Samples, make_pipeline, register_extractor
from fer_features.explain.occlusion import MAX_SAMPLES_PER_CLASS
from fer_features.extractors import EXTRACTORS, Extractor
from fer_features.reports.importance import MAX_FIT_SECONDS, importance_section

from .toy_reports import NAMES


@pytest.fixture(scope="module")
def predictions(toys):
    return pd.DataFrame({"sample": np.arange(len(toys))})


def section_of(pipeline, X, predictions, seconds=0.0, **settings):
    model = make_pipeline(pipeline, **settings)
    fitted = make_pipeline(pipeline, **settings).fit(X, X["label"])
    return importance_section(fitted, model, X, predictions, seconds, seed=0)


@pytest.mark.parametrize(
    ("pipeline", "titles", "text"),
    [
        ("hog_linear", ["hog"], "contribution of a location to the lead of the class"),
        ("hog_landmarks_lda", ["hog", "landmarks"], r"\d+ % of the lead is from landmarks"),
        ("landmarks_xgb", ["landmarks"], "gain (decrease of the training loss)"),
        ("hog_krr", ["Occlusion sensitivity of hog_krr"], "a cell is replaced by grey, one"),
        (
            "landmarks_svm",
            ["Occlusion sensitivity of landmarks_svm"],
            "by landmarks that only follow the head motion, one",
        ),
        (
            "hog_linear+landmarks_svm",
            ["hog in hog_linear, a member of the ensemble", "Occlusion sensitivity of hog_linear+landmarks_svm"],
            "by grey and by landmarks",
        ),
        ("hog_svm+landmarks_svm", ["Occlusion sensitivity of hog_svm+landmarks_svm"], "by grey and by landmarks"),
    ],
)
def test_a_figure_with_a_mean_face_of_each_class_for_every_kind_of_model(toys, predictions, pipeline, titles, text):
    section = section_of(pipeline, toys, predictions)
    assert [figure.title for figure in section.figures] == titles
    assert section.absent == ""
    content = " ".join(line for f in section.figures for line in (f.caption, *(x for c in f.cards for x in c.lines)))
    assert text in content or re.search(text, content)
    for figure in section.figures:
        assert [card.lines[0] for card in figure.cards] == list(NAMES)
        for name, card in zip(NAMES, figure.cards, strict=True):
            assert card.images[0].alt.startswith(f"mean face of {name}: ")


def test_occlusion_uses_subjects_on_which_the_model_was_not_fitted(toys, predictions):
    (figure,) = section_of("landmarks_svm", toys, predictions, calibration_cv=0).figures
    assert "fitted without these 2 subjects" in figure.caption
    assert "score relative to the mean of the classes" in figure.caption


def test_occlusion_uses_the_evaluated_split_and_the_given_model(toys):
    """With predefined splits the model is not fitted again."""
    train, test = np.arange(24), np.arange(24, 36)
    model = make_pipeline("landmarks_svm", calibration_cv=0).fit(toys[train], toys[train]["label"])
    predictions = pd.DataFrame({"sample": test, "split": "test"})
    (figure,) = importance_section(model, None, toys, predictions, 1e6, seed=0).figures
    counts = np.minimum(np.bincount(toys[test].label_codes), MAX_SAMPLES_PER_CLASS)
    assert f"Mean over {counts.sum()} held-out samples" in figure.caption
    assert "fitted without" not in figure.caption


def test_a_slow_fit_is_not_repeated(toys, predictions):
    section = section_of("landmarks_svm", toys, predictions, seconds=2 * MAX_FIT_SECONDS)
    assert section.figures == ()
    assert section.absent.startswith("No occlusion sensitivity: the model was fitted on all samples")


class MeanGrey(Extractor):
    """Mean grey value of each frame, without a location."""

    required_columns = ("images",)

    def extract(self, X):
        return np.asarray(X["images"]).mean((2, 3))

    def feature_names(self):
        return [f"grey[frame {t}]" for t in range(3)]


@pytest.fixture
def meangrey():
    """Registers `MeanGrey`, for one test."""
    register_extractor("meangrey", MeanGrey)
    yield
    del EXTRACTORS["meangrey"]


@pytest.mark.usefixtures("meangrey")
def test_features_without_locations_have_no_figure_and_a_reason(toys, predictions):
    section = section_of("landmarks_meangrey_lda", toys, predictions)
    assert [figure.title for figure in section.figures] == ["landmarks"]
    assert section.absent == "The features of MeanGrey have no location on the face."


def test_landmarks_without_images_are_drawn_as_contours(toys, predictions):
    X = Samples.from_arrays(
        landmarks=toys["landmarks"], label=toys.label_codes, subject=toys["subject"], info=toys.info
    )
    (figure,) = section_of("landmarks_lda", X, predictions).figures
    assert len(figure.cards) == 3
