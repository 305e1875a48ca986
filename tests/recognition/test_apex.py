"""Online detection of apexes by the distance to the neutral face, in constant memory."""

import numpy as np
import pytest

from fer_features.recognition.apex import MAX_APEXES, ApexDetector


def probabilities(k):
    return np.eye(3)[k]


def test_apexes_are_found_without_labels():
    t = np.arange(200)
    distances = np.exp(-(((t - 40) / 12) ** 2)) + 0.6 * np.exp(-(((t - 140) / 15) ** 2)) + 0.01 * np.sin(t)
    detector = ApexDetector(min_prominence=0.1)
    for i, distance in enumerate(distances):
        detector.update(i, i / 25, float(distance), probabilities(0 if i < 90 else 1))
    apexes = detector.finalize()
    assert [abs(a.frame - b) <= 2 for a, b in zip(apexes, (40, 140), strict=True)] == [True, True]
    assert apexes[0].timestamp == apexes[0].frame / 25
    values, strongest = detector.summarize()
    assert strongest is not None
    assert abs(strongest.frame - 40) <= 2
    np.testing.assert_array_equal(values, probabilities(0))


def test_rise_at_the_end_of_the_stream_counts():
    detector = ApexDetector(min_prominence=0.1)
    for i in range(10):
        detector.update(i, i, i / 10, probabilities(2))
    (apex,) = detector.finalize()
    assert apex.frame == 9
    assert detector.finalize() == [apex]


def test_summary_is_the_apex_and_not_the_majority_of_frames():
    detector = ApexDetector(min_prominence=0.1)
    for i in range(100):
        is_apex = 40 <= i < 50
        detector.update(i, i, 1.0 + i / 1000 if is_apex else 0.0, probabilities(1 if is_apex else 0))
    np.testing.assert_array_equal(detector.summarize()[0], probabilities(1))


def test_summary_without_distances_is_the_mean_of_all_frames():
    detector = ApexDetector(min_prominence=0.1)
    for i in range(4):
        detector.update(i, i, None, probabilities(i % 2))
    values, apex = detector.summarize()
    assert apex is None
    np.testing.assert_array_equal(values, [0.5, 0.5, 0])
    assert ApexDetector(0.1).summarize() == (None, None)


def test_frames_without_probabilities_are_ignored():
    detector = ApexDetector(min_prominence=0.1)
    detector.update(0, 0, 5.0, None)
    detector.update(1, 1, 0.1, probabilities(0))
    assert detector.n_frames == 1
    assert [apex.frame for apex in detector.finalize()] == [1]


@pytest.mark.parametrize("n", [500, 2000])
def test_number_of_stored_apexes_is_bounded(n):
    detector = ApexDetector(min_prominence=0.1)
    for i in range(n):
        detector.update(i, i, float(i % 4), probabilities(i % 3))
    assert len(detector.finalize()) <= MAX_APEXES + 1


def test_faces_at_rest_end_a_rise_and_are_not_an_apex():
    rises = [0.0, 0.6, 0.9, 0.02, 0.01, 0.5, 0.7, 0.03]
    detector = ApexDetector(min_prominence=0.1)
    for i, distance in enumerate(rises):
        detector.update(i, i, distance, None if distance < 0.1 else probabilities(i % 3))
    assert [apex.frame for apex in detector.finalize()] == [2, 6]
    assert detector.n_frames == 4
    at_rest = ApexDetector(min_prominence=0.1)
    at_rest.update(0, 0, 0.05, None)
    assert at_rest.summarize() == (None, None)
