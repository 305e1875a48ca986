"""Tests of the landmarker that ships with the package."""

import time

import cv2
import numpy as np
import pytest
import skimage.data

from fer_features.exceptions import FerError
from fer_features.faces import MIN_CONFIDENCE, FaceDetector, default_landmarker
from fer_features.faces.box_matching import detect_known_faces
from fer_features.faces.landmark_evaluation import normalized_mean_error
from fer_features.faces.landmarker import STARTS, Landmarker, crop_to_box, tracked_box
from fer_features.vision.geometry import MIRROR_INDICES, eye_centres
from fer_features.vision.shape_model import outer_eye_distance

from ..conftest import SHARED

#: Pupils of the astronaut of scikit-image (public domain), noted by hand; its outer eye distance is 65 pixels.
ASTRONAUT_EYES = np.array([[202.5, 100.0], [246.0, 103.0]])


@pytest.fixture(scope="module")
def landmarker():
    return default_landmarker()


@pytest.fixture(scope="module")
def astronaut():
    """The photograph in grey, and the box of its face."""
    image = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2GRAY)
    boxes, _ = FaceDetector(min_face=0.2, faces="largest")(image)
    return image, boxes


def test_eyes_of_the_astronaut(landmarker, astronaut):
    image, boxes = astronaut
    points, confidence = landmarker.detect_landmarks(image, boxes)
    assert confidence[0] >= MIN_CONFIDENCE
    assert np.linalg.norm(eye_centres(points[0].astype(float)) - ASTRONAUT_EYES, axis=1).max() < 0.06 * 65


def test_a_mirrored_image_has_mirrored_landmarks(landmarker, astronaut):
    """The faces of the training set are mirrored; the fitted weights are symmetric up to the folds."""
    image, boxes = astronaut
    points, _ = landmarker.detect_landmarks(image, boxes)
    right = image.shape[1] - 1
    mirrored_boxes = np.array([[right - x - w, y, w, h] for x, y, w, h in boxes])
    mirrored, _ = landmarker.detect_landmarks(np.ascontiguousarray(image[:, ::-1]), mirrored_boxes)
    back = mirrored[:, MIRROR_INDICES] * [-1, 1] + [right, 0]
    assert normalized_mean_error(back, points.astype(float))[0] < 0.03


def test_landmarks_follow_a_moved_image_and_its_size(landmarker, astronaut):
    image, boxes = astronaut
    points, _ = landmarker.detect_landmarks(image, boxes)
    moved, _ = landmarker.detect_landmarks(np.ascontiguousarray(image[20:, 30:]), boxes - [30, 20, 0, 0])
    np.testing.assert_allclose(moved[0], points[0] - [30, 20], atol=0.01)
    large = cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    enlarged, _ = landmarker.detect_landmarks(large, 2 * (boxes + [0.5, 0.5, 0, 0]) - [0.5, 0.5, 0, 0])
    assert normalized_mean_error((enlarged + 0.5) / 2 - 0.5, points.astype(float))[0] < 0.02


def test_a_slightly_displaced_box_gives_nearly_the_same_landmarks(landmarker, astronaut):
    image, boxes = astronaut
    points, _ = landmarker.detect_landmarks(image, boxes)
    side = boxes[0, 2]
    for dx, dy in ((0.05, 0), (-0.05, 0), (0, 0.05), (0, -0.05)):
        other, _ = landmarker.detect_landmarks(image, boxes + np.array([dx, dy, 0, 0]) * side)
        assert normalized_mean_error(other, points.astype(float))[0] < 0.04


def test_tracking_follows_a_moving_face(landmarker, astronaut):
    image, boxes = astronaut
    points, _ = landmarker.detect_landmarks(image, boxes)
    tracked, confidence = landmarker.track(image, points + [6, -4])
    assert normalized_mean_error(tracked, points.astype(float))[0] < 0.05
    assert confidence[0] >= MIN_CONFIDENCE


def test_images_without_a_face_have_a_low_confidence(landmarker):
    rng = np.random.default_rng(0)
    image = cv2.GaussianBlur(rng.integers(0, 256, (200, 200), dtype=np.uint8), (0, 0), 3)
    boxes = np.array([[x, y, 80, 80] for x in (10, 60, 110) for y in (10, 60, 110)])
    assert (landmarker.detect_landmarks(image, boxes)[1] < MIN_CONFIDENCE).mean() > 0.7


def test_a_tilted_face_in_an_upright_box(landmarker, astronaut):
    image, boxes = astronaut
    points, _ = landmarker.detect_landmarks(image, boxes)
    centre = boxes[0, :2] + boxes[0, 2:] / 2
    for degrees in (-35, 35):
        matrix = cv2.getRotationMatrix2D(tuple(centre.tolist()), degrees, 1)
        turned = cv2.warpAffine(image, matrix, image.shape[::-1], flags=cv2.INTER_CUBIC)
        found, confidence = landmarker.detect_landmarks(turned, boxes)
        assert normalized_mean_error(found, points @ matrix[:, :2].T + matrix[:, 2])[0] < 0.08
        assert confidence[0] >= MIN_CONFIDENCE


@pytest.mark.parametrize(("expected_error", "n_starts"), [(0.1, 1), (0.3, len(STARTS))])
def test_further_boxes_are_tried_where_the_expected_error_is_large(landmarker, astronaut, expected_error, n_starts):
    tried = []

    class Counting(Landmarker):
        def first_shape(self, image, box, degrees=0.0):
            tried.append((*box, degrees))
            return super().first_shape(image, box, degrees)

    coefs = np.zeros_like(landmarker.error_coefs)
    coefs[:, -1] = np.log(expected_error)
    one = landmarker
    counting = Counting(one.mean_shape, one.box_weights, one.stages, coefs, one.confidence_coef)
    image, boxes = astronaut
    points, _ = counting.detect_landmarks(image, boxes)
    assert len(set(tried)) == n_starts
    tried.clear()
    counting.track(image, points)
    assert len(tried) == 1


def test_a_far_displaced_box_needs_further_starts(landmarker, astronaut):
    image, boxes = astronaut
    points, _ = landmarker.detect_landmarks(image, boxes)
    errors = np.array(
        [
            [
                normalized_mean_error(landmarker._fit_boxes(image, displaced, starts)[0], points.astype(float))[0]
                for starts in (STARTS[:1], STARTS)
            ]
            for dx, dy in ((0.22, 0), (-0.22, 0), (0, 0.22))
            for displaced in [boxes + boxes[0, 2] * np.array([dx, dy, 0, 0])]
        ]
    )
    assert errors[:, 0].max() > 0.2
    assert errors[:, 1].max() < 0.05


def test_no_boxes_give_no_landmarks(landmarker):
    points, confidence = landmarker.detect_landmarks(np.zeros((50, 50), np.uint8), np.empty((0, 4)))
    assert points.shape == (0, 68, 2)
    assert confidence.shape == (0,)
    assert landmarker.track(np.zeros((50, 50), np.uint8), np.empty((0, 68, 2)))[0].shape == (0, 68, 2)


def test_boxes_beyond_the_image_are_accepted(landmarker):
    image = np.full((40, 40), 100, np.uint8)
    for box in ([-30, -30, 50, 50], [35, 35, 200, 200], [300, 300, 40, 40]):
        assert np.isfinite(landmarker.detect_landmarks(image, np.array([box]))[0]).all()


def test_wrong_inputs_are_refused(landmarker):
    with pytest.raises(FerError):
        landmarker.detect_landmarks(np.zeros((40, 40, 3), np.uint8), np.zeros((1, 4)))
    with pytest.raises(FerError):
        landmarker.detect_landmarks(np.zeros((40, 40), np.uint8), np.zeros((1, 3)))
    with pytest.raises(FerError, match=r"\(k, 68, 2\)"):
        landmarker.track(np.zeros((40, 40), np.uint8), np.zeros((1, 5, 2)))


def test_crop_to_box_maps_points_back():
    """A bright pixel of a large image is found at its place through the reduced crop."""
    image = np.zeros((900, 900), np.uint8)
    image[500:510, 400:410] = 255
    crop, box, factor, offset = crop_to_box(image, np.array([300, 350, 330, 330]))
    assert factor[0] == pytest.approx(3, rel=0.02)
    assert box[2] == pytest.approx(110, rel=0.02)
    at = np.argwhere(crop > 200).mean(0)[::-1]
    np.testing.assert_allclose((at + 0.5) * factor - 0.5 + offset, [404.5, 504.5], atol=1.5)


def test_tracked_box_is_near_the_detected_one(landmarker, astronaut):
    image, boxes = astronaut
    points, _ = landmarker.detect_landmarks(image, boxes)
    box = tracked_box(points[0])
    assert box[2] == pytest.approx(boxes[0, 2], rel=0.25)
    assert np.abs(box[:2] + box[2:] / 2 - boxes[0, :2] - boxes[0, 2:] / 2).max() < 0.15 * boxes[0, 2]


def errors_without_offsets(points, truth):
    displacement = (points - truth) / outer_eye_distance(truth)[:, None, None]
    return np.linalg.norm(displacement - displacement.mean(0), axis=-1).mean(1)


@pytest.mark.slow
def test_errors_on_photographs_of_kdef(landmarker, kdef):
    images, truth = kdef["images"][::5], kdef["landmarks68"][::5].astype(float)
    boxes = detect_known_faces(list(images), truth)
    found = np.isfinite(boxes).all(1)
    assert found.mean() > 0.98
    start = time.process_time()
    points = np.array(
        [
            landmarker.detect_landmarks(image, box[None])[0][0]
            for image, box in zip(images[found], boxes[found], strict=True)
        ]
    )
    seconds = (time.process_time() - start) / len(points)
    raw = normalized_mean_error(points, truth[found])
    assert raw.mean() < 0.045
    assert (raw > 0.1).mean() <= 0.01
    assert errors_without_offsets(points, truth[found]).mean() < 0.033
    assert seconds < 0.02


@pytest.mark.slow
def test_errors_on_crops_of_fer2013(landmarker):
    """The whole crop of 48 pixels as the box; the reference landmarks were found by another program."""
    images, points = (SHARED / "data" / name for name in ("fer2013.npz", "fer2013_landmarks.npz"))
    if not (images.exists() and points.exists()):
        pytest.skip("FER2013 with landmarks is not available; tests on real faces are skipped")
    with np.load(points) as file:
        truth = file["landmarks68"].astype(float)
    with np.load(images) as file:
        rows = np.flatnonzero((file["usage"] == "PublicTest") & np.isfinite(truth).all((1, 2)))[::12]
        crops = file["X"][rows]
    box = np.array([[0, 0, 48, 48]])
    found = [landmarker.detect_landmarks(crop, box) for crop in crops]
    displacement = np.array([points[0] for points, _ in found]) - truth[rows]
    errors = np.linalg.norm(displacement[:, 17:], axis=-1).mean(1) / outer_eye_distance(truth[rows])
    confident = np.array([confidence[0] for _, confidence in found]) >= MIN_CONFIDENCE
    assert np.median(errors) < 0.057
    assert (errors > 0.1).mean() < 0.17
    assert (errors[confident] > 0.1).mean() < 0.6 * (errors[~confident] > 0.1).mean()
