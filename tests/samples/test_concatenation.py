"""Concatenation: the samples of the tables in their order, read on access, and only of tables that fit together."""

import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.samples.columns import ConcatenatedColumn, LazyColumn
from fer_features.samples.table import DataInfo, Samples
from fer_features.vision.geometry import MEAN_FACE


def table(n=4, size=(6, 5), frames=2, seed=0, dataset="a", classes=("fear", "joy"), **columns):
    rng = np.random.default_rng(seed)
    info = DataInfo(dataset, classes, f"folder/{dataset}", subjects_from="dataset", notes=(f"note {dataset}",))
    return Samples.from_arrays(
        images=rng.integers(0, 256, (n, frames, *size)).astype(np.uint8),
        landmarks=2.5 + MEAN_FACE + rng.normal(0, 0.02, (n, frames, 68, 2)),
        label=np.arange(n) % 2,
        subject=columns.pop("subject", np.arange(n) // 2 + 10 * seed),
        id=np.arange(n) + 100 * seed,
        info=info,
        **columns,
    )


def test_samples_are_those_of_the_tables_in_order():
    X, Y = table()[[3, 1]], table(seed=1)
    both = Samples.concat([X, Y])
    assert len(both) == 6
    for name in both.columns:
        np.testing.assert_array_equal(both[name], np.concatenate([X[name], Y[name]]))
        np.testing.assert_array_equal(both[[5, 0]][name], np.concatenate([Y[[3]][name], X[[0]][name]]))
    np.testing.assert_array_equal(both.frame("images", -1)[2:], Y.frame("images", -1))
    assert both.indices.tolist() == list(range(6))


def test_one_table_gives_an_equal_table_with_an_empty_store():
    X = table()
    X.features("key", lambda Y: [np.zeros((len(Y), 1), np.float32)])
    again = Samples.concat([X])
    assert (again.info, again.feature_store.n_computed) == (X.info, 0)
    np.testing.assert_array_equal(again["images"], X["images"])


def test_lazy_columns_stay_unread():
    class Unread(LazyColumn):
        shape = (3, 1, 6, 5)

        def __getitem__(self, indices):
            pytest.fail("read")

    X = Samples({"images": Unread(), "label": np.arange(3)})
    both = Samples.concat([X, X[[0]]])
    assert isinstance(both.column("images"), ConcatenatedColumn)
    assert both.sizes().tolist() == [[5, 6]] * 4


def test_images_of_different_size_and_missing_landmarks():
    X, Y = table(), table(size=(8, 9), seed=1)
    points = Y["landmarks"].copy()
    points[2] = np.nan
    both = Samples.concat([X, Y.with_columns(landmarks=points)])
    assert [clip.shape for clip in both[[0, 7]]["images"]] == [(2, 6, 5), (2, 8, 9)]
    assert np.flatnonzero(both.missing("landmarks")).tolist() == [6]
    assert both.sizes()[[0, 4]].tolist() == [[5, 6], [9, 8]]


def test_further_columns_are_kept():
    both = Samples.concat([table(age=[1, 2, 3, 4]), table(seed=1, age=[5, 6, 7, 8])])
    assert both["age"].tolist() == list(range(1, 9))


def test_metadata_is_merged():
    X = table(dataset="a")
    Y = table(seed=1, dataset="b")
    info = Samples.concat([X, Y, X], prefixes="xyz").info
    assert (info.dataset, info.source, info.classes) == ("a+b", "folder/a, folder/b", ("fear", "joy"))
    assert info.notes == ("note a", "note b")
    assert info.subjects_from == "dataset"


def test_prefixes_keep_subjects_and_ids_of_tables_apart():
    X = table(subject=np.array([1, 1, -1, 2]))
    both = Samples.concat([X, X], prefixes=("a", "b"))
    assert both["subject"].tolist() == ["a1", "a1", "-1", "a2", "b1", "b1", "-1", "b2"]
    assert both["id"].tolist() == [*[f"a{i}" for i in range(4)], *[f"b{i}" for i in range(4)]]
    assert Samples.concat([X, X])["subject"].tolist() == [1, 1, -1, 2] * 2


def test_subjects_as_numbers_and_as_text_become_text():
    both = Samples.concat([table(), table(seed=1, subject=np.array(["s", "s", "t", "-1"]))])
    assert both["subject"].tolist() == ["0", "0", "1", "1", "s", "s", "t", "-1"]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ([], "at least one table"),
        ([table(), np.zeros(3)], "needs tables, not ndarray"),
        ([table(), table(age=[1] * 4)], "differ in the columns age"),
        ([table(), table(seed=1, classes=("joy", "fear"))], "differ in class names: fear, joy; and joy, fear"),
        ([table(), table(seed=1, frames=3)], r"differ in the shape of images: \(2, 6, 5\) and \(3, 6, 5\)"),
        ([table(), table(dataset="b")], "subject 0 occurs in 'a' and in 'b': give prefixes"),
    ],
)
def test_tables_that_do_not_fit_are_refused(tables, message):
    with pytest.raises(FerError, match=message):
        Samples.concat(tables)


def test_number_of_prefixes_must_be_that_of_the_tables():
    with pytest.raises(FerError, match="2 tables needs as many prefixes, not 1"):
        Samples.concat([table(), table(seed=1)], prefixes=["a"])
