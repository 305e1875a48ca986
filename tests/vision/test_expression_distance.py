"""The distance of expressions does not depend on head motion, and is 0 for equal faces."""

import cv2
import numpy as np
import pytest

from fer_features.synthetic import generate
from fer_features.vision.expression_distance import expression_distance, head_motion


@pytest.fixture(scope="module")
def faces():
    """Neutral face and apex of rendered clips of six expressions, (6, 2, 96, 96)."""
    images = generate(n_subjects=1, n_test_subjects=0, n_repeats=1, n_frames=2).images
    return np.array([[cv2.resize(frame[20:140, 5:115], (96, 96)) for frame in clip] for clip in images])


def moved(image, degrees=0.0, zoom=1.0, shift=(0, 0)):
    matrix = cv2.getRotationMatrix2D((48, 48), degrees, zoom)
    matrix[:, 2] += shift
    return cv2.warpAffine(image, matrix, (96, 96), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def test_equal_faces_have_no_distance(faces):
    for neutral, apex in faces:
        assert expression_distance(neutral, neutral) < 0.01
        assert expression_distance(neutral, apex) > 5 * expression_distance(neutral, neutral)


@pytest.mark.parametrize("motion", [{"degrees": 5}, {"zoom": 1.05}, {"shift": (3, -2)}], ids=["roll", "zoom", "shift"])
def test_head_motion_is_smaller_than_an_expression(faces, motion):
    for neutral, apex in faces:
        residual = expression_distance(neutral, moved(neutral, **motion))
        difference = np.abs(neutral.astype(float) - moved(neutral, **motion)).mean() / neutral.std()
        assert residual < 0.5 * difference
        assert expression_distance(neutral, moved(apex, **motion)) > residual


def test_lighting_does_not_matter(faces):
    for neutral, apex in faces:
        darker = np.rint(0.7 * apex + 20).astype(np.uint8)
        assert expression_distance(neutral, darker) == pytest.approx(expression_distance(neutral, apex), rel=0.25)


def test_polynomial_motions_are_recovered_exactly():
    rng = np.random.default_rng(0)
    y, x = np.meshgrid(np.linspace(-1, 1, 50), np.linspace(-1, 1, 40), indexing="ij")
    powers = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1)
    flow = (powers @ rng.normal(size=(6, 2))).astype(np.float32)
    np.testing.assert_allclose(head_motion(flow), flow, atol=1e-4)
    local = flow.copy()
    local[30:40, 10:30] += 2  # an outlier of a fifth of the area
    assert np.abs(head_motion(local) - flow).max() < 0.1


def test_constant_images_have_no_distance():
    grey = np.full((96, 96), 90, np.uint8)
    assert expression_distance(grey, grey) == 0
