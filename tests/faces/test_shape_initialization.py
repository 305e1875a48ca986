"""Initial shapes: placement in boxes, initialization from the previous frame, and random displacement."""

import numpy as np

from fer_features.faces.shape_initialization import (
    INNER_POINTS,
    TRACKING_SCALE,
    initialize_from_previous,
    jitter,
    mean_initial_shape,
    place_in_box,
)
from fer_features.vision.geometry import MEAN_FACE, apply_affine, estimate_similarity


def test_mean_initial_shape_recovers_a_fixed_placement():
    boxes = np.array([[10, 20, 100, 100], [300, 40, 50, 50.0]])
    relative = 0.25 * MEAN_FACE + [0.5, 0.3]
    landmarks = np.stack([place_in_box(relative, box) for box in boxes])
    np.testing.assert_allclose(mean_initial_shape(boxes, landmarks, MEAN_FACE), relative, atol=1e-9)


def test_initialization_from_the_previous_frame_keeps_position_and_roll_and_reduces_the_scale():
    matrix = np.array([[40.0, -10.0, 200], [10.0, 40.0, 150]])
    previous = apply_affine(matrix, MEAN_FACE)
    initial = initialize_from_previous(MEAN_FACE, previous)
    np.testing.assert_allclose(initial[INNER_POINTS].mean(0), previous[INNER_POINTS].mean(0))
    np.testing.assert_allclose(estimate_similarity(previous, initial)[:, :2], TRACKING_SCALE * np.eye(2), atol=1e-9)


def test_initialization_ignores_errors_of_the_jaw_and_the_mouth():
    previous = 40 * MEAN_FACE + 200
    wrong = previous.copy()
    wrong[:17] += 30
    wrong[48:] -= 20
    np.testing.assert_allclose(
        initialize_from_previous(MEAN_FACE, wrong), initialize_from_previous(MEAN_FACE, previous)
    )


def test_jitter_is_a_similarity_that_grows_with_the_strength():
    face = 40 * MEAN_FACE + 200
    rng = np.random.default_rng(0)
    displaced = [jitter(face, 100.0, rng, strength) for strength in (0.1, 3.0)]
    for shape in displaced:
        np.testing.assert_allclose(apply_affine(estimate_similarity(face, shape), face), shape, atol=1e-9)
    weak, strong = (np.linalg.norm(shape - face, axis=1).mean() for shape in displaced)
    assert weak < strong
    np.testing.assert_array_equal(
        jitter(face, 100.0, np.random.default_rng(1)), jitter(face, 100.0, np.random.default_rng(1))
    )
