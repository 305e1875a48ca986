"""The neutral face of a stream, and apexes by motion from it, in memory that does not grow."""

import numpy as np
import pytest

from fer_features.recognition.apex import MOST, ApexFinder
from fer_features.recognition.face_view import View, form_of, motion
from fer_features.recognition.neutral_reference import KEPT, Baseline
from fer_features.vision.geometry import MEAN_FACE, transform

BLANK = np.zeros((4, 4), np.uint8)


def view(opening=0.0, matrix=None):
    """A face whose mouth is open by so much, in inter-ocular distances, under an affine map."""
    shape = MEAN_FACE.copy()
    shape[55:60, 1] += opening
    shape[64:68, 1] += opening
    shape = transform(np.array([[50.0, 0, 100], [0, 50, 90]]) if matrix is None else matrix, shape)
    return View(BLANK, np.float32([0, 0, 9, 9]), 1.0, shape.astype(np.float32))


def test_motion_is_of_the_face_and_not_of_the_head():
    still = form_of(view())
    # A nod and a turn are affine to first order: width, height and roll change.
    turned = form_of(view(0, np.array([[40.0, 6, 300], [-4, 55, 20]])))
    assert motion(turned, still) < 1e-4
    assert motion(form_of(view(0.5)), still) > 0.05
    assert motion(form_of(view(0.5, np.array([[40.0, 6, 300], [-4, 55, 20]]))), form_of(view(0.5))) < 1e-4


def test_without_landmarks_it_is_that_of_the_pixels(photographs):
    face = photographs[0]
    a = View(face, np.float32([20, 20, 100, 100]))
    brighter = View((face * 0.5 + 40).astype(np.uint8), a.box)
    other = View(photographs[1][:170, :140], a.box)
    assert motion(form_of(brighter), form_of(a)) < 0.05
    assert motion(form_of(other), form_of(a)) > 0.5


def run(baseline, openings):
    for opening in openings:
        one = view(opening)
        baseline.update(one, form_of(one))
    return baseline


def test_the_first_view_stays():
    first = view(0.3)
    baseline = Baseline("first")
    baseline.update(first, form_of(first))
    assert run(baseline, [0, 0, 0.1]).view is first


def test_the_median_view_is_a_neutral_one_wherever_it_begins():
    rng = np.random.default_rng(0)
    openings = np.where(rng.random(300) < 0.3, rng.uniform(0.3, 0.8, 300), rng.normal(0, 0.01, 300))
    baseline = run(Baseline("median"), [0.7, 0.7, *openings])
    assert motion(baseline.form, form_of(view())) < 0.005


def test_memory_of_the_median_does_not_grow():
    baseline = Baseline("median")
    for n in (100, 1000, 3000):
        run(baseline, np.linspace(0, 0.1, n))
        assert len(baseline._forms) <= 2 * KEPT


def test_given_and_none_take_nothing_in():
    given = view(0.2)
    assert run(Baseline("none", given), [0, 0]).view is given
    assert run(Baseline("none"), [0, 0]).view is None
    assert not Baseline("none").used
    assert Baseline("none", given).used


def probabilities(k):
    return np.eye(3)[k]


def test_apexes_are_found_without_labels():
    t = np.arange(200)
    motions = np.exp(-(((t - 40) / 12) ** 2)) + 0.6 * np.exp(-(((t - 140) / 15) ** 2)) + 0.01 * np.sin(t)
    finder = ApexFinder(noise=0.1)
    for i, m in enumerate(motions):
        finder.update(i, i / 25, float(m), probabilities(0 if i < 90 else 1))
    apexes = finder.finish()
    assert [abs(a.frame - b) <= 2 for a, b in zip(apexes, (40, 140), strict=True)] == [True, True]
    assert apexes[0].time == apexes[0].frame / 25
    values, strongest = finder.clip()
    assert strongest is not None
    assert abs(strongest.frame - 40) <= 2
    np.testing.assert_array_equal(values, probabilities(0))


def test_a_rise_that_does_not_fall_counts_at_the_end():
    finder = ApexFinder(noise=0.1)
    for i in range(10):
        finder.update(i, i, i / 10, probabilities(2))
    (apex,) = finder.finish()
    assert apex.frame == 9
    assert finder.finish() == [apex]


def test_a_clip_is_the_apex_and_not_the_most_frames():
    finder = ApexFinder(noise=0.1)
    for i in range(100):
        high = 40 <= i < 50
        finder.update(i, i, 1.0 + i / 1000 if high else 0.0, probabilities(1 if high else 0))
    np.testing.assert_array_equal(finder.clip()[0], probabilities(1))


def test_without_motion_a_clip_is_the_mean_of_its_frames():
    finder = ApexFinder(noise=0.1)
    for i in range(4):
        finder.update(i, i, None, probabilities(i % 2))
    values, apex = finder.clip()
    assert apex is None
    np.testing.assert_array_equal(values, [0.5, 0.5, 0])
    assert ApexFinder(0.1).clip() == (None, None)


def test_frames_without_an_expression_count_for_nothing():
    finder = ApexFinder(noise=0.1)
    finder.update(0, 0, 5.0, None)
    finder.update(1, 1, 0.1, probabilities(0))
    assert finder.frames == 1
    assert [apex.frame for apex in finder.finish()] == [1]


@pytest.mark.parametrize("n", [1000, 5000])
def test_memory_of_apexes_does_not_grow(n):
    finder = ApexFinder(noise=0.1)
    for i in range(n):
        finder.update(i, i, float(i % 4), probabilities(i % 3))
    assert len(finder.finish()) <= MOST + 1
