"""Boxes: overlap, grouping and non-maximum suppression."""

import numpy as np
import pytest

from fer_features.vision.boxes import (
    group_windows,
    intersection_over_minimum,
    intersection_over_union,
    suppress_overlapping,
)


@pytest.fixture
def windows():
    rng = np.random.default_rng(1)
    corners = rng.uniform(0, 200, (60, 2))
    return np.hstack([corners, np.repeat(rng.uniform(10, 80, (60, 1)), 2, 1)]).astype(np.float32)


def test_suppression_is_idempotent_and_selects_boxes_without_overlap(windows):
    confidence = np.random.default_rng(2).random(len(windows))
    selected = suppress_overlapping(windows, confidence)
    assert 1 < len(selected) < len(windows)
    again = suppress_overlapping(windows[selected], confidence[selected])
    assert np.array_equal(again, np.arange(len(selected)))
    overlaps = intersection_over_minimum(windows[selected], windows[selected])
    assert overlaps[~np.eye(len(selected), dtype=bool)].max() < 0.5
    assert selected[0] == confidence.argmax()


def test_grouping_counts_each_window_once(windows):
    boxes, counts = group_windows(windows)
    assert counts.sum() == len(windows)
    assert len(boxes) == len(counts)
    mean, count = group_windows(np.repeat(windows[:1], 5, axis=0))
    assert np.allclose(mean, windows[:1])
    assert count.tolist() == [5]


def test_no_windows_give_no_boxes():
    boxes, counts = group_windows(np.empty((0, 4), np.float32))
    assert boxes.shape == (0, 4)
    assert counts.shape == (0,)
    assert suppress_overlapping(boxes, counts).shape == (0,)


def test_overlap_of_known_boxes():
    a, b = [[0, 0, 2, 2]], [[1, 0, 2, 2], [0, 0, 1, 1], [5, 5, 1, 1], [0, 0, 2, 2]]
    assert np.allclose(intersection_over_union(a, b), [[1 / 3, 1 / 4, 0, 1]])
    assert np.allclose(intersection_over_minimum(a, b), [[1 / 2, 1, 0, 1]])
