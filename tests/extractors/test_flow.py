"""Laws of motion along the clip, and of batches described in threads."""

import threading

import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.extractors import base
from fer_features.extractors.flow import Flow
from fer_features.extractors.mbh import MBH
from fer_features.samples.table import Samples

BOTH = pytest.mark.parametrize("kind", [Flow, MBH])


@BOTH
def test_a_clip_of_two_frames_is_its_apex(kind, clips):
    two = clips[0][:4, [0, -1]]
    np.testing.assert_array_equal(kind(pairs="clip").fit_transform(two), kind(pairs="apex").fit_transform(two))


@BOTH
def test_the_histograms_of_a_clip_are_the_mean_of_those_of_its_pairs(kind, clips):
    images = clips[0][:4]
    pairs = [kind().fit_transform(images[:, [0, t]]) ** 2 for t in range(1, images.shape[1])]
    np.testing.assert_allclose(kind(pairs="clip").fit_transform(images) ** 2, np.mean(pairs, 0), atol=1e-6)


@BOTH
def test_frames_after_the_neutral_one_may_come_in_any_order_and_repeated(kind, clips):
    images = clips[0][:4]
    expected = kind(pairs="clip").fit_transform(images)
    again = np.concatenate([images[:, :1], images[:, :0:-1], images[:, 1:]], 1)
    found = kind(pairs="clip").fit(again)
    np.testing.assert_allclose(found.transform(again), expected, atol=1e-6)
    assert len(found.get_feature_names_out()) == expected.shape[1]


@BOTH
def test_stills_have_no_motion_along_the_clip_and_other_pairs_are_refused(kind, clips):
    stills = Samples.from_arrays(images=clips[0][:2, :1])
    with pytest.raises(FerError, match="stills"):
        kind(pairs="clip").fit_transform(stills)
    with pytest.raises(FerError, match="pairs='all'"):
        kind(pairs="all").fit(clips[0])


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_batches_come_in_order_and_few_are_described_ahead_of_whoever_takes_them(workers, monkeypatch):
    monkeypatch.setattr(base, "cpu_count", lambda: workers)
    begun, lock = [], threading.Lock()

    def work(item):
        with lock:
            begun.append(item)
        return -item

    for taken, found in enumerate(base._in_threads(work, list(range(40)))):
        assert found == -taken
        assert len(begun) <= taken + base.AHEAD * workers
    assert sorted(begun) == list(range(40))


def test_work_that_fails_ends_the_rest(monkeypatch):
    monkeypatch.setattr(base, "cpu_count", lambda: 2)
    begun = []

    def work(item):
        begun.append(item)
        if item == 3:
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(base._in_threads(work, list(range(100))))
    assert len(begun) < 20
