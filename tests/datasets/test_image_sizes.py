"""A common size of still images: uniform sets keep theirs, mixed ones are cropped at the centre without distortion."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.datasets.image_sizes import common_size, has_aspect_ratio, resize_to

SHAPES = st.lists(st.tuples(st.integers(5, 60), st.integers(5, 60)), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([(48, 48)], (48, 48, False)),
        ([(48, 48)] * 9 + [(60, 40)], (48, 48, False)),
        ([(48, 48)] * 8 + [(60, 40)], (48, 48, True)),
        ([(96, 96)] * 3 + [(48, 48)] * 2, (96, 96, False)),
        ([(60, 40), (30, 20), (90, 60)], (60, 40, False)),
        ([(40, 40), (50, 40), (60, 40)], (50, 40, True)),
    ],
)
def test_size_of_uniform_and_mixed_sets(shapes, expected):
    assert common_size(shapes) == expected


@given(SHAPES)
@settings(max_examples=50, deadline=None)
def test_every_image_gets_the_common_size_and_uniform_images_are_unchanged(shapes):
    height, width, is_mixed = common_size(shapes)
    for shape in shapes:
        image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
        resized = resize_to(image, height, width)
        assert resized.shape == (height, width)
        if shape == (height, width):
            assert resized is image
    if not is_mixed:
        assert sum(has_aspect_ratio(shape, (height, width)) for shape in shapes) >= 0.9 * len(shapes)


@pytest.mark.parametrize("shape", [(40, 80), (80, 40), (41, 40), (200, 50)])
def test_images_of_other_aspect_ratios_lose_their_margins_and_are_not_distorted(shape):
    y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
    radius = np.hypot(y - (shape[0] - 1) / 2, x - (shape[1] - 1) / 2)
    disc = np.where(radius < 0.3 * min(shape), 255, 0).astype(np.uint8)
    resized = resize_to(disc, 32, 32) > 127
    assert abs(int(resized.any(0).sum()) - int(resized.any(1).sum())) <= 2
    assert abs(resized.sum() / 32**2 - np.pi * 0.3**2) < 0.05
