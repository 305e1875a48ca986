"""Frames between the neutral face and the apex."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_features import FerError
from fer_features.datasets.frame_selection import FrameChoice, evenly_spaced


@given(st.integers(1, 400), st.integers(2, 60), st.integers(-1, 50))
def test_selection_begins_and_ends_exactly_and_is_even(m, n, first):
    sequence = range(first, first + m)
    chosen = evenly_spaced(sequence, n)
    assert (chosen[0], chosen[-1], len(chosen)) == (sequence[0], sequence[-1], n)
    assert np.abs(chosen - first - np.arange(n) * (m - 1) / (n - 1)).max() <= 0.5
    steps = np.diff(chosen)
    assert steps.min() >= 0
    assert np.ptp(steps) <= 1
    assert len(set(chosen.tolist())) == min(n, m)


@given(st.lists(st.integers(), min_size=1, max_size=30))
def test_a_sequence_of_this_length_is_unchanged_and_one_frame_is_the_last(sequence):
    sequence = [value % 1000 for value in sequence]
    if len(sequence) > 1:
        assert evenly_spaced(sequence, len(sequence)).tolist() == sequence
    assert evenly_spaced(sequence, 1).tolist() == sequence[-1:]


@pytest.mark.parametrize("values", [{"n_frames": 0}, {"n_frames": 10_000}, {"apex": "first"}, {"neutral": "last"}])
def test_other_values_are_refused(values):
    (name,) = values
    with pytest.raises(FerError, match=f"^{name}="):
        FrameChoice(**values)
