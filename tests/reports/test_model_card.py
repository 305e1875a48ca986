"""Tests of the model card: its values are those of the scores, and it states what the model must not be used for."""

import dataclasses

import pytest

from fer_features import DataInfo, Samples
from fer_features.datasets import DATASETS
from fer_features.evaluation.metric_types import Rejection
from fer_features.reports.model_card import UNKNOWN_LICENCE, model_card

from .toy_reports import NAMES

#: `NAMES` in Markdown.
ESCAPED = ("joy", '\\<b\\>fear\\</b\\> & "so"', "surprise\\|\\*")


@pytest.fixture(scope="module")
def card(hog):
    return model_card(hog, hog.X, {"a__b": 3})


def test_all_sections_are_present(hog, card):
    for heading in ("Intended use", "Misuse", "Data", "Model", "Evaluation", "Limitations"):
        assert f"\n## {heading}\n" in card
    for text in ("emotional state", "Do not use it for decisions about people", "a\\_\\_b=3"):
        assert text in card
    assert hog.scores.data.fingerprint in card
    assert f"Licence of the data: {UNKNOWN_LICENCE}\n" in card
    assert ", ".join(ESCAPED) in card


def test_values_are_those_of_the_scores(hog, card):
    metrics = hog.scores.metrics
    for name, key in (("Accuracy", "accuracy"), ("Macro-F1", "macro_f1")):
        low, high = metrics.ci95[key]
        assert f"| {name} | {getattr(metrics, key):.3f} | {low:.3f} to {high:.3f} |" in card
    for name, one in zip(ESCAPED, metrics.per_class.values(), strict=True):
        assert f"| {name} | {one.recall:.3f} | " in card
    lowest = min(metrics.per_class.values(), key=lambda one: one.recall).recall
    assert f", {lowest:.3f}.\n" in card[card.index("lowest recall") :]
    assert "nan" not in card


def test_rows_of_tables_have_equal_numbers_of_cells(card):
    rows = [line.replace("\\|", "") for line in card.splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} == {4, 7}
    assert len([row for row in rows if row.count("|") == 7]) == 2 + len(NAMES)


def test_equal_results_have_equal_cards(hog, card):
    assert model_card(hog, hog.X, {"a__b": 3}) == card


def test_limitations_depend_on_the_model_and_the_data(hog, card):
    assert "It always predicts one of its classes" in card
    assert "rendered" not in card
    scores = hog.scores.replace(
        rejection=Rejection(0.6, 0.8, 0.95, 0.9),
        metrics=dataclasses.replace(hog.scores.metrics, calibration=None, per_subject={}, subject_mean=None),
        data=dataclasses.replace(hog.scores.data, synthetic=True),
        splits={"test": hog.scores.metrics},
    )
    changed = model_card(dataclasses.replace(hog, scores=scores), hog.X, {})
    for text in (
        "It predicts 'uncertain' where the largest probability is below 0.600",
        "scores instead of probabilities",
        "Subjects are unknown",
        "It was trained on rendered faces",
        "The saved model was fitted on the training split",
    ):
        assert text in changed


@pytest.mark.parametrize("name", [*DATASETS, "unknown"])
def test_the_licence_is_that_of_the_data_set(hog, name):
    stated = DATASETS[name].licence if name in DATASETS else ""
    info = DataInfo(dataset=name, classes=NAMES, licence=stated)
    X = Samples.from_arrays(images=hog.X["images"], label=hog.X.label_codes, info=info)
    line = next(line for line in model_card(hog, X, {}).splitlines() if line.startswith("- Licence of the data: "))
    assert (UNKNOWN_LICENCE in line) == (not stated)
