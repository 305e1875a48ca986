"""Tests of images of faces: contrast, heat maps in the right cells, and circles at the landmarks."""

import numpy as np
import pytest

from fer_features.explain.locations import FeatureLocations
from fer_features.plotting.faces import MeanFace
from fer_features.plotting.overlays import (
    BACKGROUND,
    MARGIN_PX,
    WIDTH_PX,
    blend_heatmap,
    draw_circles,
    draw_contours,
    render_face,
)
from fer_features.vision.geometry import MEAN_FACE


def redness(image):
    return image[..., 2].astype(int) - image[..., 0]


def test_a_face_is_rendered_with_its_contrast_limits_as_black_and_white():
    image = render_face(MeanFace(np.repeat([[60.0], [100.0]], 10, 0).repeat(20, 1), None), (60.0, 100.0))
    assert image.shape == (WIDTH_PX, WIDTH_PX, 3)
    assert image.min() == 0
    assert image.max() == 255


@pytest.mark.parametrize(("row", "column"), [(0, 0), (1, 2), (2, 3)])
def test_a_heat_map_colours_its_cell_only(row, column):
    image = np.full((30, 40, 3), 128, np.uint8)
    heat = np.zeros((3, 4))
    heat[row, column] = 1
    blended = blend_heatmap(image, heat)
    changed = (blended != image).any(-1)
    expected = np.zeros((30, 40), bool)
    expected[10 * row : 10 * row + 10, 10 * column : 10 * column + 10] = True
    np.testing.assert_array_equal(changed, expected)
    assert (redness(blended)[expected] > 50).all()


@pytest.mark.parametrize("with_image", [True, False])
def test_circles_are_at_the_landmarks_and_larger_for_larger_values(with_image):
    points = MEAN_FACE * 20 + 50
    face = MeanFace(np.full((100, 100), 200.0) if with_image else None, points)
    locations = FeatureLocations(np.eye(2), np.zeros((0, 4)), (((30,), (0.0, 0.0)), ((8,), (0.0, 0.0))))
    image = draw_circles(render_face(face), face, locations, np.array([1.0, 0.1]))
    if with_image:
        positions = (points[[30, 8]] + 0.5) * WIDTH_PX / 100 + MARGIN_PX
    else:
        low, high = points.min(0), points.max(0)
        positions = (points[[30, 8]] - low) * WIDTH_PX / (high - low)[0] + MARGIN_PX
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    areas = []
    for a, b in positions:
        near = np.hypot(x - a, y - b) < 15
        coloured = near & (redness(image) > 40)
        areas.append(coloured.sum())
        assert np.hypot(x[coloured].mean() - a, y[coloured].mean() - b) < 1.5
    assert areas[0] > 3 * areas[1] > 0


def test_contours_fill_the_image_and_the_last_shape_is_the_darkest():
    corners = MEAN_FACE.min(0), MEAN_FACE.max(0)
    first, last = draw_contours([MEAN_FACE], corners), draw_contours([MEAN_FACE + 0.3, MEAN_FACE], corners)
    assert first.shape[1] == WIDTH_PX
    y, x = np.nonzero((first < BACKGROUND - 20).any(-1))
    assert (x.min(), y.min()) <= (2, 2)
    assert x.max() >= WIDTH_PX - 3
    # The first of two shapes is lighter than the last.
    extra = (last != first).any(-1) & (first == BACKGROUND).all(-1)
    assert extra.any()
    assert np.median(last[extra]) > last.min()
