"""Tests of the confidence intervals of recall."""

import numpy as np
import pandas as pd
import pytest

from fer_features.reports.intervals import recall_intervals


def test_intervals_contain_the_recall(hog):
    intervals = recall_intervals(hog.scores, hog.predictions)
    for (low, high), one in zip(intervals, hog.scores.metrics.per_class.values(), strict=True):
        assert 0 <= low <= one.recall <= high <= 1


def predictions_of(subject, n=400, accuracy=0.75):
    """Predictions of the classes 'a' and 'b'; the first subjects are correct and the others are not."""
    true = np.where(np.arange(n) % 2, "a", "b")
    correct = np.arange(n) < accuracy * n
    return pd.DataFrame({"true": true, "predicted": np.where(correct, true, "c"), "subject": subject})


@pytest.mark.parametrize(("n_units", "known"), [(400, False), (20, True)])
def test_widths_are_those_of_a_mean_over_independent_units(hog, n_units, known):
    """Samples of unknown subjects are independent; samples of a subject that are all correct or all wrong are not."""
    subject = np.arange(400) // (400 // n_units) if known else np.full(400, None)
    scores = hog.scores.replace(classes=("a", "b", "absent"))
    (low, high), _, absent = recall_intervals(scores, predictions_of(subject))
    n = n_units if known else 200
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(0.75 * 0.25 / n), rel=0.12)
    assert np.isnan(absent).all()
