"""The card beside a model: its figures are those of the scores, and it says what the model is not for."""

import numpy as np
import pytest

from fer_features import Samples, evaluate, make_pipeline
from fer_features.datasets import DATASETS
from fer_features.reports.model_card import UNSTATED, licence, model_card
from fer_features.samples.table import Info

from ..conftest import draw_clips

NAMES = ("joy", "fear|<b>", "surprise")


@pytest.fixture(scope="module")
def card():
    images, landmarks, label, subject = draw_clips(n_subjects=5)
    X = Samples.from_arrays(images, landmarks, label, subject, info=Info(classes=NAMES, subjects_from="arrays"))
    model = make_pipeline("landmarks_svm")
    result = evaluate(model, X)
    model.fit(X, X["label"])
    return result.scores, model_card(result.scores, result.predictions, model, X, {"a__b": 3})


def test_every_part_is_there(card):
    scores, text = card
    for head in ("Intended use", "Misuse", "Data", "Model", "How it was judged", "Limits"):
        assert f"\n## {head}\n" in text
    for words in ("inner emotional state", "Not for decisions on people", "a\\_\\_b=3", scores["fingerprint"]):
        assert words in text
    assert f"Licence of the data: {UNSTATED}\n" in text


def test_figures_are_those_of_the_scores(card):
    scores, text = card
    low, high = scores["ci95"]["accuracy"]
    assert f"| Accuracy | {scores['accuracy']:.3f} | {low:.3f} to {high:.3f} |" in text
    for name, one in zip(("joy", "fear\\|\\<b\\>", "surprise"), scores["per_class"].values(), strict=True):
        assert f"| {name} | {one['recall']:.3f} | " in text
    assert "nan" not in text


def test_tables_have_as_many_cells_in_each_line(card):
    lines = card[1].splitlines()
    tables = [line.replace("\\|", "") for line in lines if line.startswith("|")]
    assert {line.count("|") for line in tables} == {4, 7}
    assert len([line for line in tables if line.count("|") == 7]) == 2 + len(NAMES)


def test_the_licence_is_that_of_the_data_set():
    def of(name):
        return licence(Samples.from_arrays(label=np.arange(2), info=Info(dataset=name)))

    assert of("nothing known") == UNSTATED
    stated = {name for name, module in DATASETS.items() if hasattr(module, "LICENCE")}
    assert "demo" in stated
    for name in DATASETS:
        assert (of(name) == UNSTATED) == (name not in stated)
