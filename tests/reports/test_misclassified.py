"""Tests of the most confident errors: their order, their frames, and their text."""

import re

import numpy as np
import pandas as pd
import pytest

from fer_features import Samples, make_pipeline
from fer_features.reports.misclassified import MAX_ERRORS, misclassified_section

from .toy_reports import NAMES


@pytest.fixture(scope="module")
def model(toys):
    return make_pipeline("hog_svm")


def test_the_most_confident_errors_come_first_with_neutral_and_apex_frame(toys, hog, model):
    table = hog.predictions.copy()
    columns = [c for c in table if c.startswith("probability_")]
    errors = [0, 5, 9]
    table["predicted"] = table["true"]
    for k, row in enumerate(errors):
        table.loc[row, columns] = 0.0
        other = (NAMES.index(table.loc[row, "true"]) + 1) % 3
        table.loc[row, columns[other]] = 0.9 - 0.2 * k
        table.loc[row, "predicted"] = NAMES[other]
    section = misclassified_section(table, toys, model)
    assert (section.kind, section.n_errors, section.n_frames) == ("probability", 3, 3)
    assert len(section.cards) == 3
    for k, (row, card) in enumerate(zip(errors, section.cards, strict=True)):
        sample, true, predicted = table.loc[row, ["sample", "true", "predicted"]]
        assert card.lines == (
            f"{true} predicted as {predicted}",
            f"probability {0.9 - 0.2 * k:.2f} ({true} 0.00)",
            f"sample {sample}, subject {table.loc[row, 'subject']}",
            f"id <u>{sample}</u>",
        )
        assert [re.search(r"sample (\d+),.*: (\w+)$", one.alt).groups() for one in card.images] == [
            (str(sample), "neutral"),
            (str(sample), "apex"),
        ]


def test_at_most_some_errors_are_shown_and_each_sample_once(toys, hog, model):
    table = hog.predictions.loc[np.repeat(np.arange(36), 2)]  # as of repeated folds
    section = misclassified_section(table.assign(predicted=np.roll(table["true"], 7)), toys, model)
    samples = [re.search(r"sample (\d+)", card.images[0].alt)[1] for card in section.cards]
    assert len(samples) == len(set(samples)) == MAX_ERRORS < section.n_errors


def test_landmarks_without_images_are_drawn_as_contours(toys, hog):
    X = Samples.from_arrays(
        landmarks=toys["landmarks"], label=toys.label_codes, subject=toys["subject"], info=toys.info
    )
    table = hog.predictions.assign(predicted=np.roll(hog.predictions["true"], 1))
    section = misclassified_section(table, X, make_pipeline("landmarks_svm"))
    assert sum(len(card.images) for card in section.cards) == 2 * MAX_ERRORS


def test_duplicates_of_training_images_are_marked_and_scores_are_differences(small_faces):
    X = Samples.from_arrays(images=small_faces[:2], label=[0, 1])
    predictions = {
        "id": [0, 1],
        "sample": [0, 1],
        "subject": [None, None],
        "true": ["0", "1"],
        "predicted": ["1", "0"],
        "score_0": [-1.0, 0.5],
        "score_1": [1.0, np.nan],  # of a class that the training samples of a fold lack
        "duplicate_in_train": [False, True],
    }
    section = misclassified_section(pd.DataFrame(predictions), X, make_pipeline("hog_svm", align__method="none"))
    assert (section.kind, section.n_frames) == ("score", 1)
    first, second = section.cards
    assert first.lines == ("0 predicted as 1", "score 1.00 (0 -1.00)", "sample 0")
    assert second.lines == ("1 predicted as 0", "score 0.50 (1 0.00)", "sample 1", "identical to a training image")
    assert [one.alt for one in first.images] == ["sample 0, 0 predicted as 1: face"]
