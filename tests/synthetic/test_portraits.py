"""Tests of rendered portraits: symmetry, projection, ranges and determinism."""

import dataclasses

import numpy as np
import pytest

from fer_features.synthetic.portrait_camera import Camera, project_canvas, project_landmarks, sample_camera
from fer_features.synthetic.portrait_canvas import HEIGHT, LEFT, TOP, UNIT_PX, WIDTH, to_pixels
from fer_features.synthetic.portrait_depth import depth_at, half_width, make_depth, surface_normals
from fer_features.synthetic.portrait_parameters import ShapeParameters, sample_parameters
from fer_features.synthetic.portrait_shape import make_shape
from fer_features.synthetic.portraits import contact_sheet, render_portrait, sample_photos
from fer_features.vision.geometry import MIRROR_INDICES, eye_centres, interocular_distance


def mirrored(points):
    return points[MIRROR_INDICES] * [-1, 1]


@pytest.fixture(scope="module")
def photos():
    return sample_photos(12, photos_per_portrait=2, seed=5)


@pytest.fixture(scope="module")
def frontal():
    """Shape and depth of the mean face."""
    shape = make_shape(ShapeParameters())
    return shape, make_depth(shape, np.random.default_rng(0))[0]


@pytest.mark.parametrize("seed", range(20))
def test_landmarks_of_mirrored_parameters_are_mirrored(seed):
    parameters = sample_parameters(np.random.default_rng(seed))
    a, b = make_shape(parameters), make_shape(parameters.mirrored())
    np.testing.assert_allclose(b.points, mirrored(a.points), atol=1e-12)
    np.testing.assert_allclose(b.lips, a.lips[:, ::-1] * [-1, 1], atol=1e-12)


def test_the_mean_face_is_symmetric_with_unit_interocular_distance():
    points = make_shape(ShapeParameters()).points
    np.testing.assert_allclose(points, mirrored(points), atol=1e-12)
    assert interocular_distance(points) == pytest.approx(1, abs=0.03)
    np.testing.assert_allclose(eye_centres(points).mean(0), [0, 0], atol=0.02)


@pytest.mark.parametrize(
    ("change", "point", "axis", "sign"),
    [
        ({"brow_inner_lift": (0.2, 0.2)}, 21, 1, -1),
        ({"brow_outer_lift": (0.2, 0.2)}, 18, 1, -1),
        ({"frown": 1.0}, 21, 0, 1),
        ({"corner_lift": (0.2, 0.2)}, 48, 1, -1),
        ({"corner_stretch": (0.1, 0.1)}, 48, 0, -1),
        ({"jaw_drop": 0.5}, 8, 1, 1),
        ({"lower_opening": 0.1}, 66, 1, 1),
        ({"eye_opening": (1.5, 1.5)}, 37, 1, -1),
        ({"nose_width": 1.3}, 31, 0, -1),
        ({"face_width": 1.2}, 2, 0, -1),
    ],
)
def test_parameters_move_their_points(change, point, axis, sign):
    rest = make_shape(ShapeParameters()).points
    moved = make_shape(dataclasses.replace(ShapeParameters(), **change)).points
    assert sign * (moved - rest)[point, axis] > 0.02


def test_points_of_lids_and_lips_are_on_the_outlines():
    for seed in range(10):
        shape = make_shape(sample_parameters(np.random.default_rng(seed)))
        outlines = [(37, shape.lids[0][0]), (41, shape.lids[0][1]), (44, shape.lids[1][0]), (47, shape.lids[1][1])]
        outlines += [(51, shape.lips[0]), (62, shape.lips[1]), (66, shape.lips[2]), (57, shape.lips[3])]
        for point, outline in outlines:
            assert np.linalg.norm(outline - shape.points[point], axis=1).min() < 0.025


def test_closed_lips_touch_and_open_lips_do_not():
    closed = make_shape(ShapeParameters()).points
    assert closed[66, 1] == pytest.approx(closed[62, 1])
    assert np.ptp(make_shape(ShapeParameters(jaw_drop=0.6)).points[[62, 66], 1]) > 0.25


def test_the_head_is_as_wide_as_the_contour(frontal):
    shape, _ = frontal
    for k in (2, 4, 6):
        x, y = shape.points[k]
        assert half_width(shape, margin=0)[0][round((y - TOP) * UNIT_PX)] == pytest.approx(-x, abs=0.03)


def test_the_nose_is_nearest_and_normals_have_unit_length(frontal):
    shape, depth = frontal
    at = depth_at(depth, shape.points)
    assert at[30] == at.max()
    assert at[0] < at[36] < at[39]
    np.testing.assert_allclose(np.linalg.norm(surface_normals(depth), axis=-1), 1, atol=1e-5)


def test_rotation_moves_points_by_projection(frontal):
    """Far from the camera, a rotation by yaw moves a point at x, z to x cos + z sin."""
    _, depth = frontal
    for yaw, pitch in ((0.5, 0.0), (0.0, 0.3)):
        camera = Camera(yaw, pitch, distance=1e6)
        point = np.array([[0.3, 0.2, 0.4]])
        relative = point[0] - [0, 0.45, -0.9]
        projected, z = camera.project(point)
        expected = (
            [relative[0] * np.cos(yaw) + relative[2] * np.sin(yaw), relative[1]]
            if yaw
            else [relative[0], relative[1] * np.cos(pitch) + relative[2] * np.sin(pitch)]
        )
        np.testing.assert_allclose(projected[0], expected + np.array([0, 0.45]), atol=1e-5)
        assert np.isfinite(z).all()
    assert np.isfinite(depth).all()


def test_yaw_moves_the_nose_to_its_side_and_keeps_the_visible_contour(frontal):
    shape, depth = frontal
    front = project_landmarks(shape.points, depth, Camera())
    right = project_landmarks(shape.points, depth, Camera(yaw=np.deg2rad(30)))
    assert right[30, 0] - right[36:48, 0].mean() > 0.1
    # The half that is turned away becomes narrower, and its contour stays outside of the eye.
    assert right[15, 0] - right[27, 0] < front[15, 0] - front[27, 0]
    assert right[14, 0] > right[45, 0]
    down = project_landmarks(shape.points, depth, Camera(pitch=np.deg2rad(20)))
    assert down[30, 1] - down[27, 1] > front[30, 1] - front[27, 1]


def test_a_frontal_projection_far_away_is_the_canvas(frontal):
    _, depth = frontal
    layers = np.random.default_rng(0).random((HEIGHT, WIDTH, 1)).astype(np.float32)
    np.testing.assert_array_equal(project_canvas(layers, depth, Camera(distance=1e9)), layers)


def test_projected_spots_are_at_the_projected_landmarks(frontal):
    """A bright pixel at a landmark of the canvas is where `project_landmarks` says, up to the contour rule."""
    shape, depth = frontal
    camera = Camera(np.deg2rad(20), np.deg2rad(-8), 15)
    landmarks = to_pixels(project_landmarks(shape.points, depth, camera))
    for i in (21, 30, 36, 48, 57):
        layers = np.zeros((HEIGHT, WIDTH, 1), np.float32)
        x, y = np.rint(to_pixels(shape.points[i])).astype(int)
        layers[y - 1 : y + 2, x - 1 : x + 2] = 1
        seen = np.argwhere(project_canvas(layers, depth, camera)[..., 0] > 0.5)[:, ::-1]
        assert np.linalg.norm(seen.mean(0) - landmarks[i]) < 2


def test_poses_cover_the_documented_range():
    cameras = [sample_camera(np.random.default_rng(i)) for i in range(500)]
    yaw = np.rad2deg([camera.yaw for camera in cameras])
    pitch = np.rad2deg([camera.pitch for camera in cameras])
    assert yaw.min() < -40
    assert yaw.max() > 40
    assert np.abs(yaw).max() <= 65.1
    assert 18 < np.abs(pitch).max() <= 28.1


def test_photos_depend_on_the_seed_only(photos):
    again = sample_photos(2, photos_per_portrait=2, seed=5)
    for a, b in zip(again, photos, strict=False):
        np.testing.assert_array_equal(a.image, b.image)
        np.testing.assert_array_equal(a.landmarks, b.landmarks)
    assert sample_photos(1, 1, seed=6)[0].image.shape != photos[0].image.shape or not np.array_equal(
        sample_photos(1, 1, seed=6)[0].image, photos[0].image
    )


def test_photos_are_grey_images_with_faces_in_their_boxes(photos):
    for photo in photos:
        assert photo.image.dtype == np.uint8
        assert photo.image.ndim == 2
        assert np.ptp(photo.image) > 20
        eyes = (photo.landmarks[36:48].mean(0) - photo.box[:2]) / photo.box[2:]
        assert (np.abs(eyes - [0.485, 0.37]) < 0.3).all()


def test_portraits_differ_in_identity():
    images = [render_portrait(np.random.default_rng(i), ShapeParameters(), Camera()).image for i in range(3)]
    assert all(np.abs(images[0] - other).mean() > 0.02 for other in images[1:])


def test_contact_sheet_has_a_tile_per_photo(photos):
    sheet = contact_sheet(photos[:5], n_columns=3, side=50)
    assert sheet.shape == (100, 150)
    assert sheet[50:, 100:].max() == 0
    assert (contact_sheet(photos[:1], 1, 100, landmarks=True) == 255).sum() > 60


def test_canvas_pixels_are_relative_to_its_corner():
    np.testing.assert_allclose(to_pixels([[LEFT, TOP], [LEFT + 1, TOP]]), [[0, 0], [UNIT_PX, 0]])
