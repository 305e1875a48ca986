"""Subject identities that are inferred from the neutral frames of sequences, or from still images."""

import cv2
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


def write_stills(root, kdef, subjects):
    """Photographs of KDEF in class folders; returns the subject of each file name."""
    chosen = np.flatnonzero(np.isin(kdef["subjects"], subjects))
    names = [f"{kdef['labels'][i]}/{i:04}.png" for i in chosen]
    for name, i in zip(names, chosen, strict=True):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(root / name), kdef["images"][i])
    return dict(zip(names, kdef["subjects"][chosen], strict=True))


def test_subjects_of_still_images_are_inferred_on_request(kdef, tmp_path):
    true = write_stills(tmp_path, kdef, np.unique(kdef["subjects"])[:10])
    assert "subject" not in load_dataset(tmp_path)
    for options in ({"n_subjects": 10}, {"infer_subjects": True}):
        X = load_dataset(tmp_path, **options)
        assert X.info.subjects_from == "inferred"
        assert adjusted_rand_score([true[name] for name in X["id"]], X["subject"]) >= 0.9
        assert "may leak" in X.info.leakage


def test_still_images_are_held_out_by_inferred_subject(kdef, tmp_path):
    write_stills(tmp_path, kdef, np.unique(kdef["subjects"])[:5])
    X = load_dataset(tmp_path, n_subjects=5, holdout=0.4)
    of_test = X["split"] == "test"
    assert of_test.any()
    assert not set(X["subject"][of_test]) & set(X["subject"][~of_test])
