"""Head pose and openings: known rotations, drawn heads, and the formula of the eye aspect ratio."""

import numpy as np
import pytest

from fer_features.synthetic.portrait_camera import Camera, project_landmarks
from fer_features.synthetic.portrait_depth import make_depth
from fer_features.synthetic.portrait_parameters import sample_parameters
from fer_features.synthetic.portrait_shape import make_shape
from fer_features.vision.geometry import MEAN_FACE
from fer_features.vision.head_pose import eye_aspect_ratio, head_pose, mouth_aspect_ratio
from fer_features.vision.registration import MEAN_HEAD


def rolled(points, degrees):
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return points @ np.array([[c, s], [-s, c]])


def test_pose_of_the_rotated_mean_head_is_exact():
    for yaw, pitch, roll in ((0, 0, 0), (30, 0, 0), (0, -20, 0), (0, 0, 45), (-25, 15, -40)):
        turned = (MEAN_HEAD @ Camera(np.deg2rad(yaw), np.deg2rad(pitch)).rotation.T)[:, :2]
        np.testing.assert_allclose(head_pose(50 * rolled(turned, roll) + [300, 200]), [yaw, pitch, roll], atol=1e-6)


def test_error_on_drawn_heads():
    """The figures of the docstring."""
    rng, errors, poses = np.random.default_rng(1), [], []
    for _ in range(30):
        shape = make_shape(sample_parameters(rng))
        depth, _ = make_depth(shape, rng)
        for _ in range(4):
            yaw, pitch, roll = rng.uniform(-1, 1, 3) * [40, 20, 30]
            camera = Camera(np.deg2rad(yaw), np.deg2rad(pitch), rng.uniform(7, 25))
            landmarks = rolled(project_landmarks(shape.points, depth, camera), roll)
            poses.append([yaw, pitch, roll])
            errors.append(head_pose(80 * landmarks + 200) - poses[-1])
    error = np.abs(errors).mean(0)
    np.testing.assert_allclose(error, [1.5, 3.6, 1.0], atol=0.06)
    for found, true in zip((np.array(poses) + errors).T, np.transpose(poses), strict=True):
        assert np.corrcoef(found, true)[0, 1] > 0.9


def test_pose_of_a_batch_is_that_of_each_face_and_does_not_depend_on_scale():
    rng = np.random.default_rng(1)
    faces = 60 * (MEAN_FACE + rng.normal(0, 0.02, (5, 68, 2))) + 100
    found = head_pose(faces)
    np.testing.assert_allclose(found, [head_pose(3 * face + 7) for face in faces], atol=1e-6)


def test_faces_without_an_area_have_no_pose_and_no_openings():
    flat = np.zeros((68, 2))
    assert not np.isfinite(head_pose(flat)).any()
    assert np.isnan(eye_aspect_ratio(flat))
    assert np.isnan(mouth_aspect_ratio(flat))


def test_eye_aspect_ratio_is_that_of_soukupova_and_cech():
    p = np.random.default_rng(0).normal(0, 1, (68, 2))
    norm = np.linalg.norm
    expected = []
    for a in (36, 42):
        p1, p2, p3, p4, p5, p6 = p[a : a + 6]
        expected.append((norm(p2 - p6) + norm(p3 - p5)) / (2 * norm(p1 - p4)))
    assert eye_aspect_ratio(p) == pytest.approx(np.mean(expected))


def test_openings_follow_lids_and_lips():
    closed = MEAN_FACE.copy()
    closed[[37, 38, 43, 44], 1] = closed[[41, 40, 47, 46], 1]
    assert eye_aspect_ratio(closed) < 0.5 * eye_aspect_ratio(MEAN_FACE)
    opened = MEAN_FACE.copy()
    opened[65:68, 1] += 0.4
    assert mouth_aspect_ratio(opened) > mouth_aspect_ratio(MEAN_FACE) + 0.3
