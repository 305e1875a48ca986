"""Tests of the plots of descriptors: required columns, and arrows that are the displacement."""

import numpy as np
import pytest

from fer_features import FerError, Samples
from fer_features.plotting.descriptors import plot_descriptor


def test_landmarks_are_plotted_without_images(clips):
    X = Samples.from_arrays(landmarks=clips[1][:1])
    assert len(plot_descriptor("landmarks", X).axes) == 1
    with pytest.raises(FerError, match="'images'"):
        plot_descriptor("hog", X)


def test_arrows_are_the_displacement(clips):
    neutral = clips[1][:1, 0].astype(float)
    apex = neutral.copy()
    apex[:, 57, 1] += 9  # the lower lip moves down
    figure = plot_descriptor("landmarks", Samples.from_arrays(landmarks=np.stack([neutral, apex], 1)))
    (quiver,) = [c for c in figure.axes[0].collections if hasattr(c, "U")]
    assert quiver.V[57] == pytest.approx(9, abs=0.5)
    assert np.abs(np.delete(np.stack([quiver.U, quiver.V]), 57, axis=1)).max() < 0.5
