"""Temporal smoothing: means over windows, causality, and faces without probabilities."""

import numpy as np
import pytest

from fer_features import FerError
from fer_features.recognition import FacePrediction, FrameResult
from fer_features.recognition.frames import Frame
from fer_features.recognition.smoothing import smooth_results

IMAGE = np.zeros((4, 4), np.uint8)


def label_of(values):
    return ("a" if values[0] >= values[1] else "b"), {"a": float(values[0]), "b": float(values[1])}


def results(values, fps=10):
    """Frames with a face whose probability of 'a' is given; None is a face at rest."""
    for t, value in enumerate(values):
        named = {} if value is None else {"a": value, "b": 1 - value}
        face = FacePrediction(np.float32([0, 0, 4, 4]), None, "a" if named else "", named, 1.0)
        yield FrameResult(Frame(t, t / fps, IMAGE), [face])


def smoothed(values, seconds, causal=False):
    found = list(smooth_results(results(values), seconds, label_of, causal))
    assert [result.frame.index for result in found] == list(range(len(values)))
    return [result.faces[0].probabilities.get("a") for result in found]


def test_centred_windows_are_means_around_the_frame():
    values = np.random.default_rng(0).random(30)
    expected = [values[max(0, t - 2) : t + 3].mean() for t in range(30)]
    np.testing.assert_allclose(smoothed(values, 0.4), expected)


def test_causal_windows_end_at_the_frame_and_need_no_later_one():
    values = np.random.default_rng(0).random(30)
    np.testing.assert_allclose(smoothed(values, 0.4, True), [values[max(0, t - 4) : t + 1].mean() for t in range(30)])
    stream = results(values)
    next(smooth_results(stream, 0.4, label_of, causal=True))
    assert next(stream).frame.index == 1


def test_a_short_error_disappears_and_the_label_follows():
    found = list(smooth_results(results([0.9] * 5 + [0.1] + [0.9] * 5), 0.4, label_of))
    assert {result.faces[0].expression for result in found} == {"a"}


def test_faces_at_rest_are_unchanged_and_do_not_contribute():
    assert smoothed([1.0, None, 0.0], 10) == [0.5, None, 0.5]
    assert smoothed([0.25, 0.5], 0) == [0.25, 0.5]


@pytest.mark.parametrize("seconds", [-1, 11, float("nan")])
def test_other_windows_are_refused(seconds):
    with pytest.raises(FerError, match="smooth="):
        list(smooth_results(results([1.0]), seconds, label_of))
