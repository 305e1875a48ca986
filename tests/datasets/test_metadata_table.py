"""Tables of files: each column is read as documented, each line is used or counted, and order does not matter."""

import json

import cv2
import numpy as np
import pytest

from fer_features import FerError, load_dataset
from fer_features.datasets import metadata_table

from .layouts.trees import write_image, write_images

NAMES = [f"{folder}/{i}.png" for folder in ("a", "b") for i in range(4)]
LABELS = ["happy", "sad", "", "sad", "Fear", "fearful", "happy", "neutral"]


def write_table(path, lines):
    """Write dicts as a table in the format of its suffix."""
    names = list(dict.fromkeys(name for line in lines for name in line))
    if path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(line) for line in lines))
    else:
        separator = "\t" if path.suffix == ".tsv" else ","
        rows = [names, *([str(line.get(name, "")) for name in names] for line in lines)]
        path.write_text("\n".join(separator.join(row) for row in rows))


def check_refused(path, *parts, **options):
    with pytest.raises(FerError) as caught:
        load_dataset(path, **options)
    assert "\n" not in str(caught.value)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize("name", ["metadata.csv", "metadata.tsv", "metadata.jsonl", "faces.csv"])
def test_lines_become_samples_in_their_order(tmp_path, name):
    images = write_images(tmp_path, NAMES)
    order = np.random.default_rng(1).permutation(8)
    lines = [
        {"file_name": NAMES[i], "label": LABELS[i], "subject": f"S{i // 2}", "split": "val" if i > 5 else "train"}
        | {"session": int(i % 2), "age": int(20 + i)}
        for i in order
    ]
    write_table(tmp_path / name, lines)
    X = load_dataset(tmp_path / name if name == "faces.csv" else tmp_path)
    assert (X.info.dataset, X.info.notes, X.info.subjects_from) == ("table", (), "dataset")
    assert X["id"].tolist() == [NAMES[i] for i in order]
    for i, image, label, subject, split, session, age in zip(
        *(order, X["images"], X["label"], X["subject"], X["split"], X["session"], X["age"]), strict=True
    ):
        assert np.array_equal(image[0], images[NAMES[i]])
        assert label == {"Fear": "fear", "fearful": "fear"}.get(LABELS[i], LABELS[i])
        assert (subject, split) == (f"S{i // 2}", "validation" if i > 5 else "train")
        assert (session, age) == (str(i % 2), str(20 + i))


def test_missing_columns_and_ids(tmp_path):
    write_images(tmp_path, NAMES)
    write_table(tmp_path / "metadata.csv", [{"file_name": NAMES[0], "id": "x"}, {"file_name": NAMES[1], "id": "y"}])
    X = load_dataset(tmp_path)
    assert X["id"].tolist() == ["x", "y"]
    assert not X.is_labelled.any()
    assert "subject" not in X
    assert X.info.notes[0] == f"not used: 6 file(s) in {tmp_path}: a/2.png, a/3.png, b/ (4)"


FAULTS = {
    "absent": ({"file_name": "a/9.png"}, "'file_name' names a/9.png, which does not exist"),
    "no name": ({"file_name": ""}, "'file_name' is empty"),
    "empty folder": ({"file_name": "empty"}, "the folder empty has no image"),
    "no match": ({"file_name": "a/*.jpg"}, "the pattern a/*.jpg matches no image"),
    "other file": ({"file_name": "note.txt"}, "note.txt is neither an image nor a video"),
    "split": ({"split": "first"}, "the split 'first' is not one of train, validation, test"),
    "apex": ({"apex": "-1"}, "'apex' is '-1': the frame as a number from 0 is needed"),
    "neutral": ({"neutral": "a/7.png"}, "'neutral' is 'a/7.png': the frame as a number from 0, or an image"),
    "start": ({"start": "1 minute"}, "'start' is '1 minute': seconds or hh:mm:ss.mmm are needed"),
    "landmarks": ({"landmarks": "a/0.pts"}, "'landmarks' names a/0.pts, which does not exist"),
    "damaged": ({"file_name": "damaged.png"}, "damaged.png is not an image"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_located_and_skipped(tmp_path, fault):
    changes, message = FAULTS[fault]
    write_images(tmp_path, NAMES)
    (tmp_path / "empty").mkdir()
    (tmp_path / "note.txt").touch()
    (tmp_path / "damaged.png").write_text("x")
    columns = {"split": "", "apex": "", "neutral": "", "start": "", "landmarks": ""}
    lines = [{"file_name": name, "label": "sad"} | columns for name in NAMES]
    lines[2] |= changes
    write_table(tmp_path / "metadata.csv", lines)
    check_refused(tmp_path, "1 fault(s)", message, "on_error='skip'", *([] if fault == "damaged" else ["line 4"]))
    assert load_dataset(tmp_path, on_error="skip")["id"].tolist() == NAMES[:2] + NAMES[3:]


def test_invalid_tables(tmp_path):
    write_images(tmp_path, NAMES)
    lines = [{"file_name": name} for name in NAMES]
    write_table(tmp_path / "metadata.csv", [*lines, lines[0]])
    check_refused(tmp_path, "1 id(s) are repeated, such as 'a/0.png'")
    write_table(tmp_path / "metadata.csv", [{"image": "a/0.png"}])
    check_refused(tmp_path, "'file_name' is needed", "image")
    (tmp_path / "metadata.csv").write_text("")
    check_refused(tmp_path, "has no names of columns in its first line")
    write_table(tmp_path / "metadata.csv", [{"file_name": name, "label": i} for i, name in enumerate(NAMES)])
    check_refused(tmp_path, "the classes are numbers (0, 1, 2", "classes='0=angry,...'")
    write_table(tmp_path / "metadata.tsv", lines)
    check_refused(tmp_path, "metadata.csv and metadata.tsv")
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "a/0.png"}\n{"file_name": ')
    check_refused(tmp_path / "metadata.jsonl", "line 2 is not JSON")
    (tmp_path / "metadata.jsonl").write_text('{"file_name": ["a/0.png"]}')
    check_refused(tmp_path / "metadata.jsonl", "line 1 is not a JSON object of texts and numbers")


def test_classes_of_samples_that_are_not_selected(tmp_path):
    """A selection does not make the classes of the other samples unknown."""
    write_images(tmp_path, NAMES)
    write_table(tmp_path / "metadata.csv", [{"file_name": name, "label": i % 3} for i, name in enumerate(NAMES)])
    X = load_dataset(tmp_path, classes="0=angry,1=sad,2=", where="label=1")
    assert (X["label"].tolist(), X["id"].tolist()) == (["sad"] * 3, NAMES[1::3])


def test_numbers_of_classes_are_named(tmp_path):
    write_images(tmp_path, NAMES)
    write_table(tmp_path / "metadata.csv", [{"file_name": name, "label": i % 2} for i, name in enumerate(NAMES)])
    X = load_dataset(tmp_path, classes={"0": "Pain", "1": "No pain"})
    assert X["label"].tolist() == ["Pain", "No pain"] * 4


def test_files_outside_of_the_folder_of_the_table(tmp_path):
    write_image(tmp_path / "images" / "0.png")
    (tmp_path / "tables").mkdir()
    other = tmp_path / "images" / "0.png"
    write_table(tmp_path / "tables" / "t.csv", [{"file_name": "../images/0.png"}, {"file_name": str(other)}])
    assert load_dataset(tmp_path / "tables" / "t.csv")["id"].tolist() == ["../images/0.png", str(other)]


def write_levels(path, levels, size=(32, 40)):
    """Write constant frames as images of a folder, or as a video of 10 frames per second."""
    frames = [np.full(size, level, np.uint8) for level in levels]
    if path.suffix != ".avi":
        path.mkdir(parents=True)
        for t, frame in enumerate(frames):
            assert cv2.imwrite(str(path / f"{t}.png"), frame)
        return
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, size[::-1])
    for frame in frames:
        writer.write(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
    writer.release()


def levels_of(X):
    """Grey level of each frame of each sample, to the nearest ten."""
    return [[int(round(frame[9, 9] / 10.0) * 10) for frame in clip] for clip in X["images"]]


def test_folders_patterns_and_videos_are_sequences(tmp_path):
    write_levels(tmp_path / "take", range(10, 120, 10))
    write_levels(tmp_path / "clip.avi", range(10, 120, 10))
    lines = [
        {"file_name": "take", "label": "happy", "onset": 2, "apex": 6},
        {"file_name": "take/[0-4].png", "label": "happy", "apex": 4},
        {"file_name": "take/*.png", "label": "sad", "neutral": 10, "apex": 6},
        {"file_name": "clip.avi", "label": "sad", "apex": 4},
        {"file_name": "clip.avi", "label": "sad", "start": "0.2", "end": "00:00:00.6", "apex": 6},
    ]
    write_table(tmp_path / "metadata.csv", lines)
    X = load_dataset(tmp_path, frames=3)
    assert X["id"].tolist() == ["take", "take/[0-4].png", "take/*.png", "clip.avi", "clip.avi#0.2"]
    assert levels_of(X) == [[30, 50, 70], [10, 30, 50], [110, 90, 70], [10, 30, 50], [30, 50, 70]]
    assert levels_of(load_dataset(tmp_path, frames=1)) == [[70], [50], [70], [50], [70]]


def test_neutral_images_make_pairs(tmp_path):
    for name, level in {"a.png": 50, "a_neutral.png": 20, "b.png": 70, "b_neutral.png": 30}.items():
        cv2.imwrite(str(tmp_path / name), np.full((32, 32), level, np.uint8))
    lines = [{"file_name": f"{name}.png", "label": "happy", "neutral": f"{name}_neutral.png"} for name in "ba"]
    write_table(tmp_path / "metadata.csv", lines)
    assert levels_of(load_dataset(tmp_path)) == [[30, 70], [20, 50]]
    assert levels_of(load_dataset(tmp_path, frames=1)) == [[70], [50]]


def test_neutral_images_of_the_same_subject_and_session_make_pairs_on_request(tmp_path):
    lines = []
    for subject, session, label, level in (
        *(("A", "1", "neutral", 20), ("A", "1", "happy", 50), ("A", "2", "neutral", 30), ("A", "2", "sad", 60)),
        *(("B", "1", "neutral", 40), ("B", "1", "sad", 70)),
    ):
        name = f"{subject}{session}{label}.png"
        cv2.imwrite(str(tmp_path / name), np.full((32, 32), level, np.uint8))
        lines.append({"file_name": name, "label": label, "subject": subject, "session": session})
    write_table(tmp_path / "metadata.csv", lines)
    assert levels_of(load_dataset(tmp_path)) == [[20], [50], [30], [60], [40], [70]]
    X = load_dataset(tmp_path, frames=2)
    assert levels_of(X) == [[20, 50], [30, 60], [40, 70]]
    assert X["label"].tolist() == ["happy", "sad", "sad"]
    assert "3 neutral image(s) are the neutral frames of the sequences, and not samples" in X.info.notes
    lines.append({**lines[0], "file_name": "A1neutral.png", "id": "x", "subject": "C", "label": "sad"})
    write_table(tmp_path / "metadata.csv", lines)
    check_refused(tmp_path, "x has no neutral image of its subject", frames=2)


@pytest.mark.parametrize("line", ["[" * 100_000, '{"a":' * 100_000, '{"file_name": "a/0.png", "file_name": "a/1.png"}'])
@pytest.mark.parametrize("is_first", [True, False])
def test_json_bombs_and_repeated_names(tmp_path, line, is_first):
    write_images(tmp_path, NAMES)
    lines = [json.dumps({"file_name": NAMES[2], "label": "happy"}), line]
    (tmp_path / "metadata.jsonl").write_text("\n".join(lines[::-1] if is_first else lines))
    check_refused(tmp_path, "metadata.jsonl")


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Subject", "subject"),
        ("subjects", "subject"),
        ("SPLIT", "split"),
        ("labels", "label"),
        ("landmark", "landmarks"),
    ],
)
def test_misspelt_columns_are_not_passed_over(tmp_path, name, known):
    """Samples of one subject would be in training and test samples."""
    write_images(tmp_path, NAMES)
    for path in (tmp_path / "metadata.csv", tmp_path / "other.jsonl"):
        write_table(path, [{"file_name": one, name: "x"} for one in NAMES])
        check_refused(path, path.name, f"'{name}'", f"a misspelt '{known}'")
    write_table(tmp_path / "metadata.csv", [{"file_name": one, known: "", name: "x"} for one in NAMES])
    assert set(load_dataset(tmp_path)[name]) == {"x"}


@pytest.mark.parametrize("column", ["label", "subject", "session", "remark"])
@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_text_that_no_file_can_have_is_refused(tmp_path, column, text):
    write_images(tmp_path, NAMES)
    lines = [{"file_name": name, "label": "happy", "id": name} for name in NAMES]
    write_table(tmp_path / "metadata.jsonl", [lines[0] | {column: text}, *lines[1:]])
    check_refused(tmp_path, "metadata.jsonl line 1", f"'{column}'", "not plain text")
    write_table(tmp_path / "metadata.jsonl", [one | {text: "x"} for one in lines])
    check_refused(tmp_path, "metadata.jsonl", "not plain text")


def test_missing_values_of_json(tmp_path):
    write_images(tmp_path, NAMES)
    lines = [
        {"file_name": name, "label": value}
        for name, value in zip(NAMES, [float("nan"), None, "", *"abcde"], strict=True)
    ]
    write_table(tmp_path / "metadata.jsonl", lines)
    X = load_dataset(tmp_path)
    assert (X.info.classes, X["label"].tolist()) == (tuple("abcde"), ["", "", "", *"abcde"])


@pytest.mark.parametrize("names", [["1²2", "²", "٣"], ["a" + "1" * 5000, "a" + "2" * 5000, "b"]])
def test_digits_of_any_kind_and_number(tmp_path, names):
    write_images(tmp_path, NAMES)
    write_table(tmp_path / "metadata.jsonl", [{"file_name": a, "label": b} for a, b in zip(NAMES, names, strict=False)])
    assert load_dataset(tmp_path)["label"].tolist() == names


@pytest.mark.parametrize("column", ["file_name", "neutral", "landmarks"])
def test_names_that_the_file_system_does_not_allow(tmp_path, column):
    write_images(tmp_path, NAMES)
    for name in ("a" * 300 + ".png", "/".join(["b" * 200] * 30), "a\0b.png", "*" * 300 + ".png", "x/" * 3000 + "*.png"):
        lines = [{"file_name": one, "label": "happy"} for one in NAMES[:2]]
        lines[1] |= {column: name}
        write_table(tmp_path / "metadata.jsonl", lines)
        check_refused(tmp_path, "metadata.jsonl line 2")
        assert load_dataset(tmp_path, on_error="skip")["id"].tolist() == NAMES[:1]


def test_the_table_of_a_folder_is_read_once(tmp_path, monkeypatch):
    write_images(tmp_path, NAMES)
    write_table(tmp_path / "metadata.csv", [{"file_name": name, "label": "sad"} for name in NAMES[:4]])
    calls = []
    read = metadata_table.read_csv
    monkeypatch.setattr(metadata_table, "read_csv", lambda path: calls.append(path) or read(path))
    X = load_dataset(tmp_path)
    assert calls == [tmp_path / "metadata.csv"]
    assert X.info.notes[0] == f"not used: 4 file(s) in {tmp_path}: b/ (4)"
    write_table(tmp_path / "metadata.csv", [{"file_name": name, "label": "sad"} for name in NAMES])
    assert len(load_dataset(tmp_path)) == 8
