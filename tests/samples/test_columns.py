"""Laws of lazy columns: whatever rows are asked for, they are those of the array itself."""

import pickle

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.samples.columns import H5Column, Rows, Stacked, frame

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
NO_ROWS = np.array([], int)


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
def test_h5_rows_are_those_of_the_array(column, key):
    np.testing.assert_array_equal(column[key], VALUES[key])


@pytest.mark.parametrize("t", [0, 2, -1, -3])
@pytest.mark.parametrize("key", [k for name, k in KEYS.items() if name in ("any order", "repeated", "all", "one")])
def test_h5_frame_is_that_frame_of_the_rows(column, key, t):
    np.testing.assert_array_equal(column.frame(key, t), VALUES[key, t])


@settings(deadline=None, max_examples=60, derandomize=True)
@given(rows=st.lists(st.integers(-N, N - 1), min_size=1, max_size=30))
def test_h5_any_list_of_rows_is_that_of_the_array(files, rows):
    np.testing.assert_array_equal(H5Column(files / "chunked.h5", "clips")[rows], VALUES[rows])


def test_h5_knows_length_shape_and_type_without_reading(column):
    assert (len(column), column.shape, column.dtype) == (N, VALUES.shape, np.uint8)


def test_h5_one_row_comes_as_an_array_of_one_row(column):
    np.testing.assert_array_equal(column[5], VALUES[[5]])


def test_h5_no_rows_are_an_empty_array(column):
    assert column[NO_ROWS].shape == (0, 3, 4, 5)


def test_h5_frame_of_no_rows_is_an_empty_array(column):
    assert column.frame(NO_ROWS, 0).shape == (0, 4, 5)


def test_h5_frame_takes_negative_rows_as_an_array_does(column):
    np.testing.assert_array_equal(column.frame(np.array([-1, 2]), 0), VALUES[[-1, 2], 0])


def test_h5_frame_takes_a_mask_as_an_array_does(column):
    mask = np.arange(N) % 7 == 3
    np.testing.assert_array_equal(column.frame(mask, 0), VALUES[mask, 0])


@pytest.mark.parametrize("t", [3, 7, -4])
def test_h5_frame_beyond_the_clip_is_an_index_error(column, t):
    with pytest.raises(IndexError):
        column.frame(np.array([1]), t)


def test_h5_row_beyond_the_file_is_an_index_error(column):
    with pytest.raises(IndexError):
        column[[0, N]]


def test_h5_pickles_as_path_and_key_not_as_pixels(column):
    data = pickle.dumps(column)
    assert len(data) < 1000
    np.testing.assert_array_equal(pickle.loads(data)[[4, 1]], VALUES[[4, 1]])


def test_h5_holds_no_file_open_between_reads(files):
    path = files / "moved.h5"
    with h5py.File(path, "w") as file:
        file["clips"] = VALUES
    column = H5Column(path, "clips")
    column[[0]]
    with h5py.File(path, "r+") as file:  # HDF5 refuses to write what is open for reading
        file["clips"][0] = 7
    assert (column[[0]] == 7).all()


def test_frame_of_an_array_or_of_a_plain_column_is_rows_then_t():
    class Plain:
        def __getitem__(self, rows):
            return VALUES[rows]

    rows = np.array([3, 3, 0])
    for column in (VALUES, Plain()):
        np.testing.assert_array_equal(frame(column, rows, -1), VALUES[rows, -1])


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_rows_of_rows_compose(column, key):
    index = np.r_[np.arange(N)[::-1]]
    for inner in (VALUES, column):
        rows = Rows(inner, index)
        assert (len(rows), rows.shape) == (N, VALUES.shape)
        np.testing.assert_array_equal(rows[key], VALUES[index][key])
        np.testing.assert_array_equal(rows.frame(key, 1), VALUES[index][key, 1])


def test_rows_may_be_fewer_than_those_of_the_column(column):
    rows = Rows(column, np.array([7, 2, 2]))
    assert rows.shape == (3, 3, 4, 5)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(rows))[[2, 0]], VALUES[[2, 7]])


@pytest.fixture(params=["arrays", "files"])
def stacked(request, files):
    parts = [VALUES[:25], VALUES[25:26], VALUES[26:]]
    if request.param == "files":
        for i, part in enumerate(parts):
            with h5py.File(files / f"part{i}.h5", "w") as file:
                file["clips"] = part
        parts = [H5Column(files / f"part{i}.h5", "clips") for i in range(3)]
    return Stacked(parts)


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_stacked_parts_of_equal_size_are_their_concatenation(stacked, key):
    assert stacked.shape == VALUES.shape
    np.testing.assert_array_equal(stacked[key], VALUES[key])


@pytest.mark.parametrize("t", [0, -1])
@pytest.mark.parametrize("rows", [[0, 39, 25, 24, 26], [3, 1], [30, 30]])
def test_stacked_frame_is_that_of_the_concatenation(stacked, rows, t):
    np.testing.assert_array_equal(stacked.frame(np.array(rows), t), VALUES[rows, t])


def test_stacked_frame_takes_negative_rows_as_an_array_does(stacked):
    np.testing.assert_array_equal(stacked.frame(np.array([-1, 0]), 0), VALUES[[-1, 0], 0])


def test_stacked_no_rows_are_an_empty_array(stacked):
    assert np.shape(stacked[NO_ROWS]) == (0, 3, 4, 5)


def test_stacked_pickles(stacked):
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(stacked))[[39, 0]], VALUES[[39, 0]])


@pytest.fixture
def uneven():
    small, large = VALUES[:6], np.random.default_rng(1).integers(0, 256, (5, 3, 8, 9)).astype(np.uint8)
    return small, large, Stacked([small, large])


def test_stacked_parts_of_different_size_come_as_a_list_in_the_order_asked(uneven):
    small, large, column = uneven
    assert column.shape == (11, 3, None, None)
    clips, pictures = column[[10, 0, 6]], column.frame(np.array([10, 0, 6]), -1)
    assert isinstance(clips, list)
    assert isinstance(pictures, list)
    for found, expected in zip(clips, [large[4], small[0], large[0]], strict=True):
        np.testing.assert_array_equal(found, expected)
    for found, expected in zip(pictures, [large[4, -1], small[0, -1], large[0, -1]], strict=True):
        np.testing.assert_array_equal(found, expected)


def test_stacked_rows_from_one_part_only_are_an_array(uneven):
    small, large, column = uneven
    np.testing.assert_array_equal(column[[3, 1, 3]], small[[3, 1, 3]])
    np.testing.assert_array_equal(column.frame(np.array([10, 7]), 0), large[[4, 1], 0])
