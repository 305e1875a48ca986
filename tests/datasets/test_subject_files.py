"""Files of subjects: joined by ids where they have them, else by order and number; everything else is refused."""

import os

import h5py
import numpy as np
import pandas as pd
import pytest

from fer_features import FerError, Samples, load_dataset
from fer_features._csv import write_csv
from fer_features.datasets.subject_files import read_subjects, with_subjects_from_file

IDS = np.array([3, 1, 1, 2])


def write(tmp_path, kind, ids=IDS):
    path = tmp_path / f"subjects.{kind.split('-')[0]}"
    if kind.startswith("h5"):
        with h5py.File(path, "w") as file:
            file["anything" if kind == "h5-other" else "subjects"] = ids
    elif kind == "npy":
        np.save(path, ids)
    elif kind == "csv":
        pd.DataFrame({"id": range(len(ids)), "subject": ids, "confidence": 0.5}).to_csv(path, index=False)
    elif kind == "csv-bare":
        path.write_text("\n".join(map(str, ids)))
    elif kind == "csv-header":
        path.write_text("\n".join(["participant", *map(str, ids)]))
    return path


@pytest.mark.parametrize("kind", ["h5", "h5-other", "npy", "csv", "csv-bare", "csv-header"])
def test_all_formats_give_the_same_ids(tmp_path, kind):
    assert read_subjects(write(tmp_path, kind)).subject.tolist() == IDS.tolist()


@pytest.mark.parametrize("kind", ["h5", "npy", "csv"])
def test_ids_may_be_names(tmp_path, kind):
    names = np.array(["ann", "bob", "bob", "eve"])
    ids = names.astype("S3") if kind == "h5" else names
    assert read_subjects(write(tmp_path, kind, ids)).subject.tolist() == names.tolist()


def test_integral_floats_are_ids_and_nan_is_unknown(tmp_path):
    assert read_subjects(write(tmp_path, "npy", np.array([1.0, np.nan]))).subject.tolist() == [1, -1]
    with pytest.raises(FerError, match=r"1\.5"):
        read_subjects(write(tmp_path, "npy", np.array([1.5, 2.0])))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "1", "read from .h5, .npy or .csv"),
        ("a.h5", "not hdf5", "cannot be read"),
        ("a.npy", "not npy", "cannot be read"),
        ("a.npy", "", "cannot be read"),
        ("a.csv", "", "cannot be read"),
        ("a.csv", "x,y\n1,2\n", "a column 'subject' is needed"),
    ],
)
def test_unreadable_files(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(FerError, match=message):
        read_subjects(tmp_path / name)


def test_missing_file_and_wrong_shape(tmp_path):
    with pytest.raises(FerError, match="does not exist"):
        read_subjects(tmp_path / "none.npy")
    with pytest.raises(FerError, match=r"\(2, 2\)"):
        read_subjects(write(tmp_path, "npy", np.eye(2)))


def test_ids_of_the_training_split_leave_the_test_split_unknown(fer22_folder, subjects_file):
    X = load_dataset(fer22_folder, subjects=subjects_file)
    train = X["split"] == "train"
    assert np.array_equal(X["subject"][train], np.load(subjects_file))
    assert set(X["subject"][~train]) == {-1}
    assert X.info.subjects_from == "file"
    assert X.info.leakage == ""


def test_ids_of_all_splits_are_accepted(fer22_folder, tmp_path):
    np.save(tmp_path / "all.npy", np.arange(30))
    assert load_dataset(fer22_folder, subjects=tmp_path / "all.npy")["subject"].tolist() == list(range(30))


def test_wrong_number_of_ids(fer22_folder, tmp_path):
    np.save(tmp_path / "short.npy", np.arange(23))
    with pytest.raises(FerError, match=r"short\.npy has 23 .* 24 samples \(or 30"):
        load_dataset(fer22_folder, subjects=tmp_path / "short.npy")


TABLE = Samples.from_arrays(
    label=[0, 1, 0, 1, 0],
    split=["train"] * 3 + ["test"] * 2,
    id=["train/happy/a.png", "train/sad/b.png", "train/happy/c.png", "test/0.png", "test/1.png"],
)
#: Lines of a file, and the subjects of the samples or a part of the error.
JOINED = {
    "any order": ("id,subject\ntrain/happy/c.png,S3\ntrain/happy/a.png,S1\ntrain/sad/b.png,S2", "S1 S2 S3 -1 -1"),
    "file names": ("subject,file\nS3,c.png\nS1,a.png\nS2,b.png", "S1 S2 S3 -1 -1"),
    "some of test": ("id,subject\nc.png,3\na.png,1\nb.png,2\n1.png,9", "1 2 3 -1 9"),
    "unknown subject": ("ID;Subject;note\nc.png;;x\na.png;1;y\nb.png;-1;z", "1 -1 -1 -1 -1"),
    "unknown id": (
        "id,subject\nc.png,3\na.png,1\nb.png,2\nd.png,4",
        "1 id(s) that no sample has, such as 'd.png': ids",
    ),
    "missing id": ("id,subject\nc.png,3\na.png,1", "no line for 1 training sample(s), such as 'train/sad/b.png'"),
    "repeated id": ("id,subject\nc.png,3\na.png,1\na.png,2\nb.png,2", "1 repeated id(s), such as 'a.png'"),
    "trailing comma": ("id,subject\nc.png,3,\na.png,1,\nb.png,2,", "line 2: 3 fields, but the header names 2 columns"),
    "note and trailing comma": ("subject,note\n0,0,\n2,1,\n2,1,", "line 2: 3 fields"),
    "two columns": ("subject,subject\n1,2\n1,2\n1,2", "the column 'subject' 2 times"),
    "without ids": ("subject,note\n1,x\n1,y\n2,z", "1 1 2 -1 -1"),
}


@pytest.mark.parametrize("name", JOINED)
def test_subjects_are_joined_by_ids_and_not_by_position(tmp_path, name):
    lines, expected = JOINED[name]
    (tmp_path / "s.csv").write_text(lines)
    if "-1" in expected.split():
        X = with_subjects_from_file(TABLE, tmp_path / "s.csv")
        assert X["subject"].astype(str).tolist() == expected.split()
        assert X.info.subjects_from == "file"
    else:
        with pytest.raises(FerError) as error:
            with_subjects_from_file(TABLE, tmp_path / "s.csv")
        assert expected in str(error.value)
        assert "\n" not in str(error.value)


def test_ids_that_count_from_0_in_each_split_are_those_of_the_training_split(fer22_folder, subjects_file, tmp_path):
    subject = np.load(subjects_file)
    order = np.random.default_rng(0).permutation(24)
    pd.DataFrame({"id": order, "subject": subject[order]}).to_csv(tmp_path / "s.csv", index=False)
    X = load_dataset(fer22_folder, subjects=tmp_path / "s.csv")
    assert X["subject"].tolist() == [*subject, *[-1] * 6]


@pytest.mark.parametrize("ids", [["a", "b", "c"], ["=1", "-x", "+y"], [0, 1, 2]])
def test_written_subjects_are_read_again_in_any_order(tmp_path, ids):
    X = Samples.from_arrays(label=[0, 1, 0], id=ids, subject=["-S", "=T", "-S"])
    write_csv(X[::-1].to_frame()[["id", "subject"]], tmp_path / "subjects.csv")
    again = with_subjects_from_file(Samples.from_arrays(label=[0, 1, 0], id=ids), tmp_path / "subjects.csv")
    assert again["subject"].tolist() == X["subject"].tolist()


HOSTILE_IDS = {
    "minus signs": (np.array(["--1", "a"]), ["--1", "a"]),
    "a digit that is not a number": (np.array(["²", "1"]), ["²", "1"]),
    "long numbers": (np.array(["9" * 30, "1"]), ["9" * 30, "1"]),
    "bytes": (np.array([b"\xff", b"a"]), "not text in UTF-8"),
    "infinity": (np.array([np.inf, 1]), "inf is not an integer"),
    "huge numbers": (np.array([1e30, 1]), "1e+30 is not an integer"),
    "complex numbers": (np.array([1j, 1]), "of type complex"),
    "dates": (np.array(["2020-01-01", "2020-01-02"], "datetime64[D]"), "of type date"),
    "records": (np.zeros(2, [("a", "i4")]), "of type tuple"),
    "one number": (np.array(3), "shape ()"),
}


NOT_IN_HDF5 = ("minus signs", "a digit that is not a number", "long numbers", "dates")


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind in ("npy", "h5") for name in HOSTILE_IDS if kind == "npy" or name not in NOT_IN_HDF5],
)
def test_hostile_ids_are_text_or_refused_in_one_line(tmp_path, kind, name):
    values, expected = HOSTILE_IDS[name]
    path = write(tmp_path, kind, values)
    if isinstance(expected, list):
        assert read_subjects(path).subject.tolist() == expected
        return
    with pytest.raises(FerError) as error:
        read_subjects(path)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("suffix", [".h5", ".npy", ".csv"])
def test_named_pipe_is_refused(tmp_path, suffix):
    os.mkfifo(tmp_path / f"s{suffix}")
    with pytest.raises(FerError, match="is a named pipe"):
        read_subjects(tmp_path / f"s{suffix}")


def test_archive_of_arrays_and_group_are_refused(tmp_path):
    with open(tmp_path / "s.npy", "wb") as file:
        np.savez(file, a=IDS, b=IDS)
    with pytest.raises(FerError, match="archive of several arrays"):
        read_subjects(tmp_path / "s.npy")
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file.create_group("s")
    with pytest.raises(FerError, match="is a group"):
        read_subjects(tmp_path / "s.h5")


def test_a_subject_for_each_sample_is_a_warning(fer22_folder, tmp_path):
    np.save(tmp_path / "each.npy", np.arange(24))
    notes = load_dataset(fer22_folder, subjects=tmp_path / "each.npy").info.notes
    assert any("each subject has a single sample" in note for note in notes)


@pytest.mark.parametrize("name", ["", "index", "sample", "Unnamed: 0"])
def test_an_index_of_pandas_is_joined_and_not_passed_over(tmp_path, name):
    X = Samples.from_arrays(label=[0, 1, 0, 1])
    ordered = pd.DataFrame({"subject": ["a", "a", "b", "c"]}).rename_axis(name or None)
    for table in (ordered, ordered.iloc[[2, 0, 3, 1]]):
        table.to_csv(tmp_path / "subjects.csv")
        given = with_subjects_from_file(X, tmp_path / "subjects.csv")
        assert given["subject"].tolist() == ["a", "a", "b", "c"]


def test_an_index_in_another_order_is_refused_where_no_sample_has_such_ids(tmp_path):
    X = Samples.from_arrays(label=[0, 1, 0], id=["a.png", "b.png", "c.png"])
    for start in (0, 1):
        ordered = pd.DataFrame({"subject": [7, 7, 8]}, index=range(start, start + 3))
        ordered.to_csv(tmp_path / "subjects.csv")
        assert with_subjects_from_file(X, tmp_path / "subjects.csv")["subject"].tolist() == [7, 7, 8]
        ordered.iloc[::-1].to_csv(tmp_path / "subjects.csv")
        with pytest.raises(FerError, match="3 id\\(s\\) that no sample has"):
            with_subjects_from_file(X, tmp_path / "subjects.csv")


def test_a_number_of_inferred_subjects_is_refused_for_known_ones(fer22_folder, subjects_file):
    with pytest.raises(FerError, match="the subjects of these data are known"):
        load_dataset(fer22_folder, subjects=subjects_file, n_subjects=3)
