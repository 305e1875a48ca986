"""Tests of the image of a confusion matrix."""

import cv2
import numpy as np
import pytest

from fer_features import DataInfo, Samples, evaluate
from fer_features.plotting.confusion_matrix import draw_confusion_matrix


@pytest.fixture(scope="module")
def scores():
    rng = np.random.default_rng(0)
    landmarks, label = rng.normal(0, 1, (24, 2, 68, 2)) * 20 + 100, np.arange(24) % 3
    info = DataInfo(classes=("joy", "fear", "anger"))
    X = Samples.from_arrays(landmarks=landmarks, label=label, subject=np.arange(24) // 6, info=info)
    return evaluate("landmarks_lda", X, 2, name="a").scores


def test_correct_predictions_are_dark_and_equal_scores_give_equal_files(scores, tmp_path):
    counts = tuple(tuple(8 * int(i == j) for j in range(3)) for i in range(3))
    perfect = scores.replace(metrics=type(scores.metrics)(**{**vars(scores.metrics), "confusion": counts}))
    for name in "ab":
        draw_confusion_matrix(perfect, tmp_path / f"{name}.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    image = cv2.imread(str(tmp_path / "a.png"))
    # Cells of a diagonal matrix: dark blue (8, 48, 107 in RGB) in a third of the plot.
    dark = (np.abs(image.astype(int) - (107, 48, 8)).max(-1) < 5).any(1)
    assert dark.sum() > 0.5 * len(image)
    assert min(image.shape[:2]) > 300
