"""The result of an evaluation as text, HTML, data frame and figure."""

import dataclasses

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from fer_features.evaluation import EvaluationResult
from fer_features.evaluation.results import confidence_of, correct_of, subjects_of

from .example_scores import COMPLETE, METRICS, SCORES, UNKNOWN_SUBJECTS

PREDICTIONS = pd.DataFrame(
    {
        "id": [10, 11, 12, 13],
        "sample": range(4),
        "subject": ["a", "a", "b", "b"],
        "fold": [0, 0, 1, 1],
        "true": ["joy", "joy", "<fear>", "<fear>"],
        "predicted": ["joy", "<fear>", "<fear>", "<fear>"],
        "probability_joy": [0.9, 0.4, 0.2, np.nan],
        "probability_<fear>": [0.1, 0.6, 0.8, 1.0],
    }
)
RESULT = EvaluationResult(SCORES, PREDICTIONS)


def test_headline_metrics_are_attributes():
    assert (RESULT.accuracy, RESULT.balanced_accuracy, RESULT.macro_f1) == (0.75, 2 / 3, 0.1 + 0.2)


def test_per_class_metrics_as_data_frame():
    table = RESULT.to_frame()
    assert table.index.tolist() == ["joy", "<fear>"]
    assert table.index.name == "class"
    assert table.columns.tolist() == ["precision", "recall", "f1", "n_samples"]
    assert table.loc["joy", "recall"] == 0.5
    assert table["n_samples"].sum() == 4


def test_html_escapes_names_and_shows_metrics_and_warnings():
    hostile = SCORES.replace(
        pipeline="<script>",
        leakage="<b>may leak</b>",
        protocol="<i>",
        data=dataclasses.replace(SCORES.data, dataset="<img src=x>"),
    )
    page = EvaluationResult(hostile, PREDICTIONS)._repr_html_()
    for text in ("<script>", "<fear>", "<b>may", "<i>", "<img"):
        assert text not in page
    for text in ("&lt;script&gt;", "&lt;fear&gt;", "&lt;b&gt;may leak", "0.750", "0.500 to 1.000", "balanced accuracy"):
        assert text in page
    assert "Warning" not in RESULT._repr_html_()


@pytest.mark.parametrize("normalize", [True, False])
def test_plot_of_the_confusion_matrix(normalize):
    ax = Figure().add_subplot()
    display = RESULT.plot_confusion(ax=ax, normalize=normalize)
    assert display.ax_ is ax
    assert [label.get_text() for label in ax.get_xticklabels()] == ["joy", "<fear>"]
    expected = [[0.5, 0.5], [0, 1]] if normalize else [[1, 1], [0, 2]]
    assert display.confusion_matrix.tolist() == expected
    assert [text.get_text() for text in display.text_.ravel()] == (
        ["0.50", "0.50", "0.00", "1.00"] if normalize else ["1", "1", "0", "2"]
    )


def test_plot_without_axes_makes_a_figure():
    display = RESULT.plot_confusion()
    assert display.figure_ in [plt.figure(number) for number in plt.get_fignums()]
    plt.close(display.figure_)


def test_plot_of_a_confusion_matrix_with_an_empty_class():
    metrics = dataclasses.replace(METRICS, confusion=((2, 0), (0, 0)))
    display = EvaluationResult(SCORES.replace(metrics=metrics), PREDICTIONS).plot_confusion(Figure().add_subplot())
    assert display.confusion_matrix.tolist() == [[1, 0], [0, 0]]


def test_summary_shows_what_was_measured():
    text = str(EvaluationResult(COMPLETE, PREDICTIONS))
    for line in (
        "hog_svm on toy (synthetic): 4 samples, 2 subjects (inferred), leave-one-subject-out",
        "accuracy                  0.750   95 % CI 0.500 to 1.000",
        "mean over subjects        0.750   SD 0.350",
        "ECE                       0.100   Brier score 0.200, log-loss 0.300",
        "accuracy at 50 % coverage 1.000   AURC 0.100",
        "selective accuracy        -   coverage 0.000",
        "split validation          0.750",
        "excluded: 1 sample(s), landmarks missing",
        "note: optimistic",
    ):
        assert line in text
    text = str(EvaluationResult(SCORES.replace(metrics=UNKNOWN_SUBJECTS, leakage="leak"), PREDICTIONS))
    assert "4 samples, unknown subjects" in text
    assert "warning: leak" in text
    for absent in ("mean over subjects", "ECE", "AURC", "selective accuracy"):
        assert absent not in text


def test_values_of_prediction_tables():
    assert confidence_of(PREDICTIONS).tolist() == [0.9, 0.6, 0.8, 1.0]
    assert confidence_of(PREDICTIONS.drop(columns=["probability_joy", "probability_<fear>"])) is None
    assert correct_of(PREDICTIONS).tolist() == [True, False, True, True]
    assert subjects_of(PREDICTIONS).tolist() == ["a", "a", "b", "b"]
    assert subjects_of(PREDICTIONS.assign(subject=None)) is None
