"""The neutral reference of a face track, in constant memory."""

import numpy as np

from fer_features.recognition.face_view import face_distance, normalized_face
from fer_features.recognition.neutral_reference import N_MEDIAN_FACES, OnlineNeutralReference

from .scenes import view_of


def update_all(reference, openings):
    for opening in openings:
        view = view_of(opening)
        reference.update(view, normalized_face(view))
    return reference


def test_first_uses_the_first_view():
    first = view_of(0.3)
    reference = OnlineNeutralReference("first")
    reference.update(first, normalized_face(first))
    assert update_all(reference, [0, 0, 0.1]).view is first


def test_median_finds_a_neutral_view_in_a_stream_that_starts_with_an_expression():
    rng = np.random.default_rng(0)
    openings = np.where(rng.random(300) < 0.3, rng.uniform(0.3, 0.8, 300), rng.normal(0, 0.01, 300))
    reference = update_all(OnlineNeutralReference("median"), [0.7, 0.7, *openings])
    assert face_distance(reference.normalized, normalized_face(view_of())) < 0.005


def test_number_of_stored_faces_is_bounded():
    reference = OnlineNeutralReference("median")
    for n in (100, 400, 900):
        update_all(reference, np.linspace(0, 0.1, n))
        assert N_MEDIAN_FACES <= reference.n_stored < 2 * N_MEDIAN_FACES


def test_given_view_and_none_are_fixed():
    given = view_of(0.2)
    assert update_all(OnlineNeutralReference("none", given), [0, 0]).view is given
    assert update_all(OnlineNeutralReference("none"), [0, 0]).view is None
    assert not OnlineNeutralReference("none").is_used
    assert OnlineNeutralReference("none", given).is_used
