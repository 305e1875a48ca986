"""Subject identities: read from files, and inferred."""

import h5py
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from fer_features import FerError, load_dataset
from fer_features.datasets.subjects import read_subjects

from ..conftest import write_h5

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
    assert read_subjects(write(tmp_path, kind)).tolist() == IDS.tolist()


@pytest.mark.parametrize("kind", ["h5", "npy", "csv"])
def test_ids_may_be_names(tmp_path, kind):
    names = np.array(["ann", "bob", "bob", "eve"])
    ids = names.astype("S3") if kind == "h5" else names
    assert read_subjects(write(tmp_path, kind, ids)).tolist() == names.tolist()


def test_integral_floats_are_ids_and_nan_is_unknown(tmp_path):
    assert read_subjects(write(tmp_path, "npy", np.array([1.0, np.nan]))).tolist() == [1, -1]
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


@pytest.mark.parametrize("n", [0, 25])
def test_impossible_number_of_subjects(fer22_folder, n):
    with pytest.raises(FerError, match=f"--n-subjects {n}"):
        load_dataset(fer22_folder, n_subjects=n)


def test_inferred_subjects_are_marked_and_correct(fer22_folder, subjects_file):
    X = load_dataset(fer22_folder, n_subjects=4)
    train = X["split"] == "train"
    assert X.info.subjects_from == "inferred"
    assert 0 <= X.info.subjects_confidence <= 1
    assert len(np.unique(X["subject"][train])) == 4
    assert set(X["subject"][~train]) == {-1}
    assert adjusted_rand_score(np.load(subjects_file), X["subject"][train]) == 1


def test_unreliable_inferred_subjects_give_a_leakage_warning(fer22_folder):
    for split in ("train", "test"):
        with h5py.File(fer22_folder / f"data_{split}_images.h5", "r+") as file:
            data = file[f"data_{split}_images"]
            data[...] = np.random.default_rng(0).integers(0, 255, data.shape)
    X = load_dataset(fer22_folder, n_subjects=4)
    assert "may leak" in X.info.leakage
    assert "--subjects FILE" in X.info.leakage


def test_inferred_subjects_of_real_faces_are_correct(kdef, tmp_path):
    true = []
    pairs = []
    for subject in np.unique(kdef["subjects"])[:8]:
        for session in "AB":
            photographs = np.flatnonzero((kdef["subjects"] == subject) & (kdef["session"] == session))
            (neutral,) = photographs[kdef["labels"][photographs] == "neutral"]
            apexes = photographs[kdef["labels"][photographs] != "neutral"][:4]
            pairs += [(neutral, apex) for apex in apexes]
            true += [subject] * len(apexes)
    frames = np.array(pairs)
    write_h5(tmp_path, "data_train_images", kdef["images"][frames])
    write_h5(tmp_path, "data_train_landmarks", kdef["landmarks68"][frames])
    write_h5(tmp_path, "data_train_labels", np.zeros(len(frames)))
    X = load_dataset(tmp_path)
    assert adjusted_rand_score(true, X["subject"]) >= 0.95
    assert X.info.leakage == ""
