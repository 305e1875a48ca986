"""Laws of duplicates: copies are found whatever the order of rows, and what is no copy is not."""

import numpy as np
import pytest

from fer_features import Samples
from fer_features.samples.duplicates import (
    copies_in,
    exact_duplicates,
    joined,
    near_duplicates,
    without_duplicates,
)

from ..conftest import SHARED, write_h5


@pytest.fixture
def faces(small_faces):
    """24 pictures: 20 different ones, copies of rows 0 and 1 (twice), and two that are nearly row 2 and row 3."""
    rng = np.random.default_rng(0)
    noisy = np.clip(small_faces[2].astype(float) + 1 + rng.normal(0, 1.5, small_faces[2].shape), 0, 255)
    return np.concatenate(
        [small_faces[:19], small_faces[[0, 1, 1]], noisy[None].astype(np.uint8), small_faces[3:4, :, ::-1]]
    )


def table(images, **columns):
    return Samples.from_arrays(images=images, **columns)


def partition(group):
    return {frozenset(np.flatnonzero(group == g).tolist()) for g in np.unique(group)}


def test_copies_are_found_and_nothing_else(faces):
    group = exact_duplicates(table(faces))
    assert {rows for rows in partition(group) if len(rows) > 1} == {frozenset({0, 19}), frozenset({1, 20, 21})}
    assert group[21] == group[20] == 1
    np.testing.assert_array_equal(np.delete(group, [19, 20, 21]), np.delete(np.arange(24), [19, 20, 21]))


def test_near_copies_are_found_and_nothing_else(faces):
    pairs = near_duplicates(table(faces))
    found = {(*map(int, rows), bool(flipped)) for rows, flipped in zip(pairs.rows, pairs.mirrored, strict=True)}
    assert found == {(2, 22, False), (3, 23, True)}
    assert (np.diff(pairs.similarity) <= 0).all()
    assert len(near_duplicates(table(faces), mirrored=False)) == 1
    assert len(near_duplicates(table(faces), threshold=1.01)) == 0


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_does_not_matter(faces, seed):
    order = np.random.default_rng(seed).permutation(len(faces))
    X, Y = table(faces), table(faces[order])
    assert {frozenset(order[list(rows)].tolist()) for rows in partition(exact_duplicates(Y))} == partition(
        exact_duplicates(X)
    )
    assert {frozenset(order[pair].tolist()) for pair in near_duplicates(Y).rows} == {
        frozenset(pair.tolist()) for pair in near_duplicates(X).rows
    }
    # A slice of a table is a table: positions are those in the slice.
    np.testing.assert_array_equal(exact_duplicates(X[order]), exact_duplicates(Y))


def test_random_pictures_are_not_duplicates():
    images = np.random.default_rng(0).integers(0, 256, (200, 32, 32)).astype(np.uint8)
    assert (exact_duplicates(table(images)) == np.arange(200)).all()
    assert len(near_duplicates(table(images))) == 0


def test_all_frames_of_a_sequence_count(clips):
    images = np.concatenate([clips[0][:4], clips[0][:1], clips[0][1:2]])
    images[5, 0, 0, 0] ^= 1
    group = exact_duplicates(table(images))
    assert group.tolist() == [0, 1, 2, 3, 0, 5]
    assert [1, 5] in near_duplicates(table(images), group=group).rows.tolist()  # their apex is equal


def test_the_same_pixels_in_another_shape_are_another_picture():
    images = np.arange(200, dtype=np.uint8).reshape(1, 1, 10, 20)
    X = Samples({"images": Mixed([images, images.reshape(1, 1, 20, 10), images])})
    assert exact_duplicates(X).tolist() == [0, 1, 0]
    assert len(near_duplicates(X)) == 0


def Mixed(parts):
    from fer_features.samples.columns import Stacked

    return Stacked(parts)


def test_pixels_on_disk_and_in_memory_agree(faces, tmp_path):
    from fer_features.samples.columns import H5Column

    write_h5(tmp_path, "x", faces[:, None])
    X = Samples({"images": H5Column(tmp_path / "x.h5", "x")})
    np.testing.assert_array_equal(exact_duplicates(X), exact_duplicates(table(faces)))
    np.testing.assert_array_equal(near_duplicates(X).rows, near_duplicates(table(faces)).rows)


def test_near_copies_join_groups(faces):
    X = table(faces)
    group = exact_duplicates(X)
    wide = joined(group, near_duplicates(X, group=group))
    assert {rows for rows in partition(wide) if len(rows) > 1} == {
        frozenset({0, 19}),
        frozenset({1, 20, 21}),
        frozenset({2, 22}),
        frozenset({3, 23}),
    }
    assert (wide <= np.arange(len(faces))).all()
    np.testing.assert_array_equal(wide[wide], wide)
    np.testing.assert_array_equal(joined(group, near_duplicates(X, threshold=1.01)), group)


def test_copies_in_another_part(faces):
    group = exact_duplicates(table(faces))
    train, test = np.arange(19), np.arange(19, 24)
    assert copies_in(group, test, train).tolist() == [True, True, True, False, False]
    part = np.arange(24) < 19
    assert copies_in(group, ~part, part).tolist() == [True, True, True, False, False]
    assert not copies_in(group, test, np.arange(2, 19)).any()


@pytest.mark.parametrize(
    ("labels", "kept"),
    [
        ([5, 5, 5], [0]),
        ([4, 5, 5], [1]),  # the majority's first row
        ([4, 4, 5], [0]),
        ([4, 5, 6], []),  # nobody knows
        ([-1, 5, 5], [1]),
        ([4, 5, -1], []),
        ([-1, -1, -1], [0]),
    ],
)
def test_one_row_of_each_group_is_kept_by_majority(small_faces, labels, kept):
    images = np.concatenate([small_faces[[0, 0, 0]], small_faces[5:9]])
    X = table(images, label=np.array([*labels, 1, 2, 3, -1]))
    group = exact_duplicates(X)
    assert without_duplicates(X, np.arange(7), group).tolist() == [*kept, 3, 4, 5, 6]
    assert without_duplicates(X, np.array([6, 2]), group).tolist() == [6, 2]  # alone among the rows given
    assert without_duplicates(X, np.array([], int), group).tolist() == []


def test_a_table_without_rows(faces):
    X = table(faces)[np.array([], int)]
    assert exact_duplicates(X).shape == (0,)
    assert near_duplicates(X).rows.shape == (0, 2)


@pytest.mark.slow
def test_fer2013_has_the_duplicates_that_it_is_known_for():
    path = SHARED / "data" / "fer2013.npz"
    if not path.exists():
        pytest.skip("FER2013 is not beside the project; its duplicates are not counted")
    file = np.load(path)
    train = file["usage"] == "Training"
    X = Samples.from_arrays(images=file["X"], label=file["y"])
    group = exact_duplicates(X)
    _, counts = np.unique(group, return_counts=True)
    # 1,513 groups are known of the three parts; this file has two of them.
    assert (counts > 1).sum() == 1270
    assert copies_in(group, ~train, train).sum() == 279
    assert len(without_duplicates(X, np.flatnonzero(train), group)) == 27333
    pairs = near_duplicates(X, group=group, mirrored=False)
    assert 500 < len(pairs) < 600
    assert (group[pairs.rows[:, 0]] != group[pairs.rows[:, 1]]).all()
    assert 330 < copies_in(joined(group, pairs), ~train, train).sum() < 370
