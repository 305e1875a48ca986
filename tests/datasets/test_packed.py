"""Packed files: everything that a table has is read back, in any form of images, and faults are named."""

import dataclasses
import json
import pickle

import cv2
import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features import DataInfo, FerError, Samples, load_dataset
from fer_features.datasets import DATASETS, packed, write_packed
from fer_features.datasets.clips import read_clips
from fer_features.datasets.file_records import Record
from fer_features.datasets.packed import load_packed
from fer_features.samples.columns import H5Column, LazyColumn, as_lazy_column
from fer_features.samples.packed_images import PackedImages

from ..conftest import draw_clips

RNG = np.random.default_rng(0)
INFO = DataInfo(
    dataset="ck+",
    classes=("anger", "joy", "Trauer ä"),
    source="/data/ck+",
    licence="research only",
    subjects_from="dataset",
    leakage="a reason",
    cropped=True,
    notes=("one note", "warning: another"),
)


def assert_equal_tables(X, Y):
    """All columns and metadata of two tables are equal, apart from where columns are in files."""
    assert X.columns == Y.columns
    assert dataclasses.replace(X.info, files={}) == Y.info
    for name in X.columns:
        if name != "images":
            x, y = X[name], Y[name]
            assert x.dtype.kind == y.dtype.kind or {x.dtype.kind, y.dtype.kind} == {"O", "U"}
            np.testing.assert_array_equal(np.asarray(x, object if x.dtype.kind == "U" else x.dtype), y)
    if "images" in X:
        np.testing.assert_array_equal(X.sizes(), Y.sizes())
        for i in range(len(X)):
            np.testing.assert_array_equal(X[[i]]["images"][0], Y[[i]]["images"][0])


def different_sizes(n, n_frames):
    images = [RNG.integers(0, 256, (n_frames, 20 + 3 * (i % 4), 30 + i % 3)).astype(np.uint8) for i in range(n)]
    sizes = [image.shape[1:] for image in images]
    return PackedImages(np.concatenate([image.ravel() for image in images]), np.array(sizes), n_frames)


def table(images, **columns):
    n = len(images)
    columns = {
        "label": np.arange(n) % 4 - 1,
        "subject": np.array([f"S{i % 3}" for i in range(n)], object),
        "split": np.array([("train", "test", "")[i % 3] for i in range(n)]),
        "id": np.array([f"Ä/{i}.png" for i in range(n)]),
        "age": np.arange(n) / 2,
        "view": np.array([("", "half left")[i % 2] for i in range(n)]),
        **columns,
    }
    return Samples.from_arrays(images=images, info=INFO, **columns)


FORMS = {
    "stills": lambda: RNG.integers(0, 256, (13, 1, 24, 20)).astype(np.uint8),
    "clips": lambda: RNG.integers(0, 256, (7, 4, 24, 20)).astype(np.uint8),
    "flat images": lambda: np.full((9, 2, 40, 40), 200, np.uint8),
    "stills of different sizes": lambda: different_sizes(11, 1),
    "clips of different sizes": lambda: different_sizes(8, 3),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_table_is_read_back(tmp_path, form, monkeypatch):
    X = table(FORMS[form]())
    for block in (1, 1 << 24):
        monkeypatch.setattr(packed, "BLOCK_BYTES", block)
        Y = load_dataset(write_packed(X, tmp_path / "a.h5"))
        assert_equal_tables(X, Y)
        assert isinstance(Y.column("images"), LazyColumn)
        assert len(pickle.dumps(Y)) < 20_000
        t = X.column("images").shape[1] - 1
        for x, y in zip(X[[2, 0]].frame("images", t), Y[[2, 0]].frame("images", -1), strict=True):
            np.testing.assert_array_equal(x, y)


def test_landmarks_and_columns_with_several_values(tmp_path):
    images, landmarks, label, subject = draw_clips()
    numbers = np.tile([0, 4, 9], (len(images), 1))
    X = Samples.from_arrays(images, landmarks, label, subject).with_columns(
        frame_numbers=numbers, pose=as_lazy_column(numbers / 2)
    )
    Y = load_dataset(write_packed(X, tmp_path / "a.h5"))
    assert_equal_tables(X, Y)
    assert Y["landmarks"].dtype == X["landmarks"].dtype


def test_columns_of_any_name(tmp_path):
    names = ["a", "a/b", "a%2Fb", ".", "..", "/", "", "images", "é\n", "x" * 1000, "a\0b"]
    X = table(FORMS["stills"]())
    X = X.with_columns(**{name: np.full(len(X), f"v{i}", object) for i, name in enumerate(names) if name != "images"})
    assert_equal_tables(X, load_dataset(write_packed(X, tmp_path / "a.h5")))


def test_table_without_images(tmp_path):
    X = Samples.from_arrays(landmarks=draw_clips()[1], label=draw_clips()[2])
    assert_equal_tables(X, load_dataset(write_packed(X, tmp_path / "a.hdf5"), infer_subjects=False))


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_slices_in_any_order_are_packed_as_such(tmp_path_factory, data):
    X = table(FORMS[data.draw(st.sampled_from(list(FORMS)))]())
    indices = data.draw(st.lists(st.integers(0, len(X) - 1), min_size=1, max_size=12))
    path = tmp_path_factory.mktemp("packed") / "a.h5"
    assert_equal_tables(X[indices], load_packed(write_packed(X[indices], path)))  # without notes on its contents


def test_packed_file_of_a_packed_file(tmp_path):
    X = table(FORMS["clips of different sizes"]())
    first = load_dataset(write_packed(X, tmp_path / "a.h5"))
    second = load_dataset(write_packed(first[[5, 0, 2, 7]], tmp_path / "b.h5"))
    (tmp_path / "a.h5").unlink()
    assert_equal_tables(X[[5, 0, 2, 7]], second)
    assert second.info == first.info


def test_images_are_not_replaced_by_themselves(tmp_path):
    path = write_packed(table(FORMS["stills"]()), tmp_path / "a.h5")
    (tmp_path / "link.h5").symlink_to(path)
    X, content = load_dataset(path), path.read_bytes()
    for one in (path, tmp_path / "link.h5"):
        with pytest.raises(FerError, match="images of the table are read from it"):
            write_packed(X[:3], one)
    assert path.read_bytes() == content


def test_licence_is_that_of_the_data_set(tmp_path):
    X = load_dataset("demo")[::40]
    Y = load_dataset(write_packed(X, tmp_path / "a.h5"))
    assert (Y.info.licence, Y.info.dataset, Y.info.synthetic) == (DATASETS["demo"].licence, "demo", True)


def test_clips_are_decoded_in_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "BLOCK_BYTES", 3 * 2 * 40 * 40)
    files = []
    for i in range(12):
        files.append(tmp_path / f"{i}.png")
        cv2.imwrite(str(files[-1]), RNG.integers(0, 256, (40, 40)).astype(np.uint8))
    records = [Record(id=str(i), files=(files[i], files[i + 1]), is_clip=True) for i in range(11)]
    images = read_clips(records, n_frames=2, apex=None, neutral=None, name=str).images
    most = []
    read = type(images)._read
    monkeypatch.setattr(type(images), "_read", lambda self, i, t: most.append(len(i)) or read(self, i, t))
    X = Samples.from_arrays(images=images, id=np.arange(11), label=np.arange(11) % 2)
    most.clear()
    path = write_packed(X, tmp_path / "a.h5")
    assert max(most[1:]) <= 4  # the first access is the trial of the compression
    np.testing.assert_array_equal(load_dataset(path)["images"], X["images"])


def test_images_are_compressed_only_where_it_pays(tmp_path):
    noise, flat = (tmp_path / name for name in ("noise.h5", "flat.h5"))
    write_packed(Samples.from_arrays(images=FORMS["clips"]()), noise)
    write_packed(Samples.from_arrays(images=FORMS["flat images"]()), flat)
    for path, compression in ((noise, None), (flat, "gzip")):
        with h5py.File(path) as file:
            assert file["images"].compression == compression
            assert file["images"].chunks[1] == 1


def test_holdout_is_made_when_a_file_is_read(tmp_path):
    X = Samples.from_arrays(
        images=RNG.integers(0, 256, (80, 1, 12, 12)).astype(np.uint8),
        label=np.arange(80) % 2,
        id=np.array([f"{i}.png" for i in range(80)]),
    )
    Y = load_dataset(write_packed(X, tmp_path / "a.h5"), holdout=0.25)
    assert sorted(set(Y["split"].tolist())) == ["test", "train"]


def test_other_names_and_values_are_refused(tmp_path):
    X = table(FORMS["stills"]())
    with pytest.raises(FerError, match=r"ends in \.h5 or \.hdf5"):
        write_packed(X, tmp_path / "a.npz")
    for value, shown in ((None, "None"), ("\udcff", "not text in UTF-8")):
        with pytest.raises(FerError, match=f"'remark' contains .*{shown}"):
            write_packed(X.with_columns(remark=np.array([*"abcdefghijkl", value], object)), tmp_path / "a.h5")
    with pytest.raises(FerError, match="'remark' has text with a NUL character"):
        write_packed(X.with_columns(remark=np.array([*"abcdefghijkl", "a\0b"], object)), tmp_path / "a.h5")
    assert not list(tmp_path.iterdir())


def test_failure_while_images_are_read_leaves_the_old_file(tmp_path):
    path = write_packed(table(FORMS["stills"]()), tmp_path / "a.h5")
    content = path.read_bytes()
    (tmp_path / "x.h5").write_bytes(content)
    broken = Samples({"images": H5Column(tmp_path / "x.h5", "images")})
    (tmp_path / "x.h5").write_bytes(content[:3000])
    with pytest.raises(FerError, match=r"x\.h5"):
        write_packed(broken, path)
    assert path.read_bytes() == content
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.h5", "x.h5"]


def test_other_and_damaged_files_are_refused(tmp_path):
    path = write_packed(table(FORMS["stills"]()), tmp_path / "a.h5")
    content = path.read_bytes()
    for other, message in (
        (content[: len(content) // 2], "truncated or damaged"),
        (b"", "cannot be read"),
        (b"text", "cannot be read"),
    ):
        path.write_bytes(other)
        with pytest.raises(FerError, match=message) as error:
            load_dataset(path)
        assert "\n" not in str(error.value)
    with h5py.File(path, "w") as file:
        file["data"] = [1]
    with pytest.raises(FerError, match="not written by write_packed: its keys are data"):
        load_dataset(path)
    later = json.dumps({"format": 2, "info": {"classes": [], "notes": []}, "columns": [], "n_frames": 0})
    for about, message in (("{}", "metadata"), (later, "format 2"), ("[", "metadata"), ("[1]", "metadata")):
        with h5py.File(path, "w") as file:
            file["about"] = about
        with pytest.raises(FerError, match=message):
            load_dataset(path)


@pytest.mark.parametrize("length", [1, 255, 256, 257, 5000])
def test_text_of_any_length(tmp_path, length):
    X = table(FORMS["stills"]())
    X = X.with_columns(remark=np.array(["é" * (length // 2), *["a" * (length % 7)] * (len(X) - 1)], object))
    assert_equal_tables(X, load_dataset(write_packed(X, tmp_path / "a.h5")))


def test_damaged_text_is_refused(tmp_path):
    path = write_packed(table(FORMS["stills"]()), tmp_path / "a.h5")
    with h5py.File(path, "a") as file:
        n = len(file["columns/id"])
        del file["columns/id"]
        file["columns/id"] = np.array([b"\xff\xfe"] * n)
    with pytest.raises(FerError, match="its column 'id' is not text in UTF-8"):
        load_dataset(path)


@pytest.mark.parametrize("key", ["images", "columns/label", "columns/id", "columns"])
def test_missing_parts_are_refused(tmp_path, key):
    path = write_packed(table(FORMS["stills"]()), tmp_path / "a.h5")
    with h5py.File(path, "a") as file:
        del file[key]
    with pytest.raises(FerError, match="has no dataset"):
        load_dataset(path)
