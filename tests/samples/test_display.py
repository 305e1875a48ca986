"""A table as a DataFrame and as HTML: complete, escaped, and without reading pixels."""

import numpy as np
import pytest

from fer_features.samples.columns import ConcatenatedColumn, LazyColumn
from fer_features.samples.table import DataInfo, Samples


class Unreadable(LazyColumn):
    shape = (4, 3, 48, 64)

    def __getitem__(self, indices):
        pytest.fail("read")


@pytest.fixture
def X():
    columns = {
        "images": Unreadable(),
        "landmarks": np.zeros((4, 3, 68, 2), np.float32),
        "label": np.array([0, 1, 1, -1]),
        "subject": np.array([7, 7, -1, 9]),
        "split": np.array(["train", "train", "test", "test"]),
        "id": np.arange(4),
        "<age>": np.array([30, 30, 41, 52]),
    }
    return Samples(columns, DataInfo("<b>toy</b>", ("joy & <i>", "fear"), source="a/b", subjects_from="file"))


def test_frame_has_one_line_per_sample(X):
    frame = X[[2, 0, 3]].to_frame()
    assert frame.index.name == "sample"
    assert frame.index.tolist() == [2, 0, 3]
    assert frame.columns.tolist() == ["images", "landmarks", "label", "subject", "split", "id", "<age>"]
    assert frame["images"].tolist() == ["3 x 48 x 64"] * 3
    assert frame["landmarks"].tolist() == ["3 x 68 x 2"] * 3
    assert frame["label"].tolist() == ["fear", "joy & <i>", ""]
    np.testing.assert_array_equal(frame["<age>"], [41, 30, 52])


def test_frame_of_unnamed_labels_has_codes():
    assert Samples.from_arrays(label=[3, 4]).to_frame().columns.tolist() == ["label"]


def test_frame_of_images_of_different_size():
    parts = [np.zeros((1, 1, 4, 6), np.uint8), np.zeros((1, 1, 8, 7), np.uint8)]
    X = Samples({"images": ConcatenatedColumn(parts)})
    assert X.to_frame()["images"].tolist() == ["1 x 4 x 6", "1 x 8 x 7"]
    assert "6 x 4: 1, 7 x 8: 1" in X._repr_html_()


def test_html_counts_classes_splits_subjects_and_sizes(X):
    page = X._repr_html_()
    for text in (
        "4 samples",
        "64 x 48: 4",
        "fear: 2, unlabelled: 1",
        "2 subjects (file); 1 samples",
        "train: 2, test: 2",
    ):
        assert text in page


def test_html_escapes_names_and_values(X):
    page = X._repr_html_()
    assert "&lt;b&gt;toy&lt;/b&gt;" in page
    assert "joy &amp; &lt;i&gt;: 1" in page
    assert "&lt;age&gt;" in page
    assert "<b>toy" not in page
    assert "<script" not in page


def test_html_of_an_empty_slice_and_of_many_values(X):
    assert "0 samples" in X[[]]._repr_html_()
    many = Samples.from_arrays(label=np.zeros(30, int), age=np.arange(30))
    assert "30 different values" in many._repr_html_()
