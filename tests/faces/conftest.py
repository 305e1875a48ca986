"""Rendered faces and a small landmarker that the tests of this folder share."""

import numpy as np
import pytest

from fer_features.faces.box_matching import detect_known_faces
from fer_features.faces.cascade_training import train_cascade
from fer_features.faces.landmarker_training import AnnotatedFrames, _training_faces
from fer_features.synthetic import generate

#: Subjects of the training set, and of the test set.
N_TRAIN, N_TEST = 6, 2


@pytest.fixture(scope="session")
def frames():
    """Neutral and apex frame of the six expressions of 8 subjects, 96 images of 150 x 120 pixels."""
    sequences = generate(n_subjects=N_TRAIN + N_TEST, n_test_subjects=0, n_repeats=1, n_frames=2)
    images = list(sequences.images.reshape(-1, *sequences.images.shape[2:]))
    landmarks = sequences.landmarks.reshape(-1, 68, 2).astype(float)
    return AnnotatedFrames(images, landmarks, np.repeat(sequences.subject, 2), grouped=True)


@pytest.fixture(scope="session")
def boxes(frames):
    """The detected box of each frame; NaN where the detector misses the face."""
    return detect_known_faces(frames.images, frames.landmarks)


@pytest.fixture(scope="session")
def is_test(frames):
    return frames.groups >= N_TRAIN


@pytest.fixture(scope="session")
def landmarker(frames, boxes, is_test, shared_by_processes):
    train = np.flatnonzero(~is_test & np.isfinite(boxes).all(1))
    faces = _training_faces(frames.subset(train), boxes[train])
    return shared_by_processes(
        "landmarker", lambda: train_cascade(faces, cell_sizes=(8, 6, 4), n_components=12, n_starts=4)
    )
