"""Stills in folders named by class: parts, names, subjects, pictures of all kinds, and every fault told or skipped."""

import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pandas as pd
import pytest

from fer_features import FerError, evaluate, load_dataset, make_pipeline
from fer_features.cli.run import main
from fer_features.datasets import folders
from fer_features.expressions import FER2013, FOLDERS, SYNONYMS, code_of

from ..conftest import SHARED

RNG = np.random.default_rng(0)


def save(path, picture=None, shape=(48, 48)):
    """Write a picture; noise where none is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = RNG.integers(0, 256, shape).astype(np.uint8) if picture is None else picture
    assert cv2.imwrite(str(path), picture)
    return picture


def tree(root, parts=("train", "test"), classes=FER2013, each=2, suffix="png"):
    """Pictures by path below the root."""
    return {
        f"{part}/{name}/{name}_{i}.{suffix}".lstrip("/"): save(root / part / name / f"{name}_{i}.{suffix}")
        for part in parts
        for name in classes
        for i in range(each)
    }


def refused(path, *words, **options):
    with pytest.raises(FerError) as caught:
        load_dataset(path, **options)
    said = str(caught.value)
    assert "\n" not in said
    for word in words:
        assert word in said, said


@pytest.mark.parametrize(
    ("names", "splits", "below"),
    [
        (("train", "test"), ("train", "test"), ""),
        (("Training", "VAL", "Testing"), ("train", "validation", "test"), ""),
        (("train", "validation"), ("train", "validation"), "images"),
        (("train", "test"), ("train", "test"), "Images"),
    ],
)
def test_parts_classes_and_pixels(tmp_path, names, splits, below):
    written = tree(tmp_path / below, names)
    X = load_dataset(tmp_path)
    assert len(X) == len(written)
    assert X["images"].shape == (len(written), 1, 48, 48)
    for row, name in enumerate(X["id"]):
        name = name.removeprefix(f"{below}/")
        part, folder, _ = name.split("/")
        assert np.array_equal(X["images"][row, 0], written[name])
        assert X["split"][row] == dict(zip(names, splits, strict=True))[part]
        assert FOLDERS[X["label"][row]] == folder
    assert (X.info.dataset, X.info.cropped, X.info.notes) == ("folders", True, ())


def test_names_of_classes_in_any_case_with_numbers_and_by_synonyms():
    for code, name in enumerate(FOLDERS):
        for word in SYNONYMS[name]:
            for shown in (word, word.upper(), word.title(), f"{code}_{word}", f"0{code} - {word}", f" {word} "):
                assert code_of(shown) == code, shown
    assert code_of("background") is None
    assert code_of("3") is None
    words = [word for words in SYNONYMS.values() for word in words]
    assert len(words) == len(set(words))


@pytest.mark.parametrize("suffix", ["png", "jpg", "JPEG", "bmp", "tiff", "pgm"])
def test_kinds_of_pictures_and_a_folder_without_parts(tmp_path, suffix):
    written = tree(tmp_path, ("",), ("Happiness", "JOY", "sadness"), suffix=suffix)
    X = load_dataset(tmp_path)
    assert "split" not in X
    assert X["label"].tolist() == [3, 3, 3, 3, 4, 4]
    difference = [np.abs(X["images"][i, 0].astype(int) - written[name]).mean() for i, name in enumerate(X["id"])]
    assert max(difference) < (40 if suffix in ("jpg", "JPEG") else 1e-9)


def test_a_test_part_without_classes_is_to_be_predicted(tmp_path):
    tree(tmp_path, ("train",), each=6)
    for i in range(4):
        save(tmp_path / "test" / f"{i}.png")
    X = load_dataset(tmp_path)
    assert X["label"][X["split"] == "test"].tolist() == [-1] * 4
    out = tmp_path.parent / "out"
    command = ["--data", str(tmp_path), "--pipeline", "hog_linear", "--cv", "3fold", "--out", str(out)]
    assert main(command) == 0
    assert len(pd.read_csv(out / "submission.csv")) == 4


def test_colour_is_made_grey_other_sizes_of_the_same_shape_are_scaled_and_both_are_said(tmp_path):
    tree(tmp_path)
    save(tmp_path / "train" / "happy" / "colour.png", shape=(48, 48, 3))
    grey = RNG.integers(0, 256, (48, 48)).astype(np.uint8)
    save(tmp_path / "train" / "happy" / "grey_as_rgb.png", np.dstack([grey] * 3))
    save(tmp_path / "train" / "happy" / "large.png", np.full((96, 96), 77, np.uint8))
    save(tmp_path / "train" / "happy" / "deep.png", np.full((48, 48), 128 * 257, np.uint16))
    X = load_dataset(tmp_path)
    pictures = {name.rsplit("/", 1)[-1]: X["images"][i, 0] for i, name in enumerate(X["id"])}
    assert np.array_equal(pictures["grey_as_rgb.png"], grey)
    assert (pictures["large.png"] == 77).all()
    assert (pictures["deep.png"] == 128).all()
    assert X.info.notes == ("1 colour picture(s) made grey", "1 picture(s) of other sizes scaled to 48 x 48")


def test_pictures_that_are_all_of_one_other_shape_are_taken_and_it_is_said(tmp_path):
    for name in ("happy", "sad"):
        save(tmp_path / name / "a.png", shape=(60, 40))
    X = load_dataset(tmp_path)
    assert X["images"].shape == (2, 1, 60, 40)
    assert "40 x 60, not square" in X.info.notes[0]


def test_what_is_no_picture_by_its_name_is_passed_over(tmp_path):
    tree(tmp_path)
    for name in ("Thumbs.db", ".DS_Store", ".hidden.png", "readme.txt"):
        (tmp_path / "train" / "happy" / name).write_text("x")
    (tmp_path / ".git").mkdir()
    assert len(load_dataset(tmp_path)) == 28


def cut(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])


FAULTS = {
    "empty file": (lambda p: p.write_bytes(b""), "unreadable picture", "is empty"),
    "no picture": (lambda p: p.write_text("not a picture at all"), "unreadable picture", "no picture, or damaged"),
    "cut short": (cut, "unreadable picture", "is cut short"),
    "not square": (lambda p: save(p, shape=(60, 40)), "picture not square", "is 40 x 60 pixels"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_faults_of_pictures_are_refused_or_skipped_and_told(tmp_path, fault, suffix):
    tree(tmp_path, suffix=suffix)
    spoil, kind, words = FAULTS[fault]
    name = f"train/fear/fear_1.{suffix}"
    spoil(tmp_path / name)
    refused(tmp_path, f"1 fault(s) (1 x {kind})", name, words, "--on-error skip")
    X = load_dataset(tmp_path, on_error="skip")
    assert len(X) == 27
    assert name not in X["id"]
    assert words in X.info.notes[-1]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_picture_that_may_not_be_read(tmp_path):
    tree(tmp_path)
    (tmp_path / "train" / "fear" / "fear_1.png").chmod(0)
    refused(tmp_path, "fear_1.png cannot be read")


def test_faults_of_folders_are_refused_or_skipped_and_told(tmp_path):
    tree(tmp_path)
    (tmp_path / "train" / "contempt").mkdir()
    refused(tmp_path, "1 x empty class folder", "train/contempt has no picture")
    save(tmp_path / "test" / "background" / "x.png")
    refused(tmp_path, "2 fault(s)", "1 x unknown class folder", "test/background is none of the classes angry, disgust")
    X = load_dataset(tmp_path, on_error="skip")
    assert len(X) == 28
    assert "test/background" in X.info.notes[-1]


def test_the_first_ten_faults_are_listed_and_all_are_counted(tmp_path):
    tree(tmp_path)
    for i in range(13):
        (tmp_path / "train" / "happy" / f"bad_{i:02d}.png").write_text("x")
    refused(tmp_path, "13 fault(s) (13 x unreadable picture)", "bad_09.png", "and 3 more")
    with pytest.raises(FerError) as caught:
        load_dataset(tmp_path)
    assert "bad_10" not in str(caught.value)


def test_folders_that_are_not_of_this_kind(tmp_path):
    save(tmp_path / "cats" / "a.png")
    save(tmp_path / "happy" / "a.png")
    refused(tmp_path, "not a data set that is known", "train/happy")
    (tmp_path / "sad").mkdir()
    (tmp_path / "happy" / "a.png").write_text("x")
    refused(tmp_path, "no row that can be read", "cats", on_error="skip")


@pytest.mark.parametrize(
    ("pattern", "name", "subject"),
    [
        (r"S(\d+)_", "S010_004_00000017.png", "010"),  # CK+
        (r"^([A-Z]{2})", "KA.AN1.39.png", "KA"),  # JAFFE
        (r"^[AB]([FM]\d+)", "AF01ANS.png", "F01"),  # KDEF
        (r"^\d+", "123x.png", "123"),  # no group: all of it
    ],
)
def test_subjects_from_names(tmp_path, pattern, name, subject):
    save(tmp_path / "happy" / name)
    save(tmp_path / "sad" / name)
    X = load_dataset(tmp_path, subject_pattern=pattern)
    assert X["subject"].tolist() == [subject, subject]
    assert X.info.subjects_from == "dataset"


def test_names_without_the_pattern_are_unknown_and_said_and_a_wrong_pattern_is_refused(tmp_path):
    save(tmp_path / "happy" / "S001_1.png")
    save(tmp_path / "sad" / "other.png")
    X = load_dataset(tmp_path, subject_pattern=r"S(\d+)_")
    assert X["subject"].tolist() == ["001", "-1"]
    assert "1 file name(s) without the subject pattern, such as other.png" in X.info.notes
    refused(tmp_path, "found in no file name", "S001_1.png", subject_pattern=r"T(\d+)")
    refused(tmp_path, "not a regular expression", subject_pattern="S(")


def test_a_folder_without_parts_is_judged_by_subject(tmp_path, capsys):
    for name in FER2013[:3]:
        for person in range(4):
            save(tmp_path / "data" / name / f"S{person:03d}_{name}.png")
    X = load_dataset(tmp_path / "data", subject_pattern=r"S(\d+)_")
    scores = evaluate(make_pipeline("hog_linear", align__method="none"), X).scores
    assert scores["protocol"] == "leave-one-subject-out"
    assert (scores["n_subjects"], scores["leakage"]) == (4, "")
    out = tmp_path / "out"
    command = ["--data", str(tmp_path / "data"), "--pipeline", "hog_linear", "--out", str(out)]
    assert main([*command, "--subject-pattern", r"S(\d+)_", "--cv", "2fold"]) == 0
    assert "grouped by subject" in capsys.readouterr().out
    assert json.loads((out / "scores.json").read_text())["subjects_from"] == "dataset"


def test_the_cache_gives_the_same_and_knows_added_and_changed_pictures(tmp_path, monkeypatch):
    data, cache = tmp_path / "data", tmp_path / "cache"
    tree(data)
    first = load_dataset(data, cache=cache, subject_pattern=r"_(\d)")
    reads = []
    read = folders._read
    monkeypatch.setattr(folders, "_read", lambda *a: reads.append(a) or read(*a))
    again = load_dataset(data, cache=cache, subject_pattern=r"_(\d)")
    assert not reads
    for name in first.columns:
        assert np.array_equal(first[name], again[name])
    save(data / "train" / "happy" / "new.png")
    assert len(load_dataset(data, cache=cache)) == 29
    save(data / "train" / "happy" / "new.png", np.zeros((48, 48), np.uint8))
    X = load_dataset(data, cache=cache)
    assert (X["images"][X["id"] == "train/happy/new.png"] == 0).all()
    assert len(reads) == 2


def test_the_cache_tells_a_folder_from_its_images(tmp_path):
    tree(tmp_path / "data" / "images")
    for place, name in ((tmp_path / "data", "images/test/angry/angry_0.png"), (tmp_path / "data" / "images", "test/")):
        assert load_dataset(place, cache=tmp_path / "cache")["id"][0].startswith(name)


def test_a_link_to_nothing_is_a_fault_like_any_other(tmp_path):
    tree(tmp_path / "data")
    (tmp_path / "data" / "train" / "happy" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    refused(tmp_path / "data", "gone.png cannot be read", cache=tmp_path / "cache")


@pytest.mark.slow
def test_a_folder_of_32_000_files_is_read_in_seconds(tmp_path):
    tool = SHARED / "tools" / "export_fer2013.py"
    if not (tool.exists() and (SHARED / "data" / "fer2013.npz").exists()):
        pytest.skip("FER2013 is not beside the project; the test on its real files is skipped")
    subprocess.run([sys.executable, tool, tmp_path / "data", "--layout", "folders"], check=True, capture_output=True)
    code = """
import sys, time
from fer_features import load_dataset
start = time.process_time()
X = load_dataset(sys.argv[1], cache=sys.argv[2])
print(len(X), time.process_time() - start)
"""
    run = [sys.executable, "-c", code, tmp_path / "data", tmp_path / "cache"]
    first, second = (subprocess.run(run, capture_output=True, text=True, check=True).stdout.split() for _ in range(2))
    assert int(first[0]) == int(second[0]) == 32137
    assert float(first[1]) < 25
    assert float(second[1]) < float(first[1]) / 2
