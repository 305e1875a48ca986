"""Agreement of subject ids with identity features: properties on random directions of subjects."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.vision.subject_agreement import subject_agreement


def draw_faces(n_subjects=8, n_samples=8, noise=0.05, seed=0):
    """Features of unit length (n, 40), and the subjects, whose directions are orthogonal: none resemble each other."""
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(np.arange(n_subjects), n_samples))
    directions = np.sqrt(40) * np.linalg.qr(rng.normal(size=(40, n_subjects)))[0].T
    faces = directions[groups] + noise * 6 * rng.normal(size=(len(groups), 40))
    return faces / np.linalg.norm(faces, axis=1, keepdims=True), groups


@settings(max_examples=20, deadline=None)
@given(st.integers(3, 12), st.integers(4, 12), st.integers(0, 1000))
def test_right_ids_agree_with_the_faces(n_subjects, n_samples, seed):
    faces, groups = draw_faces(n_subjects, n_samples, seed=seed)
    found = subject_agreement(faces, groups, seed=seed)
    assert (found.misplaced, found.merged, found.split) == ((), (), ())
    assert found.p_value == 0.01
    assert found.within > found.between
    assert subject_agreement(faces, groups, seed=seed) == found


@settings(max_examples=20, deadline=None)
@given(st.integers(4, 10), st.integers(4, 12), st.integers(0, 1000))
def test_one_fault_is_found_and_no_other(n_subjects, n_samples, seed):
    faces, groups = draw_faces(n_subjects, n_samples, seed=seed)
    rng = np.random.default_rng(seed)
    first, second = sorted(rng.choice(n_subjects - 1, 2, replace=False).tolist())
    merged = np.where(groups == second, first, np.where(groups == n_subjects - 1, second, groups))
    found = subject_agreement(faces, merged)
    assert (found.misplaced, found.merged, found.split) == ((), (first,), ())
    split = groups.copy()
    split[np.flatnonzero(groups == first)[::2]] = n_subjects
    found = subject_agreement(faces, split)
    assert (found.misplaced, found.merged, found.split) == ((), (), ((first, n_subjects),))
    moved = groups.copy()
    sample = int(rng.choice(np.flatnonzero(groups == first)))
    moved[sample] = second
    found = subject_agreement(faces, moved)
    assert (found.misplaced, found.merged, found.split) == ((sample,), (), ())


def test_shuffled_ids_are_no_better_than_chance():
    faces, groups = draw_faces()
    p = [
        subject_agreement(faces, np.random.default_rng(seed).permutation(groups), seed=seed).p_value
        for seed in range(20)
    ]
    assert np.mean(p) > 0.3
    assert np.mean(np.array(p) <= 0.05) <= 0.2


def test_groups_are_compared_only_where_faces_identify_the_subjects():
    faces, groups = draw_faces(noise=0.5)
    merged = np.minimum(groups, 6)
    found = subject_agreement(faces, merged)
    assert found.within < 0.3
    assert (found.merged, found.split) == ((), ())
    faces, groups = draw_faces()
    assert subject_agreement(faces, np.minimum(groups, 6)).merged == (6,)
    assert subject_agreement(faces, np.minimum(groups, 6), compare_groups=False).merged == ()


@pytest.mark.parametrize("n_unusual", [1, 2])
def test_unusual_faces_are_no_second_subject(n_unusual):
    faces, groups = draw_faces()
    unusual = np.random.default_rng(1).normal(size=(n_unusual, 40))
    faces[np.flatnonzero(groups == 3)[:n_unusual]] = unusual / np.linalg.norm(unusual, axis=1, keepdims=True)
    found = subject_agreement(faces, groups)
    assert (found.misplaced, found.merged, found.split) == ((), (), ())


def test_a_subject_with_one_sample_is_not_compared_with_itself():
    faces, groups = draw_faces(n_samples=4)
    alone = np.append(groups, 8)
    faces = np.concatenate([faces, np.eye(40)[:1]])
    assert subject_agreement(faces, alone).misplaced == ()
