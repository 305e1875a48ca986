"""A landmarker is adapted to images without landmarks by its own consistent fits."""

import re

import numpy as np
import pytest

from fer_features import FerError
from fer_features.faces import default_landmarker
from fer_features.faces.cascade_training import TrainingFaces, train_cascade
from fer_features.faces.landmark_adaptation import (
    MIN_ADAPTATION_FACES,
    adapt_landmarker,
    consistent_faces,
    with_perturbed_copies,
)
from fer_features.faces.landmark_augmentation import rotate_face
from fer_features.faces.landmark_evaluation import normalized_mean_error


@pytest.fixture(scope="module")
def photos(portrait_photos):
    """Rendered photographs, two of each portrait."""
    return portrait_photos


@pytest.fixture(scope="module")
def small_landmarker(photos, shared_by_processes):
    """A landmarker with few components, whose adaptation takes little time."""
    faces = TrainingFaces(
        [photo.image for photo in photos],
        np.array([photo.landmarks for photo in photos]),
        np.array([photo.box for photo in photos]),
        np.arange(len(photos)) // 2,
    )
    return shared_by_processes(
        "landmarker to adapt", lambda: train_cascade(faces, cell_sizes=(10, 8), n_components=8, n_folds=3)
    )


def test_adaptation_fits_rotated_faces_better(photos, small_landmarker):
    images, boxes = [photo.image for photo in photos], np.array([photo.box for photo in photos])
    reports = []
    adapted, info = adapt_landmarker(
        small_landmarker, images, boxes, max_disagreement=0.15, alphas=(1.0,), report=reports.append
    )
    assert all(re.fullmatch(r"held-out faces: median error [\d.]+% .*, [\d.]+% above 10 %", line) for line in reports)
    assert len(reports) == len(small_landmarker.stages) + 1
    assert MIN_ADAPTATION_FACES <= info.n_consistent <= info.n_faces == len(photos)
    assert 0 < info.disagreement < 0.15
    for degrees in (-25, 25):
        rotated = [(*rotate_face(photo.image, photo.landmarks, photo.box, degrees), photo.box) for photo in photos[::2]]
        truth = np.array([landmarks for _, landmarks, _ in rotated])
        before, after = (
            np.median(normalized_mean_error(np.array([one.fit_box(image, box)[0] for image, _, box in rotated]), truth))
            for one in (small_landmarker, adapted)
        )
        assert after < 0.95 * before


def test_images_without_faces_are_not_used(photos):
    photo = max(photos, key=lambda one: default_landmarker().detect_landmarks(one.image, one.box[None])[1][0])
    noise = np.random.default_rng(0).integers(0, 256, photo.image.shape, np.uint8)
    images, boxes = [photo.image, noise, photo.image[::-1].copy()], np.tile(photo.box, (3, 1))
    faces, disagreement = consistent_faces(default_landmarker(), images, boxes, np.array([7, 8, 9]), 0.1)
    assert faces.groups.tolist() == [7]
    assert disagreement.shape == (1,)
    with pytest.raises(FerError, match="consistent on 1 of 3 faces: at least 50 are needed"):
        adapt_landmarker(default_landmarker(), images, boxes, max_disagreement=0.1)


def test_perturbed_copies_have_moved_landmarks(photos):
    faces, _ = consistent_faces(
        default_landmarker(), [photos[0].image], photos[0].box[None], np.zeros(1, int), max_disagreement=np.inf
    )
    both = with_perturbed_copies(faces, np.random.default_rng(1))
    assert len(both) == 2
    np.testing.assert_array_equal(both.images[0], faces.images[0])
    distances = [np.linalg.norm(points[:, None] - points, axis=-1) for points in both.landmarks]
    np.testing.assert_allclose(distances[0], distances[1], atol=1e-6)
    assert np.abs(both.landmarks[0] - both.landmarks[1]).max() > 0.5
