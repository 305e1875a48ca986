"""Times and memory are measured and not made up."""

import time

import numpy as np

from fer_features import Samples, make_pipeline
from fer_features.evaluation.profiling import Clock, peak_mb, seconds_a_row

from ..conftest import draw_clips


def test_laps_add_up():
    clock = Clock()
    time.sleep(0.02)
    clock.lap("a")
    time.sleep(0.01)
    clock.lap("b")
    clock.lap("a")
    assert 0.02 <= clock.seconds["a"] < 1
    assert 0.01 <= clock.seconds["b"] < 1
    assert sum(clock.seconds.values()) <= time.perf_counter() - clock.start + 0.002


def test_a_row_takes_time_and_known_features_do_not_hide_it():
    images, landmarks, label, subject = draw_clips()
    X = Samples.from_arrays(images, landmarks, label, subject)
    model = make_pipeline("hog_landmarks_svm").fit(X, label)
    described = X.store.described
    assert 1e-5 < seconds_a_row(model, X) < 1
    assert X.store.described == described


def test_memory_does_not_fall():
    before = peak_mb()
    held = np.ones(int(64e6 / 8))
    assert peak_mb() >= before > 30
    assert held[0] == 1
