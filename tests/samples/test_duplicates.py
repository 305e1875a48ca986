"""Duplicate images: all copies are found in any order of samples, and different images are not reported."""

import numpy as np
import pytest

from fer_features import Samples
from fer_features.samples.columns import ConcatenatedColumn, H5Column
from fer_features.samples.duplicates import (
    exact_duplicates,
    has_duplicate_in,
    merge_groups,
    near_duplicates,
    without_duplicates,
)

from ..conftest import SHARED, write_h5


@pytest.fixture
def faces(small_faces):
    """24 images: 19 different ones, copies of 0 and 1 (twice), a noisy copy of 2 and a mirrored copy of 3."""
    rng = np.random.default_rng(0)
    noisy = np.clip(small_faces[2].astype(float) + 1 + rng.normal(0, 1.5, small_faces[2].shape), 0, 255)
    return np.concatenate(
        [small_faces[:19], small_faces[[0, 1, 1]], noisy[None].astype(np.uint8), small_faces[3:4, :, ::-1]]
    )


def table(images, **columns):
    return Samples.from_arrays(images=images, **columns)


def partition(group):
    return {frozenset(np.flatnonzero(group == g).tolist()) for g in np.unique(group)}


def test_exact_duplicates_are_exactly_the_copies(faces):
    group = exact_duplicates(table(faces))
    assert {members for members in partition(group) if len(members) > 1} == {frozenset({0, 19}), frozenset({1, 20, 21})}
    assert group[21] == group[20] == 1
    np.testing.assert_array_equal(np.delete(group, [19, 20, 21]), np.delete(np.arange(24), [19, 20, 21]))


def test_near_duplicates_are_exactly_the_similar_pairs(faces):
    pairs = near_duplicates(table(faces))
    found = {(*map(int, pair), bool(flipped)) for pair, flipped in zip(pairs.indices, pairs.mirrored, strict=True)}
    assert found == {(2, 22, False), (3, 23, True)}
    assert (np.diff(pairs.similarity) <= 0).all()
    assert len(near_duplicates(table(faces), mirrored=False)) == 1
    assert len(near_duplicates(table(faces), threshold=1.01)) == 0


@pytest.mark.parametrize("seed", range(3))
def test_duplicates_do_not_depend_on_the_order_of_samples(faces, seed):
    order = np.random.default_rng(seed).permutation(len(faces))
    X, Y = table(faces), table(faces[order])
    assert {frozenset(order[list(members)].tolist()) for members in partition(exact_duplicates(Y))} == partition(
        exact_duplicates(X)
    )
    assert {frozenset(order[pair].tolist()) for pair in near_duplicates(Y).indices} == {
        frozenset(pair.tolist()) for pair in near_duplicates(X).indices
    }
    # Positions are those in the slice.
    np.testing.assert_array_equal(exact_duplicates(X[order]), exact_duplicates(Y))


def test_random_images_are_not_duplicates():
    images = np.random.default_rng(0).integers(0, 256, (200, 32, 32)).astype(np.uint8)
    assert (exact_duplicates(table(images)) == np.arange(200)).all()
    assert len(near_duplicates(table(images))) == 0


def test_clips_are_equal_only_if_all_frames_are(clips):
    images = np.concatenate([clips[0][:4], clips[0][:1], clips[0][1:2]])
    images[5, 0, 0, 0] ^= 1
    group = exact_duplicates(table(images))
    assert group.tolist() == [0, 1, 2, 3, 0, 5]
    assert [1, 5] in near_duplicates(table(images), group=group).indices.tolist()  # equal apex frames


def test_images_of_different_shape_are_different():
    images = np.arange(200, dtype=np.uint8).reshape(1, 1, 10, 20)
    X = Samples({"images": ConcatenatedColumn([images, images.reshape(1, 1, 20, 10), images])})
    assert exact_duplicates(X).tolist() == [0, 1, 0]
    assert len(near_duplicates(X)) == 0


def test_images_on_disk_and_in_memory_agree(faces, tmp_path):
    write_h5(tmp_path, "x", faces[:, None])
    X = Samples({"images": H5Column(tmp_path / "x.h5", "x")})
    np.testing.assert_array_equal(exact_duplicates(X), exact_duplicates(table(faces)))
    np.testing.assert_array_equal(near_duplicates(X).indices, near_duplicates(table(faces)).indices)


def test_merge_groups_connects_near_duplicates(faces):
    X = table(faces)
    group = exact_duplicates(X)
    merged = merge_groups(group, near_duplicates(X, group=group))
    assert {members for members in partition(merged) if len(members) > 1} == {
        frozenset({0, 19}),
        frozenset({1, 20, 21}),
        frozenset({2, 22}),
        frozenset({3, 23}),
    }
    assert (merged <= np.arange(len(faces))).all()
    np.testing.assert_array_equal(merged[merged], merged)
    np.testing.assert_array_equal(merge_groups(group, near_duplicates(X, threshold=1.01)), group)


def test_has_duplicate_in_another_split(faces):
    group = exact_duplicates(table(faces))
    train, test = np.arange(19), np.arange(19, 24)
    assert has_duplicate_in(group, test, train).tolist() == [True, True, True, False, False]
    in_train = np.arange(24) < 19
    assert has_duplicate_in(group, ~in_train, in_train).tolist() == [True, True, True, False, False]
    assert not has_duplicate_in(group, test, np.arange(2, 19)).any()


@pytest.mark.parametrize(
    ("labels", "kept"),
    [
        ([5, 5, 5], [0]),
        ([4, 5, 5], [1]),  # first sample of the majority
        ([4, 4, 5], [0]),
        ([4, 5, 6], []),  # no majority
        ([-1, 5, 5], [1]),
        ([4, 5, -1], []),
        ([-1, -1, -1], [0]),
    ],
)
def test_one_sample_of_each_group_is_selected_by_majority(small_faces, labels, kept):
    images = np.concatenate([small_faces[[0, 0, 0]], small_faces[5:9]])
    X = table(images, label=np.array([*labels, 1, 2, 3, -1]))
    group = exact_duplicates(X)
    assert without_duplicates(X, np.arange(7), group).tolist() == [*kept, 3, 4, 5, 6]
    assert without_duplicates(X, np.array([6, 2]), group).tolist() == [6, 2]  # single members among the given samples
    assert without_duplicates(X, np.array([], int), group).tolist() == []


def test_table_without_samples_has_no_duplicates(faces):
    X = table(faces)[np.array([], int)]
    assert exact_duplicates(X).shape == (0,)
    assert near_duplicates(X).indices.shape == (0, 2)


@pytest.mark.slow
def test_fer2013_has_its_published_duplicates():
    path = SHARED / "data" / "fer2013.npz"
    if not path.exists():
        pytest.skip("FER2013 is not available")
    file = np.load(path)
    train = file["usage"] == "Training"
    X = Samples.from_arrays(images=file["X"], label=file["y"])
    group = exact_duplicates(X)
    _, counts = np.unique(group, return_counts=True)
    # 1,513 groups are published for the three splits; this file has two of the splits.
    assert (counts > 1).sum() == 1270
    assert has_duplicate_in(group, ~train, train).sum() == 279
    assert len(without_duplicates(X, np.flatnonzero(train), group)) == 27333
    pairs = near_duplicates(X, group=group, mirrored=False)
    assert 500 < len(pairs) < 600
    assert (group[pairs.indices[:, 0]] != group[pairs.indices[:, 1]]).all()
    assert 330 < has_duplicate_in(merge_groups(group, pairs), ~train, train).sum() < 370
