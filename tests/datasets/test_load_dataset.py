"""All data sets fulfil the contract of `Dataset`; registration, recognition of paths, options of load_dataset."""

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest

from fer_features import FerError, Samples, load_dataset
from fer_features.datasets import DATASETS, LOAD_OPTIONS, Dataset, register_dataset, write_packed
from fer_features.datasets.layouts import LAYOUTS
from fer_features.samples.table import DataInfo


@pytest.fixture
def registry(monkeypatch):
    """`DATASETS`, restored after the test."""
    saved = dict(DATASETS)
    yield DATASETS
    DATASETS.clear()
    DATASETS.update(saved)


def load_two(path, **options):
    return Samples.from_arrays(
        images=np.zeros((2, 1, 8, 8), np.uint8), label=[0, 1], id=["a", "b"], info=DataInfo(classes=("x", "y"))
    )


def make_dataset(**changes):
    """A data set of files with the suffix .two."""
    two = Dataset(
        name="two",
        description="two black images",
        layout="a file with the suffix .two",
        can_load=lambda path: path.suffix == ".two",
        load=load_two,
    )
    return dataclasses.replace(two, **changes)


@pytest.mark.parametrize("name", DATASETS)
def test_attributes_are_complete(name):
    dataset = DATASETS[name]
    assert dataset.name == name
    for text in (dataset.description, dataset.layout, dataset.reference):
        assert text
        assert "\n" not in text
    assert set(dataset.options) <= set(LOAD_OPTIONS)


@pytest.mark.parametrize("name", DATASETS)
def test_can_load_is_false_for_other_paths(name, tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    for path in (tmp_path, tmp_path / "notes.txt", tmp_path / "empty", tmp_path / "missing"):
        assert DATASETS[name].can_load(path) is False


def test_only_demo_can_load_the_word_demo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [name for name, dataset in DATASETS.items() if dataset.can_load(Path("demo"))] == ["demo"]
    (tmp_path / "demo").mkdir()
    with pytest.raises(FerError, match="demo is not a known data set"):
        load_dataset("demo")


def test_other_files_can_be_listed_in_a_table(tmp_path):
    (tmp_path / "photo.png").touch()
    with pytest.raises(FerError, match=r"'fer-features list-files' writes a table of any images and videos$"):
        load_dataset(tmp_path)


@pytest.mark.parametrize("where", ["session=A", ["session=A"]])
def test_an_option_that_is_not_possible_is_named_as_it_is_given(tmp_path, where):
    path = write_packed(Samples.from_arrays(images=np.zeros((2, 8, 8), np.uint8), label=[0, 1]), tmp_path / "two.h5")
    with pytest.raises(FerError, match=r"^where='session=A' is not possible for .*two\.h5, which"):
        load_dataset(path, where=where)


def test_registered_dataset_is_loaded_like_the_built_in_ones(registry, tmp_path):
    dataset = make_dataset()
    assert register_dataset(dataset) is dataset
    assert registry["two"] is dataset
    (tmp_path / "a.two").touch()
    X = load_dataset(tmp_path / "a.two", infer_subjects=False)
    assert X.label_codes.tolist() == [0, 1]
    assert (X.info.dataset, X.info.source) == ("two", str(tmp_path / "a.two"))
    np.save(tmp_path / "subjects.npy", [5, 6])
    X = load_dataset(tmp_path / "a.two", subjects=tmp_path / "subjects.npy")
    assert X["subject"].tolist() == [5, 6]
    with pytest.raises(FerError, match=r"two: a file with the suffix \.two"):
        load_dataset(tmp_path)


def test_registered_datasets_take_precedence_and_the_latest_is_first(registry, fer22_folder):
    for name in ("first", "second"):
        register_dataset(make_dataset(name=name, can_load=lambda path: path == fer22_folder))
    assert load_dataset(fer22_folder, infer_subjects=False).info.dataset == "second"
    del registry["second"]
    assert load_dataset(fer22_folder, infer_subjects=False).info.dataset == "first"
    del registry["first"]
    assert load_dataset(fer22_folder, infer_subjects=False).info.dataset == "fer22"


def test_only_supported_options_are_passed_to_load(registry, tmp_path):
    received = {}

    def load(path, **options):
        received.update(options)
        return load_two(path)

    register_dataset(make_dataset(load=load, options=("on_error", "subject_pattern", "holdout")))
    load_dataset(tmp_path / "a.two", cache=tmp_path, on_error="skip", subject_pattern="x", infer_subjects=False)
    assert received == {"on_error": "skip", "subject_pattern": "x"}
    with pytest.raises(FerError, match=r"labels=.* is not possible for .* two"):
        load_dataset(tmp_path / "a.two", labels="ferplus")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "fer22"}, "'fer22' is taken"),
        ({"name": "my_data"}, "'my_data' is not allowed"),
        ({"name": "my+data"}, "'my\\+data' is not allowed"),
        ({"name": " "}, "' ' is not allowed"),
        ({"name": 3}, "3 is not allowed"),
        ({"options": ("speed",)}, "option 'speed'.*labels, subject_pattern"),
        ({"load": "file.py"}, "load must be a function"),
        ({"can_load": None}, "can_load must be a function"),
    ],
)
def test_invalid_registrations(registry, changes, message):
    before = dict(registry)
    with pytest.raises(FerError, match=message) as caught:
        register_dataset(make_dataset(**changes))
    assert "\n" not in str(caught.value)
    assert registry == before


def test_objects_of_other_types_are_refused(registry):
    with pytest.raises(FerError, match="needs a Dataset, not dict"):
        register_dataset({"name": "two"})
    register_dataset(make_dataset(load=lambda path: np.zeros(3)))
    with pytest.raises(FerError, match="'two': load returned ndarray, Samples are needed"):
        load_dataset("a.two")


def test_unknown_layout_names_the_content_and_the_accepted_layouts(tmp_path):
    for i in range(9):
        (tmp_path / f"cat{i}" / "0").mkdir(parents=True)
    (tmp_path / "list.txt").touch()
    (tmp_path / ".hidden").touch()
    (tmp_path / "names.csv").write_text("name,emotion\na.png,sad\n")
    (tmp_path / "empty").mkdir()
    cases = {
        tmp_path: "a folder with 10 folder(s) (cat0/ with 1 folder(s) (0/), cat1/ with ",
        tmp_path / "empty": "it is an empty folder; accepted are",
        tmp_path / "list.txt": "it is a file of the type '.txt'; accepted are",
        tmp_path / "names.csv": "it is a table with the columns name, emotion; accepted are",
    }
    for path, message in cases.items():
        with pytest.raises(FerError) as caught:
            load_dataset(path)
        raised = str(caught.value)
        assert "\n" not in raised
        assert message in raised
        named = {layout.name for layout in LAYOUTS}
        for name, dataset in DATASETS.items():
            assert (dataset.layout in raised) == (name not in ("demo", *named))
            assert (name in raised.partition("and the layouts of ")[2].split(", ")) == (name in named)


def test_missing_path():
    with pytest.raises(FerError, match="nowhere does not exist"):
        load_dataset("nowhere")


def test_options_are_keyword_only(fer22_folder, subjects_file):
    with pytest.raises(TypeError):
        load_dataset(fer22_folder, subjects_file)


@pytest.mark.parametrize("kind", ["named pipe", "device", "link loop"])
@pytest.mark.parametrize("name", ["data", "fer2013.csv", "data.h5"])
def test_special_files_are_refused_in_one_line(tmp_path, kind, name):
    path = tmp_path / name
    if kind == "named pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(path if kind == "link loop" else os.devnull)
    with pytest.raises(FerError) as error:
        load_dataset(path)
    expected = "does not exist" if kind == "link loop" else f"it is a path that is a {kind}"
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("stem", ["data_train_images", "data_train_landmarks", "data_train_labels", "data_test_images"])
def test_named_pipes_in_place_of_fer22_files_are_refused(fer22_folder, stem):
    (fer22_folder / f"{stem}.h5").unlink()
    os.mkfifo(fer22_folder / f"{stem}.h5")
    with pytest.raises(FerError, match=f"{stem}.h5 is a named pipe"):
        load_dataset(fer22_folder)


def test_files_beside_those_of_fer22_are_counted_in_a_note(fer22_folder, subjects_file):
    (fer22_folder / "data_validation_images.h5").touch()
    subjects_file.rename(fer22_folder / "subjects.npy")
    X = load_dataset(fer22_folder, subjects=fer22_folder / "subjects.npy")
    assert X.info.notes == (f"not used: 1 file(s) in {fer22_folder}: data_validation_images.h5",)
