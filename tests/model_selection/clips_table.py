"""Data and helpers of the tests of the search."""

import json

import numpy as np

from fer_features import Samples
from fer_features._serialization import to_jsonable

from ..conftest import draw_clips

GRID = {"features__hog__orientations": [4, 9], "classifier__C": [0.01, 10], "classifier__gamma": [0.1, 1.0]}


def clips_table(n_subjects=6, seed=3, **columns):
    """Clips whose landmarks are so noisy that candidates differ."""
    images, landmarks, label, subject = draw_clips(n_subjects=n_subjects, seed=seed)
    landmarks = landmarks + np.random.default_rng(seed).normal(0, 2.0, landmarks.shape)
    return Samples.from_arrays(images=images, landmarks=landmarks, label=label, subject=subject, **columns)


def without_times(found):
    """All of a result that must not depend on how the search was run."""
    return (
        found.table.drop(columns="seconds").to_json(),
        json.dumps(to_jsonable(found.summarize())),
        repr(found.best_params),
    )
