"""Measurement of time and memory."""

import subprocess
import sys
import time

import pytest

from fer_features import Samples, make_pipeline
from fer_features.evaluation.profiling import Stopwatch, peak_memory_mb, seconds_per_sample

from ..conftest import draw_clips


def test_laps_of_a_stage_are_added():
    watch = Stopwatch()
    time.sleep(0.02)
    watch.lap("fit")
    time.sleep(0.01)
    watch.lap("predict")
    time.sleep(0.02)
    watch.lap("fit")
    assert 0.04 <= watch.timing.fit < 1
    assert 0.01 <= watch.timing.predict < 1
    assert watch.timing.fit + watch.timing.predict <= watch.total + 0.002
    assert watch.timing.read is None


def test_stored_features_do_not_shorten_the_time_per_sample():
    images, landmarks, label, subject = draw_clips(n_subjects=2)
    X = Samples.from_arrays(images, landmarks, label, subject)
    model = make_pipeline("hog_landmarks_svm", calibration_cv=0).fit(X, label)
    n_computed = X.feature_store.n_computed
    assert 1e-5 < seconds_per_sample(model, X) < 1
    assert X.feature_store.n_computed == n_computed


def test_samples_are_timed_that_need_others_of_their_subject():
    images, landmarks, label, subject = draw_clips(n_subjects=2)
    X = Samples.from_arrays(images, landmarks, label, subject)
    model = make_pipeline("hogdiff_svm", calibration_cv=0, neutral__method="subject").fit(X, label)
    assert 1e-5 < seconds_per_sample(model, X) < 1
    each_once = X.with_columns(subject=[str(i) for i in range(len(X))])
    assert seconds_per_sample(model, each_once) is None


@pytest.mark.skipif(peak_memory_mb() is None, reason="the system does not report it")
@pytest.mark.parametrize("process", ["own", "child"])
def test_peak_memory_is_that_of_the_process_and_of_its_children(process):
    """In a new process, since the peak of this one can be higher already.

    Linux counts the memory of the parent before the new program began, so that the array is larger than that.
    """
    run = "exec(allocate)" if process == "own" else "subprocess.run([sys.executable, '-c', allocate], check=True)"
    code = f"""
import subprocess, sys
from fer_features.evaluation.profiling import peak_memory_mb
before = peak_memory_mb()
allocate = f"import numpy; numpy.ones(int({{before + 200}} * 1e6 / 8))"
{run}
print(before, peak_memory_mb())
"""
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    before, after = map(float, output.split())
    assert before > 30
    assert before + 190 < after < 2 * before + 300
