"""A test part that is drawn: nobody on both sides, every class in its share, by names and not by order."""

import cv2
import numpy as np
import pytest

from fer_features import FerError, Samples, evaluate, load_dataset, make_pipeline
from fer_features.cli.run import main
from fer_features.datasets import holdout
from fer_features.datasets.holdout import drawn, with_holdout
from fer_features.samples.table import Info

INFO = Info(dataset="folders", classes=("anger", "joy", "fear"), source="faces", cropped=True)


def table(n=300, people=20, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (n, 1, 24, 24)).astype(np.uint8)
    subject = None if people is None else np.array([f"P{p}" for p in rng.integers(people, size=n)])
    names = np.array([f"{i:04d}.png" for i in range(n)])
    return Samples.from_arrays(images, label=rng.integers(3, size=n), subject=subject, id=names, info=INFO)


def folder(root, each=12, people=6):
    rng = np.random.default_rng(0)
    for code, name in enumerate(("happy", "sad")):
        (root / name).mkdir(parents=True)
        for i in range(each):
            picture = rng.integers(0, 256, (24, 24)).astype(np.uint8)
            picture[:12] = 60 + 120 * code
            assert cv2.imwrite(str(root / name / f"S{i % people}_{i}.png"), picture)
    return root


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_every_class_has_its_share_where_rows_are_free(share):
    X = with_holdout(table(600, None), share)
    test = X["split"] == "test"
    for code in range(3):
        rows = X["label"] == code
        assert abs(test[rows].sum() - share * rows.sum()) <= 1
    assert set(X["split"]) == {"train", "test"}
    assert "subjects are unknown" in X.info.notes[-1]


def test_nobody_stands_on_both_sides_and_shares_are_near():
    X = with_holdout(table(), 0.2)
    test = X["split"] == "test"
    assert not set(X["subject"][test]) & set(X["subject"][~test])
    assert 0.1 <= test.mean() <= 0.3
    assert "by subject" in X.info.notes[-1]


def test_equal_pictures_stay_together_where_nobody_is_known():
    X = table(200, None)
    images = X["images"].copy()
    images[100:] = images[:100]
    X = with_holdout(X.with_columns(images=images), 0.2)
    np.testing.assert_array_equal(X["split"][:100], X["split"][100:])


@pytest.mark.parametrize("people", [None, 20])
def test_the_split_hangs_on_names_and_not_on_the_order_of_rows(people):
    X = table(200, people)
    order = np.random.default_rng(1).permutation(200)
    first, second = with_holdout(X, 0.2), with_holdout(X[order].with_columns(), 0.2)
    np.testing.assert_array_equal(first["split"][order], second["split"])


def test_one_more_picture_moves_few_others():
    label = np.random.default_rng(0).integers(3, size=500)
    keys = [f"{i}" for i in range(501)]
    before, after = drawn(keys[:500], label, 0.2), drawn(keys, np.append(label, 1), 0.2)
    assert (before != after[:500]).sum() <= 3


def test_small_tables_are_left_whole_large_ones_are_not_and_0_is_none(monkeypatch):
    X = table()
    assert with_holdout(X) is X
    monkeypatch.setattr(holdout, "LARGE", 300)
    assert (with_holdout(X)["split"] == "test").any()
    assert with_holdout(X, 0) is X


def test_what_cannot_be_split_is_told_or_left_whole(monkeypatch):
    X = table(300, 20)
    alone = X.with_columns(subject=np.where(X["label"] == 2, "P0", "P1"))
    with pytest.raises(FerError, match=r"too few people show .*--cv 5fold"):
        with_holdout(alone, 0.2)
    monkeypatch.setattr(holdout, "LARGE", 300)
    whole = with_holdout(alone)
    assert "split" not in whole
    assert "no test part can be drawn" in whole.info.notes[-1]
    with pytest.raises(FerError, match="parts of its own"):
        with_holdout(with_holdout(X, 0.2), 0.2)


def test_a_folder_with_a_test_part_is_judged_on_it_and_by_folds_without(tmp_path):
    path = folder(tmp_path / "faces")
    X = load_dataset(path, subject_pattern=r"^(S\d+)_", holdout=0.34)
    people = {part: set(X["subject"][X["split"] == part]) for part in ("train", "test")}
    assert [len(people["train"]), len(people["test"])] == [4, 2]
    model = make_pipeline("hog_linear", align__method="none", features__hog__cell=8)
    assert evaluate(model, X).scores["n"] == 8
    assert "official" in evaluate(model, X).scores["protocol"]
    assert evaluate(model, load_dataset(path, subject_pattern=r"^(S\d+)_")).scores["n"] == 24
    flags = ["--data", str(path), "--pipeline", "hog_linear", "--set", "features__hog__cell=8", "--holdout", "0.34"]
    assert main([*flags, "--subject-pattern", r"^(S\d+)_", "--out", str(tmp_path / "out")]) == 0
    assert main([*flags, "--cv", "loso", "--out", str(tmp_path / "more")]) == 2  # who is who is not known


def test_parts_of_its_own_are_kept(tmp_path):
    folder(tmp_path / "train")
    folder(tmp_path / "test", each=4)
    with pytest.raises(FerError, match="parts of its own"):
        load_dataset(tmp_path, holdout=0.2)
    assert (load_dataset(tmp_path)["split"] == "test").sum() == 8
