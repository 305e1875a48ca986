"""The table: slicing, pickling and new columns keep samples and features together; invalid input is refused."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold, train_test_split
from sklearn.utils import _safe_indexing

from fer_features.exceptions import FerError
from fer_features.samples.columns import LazyColumn
from fer_features.samples.plain_arrays import as_samples
from fer_features.samples.table import COLUMNS, DataInfo, Samples

N = 12


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {
        "images": rng.integers(0, 256, (N, 3, 12, 10)).astype(np.uint8),
        "landmarks": rng.uniform(1, 9, (N, 3, 68, 2)),
        "label": np.arange(N) % 3,
        "subject": np.arange(N) // 4,
        "split": np.array(["train"] * 8 + ["test"] * 4),
        "id": np.arange(100, 100 + N),
        "frame_numbers": np.arange(N)[:, None] + [0, 4, 9],
        "source_region": np.tile([0.0, 0.0, 10.0, 12.0, 10.0, 12.0], (N, 3, 1)),
    }


@pytest.fixture
def X(arrays):
    return Samples.from_arrays(**arrays)


class Spy(LazyColumn):
    """A lazy column of clips that records the frames that are read."""

    def __init__(self, values):
        self.values, self.shape, self.read = values, values.shape, []

    def __getitem__(self, indices):
        self.read.append("all")
        return self.values[indices]

    def frame(self, indices, t):
        self.read.append(t)
        return self.values[indices, t]


KEYS = {
    "slice": slice(2, 9, 3),
    "backwards": slice(None, None, -1),
    "any order": np.array([7, 0, 11, 3]),
    "repeated": np.array([5, 5, 1, 5]),
    "negative": np.array([-1, -12, 4]),
    "mask": np.arange(N) % 5 == 0,
    "list": [4, 2],
    "list of bool": [i == 3 for i in range(N)],
    "nothing": [],
    "empty mask": np.zeros(N, bool),
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("ellipsis", [False, True])
def test_slicing_a_table_slices_every_column(X, key, ellipsis):
    part = X[key, ...] if ellipsis else X[key]
    assert part.shape == (len(part),) == part["id"].shape
    for name in COLUMNS:
        np.testing.assert_array_equal(part[name], X[name][key])


def test_one_index_gives_a_table_of_one_sample(X):
    for key in (3, np.int64(3), -9):
        np.testing.assert_array_equal(X[key]["id"], [103])


@settings(deadline=None, max_examples=25, derandomize=True)
@given(st.data())
def test_slices_compose(data):
    values = np.arange(10)
    X = Samples({"id": values})
    first = np.array(data.draw(st.lists(st.integers(-10, 9), min_size=1)))
    second = np.array(data.draw(st.lists(st.integers(0, len(first) - 1))), dtype=int)
    np.testing.assert_array_equal(X[first][second]["id"], values[first][second])
    np.testing.assert_array_equal(X[first][second].indices, (first % 10)[second] if len(second) else [])


def test_indices_are_positions_in_the_loaded_table(X):
    np.testing.assert_array_equal(X[[-1, 0]].indices, [N - 1, 0])


def test_slices_share_the_pixels(X):
    assert X[[3, 1]].column("images") is X.column("images")


def test_iteration_ends_after_the_last_sample(X):
    assert [sample["id"].item() for sample in X] == list(range(100, 100 + N))


def test_index_beyond_the_table_is_an_index_error(X):
    with pytest.raises(IndexError):
        X[[0, N]]


def test_stills_have_one_frame():
    assert Samples.from_arrays(images=np.zeros((4, 6, 5), np.uint8)).column("images").shape == (4, 1, 6, 5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label": np.zeros(3)}, "different lengths"),
        ({"label": np.zeros((N, 2))}, "label has shape"),
        ({"subject": 7}, "subject has shape"),
        ({"landmarks": np.zeros((N, 2, 68, 2))}, "must agree"),
        ({"images": np.zeros((N, 6), np.uint8)}, "images have shape"),
        ({"landmarks": np.zeros((N, 3, 67, 2))}, "landmarks have shape"),
        ({"age": np.zeros((N, 2))}, "age has shape"),
        ({"labels": np.zeros(N)}, "misspelt 'label'"),
        ({"label": np.full(N, 0.5)}, "label 0.5 is not an integer"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arrays, changes, message):
    with pytest.raises(FerError, match=message):
        Samples.from_arrays(**{**arrays, **changes})


def test_table_without_columns_is_refused():
    with pytest.raises(FerError, match="at least one column"):
        Samples.from_arrays()


def test_message_for_an_absent_column_names_its_file():
    X = Samples({"id": np.arange(3)}, DataInfo(files={"label": "data_train_labels.h5"}))
    assert "id" in X
    assert "label" not in X
    with pytest.raises(FerError, match=r"'label' is needed.* has: id .*data_train_labels\.h5"):
        X["label"]


def test_frame_reads_no_other_frame(arrays):
    spy = Spy(arrays["images"])
    X = Samples({"images": spy})[[5, 2, 2]]
    np.testing.assert_array_equal(X.frame("images", -1), arrays["images"][[5, 2, 2], -1])
    assert spy.read == [-1]


def test_frame_of_an_array(X):
    np.testing.assert_array_equal(X[[5, 2]].frame("landmarks", 1), X["landmarks"][[5, 2], 1])


def test_column_view_is_read_on_access(arrays):
    spy = Spy(arrays["images"])
    column = Samples({"images": spy})[[5, 2, 7]].column_view("images")
    assert spy.read == []
    assert column.shape == (3, 3, 12, 10)
    np.testing.assert_array_equal(column[[2, 0]], arrays["images"][[7, 5]])


@pytest.mark.parametrize("copied", [lambda X: pickle.loads(pickle.dumps(X)), copy.deepcopy], ids=["pickle", "deepcopy"])
def test_copy_has_the_same_samples_and_features(X, copied):
    part = X[[4, 1, 9]]
    values = part.features("key", lambda Y: [Y["id"][:, None].astype(np.float32)])
    again = copied(part)
    for name in COLUMNS:
        np.testing.assert_array_equal(again[name], part[name])
    assert again.info == part.info
    np.testing.assert_array_equal(again.features("key", lambda Y: pytest.fail("extracted twice")), values)


def test_scikit_learn_splits_the_table(X):
    np.testing.assert_array_equal(_safe_indexing(X, np.array([3, 1]))["id"], [103, 101])
    train, test, _, y_test = train_test_split(X, X["label"], random_state=0)
    assert sorted([*train["id"], *test["id"]]) == list(range(100, 100 + N))
    np.testing.assert_array_equal(test["label"], y_test)
    for a, b in StratifiedGroupKFold(3).split(X, X["label"], X["subject"]):
        assert not set(X[a]["subject"]) & set(X[b]["subject"])


def test_features_do_not_depend_on_the_slice(X):
    def extract(Y):
        return [Y["landmarks"].reshape(len(Y), -1).astype(np.float32)]

    X[[9, 3, 3]].features("flat", extract)
    np.testing.assert_array_equal(X[::-1].features("flat", extract), extract(X[::-1])[0])
    assert X.feature_store.n_computed == N


def test_lazy_columns_keep_samples_and_store_and_have_features_of_their_own(X):
    part = X[[2, 8]]
    derived = part.with_lazy_columns("twice", {"id": X.column("id") * 2})
    np.testing.assert_array_equal(derived["id"], 2 * part["id"])
    np.testing.assert_array_equal(derived["label"], part["label"])
    assert derived.feature_store is part.feature_store

    def extract(Y):
        return [Y["id"][:, None].astype(np.float32)]

    assert (derived.features("id", extract) == 2 * part.features("id", extract)).all()
    assert (
        derived.with_lazy_columns("twice", {"id": X.column("id") * 4}).features("id", extract)
        == 4 * part["id"][:, None]
    ).all()


def test_with_columns_adds_and_replaces_with_an_empty_store(X):
    X.features("key", lambda Y: [np.zeros((len(Y), 1), np.float32)])
    part = X[[10, 3, 5]]
    new = part.with_columns(subject=np.array(["a", "b", "a"]), info=dataclasses.replace(X.info, dataset="x"))
    assert new["subject"].tolist() == ["a", "b", "a"]
    for name in set(COLUMNS) - {"subject"}:
        np.testing.assert_array_equal(new[[2, 0]][name], part[[2, 0]][name])
    assert (new.info.dataset, new.feature_store.n_computed, new.feature_store.n) == ("x", 0, 3)
    assert part["subject"].tolist() == [2, 0, 1]


def test_with_columns_of_another_length_is_refused(X):
    with pytest.raises(FerError, match="different lengths"):
        X[:4].with_columns(subject=np.arange(N))


def test_missing_samples_have_no_landmarks_in_any_frame(arrays):
    arrays["landmarks"][3] = np.nan
    arrays["landmarks"][5, 1] = np.nan
    X = Samples.from_arrays(**arrays)
    assert np.flatnonzero(X.missing("landmarks")).tolist() == [3]
    assert X[[3, 5, 3]].missing("landmarks").tolist() == [True, False, True]
    assert not X.missing("images").any()


def test_sample_with_landmarks_in_one_frame_is_not_missing():
    points = np.ones((2, 3, 68, 2))
    points[0, 1:], points[1] = np.nan, np.nan
    assert Samples({"landmarks": points}).missing("landmarks").tolist() == [False, True]


def test_as_samples_accepts_an_array_for_one_column_only(X, arrays):
    assert as_samples(X, ("images", "landmarks")) is X
    np.testing.assert_array_equal(as_samples(arrays["images"], ("images",))["images"], arrays["images"])
    with pytest.raises(FerError, match=r"images and landmarks.*images=\.\.\., landmarks=\.\.\."):
        as_samples(arrays["images"], ("images", "landmarks"))
    with pytest.raises(FerError, match="'landmarks' is needed"):
        as_samples(Samples.from_arrays(images=arrays["images"]), ("landmarks",))


def test_with_columns_of_a_slice_keeps_missing_landmarks():
    landmarks = np.ones((5, 2, 68, 2)) * np.arange(68)[:, None]
    landmarks[3] = np.nan
    part = Samples.from_arrays(landmarks=landmarks)[[4, 3, 0]].with_columns(subject=np.arange(3))
    assert part.missing("landmarks").tolist() == [False, True, False]


def test_labels_of_named_classes_are_names_with_codes(arrays):
    words = np.array(["joy", "fear", "anger"])[arrays["label"]]
    X = Samples.from_arrays(label=words)
    assert X.info.classes == ("anger", "fear", "joy")
    np.testing.assert_array_equal(X["label"], words)
    given = Samples.from_arrays(label=[*words, ""], info=DataInfo(classes=("joy", "fear", "anger", "sadness")))
    np.testing.assert_array_equal(given.label_codes, [*arrays["label"], -1])
    assert given[[0, N]]["label"].tolist() == ["joy", ""]
    assert X.with_columns(label=["fear"] * N).label_codes.tolist() == [1] * N
    assert Samples.from_arrays(label=[3, 5])["label"].tolist() == [3, 5]


def test_further_columns_are_kept_by_slices_and_by_with_columns(arrays):
    X = Samples.from_arrays(**arrays, age=np.arange(N) + 20, session=list("ab" * 6))
    assert X.columns == (*COLUMNS, "age", "session")
    assert X[[4, 1]].with_columns(pose=["left", "right"])["age"].tolist() == [24, 21]
    assert X[3:5]["session"].tolist() == ["b", "a"]
    with pytest.raises(FerError, match="misspelt 'subject'"):
        X.with_columns(subjects=np.zeros(N))


def test_groups_are_codes_that_agree_between_slices(arrays):
    X = Samples.from_arrays(label=arrays["label"], subject=np.array(["b", "a", "c", "-1"] * 3))
    assert X.groups.tolist() == [0, 1, 2, -1] * 3
    assert X[[2, 3, 1]].groups.tolist() == [2, -1, 1]
    assert X[[3, 7]].groups is None
    assert X.with_columns(subject=np.arange(N)).groups.tolist() == list(range(N))
    assert X.with_lazy_columns("other", {"subject": np.full(N, 7)}).groups.tolist() == [0] * N
    assert X.groups.tolist() == [0, 1, 2, -1] * 3
    assert Samples.from_arrays(label=arrays["label"]).groups is None
    assert pickle.loads(pickle.dumps(X[[3, 0]])).groups.tolist() == [-1, 0]


def test_groups_of_a_view_are_those_of_its_samples(X):
    view = X[[11, 0, 5]].with_columns(subject=X[[11, 0, 11]].column_view("subject"))
    assert view.groups.tolist() == [0, 1, 0]


def test_size_in_memory_counts_each_array_once_and_the_features(arrays):
    X = Samples.from_arrays(**arrays)
    pixels = arrays["images"].nbytes
    assert pixels < X.__sizeof__() < 2 * pixels + X["landmarks"].nbytes
    view = X.with_lazy_columns("half", {"images": X.column_view("images")})
    assert abs(view.__sizeof__() - X.__sizeof__()) < 2000
    before = X.__sizeof__()
    X.features("wide", lambda Y: [np.zeros((len(Y), 1000), np.float32)])
    assert X.__sizeof__() - before == N * 4001


def test_sizes_are_width_and_height(X):
    assert X[[1, 2]].sizes().tolist() == [[10, 12], [10, 12]]


def test_repr_names_data_set_and_columns(X):
    assert (
        repr(X[:4])
        == "Samples(4 samples of arrays: images, landmarks, label, subject, split, id, frame_numbers, source_region)"
    )
