"""Lazy columns: any index gives the same values as the same index of an array."""

import pickle

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.samples.columns import (
    ArrayColumn,
    ColumnView,
    ConcatenatedColumn,
    H5Column,
    LazyColumn,
    arrays_in_memory,
    as_lazy_column,
)

N = 40
VALUES = np.random.default_rng(0).integers(0, 256, (N, 3, 4, 5)).astype(np.uint8)

LAYOUTS = {
    "contiguous": {},
    "chunked": {"chunks": (7, 1, 4, 5)},
    "compressed": {"chunks": (3, 3, 4, 5), "compression": "gzip"},
}
KEYS = {
    "slice": slice(3, 30, 4),
    "backwards": slice(None, None, -1),
    "increasing with gaps": np.array([0, 1, 4, 5, 20, 31, 39]),
    "any order": np.array([33, 2, 17, 3, 39, 0]),
    "repeated": np.array([8, 8, 1, 30, 8, 1]),
    "negative": np.array([-1, 5, -40, -2]),
    "mask": np.arange(N) % 7 == 3,
    "all": np.arange(N),
    "one": np.array([6]),
    "list": [9, 4],
}
NO_SAMPLES = np.array([], int)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("columns")
    for name, options in LAYOUTS.items():
        with h5py.File(folder / f"{name}.h5", "w") as file:
            file.create_dataset("clips", data=VALUES, **options)
    return folder


@pytest.fixture(scope="module", params=LAYOUTS)
def column(request, files):
    return H5Column(files / f"{request.param}.h5", "clips")


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_h5_values_are_those_of_the_array(column, key):
    np.testing.assert_array_equal(column[key], VALUES[key])


@pytest.mark.parametrize("t", [0, 2, -1, -3])
@pytest.mark.parametrize("key", [k for name, k in KEYS.items() if name in ("any order", "repeated", "all", "one")])
def test_h5_frame_is_that_of_the_array(column, key, t):
    np.testing.assert_array_equal(column.frame(key, t), VALUES[key, t])


@settings(deadline=None, max_examples=30, derandomize=True)
@given(indices=st.lists(st.integers(-N, N - 1), min_size=1, max_size=30))
def test_h5_any_index_list_gives_the_values_of_the_array(files, indices):
    np.testing.assert_array_equal(H5Column(files / "chunked.h5", "clips")[indices], VALUES[indices])


def test_h5_has_length_shape_and_type(column):
    assert (len(column), column.shape, column.dtype) == (N, VALUES.shape, np.uint8)


def test_h5_one_index_gives_an_array_of_one_sample(column):
    np.testing.assert_array_equal(column[5], VALUES[[5]])


def test_h5_no_index_gives_an_empty_array(column):
    assert column[NO_SAMPLES].shape == (0, 3, 4, 5)


def test_h5_frame_of_no_index_is_an_empty_array(column):
    assert column.frame(NO_SAMPLES, 0).shape == (0, 4, 5)


def test_h5_frame_accepts_negative_indices(column):
    np.testing.assert_array_equal(column.frame(np.array([-1, 2]), 0), VALUES[[-1, 2], 0])


def test_h5_frame_accepts_a_mask(column):
    mask = np.arange(N) % 7 == 3
    np.testing.assert_array_equal(column.frame(mask, 0), VALUES[mask, 0])


@pytest.mark.parametrize("t", [3, 7, -4])
def test_h5_frame_beyond_the_clip_is_an_index_error(column, t):
    with pytest.raises(IndexError):
        column.frame(np.array([1]), t)


def test_h5_index_beyond_the_file_is_an_index_error(column):
    with pytest.raises(IndexError):
        column[[0, N]]


def test_h5_pickle_holds_no_pixels(column):
    data = pickle.dumps(column)
    assert len(data) < 1000
    np.testing.assert_array_equal(pickle.loads(data)[[4, 1]], VALUES[[4, 1]])


def test_h5_file_is_closed_between_reads(files):
    path = files / "moved.h5"
    with h5py.File(path, "w") as file:
        file["clips"] = VALUES
    column = H5Column(path, "clips")
    column[[0]]
    with h5py.File(path, "r+") as file:  # fails while the file is open for reading
        file["clips"][0] = 7
    assert (column[[0]] == 7).all()


class Minimal(LazyColumn):
    """A column with the two abstract members only."""

    def __init__(self, values):
        self.values, self.shape, self.dtype = values, values.shape, values.dtype

    def __getitem__(self, indices):
        return self.values[indices]


@pytest.mark.parametrize("wrap", [ArrayColumn, Minimal, lambda values: ConcatenatedColumn([values])])
def test_defaults_of_the_base_class_are_those_of_an_array(wrap):
    indices = np.array([3, 3, 0])
    column = wrap(VALUES)
    assert len(column) == N
    np.testing.assert_array_equal(column.frame(indices, -1), VALUES[indices, -1])
    assert column.sizes(indices).tolist() == [[5, 4]] * 3
    assert not column.missing(indices).any()
    points = np.ones((4, 2, 68, 2), np.float32)
    points[0, 1, 5], points[3] = np.nan, np.nan
    assert wrap(points).missing(np.array([0, 3, 3, 1])).tolist() == [False, True, True, False]


def test_default_frame_of_clips_of_different_size_is_a_list():
    class Mixed(Minimal):
        def __getitem__(self, indices):
            return [np.full((2, 3 + i, 4), i, np.uint8) for i in indices]

    assert [f.shape for f in Mixed(VALUES).frame(np.array([0, 2]), 1)] == [(3, 4), (5, 4)]
    assert Mixed(VALUES).frame(np.array([2, 2]), 1).shape == (2, 5, 4)


def test_arrays_are_wrapped_once_and_found_in_nested_columns():
    column = as_lazy_column(VALUES)
    assert as_lazy_column(column) is column
    indices = np.array([2, 1])
    nested = ConcatenatedColumn([ColumnView(column, indices), VALUES])
    assert {id(VALUES), id(indices)} <= {id(array) for array in arrays_in_memory([nested])}
    with pytest.raises(TypeError, match="abstract"):
        LazyColumn()


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_view_composes_with_any_index(column, key):
    index = np.r_[np.arange(N)[::-1]]
    for inner in (VALUES, column):
        view = ColumnView(inner, index)
        assert (len(view), view.shape) == (N, VALUES.shape)
        np.testing.assert_array_equal(view[key], VALUES[index][key])
        np.testing.assert_array_equal(view.frame(key, 1), VALUES[index][key, 1])


def test_view_may_be_shorter_than_its_column(column):
    view = ColumnView(column, np.array([7, 2, 2]))
    assert view.shape == (3, 3, 4, 5)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(view))[[2, 0]], VALUES[[2, 7]])


@pytest.fixture(params=["arrays", "files"])
def concatenated(request, files):
    parts = [VALUES[:25], VALUES[25:26], VALUES[26:]]
    if request.param == "files":
        for i, part in enumerate(parts):
            with h5py.File(files / f"part{i}.h5", "w") as file:
                file["clips"] = part
        parts = [H5Column(files / f"part{i}.h5", "clips") for i in range(3)]
    return ConcatenatedColumn(parts)


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_parts_of_equal_size_are_their_concatenation(concatenated, key):
    assert concatenated.shape == VALUES.shape
    np.testing.assert_array_equal(concatenated[key], VALUES[key])


@pytest.mark.parametrize("t", [0, -1])
@pytest.mark.parametrize("indices", [[0, 39, 25, 24, 26], [3, 1], [30, 30]])
def test_frame_of_parts_is_that_of_their_concatenation(concatenated, indices, t):
    np.testing.assert_array_equal(concatenated.frame(np.array(indices), t), VALUES[indices, t])


def test_concatenated_frame_takes_negative_rows_as_an_array_does(concatenated):
    np.testing.assert_array_equal(concatenated.frame(np.array([-1, 0]), 0), VALUES[[-1, 0], 0])


def test_concatenated_no_rows_are_an_empty_array(concatenated):
    assert np.shape(concatenated[NO_SAMPLES]) == (0, 3, 4, 5)


def test_concatenated_pickles(concatenated):
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(concatenated))[[39, 0]], VALUES[[39, 0]])


@pytest.fixture
def uneven():
    small, large = VALUES[:6], np.random.default_rng(1).integers(0, 256, (5, 3, 8, 9)).astype(np.uint8)
    return small, large, ConcatenatedColumn([small, large])


def test_parts_of_different_size_give_a_list_in_the_requested_order(uneven):
    small, large, column = uneven
    assert column.shape == (11, 3, None, None)
    clips, frames = column[[10, 0, 6]], column.frame(np.array([10, 0, 6]), -1)
    assert isinstance(clips, list)
    assert isinstance(frames, list)
    for found, expected in zip(clips, [large[4], small[0], large[0]], strict=True):
        np.testing.assert_array_equal(found, expected)
    for found, expected in zip(frames, [large[4, -1], small[0, -1], large[0, -1]], strict=True):
        np.testing.assert_array_equal(found, expected)


def test_samples_of_one_part_only_are_an_array(uneven):
    small, large, column = uneven
    np.testing.assert_array_equal(column[[3, 1, 3]], small[[3, 1, 3]])
    np.testing.assert_array_equal(column.frame(np.array([10, 7]), 0), large[[4, 1], 0])
