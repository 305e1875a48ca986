"""Tests of the methods of a run as text: data, pipeline, protocol, and whether the scores may be too high."""

import dataclasses

import pytest

from fer_features import make_pipeline
from fer_features.evaluation.search_scores import NestedScores, SearchSummary
from fer_features.reports.methods import duplicates, leakage_statement, methods

DUPLICATE = {"n_duplicates": 1, "accuracy_excluding_duplicates": None}
SEARCH = SearchSummary("grid", "5-fold", 4, 0, 1, True, "macro_f1", {}, 0.6)


def nested_search(scores, score):
    nested = NestedScores("5-fold", True, score, SEARCH.best_score - score, scores.metrics, ())
    return dataclasses.replace(SEARCH, nested=nested)


def with_metrics(scores, **changes):
    return scores.replace(metrics=dataclasses.replace(scores.metrics, **changes))


def test_methods_state_data_pipeline_and_protocol(hog):
    texts = methods(hog.scores, hog.model, hog.X, {"align__size": 64})
    assert texts["Data"] == "<i>toy</i>, a & b."
    assert texts["Evaluated samples"].startswith("36 (joy 12, ")
    assert texts["Subjects"] == "6, given as an array."
    assert texts["Pipeline"].startswith("hog_svm: faces aligned by all landmarks, 128 pixels wide, features hog (Dalal")
    assert texts["Settings"] == "align__size=64"
    assert texts["Protocol"].startswith("leave-one-subject-out: 6 fits, each on 30 samples. All samples of a subject ")
    assert texts["Intervals"].startswith("95 % CI by bootstrap over subjects")
    assert texts["Duplicates"] == "No evaluated image is identical to a training image."
    assert texts["Excluded"] == "none"
    assert texts["Fingerprint"].startswith(hog.scores.data.fingerprint)
    assert "numpy" in texts["Versions"]
    assert "Notes" not in texts  # there are none


def test_methods_of_unknown_subjects_excluded_samples_and_rendered_images(hog):
    data = dataclasses.replace(hog.scores.data, synthetic=True, notes=("a note",))
    scores = with_metrics(hog.scores, n_subjects=0).replace(
        data=data, excluded={"landmarks missing": 2}, notes=("another",), protocol="stratified 6-fold NOT grouped"
    )
    texts = methods(scores, make_pipeline("hog_linear+landmarks_svm"), hog.X, {})
    assert "Its images are rendered: the scores do not apply to real faces." in texts["Data"]
    assert texts["Subjects"].startswith("Unknown")
    assert texts["Pipeline"].count("classifier ") == 2
    assert texts["Settings"] == "defaults of the pipeline"
    assert texts["Protocol"].endswith("Folds ignore subjects.")
    assert texts["Intervals"].startswith("95 % CI by bootstrap over samples")
    assert texts["Excluded"] == "2 samples: landmarks missing"
    assert texts["Notes"] == "a note; another"


@pytest.mark.parametrize(
    ("n", "accuracy", "text"),
    [
        (0, None, "No evaluated image is identical to a training image."),
        (1, 0.5, "1 evaluated image is identical to a training image. Excluding it, accuracy is 0.500."),
        (7, 0.25, "7 evaluated images are identical to a training image. Excluding them, accuracy is 0.250."),
        (36, None, "36 evaluated images are identical to a training image."),
    ],
)
def test_duplicates(hog, n, accuracy, text):
    metrics = with_metrics(hog.scores, n_duplicates=n, accuracy_excluding_duplicates=accuracy).metrics
    assert duplicates(metrics) == text


def test_no_known_leakage(hog):
    found = leakage_statement(hog.scores)
    assert found.level == "pass"
    assert found.text.startswith("No leakage is known: training and evaluated samples have no subject in common.")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda s: s.replace(leakage="subjects are unknown"), "Subjects are unknown."),
        (lambda s: with_metrics(s, **DUPLICATE), "1 evaluated image is identical to a training image."),
        (
            lambda s: with_metrics(s, **DUPLICATE).replace(leakage="x"),
            "X. 1 evaluated image is identical to a training image.",
        ),
        (
            lambda s: s.replace(data=dataclasses.replace(s.data, subjects_from="inferred")),
            "No leakage is known if the inferred subjects are correct: check them in subjects.csv.",
        ),
        (
            lambda s: s.replace(search=SEARCH),
            "The settings were selected among 4 candidates by these scores, which are therefore optimistic. "
            "A nested search estimates an unbiased score.",
        ),
        (
            lambda s: s.replace(search=nested_search(s, 0.5), leakage="x"),
            "The settings were selected among 4 candidates by these scores, which are therefore optimistic. "
            "By nested cross-validation the macro-F1 is 0.500: report this value. X.",
        ),
    ],
    ids=["leakage", "duplicates", "leakage and duplicates", "inferred subjects", "search", "nested search"],
)
def test_reasons_why_scores_may_be_too_high(hog, change, text):
    found = leakage_statement(change(hog.scores))
    assert (found.level, found.text) == ("warning", text)
