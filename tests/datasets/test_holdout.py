"""The holdout split: no subject in both splits, the fraction holds in every class, and the order does not matter."""

import cv2
import numpy as np
import pytest

from fer_features import FerError, Samples, evaluate, load_dataset, make_pipeline
from fer_features.cli.run import main
from fer_features.datasets import holdout
from fer_features.datasets.holdout import holdout_mask, with_holdout
from fer_features.samples.table import DataInfo

INFO = DataInfo(dataset="folders", classes=("anger", "joy", "fear"), source="faces", cropped=True)


def make_samples(n=300, n_subjects=20, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (n, 1, 24, 24)).astype(np.uint8)
    subject = None if n_subjects is None else np.array([f"P{p}" for p in rng.integers(n_subjects, size=n)])
    names = np.array([f"{i:04d}.png" for i in range(n)])
    return Samples.from_arrays(images, label=rng.integers(3, size=n), subject=subject, id=names, info=INFO)


def write_folder(root, n_images=12, n_subjects=6):
    rng = np.random.default_rng(0)
    for code, name in enumerate(("happy", "sad")):
        (root / name).mkdir(parents=True)
        for i in range(n_images):
            image = rng.integers(0, 256, (24, 24)).astype(np.uint8)
            image[:12] = 60 + 120 * code
            assert cv2.imwrite(str(root / name / f"S{i % n_subjects}_{i}.png"), image)
    return root


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.5])
def test_fraction_holds_in_every_class_without_subjects(fraction):
    X = with_holdout(make_samples(600, None), fraction)
    test = X["split"] == "test"
    for code in range(3):
        of_class = X.label_codes == code
        assert abs(test[of_class].sum() - fraction * of_class.sum()) <= 1
    assert set(X["split"]) == {"train", "test"}
    assert "subjects are unknown" in X.info.notes[-1]


def test_no_subject_is_in_both_splits_and_the_fraction_is_approximate():
    X = with_holdout(make_samples(), 0.2)
    test = X["split"] == "test"
    assert not set(X["subject"][test]) & set(X["subject"][~test])
    assert 0.1 <= test.mean() <= 0.3
    assert "by subject" in X.info.notes[-1]


def test_equal_images_stay_in_one_split_where_subjects_are_unknown():
    X = make_samples(200, None)
    images = X["images"].copy()
    images[100:] = images[:100]
    X = with_holdout(X.with_columns(images=images), 0.2)
    np.testing.assert_array_equal(X["split"][:100], X["split"][100:])


@pytest.mark.parametrize("n_subjects", [None, 20])
def test_split_depends_on_ids_and_not_on_the_order_of_samples(n_subjects):
    X = make_samples(200, n_subjects)
    order = np.random.default_rng(1).permutation(200)
    first, second = with_holdout(X, 0.2), with_holdout(X[order].with_columns(), 0.2)
    np.testing.assert_array_equal(first["split"][order], second["split"])


def test_an_additional_image_changes_few_others():
    label = np.random.default_rng(0).integers(3, size=500)
    groups = [f"{i}" for i in range(501)]
    before, after = holdout_mask(groups[:500], label, 0.2), holdout_mask(groups, np.append(label, 1), 0.2)
    assert (before != after[:500]).sum() <= 3


def test_default_splits_large_tables_only_and_0_disables_it(monkeypatch):
    X = make_samples()
    assert with_holdout(X) is X
    monkeypatch.setattr(holdout, "MIN_SAMPLES_FOR_HOLDOUT", 300)
    assert (with_holdout(X)["split"] == "test").any()
    assert with_holdout(X, 0) is X


def test_too_few_subjects_raise_if_a_fraction_is_given_and_give_a_note_otherwise(monkeypatch):
    X = make_samples(300, 20)
    alone = X.with_columns(subject=np.where(X.label_codes == 2, "P0", "P1"))
    with pytest.raises(FerError, match=r"too few subjects show .*cv='5fold'"):
        with_holdout(alone, 0.2)
    monkeypatch.setattr(holdout, "MIN_SAMPLES_FOR_HOLDOUT", 300)
    unsplit = with_holdout(alone)
    assert "split" not in unsplit
    assert "no test split can be created" in unsplit.info.notes[-1]
    with pytest.raises(FerError, match="has predefined splits"):
        with_holdout(with_holdout(X, 0.2), 0.2)


def test_holdout_split_is_evaluated_and_without_it_folds(tmp_path):
    path = write_folder(tmp_path / "faces")
    X = load_dataset(path, subject_pattern=r"^(S\d+)_", holdout=0.34)
    subjects = {split: set(X["subject"][X["split"] == split]) for split in ("train", "test")}
    assert [len(subjects["train"]), len(subjects["test"])] == [4, 2]
    model = make_pipeline("hog_linear", align__method="none", features__hog__pixels_per_cell=8)
    scores = evaluate(model, X).scores
    assert scores.metrics.n_samples == 8
    assert "predefined" in scores.protocol
    assert evaluate(model, load_dataset(path, subject_pattern=r"^(S\d+)_")).scores.metrics.n_samples == 24
    options = ["--data", str(path), "--pipeline", "hog_linear", "--set", "features__hog__pixels_per_cell=8"]
    options += ["--holdout", "0.34"]
    assert main([*options, "--subject-pattern", r"^(S\d+)_", "--out", str(tmp_path / "out")]) == 0
    assert main([*options, "--cv", "loso", "--out", str(tmp_path / "more")]) == 2  # subjects are unknown


def test_predefined_splits_are_kept(tmp_path):
    write_folder(tmp_path / "train")
    write_folder(tmp_path / "test", n_images=4)
    with pytest.raises(FerError, match="has predefined splits"):
        load_dataset(tmp_path, holdout=0.2)
    assert (load_dataset(tmp_path)["split"] == "test").sum() == 8
