"""Laws of the table: what slicing, pickling, deriving and hashing keep, and what is refused in words."""

import copy
import dataclasses
import pickle

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold, train_test_split
from sklearn.utils import _safe_indexing

from fer_features.exceptions import FerError
from fer_features.samples.columns import H5Column
from fer_features.samples.table import COLUMNS, Info, Samples, as_samples, fingerprint

N = 12


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {
        "images": rng.integers(0, 256, (N, 3, 6, 5)).astype(np.uint8),
        "landmarks": rng.uniform(1, 9, (N, 3, 68, 2)),
        "label": np.arange(N) % 3,
        "subject": np.arange(N) // 4,
        "split": np.array(["train"] * 8 + ["test"] * 4),
        "id": np.arange(100, 100 + N),
    }


@pytest.fixture
def X(arrays):
    return Samples.from_arrays(**arrays)


class Spy:
    """A lazy column of clips that notes which frames were read."""

    def __init__(self, values):
        self.values, self.shape, self.read = values, values.shape, []

    def __len__(self):
        return len(self.values)

    def __getitem__(self, rows):
        self.read.append("all")
        return self.values[rows]

    def frame(self, rows, t):
        self.read.append(t)
        return self.values[rows, t]


KEYS = {
    "slice": slice(2, 9, 3),
    "backwards": slice(None, None, -1),
    "rows in any order": np.array([7, 0, 11, 3]),
    "repeated rows": np.array([5, 5, 1, 5]),
    "negative rows": np.array([-1, -12, 4]),
    "mask": np.arange(N) % 5 == 0,
    "list": [4, 2],
    "list of bool": [i == 3 for i in range(N)],
    "no rows": [],
    "empty mask": np.zeros(N, bool),
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("ellipsis", [False, True])
def test_slicing_a_table_slices_every_column(X, key, ellipsis):
    part = X[key, ...] if ellipsis else X[key]
    assert part.shape == (len(part),) == part["id"].shape
    for name in COLUMNS:
        np.testing.assert_array_equal(part[name], X[name][key])


def test_one_row_is_a_table_of_one_row(X):
    for key in (3, np.int64(3), -9):
        np.testing.assert_array_equal(X[key]["id"], [103])


@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.data())
def test_slicing_twice_is_slicing_by_the_composition(data):
    values = np.arange(10)
    X = Samples({"id": values})
    first = np.array(data.draw(st.lists(st.integers(-10, 9), min_size=1)))
    second = np.array(data.draw(st.lists(st.integers(0, len(first) - 1))), dtype=int)
    np.testing.assert_array_equal(X[first][second]["id"], values[first][second])
    np.testing.assert_array_equal(X[first][second].rows, (first % 10)[second] if len(second) else [])


def test_rows_are_positions_in_the_loaded_table_also_after_negative_keys(X):
    np.testing.assert_array_equal(X[[-1, 0]].rows, [N - 1, 0])


def test_slices_share_the_pixels(X):
    assert X[[3, 1]].column("images") is X.column("images")


def test_iteration_ends_after_the_last_row(X):
    assert [row["id"].item() for row in X] == list(range(100, 100 + N))


def test_a_row_beyond_the_table_is_an_index_error(X):
    with pytest.raises(IndexError):
        X[[0, N]]


def test_stills_get_one_frame():
    assert Samples.from_arrays(images=np.zeros((4, 6, 5), np.uint8)).column("images").shape == (4, 1, 6, 5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"label": np.zeros(3)}, "different lengths"),
        ({"label": np.zeros((N, 2))}, "label has shape"),
        ({"subject": 7}, "subject has shape"),
        ({"landmarks": np.zeros((N, 2, 68, 2))}, "must agree"),
        ({"images": np.zeros((N, 6), np.uint8)}, "images have shape"),
        ({"landmarks": np.zeros((N, 3, 67, 2))}, "landmarks have shape"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_in_words(arrays, changes, words):
    with pytest.raises(FerError, match=words):
        Samples.from_arrays(**{**arrays, **changes})


def test_a_table_without_columns_is_refused():
    with pytest.raises(FerError, match="at least one column"):
        Samples.from_arrays()


def test_an_absent_column_is_named_with_the_file_that_would_hold_it():
    X = Samples({"id": np.arange(3)}, Info(files={"label": "data_train_labels.h5"}))
    assert "id" in X
    assert "label" not in X
    with pytest.raises(FerError, match=r"'label' is needed.* has: id .*data_train_labels\.h5"):
        X["label"]


def test_frame_is_that_frame_and_reads_no_other(arrays):
    spy = Spy(arrays["images"])
    X = Samples({"images": spy})[[5, 2, 2]]
    np.testing.assert_array_equal(X.frame("images", -1), arrays["images"][[5, 2, 2], -1])
    assert spy.read == [-1]


def test_frame_of_an_array_is_that_frame(X):
    np.testing.assert_array_equal(X[[5, 2]].frame("landmarks", 1), X["landmarks"][[5, 2], 1])


def test_as_column_is_unread_until_rows_are_asked_for(arrays):
    spy = Spy(arrays["images"])
    column = Samples({"images": spy})[[5, 2, 7]].as_column("images")
    assert spy.read == []
    assert column.shape == (3, 3, 6, 5)
    np.testing.assert_array_equal(column[[2, 0]], arrays["images"][[7, 5]])


@pytest.mark.parametrize("copied", [lambda X: pickle.loads(pickle.dumps(X)), copy.deepcopy], ids=["pickle", "deepcopy"])
def test_a_copy_has_the_same_rows_and_knows_the_features_described_so_far(X, copied):
    part = X[[4, 1, 9]]
    values = part.features("key", lambda Y: [Y["id"][:, None].astype(np.float32)])
    again = copied(part)
    for name in COLUMNS:
        np.testing.assert_array_equal(again[name], part[name])
    assert again.info == part.info
    np.testing.assert_array_equal(again.features("key", lambda Y: pytest.fail("described twice")), values)


def test_scikit_learn_slices_and_splits_the_table(X):
    np.testing.assert_array_equal(_safe_indexing(X, np.array([3, 1]))["id"], [103, 101])
    train, test, _, y_test = train_test_split(X, X["label"], random_state=0)
    assert sorted([*train["id"], *test["id"]]) == list(range(100, 100 + N))
    np.testing.assert_array_equal(test["label"], y_test)
    for a, b in StratifiedGroupKFold(3).split(X, X["label"], X["subject"]):
        assert not set(X[a]["subject"]) & set(X[b]["subject"])


def test_features_of_rows_do_not_depend_on_the_slice_that_asks(X):
    def describe(Y):
        return [Y["landmarks"].reshape(len(Y), -1).astype(np.float32)]

    X[[9, 3, 3]].features("flat", describe)
    np.testing.assert_array_equal(X[::-1].features("flat", describe), describe(X[::-1])[0])
    assert X.store.described == N


def test_a_derived_table_keeps_rows_and_store_and_describes_under_its_own_key(X):
    part = X[[2, 8]]
    derived = part.derived("twice", {"id": X.column("id") * 2})
    np.testing.assert_array_equal(derived["id"], 2 * part["id"])
    np.testing.assert_array_equal(derived["label"], part["label"])
    assert derived.store is part.store

    def describe(Y):
        return [Y["id"][:, None].astype(np.float32)]

    assert (derived.features("id", describe) == 2 * part.features("id", describe)).all()
    assert (
        derived.derived("twice", {"id": X.column("id") * 4}).features("id", describe) == 4 * part["id"][:, None]
    ).all()


def test_with_columns_adds_and_replaces_for_these_rows_with_an_empty_store(X):
    X.features("key", lambda Y: [np.zeros((len(Y), 1), np.float32)])
    part = X[[10, 3, 5]]
    new = part.with_columns(subject=np.array(["a", "b", "a"]), info=dataclasses.replace(X.info, dataset="x"))
    assert new["subject"].tolist() == ["a", "b", "a"]
    for name in set(COLUMNS) - {"subject"}:
        np.testing.assert_array_equal(new[[2, 0]][name], part[[2, 0]][name])
    assert (new.info.dataset, new.store.described, new.store.n) == ("x", 0, 3)
    assert part["subject"].tolist() == [2, 0, 1]


def test_with_columns_of_another_length_is_refused(X):
    with pytest.raises(FerError, match="different lengths"):
        X[:4].with_columns(subject=np.arange(N))


def test_missing_are_the_rows_without_landmarks_in_every_frame(arrays):
    arrays["landmarks"][3] = np.nan
    arrays["landmarks"][5, 1] = np.nan
    X = Samples.from_arrays(**arrays)
    assert np.flatnonzero(X.missing("landmarks")).tolist() == [3]
    assert X[[3, 5, 3]].missing("landmarks").tolist() == [True, False, True]
    assert not X.missing("images").any()


def test_a_row_with_landmarks_in_one_frame_is_not_missing_even_where_nothing_was_bridged():
    points = np.ones((2, 3, 68, 2))
    points[0, 1:], points[1] = np.nan, np.nan
    assert Samples({"landmarks": points}).missing("landmarks").tolist() == [False, True]


def test_as_samples_takes_an_array_for_the_one_column_and_refuses_it_for_two(X, arrays):
    assert as_samples(X, ("images", "landmarks")) is X
    np.testing.assert_array_equal(as_samples(arrays["images"], ("images",))["images"], arrays["images"])
    with pytest.raises(FerError, match=r"images and landmarks.*images=\.\.\., landmarks=\.\.\."):
        as_samples(arrays["images"], ("images", "landmarks"))
    with pytest.raises(FerError, match="'landmarks' is needed"):
        as_samples(Samples.from_arrays(images=arrays["images"]), ("landmarks",))


def test_fingerprint_is_equal_for_equal_data_wherever_it_lies(tmp_path, arrays):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("a", data=arrays["images"], chunks=(2, 1, 6, 5), compression="gzip")
    lazy = Samples.from_arrays(**{**arrays, "images": H5Column(tmp_path / "a.h5", "a")})
    assert fingerprint(lazy) == fingerprint(Samples.from_arrays(**arrays))


@pytest.mark.parametrize("name", ["images", "landmarks", "label"])
def test_fingerprint_changes_with_one_value_of_what_is_learnt_from(arrays, name):
    changed = arrays[name].copy()
    changed.reshape(-1)[-1] += 1
    assert fingerprint(Samples.from_arrays(**{**arrays, name: changed})) != fingerprint(Samples.from_arrays(**arrays))


def test_fingerprint_of_some_columns_ignores_the_others(X, arrays):
    other = Samples.from_arrays(**{**arrays, "label": arrays["label"] + 1})
    pixels = ("images", "landmarks")
    assert fingerprint(other, pixels) == fingerprint(X, pixels)
    assert fingerprint(X, ("images",)) != fingerprint(X, ("landmarks",)) != fingerprint(X, pixels)


def test_fingerprint_changes_with_the_rows_and_their_order(X):
    tables = [X, X[:-1], X[::-1], X[[*range(N), 0]]]
    assert len({fingerprint(table) for table in tables}) == len(tables)


@pytest.mark.parametrize("kind", [np.int8, np.int32, np.uint8])
def test_fingerprint_of_equal_labels_does_not_depend_on_how_they_are_stored(arrays, kind):
    stored = Samples.from_arrays(**{**arrays, "label": arrays["label"].astype(kind)})
    assert fingerprint(stored) == fingerprint(Samples.from_arrays(**arrays))


def test_fingerprint_takes_labels_in_words(arrays):
    words = np.array(["joy", "fear", "anger"])[arrays["label"]]
    changed = words.copy()
    changed[-1] = "joy"
    one, two = (Samples.from_arrays(**{**arrays, "label": label}) for label in (words, changed))
    assert fingerprint(one) != fingerprint(two)


def test_fingerprint_reads_beyond_its_first_block():
    images = np.zeros((130, 1, 2, 2), np.uint8)
    other = images.copy()
    other[-1, 0, 1, 1] = 1
    assert fingerprint(Samples.from_arrays(images)) != fingerprint(Samples.from_arrays(other))


def test_missing_landmarks_of_a_slice_are_still_known_after_columns_are_added():
    landmarks = np.ones((5, 2, 68, 2)) * np.arange(68)[:, None]
    landmarks[3] = np.nan
    part = Samples.from_arrays(landmarks=landmarks)[[4, 3, 0]].with_columns(subject=np.arange(3))
    assert part.missing("landmarks").tolist() == [False, True, False]
