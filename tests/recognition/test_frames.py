"""Temporal subsampling of frames."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_features import FerError
from fer_features.media.video_frames import MAX_RATE
from fer_features.recognition.frames import FrameSampling


def test_rate_after_sampling():
    assert FrameSampling(frame_step=3).sampled_fps(30) == 10
    assert FrameSampling(fps=12).sampled_fps(30) == 12
    assert FrameSampling(fps=50).sampled_fps(30) == 30


def test_selector_uses_index_or_timestamp():
    every_third, five_per_second = FrameSampling(frame_step=3).selector(), FrameSampling(fps=5).selector()
    assert [i for i in range(10) if every_third(i, i / 30)] == [0, 3, 6, 9]
    assert [i for i in range(20) if five_per_second(i, i / 30)] == [0, 6, 12, 18]


@pytest.mark.parametrize("fps", [0, -1.0, 1e308, float("inf"), float("-inf"), float("nan")])
def test_rates_outside_of_the_range_are_refused(fps):
    with pytest.raises(FerError, match="above 0 and up to 10000"):
        FrameSampling(fps=fps)


@given(fps=st.floats(min_value=0, max_value=MAX_RATE, exclude_min=True), timestamp=st.floats(0, 1e7))
def test_any_valid_rate_selects_frames(fps, timestamp):
    assert FrameSampling(fps=fps).selector()(0, timestamp)


@pytest.mark.parametrize("params", [{"frame_step": 0}, {"frame_step": 2, "fps": 5}])
def test_invalid_values_are_refused(params):
    with pytest.raises(FerError):
        FrameSampling(**params)
