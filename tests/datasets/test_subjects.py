"""Subject identities that are inferred from the neutral frames."""

import h5py
import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from fer_features import FerError, load_dataset

from ..conftest import write_h5


@pytest.mark.parametrize("n", [0, 25])
def test_impossible_number_of_subjects(fer22_folder, n):
    with pytest.raises(FerError, match=f"n_subjects={n}"):
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
    assert "subjects=FILE" in X.info.leakage


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
