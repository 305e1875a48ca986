"""Registration: tables of depths and points, number of frames, and validation of the arguments."""

import numpy as np
import pytest

from fer_features.vision.geometry import MEAN_FACE, MIRROR_INDICES
from fer_features.vision.registration import (
    MEAN_FACE_DEPTH,
    REGISTRATION_POINTS,
    register_all_frames,
    register_landmarks,
)

CLIPS = 60 * (MEAN_FACE + np.random.default_rng(0).normal(0, 0.02, (3, 4, 68, 2))) + 100


def test_tables_are_symmetric():
    np.testing.assert_array_equal(MEAN_FACE_DEPTH, MEAN_FACE_DEPTH[MIRROR_INDICES])
    np.testing.assert_allclose(MEAN_FACE, MEAN_FACE[MIRROR_INDICES] * [-1, 1])
    for points in REGISTRATION_POINTS.values():
        assert set(MIRROR_INDICES[points]) == set(points)


@pytest.mark.parametrize(("n_apex_frames", "expected"), [(1, 2), (2, 3), (9, 4)])
def test_number_of_frames_is_limited_to_the_clip(n_apex_frames, expected):
    registered = register_landmarks(CLIPS, n_apex_frames=n_apex_frames)
    assert registered.shape == (3, expected, 68, 2)
    np.testing.assert_allclose(registered[:, -1], register_landmarks(CLIPS)[:, -1])


def test_missing_ends_are_repeated_only_if_all_frames_are_registered():
    gap = CLIPS.copy()
    gap[1, 0] = np.nan
    assert np.isnan(register_landmarks(gap)[1]).all()
    filled = register_all_frames(gap, "pose", "upper")
    assert filled.shape == CLIPS.shape
    np.testing.assert_allclose(filled[1, 0], filled[1, 1], atol=1e-9)
    np.testing.assert_allclose(filled[[0, 2]], register_landmarks(CLIPS, n_apex_frames=3)[[0, 2]])


@pytest.mark.parametrize("shape", [(3, 68, 2), (3, 1, 68, 2), (3, 4, 478, 3)])
@pytest.mark.parametrize("function", [register_landmarks, lambda x: register_all_frames(x, "pose", "upper")])
def test_other_shapes_raise(shape, function):
    with pytest.raises(ValueError, match="landmarks must be"):
        function(np.zeros(shape))


def test_unknown_options_raise_and_list_the_known_ones():
    with pytest.raises(ValueError, match="unknown registration 'rigid': choose from similarity, affine"):
        register_landmarks(CLIPS, "rigid")
    with pytest.raises(ValueError, match="unknown registration_points 'pose': choose from all"):
        register_landmarks(CLIPS, registration_points="pose")
    with pytest.raises(ValueError, match="at least 1 frame"):
        register_landmarks(CLIPS, n_apex_frames=0)
