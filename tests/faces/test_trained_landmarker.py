"""A landmarker trained on rendered faces: accuracy on held-out subjects, tracking, confidence, and invalid input."""

import pickle
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import skimage.data
from sklearn.metrics import roc_auc_score

from fer_features.exceptions import FerError
from fer_features.faces import MIN_CONFIDENCE
from fer_features.faces.landmark_evaluation import normalized_mean_error
from fer_features.vision.geometry import apply_affine


@pytest.fixture(scope="module")
def held_out(landmarker, frames, boxes, is_test):
    """Frames of held-out subjects, their true landmarks, boxes, and the detected landmarks with confidences."""
    indices = np.flatnonzero(is_test & np.isfinite(boxes).all(1))
    found = [landmarker.detect_landmarks(frames.images[i], boxes[i : i + 1]) for i in indices]
    points, confidence = (np.concatenate(column) for column in zip(*found, strict=True))
    return SimpleNamespace(
        images=[frames.images[i] for i in indices],
        truth=frames.landmarks[indices],
        boxes=boxes[indices],
        points=points,
        confidence=confidence,
    )


def test_landmarks_of_held_out_subjects_are_accurate(held_out):
    assert len(held_out.images) > 10
    assert held_out.points.shape == held_out.truth.shape
    assert held_out.points.dtype == np.float32
    assert held_out.confidence.dtype == np.float32
    assert normalized_mean_error(held_out.points, held_out.truth).mean() < 0.05
    assert (held_out.confidence >= MIN_CONFIDENCE).mean() > 0.9
    assert ((held_out.confidence >= 0) & (held_out.confidence <= 1)).all()


def test_landmarks_move_and_scale_with_the_image(landmarker, held_out):
    image, box, expected = held_out.images[0], held_out.boxes[:1], held_out.points[:1]
    moved = np.pad(image, ((30, 0), (50, 0)), mode="edge")
    points, _ = landmarker.detect_landmarks(moved, box + [50, 30, 0, 0])
    assert normalized_mean_error(points - [50, 30], expected)[0] < 0.02
    enlarged = cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    points, _ = landmarker.detect_landmarks(enlarged, 2 * box + [0.5, 0.5, 0, 0])
    assert normalized_mean_error((points + 0.5) / 2 - 0.5, expected)[0] < 0.02


def test_landmarks_depend_little_on_the_box(landmarker, held_out):
    errors = []
    for image, box, points in list(zip(held_out.images, held_out.boxes, held_out.points, strict=True))[:10]:
        displaced = np.array([box + [0.04 * box[2], -0.03 * box[2], 0, 0], box * [1, 1, 1.05, 1.05]])
        found, _ = landmarker.detect_landmarks(image, displaced)
        errors.append(normalized_mean_error(found, points))
    # The boxes are displaced by 8 % of the eye distance.
    assert np.median(errors) < 0.03


@pytest.mark.parametrize(("displacement", "bound"), [(0.0, 0.05), (0.05, 0.06)])
def test_tracking_from_the_truth_or_from_nearby_is_accurate(landmarker, held_out, displacement, bound):
    errors = []
    for image, truth in zip(held_out.images, held_out.truth, strict=True):
        step = displacement * np.ptp(truth[:, 0])
        points, _ = landmarker.track(image, truth[None] + [step, step])
        errors.append(normalized_mean_error(points, truth[None])[0])
    assert np.mean(errors) < bound


@pytest.mark.parametrize("speed", [0, 1])
def test_tracking_does_not_drift(landmarker, held_out, speed):
    """The errors of 200 frames with noise, of a face that is at rest or moves, do not increase."""
    rng = np.random.default_rng(0)
    image, truth, points = held_out.images[0], held_out.truth[:1], held_out.points[:1]
    errors, confidences = [], []
    for t in range(200):
        shift, roll, growth = speed * np.sin([t / 11, t / 17, t / 23]) * [12, 10, 0.15]
        matrix = cv2.getRotationMatrix2D(tuple(map(float, truth[0].mean(0))), roll, 1 + growth)
        matrix[:, 2] += shift + rng.normal(0, 0.2, 2)
        frame = cv2.warpAffine(image, matrix, image.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        frame = np.clip(frame + rng.normal(0, 3, frame.shape), 0, 255).astype(np.uint8)
        points, confidence = landmarker.track(frame, points)
        errors.append(normalized_mean_error(points, apply_affine(matrix, truth))[0])
        confidences.append(confidence[0])
    assert np.mean(errors[-50:]) < np.mean(errors[:50]) + 0.005
    # The error of a lost face is 0.2 and more.
    assert max(errors) < normalized_mean_error(held_out.points[:1], truth)[0] + 0.05
    assert min(confidences) >= MIN_CONFIDENCE


def test_confidence_separates_faces_from_textures(landmarker, held_out):
    rng = np.random.default_rng(0)
    textures = []
    for name in ("brick", "grass", "gravel", "coins", "text", "page"):
        image = getattr(skimage.data, name)()
        width = rng.uniform(40, 120, 8)
        limit = np.array(image.shape[::-1]) - width[:, None]
        boxes = np.column_stack([rng.random((8, 2)) * limit, width, width])
        textures.append(landmarker.detect_landmarks(image, boxes)[1])
    textures, faces = np.concatenate(textures), held_out.confidence
    is_face = np.r_[np.ones(len(faces)), np.zeros(len(textures))]
    assert roc_auc_score(is_face, np.r_[faces, textures]) > 0.97


def test_face_that_disappears_is_lost(landmarker, held_out):
    flat = np.full_like(held_out.images[0], 128)
    assert landmarker.track(flat, held_out.truth[:1])[1][0] < MIN_CONFIDENCE


@pytest.mark.parametrize(
    "box", [(-500, -500, 50, 50), (0, 0, 0.01, 0.01), (-1e4, -1e4, 3e4, 3e4), (1e7, 1e7, 9, 9), (140, 100, 60, 60)]
)
def test_any_box_gives_finite_points(landmarker, held_out, box):
    points, confidence = landmarker.detect_landmarks(held_out.images[0], np.array([box]))
    assert points.shape == (1, 68, 2)
    assert np.isfinite(points).all()
    assert 0 <= confidence[0] <= 1


def test_no_boxes_give_no_points(landmarker, held_out):
    points, confidence = landmarker.detect_landmarks(held_out.images[0], np.empty((0, 4)))
    assert points.shape == (0, 68, 2)
    assert confidence.shape == (0,)


def test_lost_points_remain_lost(landmarker, held_out):
    _, confidence = landmarker.track(held_out.images[0], np.full((1, 68, 2), np.nan))
    assert confidence.tolist() == [0]
    with pytest.raises(FerError, match="68"):
        landmarker.track(held_out.images[0], np.zeros((5, 2)))


def test_faces_of_one_image_are_independent(landmarker, held_out):
    box = held_out.boxes[:1]
    points, confidence = landmarker.detect_landmarks(held_out.images[0], np.vstack([box, box + 9, box]))
    assert np.array_equal(points[0], held_out.points[0])
    assert np.array_equal(points[0], points[2])
    assert confidence[0] == confidence[2] == held_out.confidence[0]


def test_pickled_landmarker_gives_the_same_landmarks(landmarker, held_out):
    restored = pickle.loads(pickle.dumps(landmarker))
    points, _ = restored.detect_landmarks(held_out.images[0], held_out.boxes[:1])
    assert np.array_equal(points, held_out.points[:1])
