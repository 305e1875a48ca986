"""Class folders: splits, class names, subjects, image formats, the cache, and all faults raised or skipped."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from fer_features import FerError, evaluate, load_dataset, make_pipeline
from fer_features.cli.run import main
from fer_features.datasets import record_stills
from fer_features.expressions import EXPRESSION_SYNONYMS, FER2013_CLASSES, FOLDER_CLASSES, parse_expression
from fer_features.media import decoding

from ..conftest import SHARED
from ..media.test_decoding import png_of_zeros

RNG = np.random.default_rng(0)


def save(path, image=None, shape=(48, 48)):
    """Write an image, by default noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = RNG.integers(0, 256, shape).astype(np.uint8) if image is None else image
    assert cv2.imwrite(str(path), image)
    return image


def write_tree(root, splits=("train", "test"), classes=FER2013_CLASSES, n_images=2, suffix="png"):
    """Write images in class folders; returns them by path relative to the root."""
    return {
        f"{split}/{name}/{name}_{i}.{suffix}".lstrip("/"): save(root / split / name / f"{name}_{i}.{suffix}")
        for split in splits
        for name in classes
        for i in range(n_images)
    }


def check_refused(path, *parts, **options):
    with pytest.raises(FerError) as caught:
        load_dataset(path, **options)
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message, message


@pytest.mark.parametrize(
    ("names", "splits", "below"),
    [
        (("train", "test"), ("train", "test"), ""),
        (("Training", "VAL", "Testing"), ("train", "validation", "test"), ""),
        (("train", "validation"), ("train", "validation"), "images"),
        (("train", "test"), ("train", "test"), "Images"),
    ],
)
def test_splits_classes_and_pixels(tmp_path, names, splits, below):
    written = write_tree(tmp_path / below, names)
    X = load_dataset(tmp_path)
    assert len(X) == len(written)
    assert X["images"].shape == (len(written), 1, 48, 48)
    for i, name in enumerate(X["id"]):
        name = name.removeprefix(f"{below}/")
        split, folder, _ = name.split("/")
        assert np.array_equal(X["images"][i, 0], written[name])
        assert X["split"][i] == dict(zip(names, splits, strict=True))[split]
        assert FOLDER_CLASSES[X.label_codes[i]] == folder
    assert (X.info.dataset, X.info.cropped, X.info.notes) == ("folders", False, ())


def test_class_names_in_any_case_with_numbers_and_synonyms():
    for code, name in enumerate(FOLDER_CLASSES):
        for word in EXPRESSION_SYNONYMS[name]:
            for given in (word, word.upper(), word.title(), f"{code}_{word}", f"0{code} - {word}", f" {word} "):
                assert parse_expression(given) == code, given
    assert parse_expression("background") is None
    assert parse_expression("3") is None
    words = [word for words in EXPRESSION_SYNONYMS.values() for word in words]
    assert len(words) == len(set(words))


@pytest.mark.parametrize("suffix", ["png", "jpg", "JPEG", "bmp", "tiff", "pgm"])
def test_image_formats_and_a_folder_without_splits(tmp_path, suffix):
    written = write_tree(tmp_path, ("",), ("Happiness", "JOY", "sadness"), suffix=suffix)
    X = load_dataset(tmp_path)
    assert "split" not in X
    assert X.label_codes.tolist() == [3, 3, 3, 3, 4, 4]
    difference = [np.abs(X["images"][i, 0].astype(int) - written[name]).mean() for i, name in enumerate(X["id"])]
    assert max(difference) < (40 if suffix in ("jpg", "JPEG") else 1e-9)


def test_test_split_without_class_folders_is_predicted(tmp_path):
    write_tree(tmp_path, ("train",), n_images=6)
    for i in range(4):
        save(tmp_path / "test" / f"{i}.png")
    X = load_dataset(tmp_path)
    assert X.label_codes[X["split"] == "test"].tolist() == [-1] * 4
    out = tmp_path.parent / "out"
    command = ["--data", str(tmp_path), "--pipeline", "hog_linear", "--cv", "2fold", "--out", str(out)]
    assert main(command) == 0
    assert len(pd.read_csv(out / "submission.csv")) == 4


def test_colours_are_converted_and_other_sizes_resized_with_a_note(tmp_path):
    write_tree(tmp_path)
    save(tmp_path / "train" / "happy" / "colour.png", shape=(48, 48, 3))
    grey = RNG.integers(0, 256, (48, 48)).astype(np.uint8)
    save(tmp_path / "train" / "happy" / "grey_as_rgb.png", np.dstack([grey] * 3))
    save(tmp_path / "train" / "happy" / "large.png", np.full((96, 96), 77, np.uint8))
    save(tmp_path / "train" / "happy" / "deep.png", np.full((48, 48), 128 * 257, np.uint16))
    X = load_dataset(tmp_path)
    images = {name.rsplit("/", 1)[-1]: X["images"][i][0] for i, name in enumerate(X["id"])}
    assert np.array_equal(images["grey_as_rgb.png"], grey)
    np.testing.assert_array_equal(images["large.png"], np.full((96, 96), 77))
    assert (images["deep.png"] == 128).all()
    assert X.info.notes[0] == "1 colour image(s) converted to grey"


def test_files_that_are_not_read_are_counted_in_a_note(tmp_path):
    write_tree(tmp_path)
    for name in (
        "train/happy/Thumbs.db",
        ".DS_Store",
        "train/happy/.hidden.png",
        "test/sad/more/0.png",
        "val_set/0.png",
    ):
        save(tmp_path / "x.png")
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / "x.png").rename(tmp_path / name)
    X = load_dataset(tmp_path)
    assert len(X) == 29
    assert X["label"][X["id"] == "test/sad/more/0.png"] == ["sad"]
    listed = ".DS_Store, train/happy/.hidden.png, train/happy/Thumbs.db, val_set/ (1)"
    assert X.info.notes == (f"not used: 4 file(s) in {tmp_path}: {listed}",)


def test_subject_file_in_the_folder_is_used(tmp_path):
    names = write_tree(tmp_path, splits=("",))
    lines = [f"{name},S{i % 3}" for i, name in enumerate(names)]
    (tmp_path / "subjects.csv").write_text("id,subject\n" + "\n".join(lines))
    assert len(load_dataset(tmp_path).info.notes) == 1
    X = load_dataset(tmp_path, subjects=tmp_path / "subjects.csv")
    assert (X.info.notes, X.info.subjects_from) == ((), "file")
    assert dict(zip(X["id"], X["subject"], strict=True)) == {name: f"S{i % 3}" for i, name in enumerate(names)}


@pytest.mark.parametrize("name", ["images", "Images", "__MACOSX"])
@pytest.mark.parametrize("split", ["", "train"])
def test_other_folders_beside_class_folders_are_counted_in_a_note(tmp_path, name, split):
    write_tree(tmp_path, splits=("train", "test") if split else ("",))
    save(tmp_path / split / name / "0.png")
    X = load_dataset(tmp_path)
    assert len(X) == (28 if split else 14)
    assert X.info.notes == (f"not used: 1 file(s) in {tmp_path}: {f'{split}/{name}'.lstrip('/')}/ (1)",)


def test_class_folders_below_images_are_read_beside_other_folders(tmp_path):
    write_tree(tmp_path / "images", splits=("",))
    (tmp_path / "docs").mkdir()
    assert len(load_dataset(tmp_path)) == 14


@pytest.mark.parametrize("names", [["No pain", "Pain"], ["Freude", "Trauer", "Wut"], ["不", "是"]])
@pytest.mark.parametrize("splits", [("",), ("train", "test")])
@pytest.mark.parametrize("below", ["", "release/1.0"])
def test_folders_of_any_names_are_classes(tmp_path, names, splits, below):
    write_tree(tmp_path / below, splits, names)
    X = load_dataset(tmp_path)
    assert X.info.classes == tuple(names)
    assert [name.split("/")[-2] for name in X["id"]] == X["label"].tolist()


@pytest.mark.parametrize("outer", [["Anna", "Ben", "Carl"], ["left camera", "right camera"], ["Freude", "Trauer"]])
@pytest.mark.parametrize("classes", ["outer", "inner"])
def test_folders_within_each_other_need_the_names_of_the_classes(tmp_path, outer, classes):
    """Subjects, or cameras, would be taken for the classes."""
    inner = ["Wut", "Ekel"]
    for folder in outer:
        write_tree(tmp_path / folder, ("",), inner)
    check_refused(tmp_path, outer[0], "Ekel, Wut", "classes='Ekel=Ekel,Wut=Wut,...'")
    names = outer if classes == "outer" else inner
    X = load_dataset(tmp_path, classes=",".join(f"{name}={name}" for name in names))
    assert X["label"].tolist() == [name.split("/")[classes == "inner"] for name in X["id"]]


@pytest.mark.parametrize("below", [["train", "test"], ["s1", "s2"], ["images"]])
def test_folders_below_classes_that_are_not_classes(tmp_path, below):
    for title in ("Freude", "Trauer"):
        write_tree(tmp_path / title, ("",), below)
    X = load_dataset(tmp_path)
    assert X["label"].tolist() == [name.split("/")[0] for name in X["id"]]


def test_case_does_not_make_classes(tmp_path):
    write_tree(tmp_path, ("",), ["Pain", "pain", "PAIN", "none"])
    X = load_dataset(tmp_path)
    assert set(X.info.classes) == {"none", "PAIN"}
    assert [name.split("/")[0].lower() for name in X["id"]] == [label.lower() for label in X["label"]]


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("splits", [("",), ("train", "test")])
def test_numbers_are_classes_only_with_their_names(tmp_path, first, splits):
    names = [str(i) for i in range(first, first + 3)]
    write_tree(tmp_path, splits, names)
    check_refused(tmp_path, f"the classes are numbers ({', '.join(names)})", f"classes='{first}=angry,...'")
    given = ",".join(f"{name}={title}" for name, title in zip(names, ("sadness", "joy", ""), strict=True))
    X = load_dataset(tmp_path, classes=given)
    expected = {names[0]: "sad", names[1]: "happy"}
    assert [expected[name.split("/")[-2]] for name in X["id"]] == X["label"].tolist()
    assert X.info.notes == (f"excluded: {2 * len(splits)} sample(s) of classes that are not used",)
    check_refused(tmp_path, f"{names[2]} is not the name of an expression", classes=given[:-3])
    check_refused(tmp_path, "no sample has the label '9'", classes=given + ",9=fear")
    check_refused(tmp_path, "NAME=CLASS,NAME=CLASS", classes="angry,sad")


@pytest.mark.parametrize(("name", "n_more"), [("S00{}", False), ("cat{}", False), ("", True)])
def test_folders_that_are_rather_subjects_are_refused_with_what_was_found(tmp_path, name, n_more):
    names = [f"q{chr(97 + i)}" for i in range(26)] + list("uvwxyz") if n_more else [name.format(i) for i in (1, 2)]
    write_tree(tmp_path, ("",), names, n_images=1)
    check_refused(tmp_path, "not a known data set", f"{len(names)} folder(s) ({sorted(names)[0]}/", "happy/ and sad/")


def test_further_folders_above_and_below_the_classes(tmp_path):
    for subject in ("S1", "S2"):
        for name in ("happy", "sad"):
            for take in ("a", "b"):
                save(tmp_path / subject / name / take / "1.png")
    X = load_dataset(tmp_path, subject_pattern=r"^(S\d)/")
    assert [name.split("/")[1] for name in X["id"]] == X["label"].tolist()
    assert [name.split("/")[0] for name in X["id"]] == X["subject"].tolist()


def test_images_keep_their_sizes_also_in_the_cache(tmp_path):
    shapes = [(40 + 3 * i, 70 - 2 * i) for i in range(12)]
    images = [RNG.integers(0, 256, shape).astype(np.uint8) for shape in shapes]
    for i, image in enumerate(images):
        save(tmp_path / "data" / ("happy", "sad")[i % 2] / f"{i:02d}.png", image)
    for _ in range(2):
        X = load_dataset(tmp_path / "data", cache=tmp_path / "cache")
        order = [int(name[-6:-4]) for name in X["id"]]
        assert X.sizes().tolist() == [list(shapes[i][::-1]) for i in order]
        for i, (image,) in zip(order, X["images"], strict=True):
            np.testing.assert_array_equal(image, images[i])


def test_large_images_are_reduced_while_they_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "MAX_STORED_PIXELS", 40 * 30)
    write_tree(tmp_path, ("",), n_images=1)
    for name in ("happy", "sad", "fear"):
        save(tmp_path / name / "large.png", shape=(96, 96))
    X = load_dataset(tmp_path)
    assert X["images"].shape == (10, 1, 34, 34)
    assert re.fullmatch(r"10 image\(s\) of more than [0-9,]+ pixels reduced to that number", X.info.notes[0])


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_memory_does_not_follow_the_size_of_the_files(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (260, 346, 3)).astype(np.uint8)
    save(tmp_path / "happy" / "0.jpg", cv2.resize(image, (3460, 2600)))
    for i in range(1, 22):
        path = tmp_path / ("happy", "sad")[i % 2] / f"{i}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.symlink_to(tmp_path / "happy" / "0.jpg")
    code = """
import sys
from fer_features import load_dataset, make_pipeline
peak = lambda: next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
model = make_pipeline("hog_linear", align__method="none", calibration_cv=0)
base = peak()
X = load_dataset(sys.argv[1])
model.fit(X, X["label"])
print(len(X), peak() - base)
"""
    run = [sys.executable, "-c", code, tmp_path]
    n_images, megabytes = subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()
    assert int(n_images) == 22
    assert float(megabytes) < 150  # 400 for images of full size


def test_pixel_bombs_are_refused_in_one_line(tmp_path):
    for i in range(20):
        path = tmp_path / ("happy", "sad")[i % 2] / f"{i}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(png_of_zeros(20_000, 20_000))
    check_refused(tmp_path, "20 fault(s) (20 x unreadable image)", "has more than 134,217,728 pixels")


@pytest.mark.parametrize("kind", ["fifo", "folder"])
def test_special_files_among_the_images_are_faults(tmp_path, kind):
    write_tree(tmp_path)
    path = tmp_path / "train" / "happy" / "special.png"
    os.mkfifo(path) if kind == "fifo" else path.mkdir()
    check_refused(tmp_path, "1 x unreadable image", f"special.png is a {'named pipe' if kind == 'fifo' else kind}")
    assert len(load_dataset(tmp_path, on_error="skip")) == 28


def test_names_that_are_not_utf8_are_escaped_also_in_the_cache(tmp_path):
    write_tree(tmp_path / "data")
    save(tmp_path / "x.png")
    os.rename(tmp_path / "x.png", os.fsencode(tmp_path / "data" / "train" / "happy") + b"/\xff.png")
    for _ in range(2):
        X = load_dataset(tmp_path / "data", cache=tmp_path / "cache")
        assert "train/happy/\\xff.png" in X["id"].tolist()


def truncate(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])


FAULTS = {
    "empty file": (lambda p: p.write_bytes(b""), "unreadable image", "is empty"),
    "not an image": (lambda p: p.write_text("plain text"), "unreadable image", "not an image, or is damaged"),
    "truncated": (truncate, "unreadable image", "damaged or truncated"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_faults_of_images_raise_or_are_skipped_with_a_note(tmp_path, fault, suffix):
    write_tree(tmp_path, suffix=suffix)
    damage, kind, message = FAULTS[fault]
    name = f"train/fear/fear_1.{suffix}"
    damage(tmp_path / name)
    check_refused(tmp_path, f"1 fault(s) (1 x {kind})", name, message, "on_error='skip'")
    X = load_dataset(tmp_path, on_error="skip")
    assert len(X) == 27
    assert name not in X["id"]
    assert message in X.info.notes[-1]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_image_without_read_permission(tmp_path):
    write_tree(tmp_path)
    (tmp_path / "train" / "fear" / "fear_1.png").chmod(0)
    check_refused(tmp_path, "fear_1.png cannot be read")


def test_faults_of_folders_raise_or_are_skipped_with_a_note(tmp_path):
    write_tree(tmp_path)
    (tmp_path / "train" / "contempt").mkdir()
    check_refused(tmp_path, "1 x empty class folder", "train/contempt has no image")
    save(tmp_path / "test" / "background" / "x.png")
    check_refused(
        *(
            tmp_path,
            "2 fault(s)",
            "1 x unknown class folder",
            "test/background is not the name of an expression",
        ),
        "classes='background=' excludes it",
    )
    X = load_dataset(tmp_path, on_error="skip")
    assert len(X) == 28
    assert "test/background" in X.info.notes[-1]


def test_first_ten_faults_are_listed_and_all_are_counted(tmp_path):
    write_tree(tmp_path)
    for i in range(13):
        (tmp_path / "train" / "happy" / f"bad_{i:02d}.png").write_text("x")
    check_refused(tmp_path, "13 fault(s) (13 x unreadable image)", "bad_09.png", "and 3 more")
    with pytest.raises(FerError) as caught:
        load_dataset(tmp_path)
    assert "bad_10" not in str(caught.value)


def test_folders_of_images_are_sequences_with_frames(tmp_path):
    for label in ("happy", "sad"):
        for take in ("1", "2"):
            for i in range(5):
                save(tmp_path / label / take / f"{i}.png", np.full((16, 16), 40 * i + 20 * (label == "sad"), np.uint8))
    X = load_dataset(tmp_path)
    assert len(X) == 20
    assert "frames=10 reads each of these folders as a sequence" in X.info.notes[0]
    X = load_dataset(tmp_path, frames=3, apex="last")
    assert X["id"].tolist() == ["happy/1", "happy/2", "sad/1", "sad/2"]
    assert X["frame_numbers"].tolist() == [[0, 2, 4]] * 4
    assert X["images"][:, :, 0, 0].tolist() == [[0, 80, 160]] * 2 + [[20, 100, 180]] * 2


def test_images_and_videos_together_are_images_with_one_frame(tmp_path):
    write_tree(tmp_path, ("",), ("happy", "sad"))
    video = cv2.VideoWriter(str(tmp_path / "sad" / "a.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (48, 48))
    for level in (0, 100, 200):
        video.write(np.full((48, 48, 3), level, np.uint8))
    video.release()
    check_refused(tmp_path, "4 image(s) and 1 sequence(s)", "frames=1")
    X = load_dataset(tmp_path, frames=1, apex="last")
    assert X["images"].shape == (5, 1, 48, 48)
    assert abs(int(X["images"][X["id"] == "sad/a.avi"][0, 0, 9, 9]) - 200) < 5


def test_folders_without_readable_images(tmp_path):
    save(tmp_path / "happy" / "a.png")
    check_refused(tmp_path, "not a known data set", "1 folder(s) (happy/)", "train/happy")
    (tmp_path / "sad").mkdir()
    (tmp_path / "sad" / "a.png").write_text("x")
    (tmp_path / "happy" / "a.png").write_text("x")
    check_refused(tmp_path, "no sample that can be read", on_error="skip")


@pytest.mark.parametrize(
    ("pattern", "name", "subject"),
    [
        (r"S(\d+)_", "S010_004_00000017.png", "010"),  # CK+
        (r"^([A-Z]{2})", "KA.AN1.39.png", "KA"),  # JAFFE
        (r"^[AB]([FM]\d+)", "AF01ANS.png", "F01"),  # KDEF
        (r"^\d+", "123x.png", "123"),  # no group: the whole match
    ],
)
def test_subjects_from_file_names(tmp_path, pattern, name, subject):
    save(tmp_path / "happy" / name)
    save(tmp_path / "sad" / name)
    X = load_dataset(tmp_path, subject_pattern=pattern)
    assert X["subject"].tolist() == [subject, subject]
    assert X.info.subjects_from == "file names"


def test_names_without_a_match_are_unknown_and_invalid_patterns_are_refused(tmp_path):
    save(tmp_path / "happy" / "S001_1.png")
    save(tmp_path / "sad" / "other.png")
    X = load_dataset(tmp_path, subject_pattern=r"S(\d+)_")
    assert X["subject"].tolist() == ["001", "-1"]
    assert "1 file name(s) do not match the subject pattern, such as other.png" in X.info.notes
    check_refused(tmp_path, "matches no file name", "S001_1.png", subject_pattern=r"T(\d+)")
    check_refused(tmp_path, "not a regular expression", subject_pattern="S(")


@pytest.mark.parametrize("pattern", [r"(\d+)", r"_(\d+)\.", r".*"])
def test_pattern_that_matches_the_number_of_the_image_is_doubtful(tmp_path, pattern):
    for i in range(20):
        save(tmp_path / ("happy", "sad")[i % 2] / f"face_{i:03d}.png")
    save(tmp_path / "happy" / "second" / "face_001.png")
    X = load_dataset(tmp_path, subject_pattern=pattern)
    assert any(note.startswith("warning: 20 subjects in 21 samples, such as '") for note in X.info.notes)
    with pytest.raises(FerError, match=r"20 subjects in 21 samples: .* use cv='10fold'"):
        evaluate(make_pipeline("hog_linear", align__method="none"), X, cv="loso")


def test_subjects_that_a_pattern_finds_are_shown(tmp_path):
    for i in range(6):
        save(tmp_path / ("happy", "sad")[i % 2] / f"S{i // 2}_{i}.png")
    notes = load_dataset(tmp_path, subject_pattern=r"(S\d+)_").info.notes
    assert notes == ("the subject pattern finds 3 subject(s) in 6 samples, such as 'S0' in S0_0.png",)


def test_folder_without_splits_is_evaluated_by_subject(tmp_path, capsys):
    for name in FER2013_CLASSES[:3]:
        for subject in range(4):
            save(tmp_path / "data" / name / f"S{subject:03d}_{name}.png")
    X = load_dataset(tmp_path / "data", subject_pattern=r"S(\d+)_")
    scores = evaluate(make_pipeline("hog_linear", align__method="none"), X).scores
    assert scores.protocol == "leave-one-subject-out"
    assert (scores.metrics.n_subjects, scores.leakage) == (4, "")
    out = tmp_path / "out"
    command = ["--data", str(tmp_path / "data"), "--pipeline", "hog_linear", "--out", str(out)]
    assert main([*command, "--subject-pattern", r"S(\d+)_", "--cv", "2fold"]) == 0
    assert "grouped by subject" in capsys.readouterr().out
    assert json.loads((out / "scores.json").read_text())["data"]["subjects_from"] == "file names"


def test_cache_returns_the_same_samples_and_detects_added_and_changed_images(tmp_path, monkeypatch):
    data, cache = tmp_path / "data", tmp_path / "cache"
    write_tree(data)
    first = load_dataset(data, cache=cache, subject_pattern=r"_(\d)")
    reads = []
    read = record_stills._read
    monkeypatch.setattr(record_stills, "_read", lambda *a: reads.append(a) or read(*a))
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


def test_cache_distinguishes_a_folder_from_its_subfolder(tmp_path):
    write_tree(tmp_path / "data" / "images")
    for given, prefix in (
        (tmp_path / "data", "images/test/angry/angry_0.png"),
        (tmp_path / "data" / "images", "test/"),
    ):
        assert load_dataset(given, cache=tmp_path / "cache")["id"][0].startswith(prefix)


def test_broken_link_is_a_fault(tmp_path):
    write_tree(tmp_path / "data")
    (tmp_path / "data" / "train" / "happy" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    check_refused(tmp_path / "data", "gone.png does not exist", cache=tmp_path / "cache")


@pytest.mark.slow
def test_real_folder_of_1_000_files_is_read_in_seconds(tmp_path):
    tool = SHARED / "tools" / "export_fer2013.py"
    if not (tool.exists() and (SHARED / "data" / "fer2013.npz").exists()):
        pytest.skip("FER2013 is not available; the test on the real files is skipped")
    subprocess.run([sys.executable, tool, tmp_path / "data", "--layout", "folders", "--limit", "500"], check=True)
    code = """
import sys, time
from fer_features import load_dataset
start = time.process_time()
X = load_dataset(sys.argv[1], cache=sys.argv[2])
print(len(X), time.process_time() - start)
"""
    run = [sys.executable, "-c", code, tmp_path / "data", tmp_path / "cache"]
    first, second = (subprocess.run(run, capture_output=True, text=True, check=True).stdout.split() for _ in range(2))
    assert int(first[0]) == int(second[0]) == 1000
    assert float(first[1]) < 1
    assert float(second[1]) < float(first[1]) / 2
