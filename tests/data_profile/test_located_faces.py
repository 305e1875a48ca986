"""Located faces of a profile: those that a pipeline locates, of a few samples however many there are."""

import numpy as np

from fer_features import Samples, inspect_data
from fer_features.data_profile.located_faces import N_LOCATED_SAMPLES, locate_some_faces
from fer_features.extractors.locate_faces import LocateFaces


def test_landmarks_are_those_of_the_pipeline_step(photographs):
    images = [np.asarray(image) for image in photographs][:3]
    X = Samples.from_arrays(images=[image[None] for image in images], label=[0, 1, 2])
    found = locate_some_faces(X)
    expected = LocateFaces(found.method).transform(X)["landmarks"][:, -1]
    np.testing.assert_array_equal(found.landmarks, expected)
    assert f"landmarks in {found.n_found} of {len(images)} samples" in str(inspect_data(X))


def test_given_landmarks_are_shown_and_few_samples_are_searched(clips):
    images, landmarks, label, _ = clips
    X = Samples.from_arrays(images=images, landmarks=landmarks, label=label)
    found = locate_some_faces(X)
    assert found.method == "given"
    assert len(found.indices) == min(len(X), N_LOCATED_SAMPLES)
    np.testing.assert_array_equal(found.landmarks, X["landmarks"][found.indices, -1])


def test_data_without_images_or_faces():
    assert locate_some_faces(Samples.from_arrays(label=[0, 1])) is None
    blank = Samples.from_arrays(images=np.full((2, 64, 64), 9, np.uint8), label=[0, 1])
    assert locate_some_faces(blank).n_found <= 2
