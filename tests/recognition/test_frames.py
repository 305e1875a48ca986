"""Temporal subsampling of frames."""

import pytest

from fer_features import FerError
from fer_features.recognition.frames import FrameSampling


def test_rate_after_sampling():
    assert FrameSampling(frame_step=3).sampled_fps(30) == 10
    assert FrameSampling(fps=12).sampled_fps(30) == 12
    assert FrameSampling(fps=50).sampled_fps(30) == 30


def test_selector_uses_index_or_timestamp():
    every_third, five_per_second = FrameSampling(frame_step=3).selector(), FrameSampling(fps=5).selector()
    assert [i for i in range(10) if every_third(i, i / 30)] == [0, 3, 6, 9]
    assert [i for i in range(20) if five_per_second(i, i / 30)] == [0, 6, 12, 18]


@pytest.mark.parametrize("params", [{"frame_step": 0}, {"fps": 0}, {"fps": float("nan")}, {"frame_step": 2, "fps": 5}])
def test_invalid_values_are_refused(params):
    with pytest.raises(FerError):
        FrameSampling(**params)
