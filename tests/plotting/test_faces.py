"""Tests of mean faces: means of images and landmarks, and limits of contrast."""

import numpy as np
import pytest

from fer_features import Samples, make_pipeline
from fer_features.plotting.faces import BATCH_SIZE, MeanFace, class_mean_faces, contrast_limits, mean_face
from fer_features.vision.geometry import MEAN_FACE


def test_mean_of_images_of_several_batches():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2 * BATCH_SIZE + 3, 2, 6, 5), np.uint8)
    face = mean_face(Samples.from_arrays(images=images), -1)
    np.testing.assert_allclose(face.image, images[:, -1].mean(0))
    assert face.landmarks is None


def test_landmarks_with_images_are_in_pixels_and_missing_ones_are_ignored(clips):
    landmarks = clips[1].astype(float)
    landmarks[3] = np.nan
    face = mean_face(Samples.from_arrays(images=clips[0], landmarks=landmarks), 0)
    np.testing.assert_allclose(face.landmarks, np.delete(landmarks[:, 0], 3, 0).mean(0))


def test_landmarks_without_images_are_registered():
    rng = np.random.default_rng(0)
    scale, offset = rng.uniform(20, 90, (8, 1, 1, 1)), rng.uniform(0, 500, (8, 1, 1, 2))
    X = Samples.from_arrays(landmarks=np.stack([MEAN_FACE] * 2) * scale + offset)
    face = mean_face(X, 0)
    assert face.image is None
    np.testing.assert_allclose(face.landmarks, MEAN_FACE, atol=1e-3)


def test_means_of_classes_are_of_aligned_faces_and_the_neutral_mean_is_common(clips):
    images, landmarks, label, _ = clips
    X = Samples.from_arrays(images=images, landmarks=landmarks, label=label)
    model = make_pipeline("hog_svm", align__size=32)
    faces = class_mean_faces(model, X, np.arange(3))
    aligned = model.named_steps["align"].transform(X)
    for code, face in enumerate(faces):
        np.testing.assert_allclose(face.image, aligned.frame("images", -1)[label == code].mean(0))
    neutral = class_mean_faces(model, X, np.arange(3), neutral=True)
    np.testing.assert_allclose(neutral[0].image, aligned.frame("images", 0).mean(0))
    assert neutral[0] is neutral[2]


@pytest.mark.parametrize(
    ("faces", "limits"),
    [
        ([MeanFace(None, MEAN_FACE)], (0, 255)),
        ([MeanFace(np.full((4, 4), 80.0), None)], (80, 81)),  # not an empty range
        ([MeanFace(np.full((4, 4), 50.0), None), MeanFace(np.full((4, 4), 90.0), None)], (50, 90)),
    ],
)
def test_contrast_limits(faces, limits):
    assert contrast_limits(faces) == pytest.approx(limits)
