"""FER2013 from csv: all layouts, labels of FER+, the cache, and all faults raised or skipped."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from fer_features import FerError, load_dataset
from fer_features.cli.run import main
from fer_features.datasets import fer2013
from fer_features.datasets.ferplus import VOTE_COLUMNS, majority_label
from fer_features.datasets.pixel_text import parse_block, parse_row
from fer_features.expressions import FER2013_CLASSES, FERPLUS_CLASSES, FOLDER_CLASSES

from ..conftest import SHARED

USAGE = ["Training"] * 14 + ["PublicTest"] * 7 + ["PrivateTest"] * 7
N = len(USAGE)


def random_images(n=N, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 48, 48)).astype(np.uint8)


def pixel_text(image):
    return " ".join(map(str, image.ravel()))


def write(path, header, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def csv_rows(images):
    return [[i % 7, pixel_text(image), usage] for i, (image, usage) in enumerate(zip(images, USAGE, strict=True))]


@pytest.fixture
def csv(tmp_path):
    """A small fer2013.csv: 14 training, 7 public and 7 private rows."""
    return write(tmp_path / "data" / "fer2013.csv", "emotion,pixels,Usage", csv_rows(random_images()))


def replace_row(path, number, line):
    """Replace one data row of the file."""
    lines = path.read_text().splitlines()
    lines[number + 1] = line
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("given", ["file", "folder"])
def test_columns_codes_and_splits(csv, given):
    X = load_dataset(csv if given == "file" else csv.parent)
    assert X["images"].shape == (N, 1, 48, 48)
    assert X["images"].dtype == np.uint8
    assert np.array_equal(X["images"][:, 0], random_images())
    assert X.label_codes.tolist() == [i % 7 for i in range(N)]
    assert X["split"].tolist() == ["train"] * 14 + ["validation"] * 7 + ["test"] * 7
    assert X["id"].tolist() == list(range(N))
    assert X.info.classes == FER2013_CLASSES == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    assert (X.info.dataset, X.info.cropped, "subject" in X) == ("fer2013", True, False)


def test_icml_layout_with_blanks_in_header_and_other_column_order(tmp_path):
    rows = [[label, usage, pixels] for label, pixels, usage in csv_rows(random_images())]
    path = write(tmp_path / "icml_face_data.csv", "emotion, Usage, pixels", rows)
    for given in (path, tmp_path):
        X = load_dataset(given)
        assert np.array_equal(X["images"][:, 0], random_images())
        assert X["split"][-1] == "test"


def test_quotes_byte_order_mark_crlf_and_blank_lines_are_accepted(tmp_path):
    rows = [f'{label},"{pixels}", {usage} ' for label, pixels, usage in csv_rows(random_images())]
    path = tmp_path / "fer2013.csv"
    path.write_bytes(("\ufeffemotion,pixels,Usage\r\n" + "\r\n".join(rows) + "\r\n\r\n").encode())
    X = load_dataset(path)
    assert np.array_equal(X["images"][:, 0], random_images())


@pytest.mark.parametrize("given", ["folder", "train.csv", "test.csv"])
def test_challenge_files_have_a_test_split_without_labels(tmp_path, given):
    images = random_images()
    write(tmp_path / "train.csv", "emotion,pixels", [[i % 7, pixel_text(p)] for i, p in enumerate(images[:20])])
    write(tmp_path / "test.csv", "pixels", [[pixel_text(p)] for p in images[20:]])
    X = load_dataset(tmp_path if given == "folder" else tmp_path / given)
    assert np.array_equal(X["images"][:, 0], images)
    assert X["split"].tolist() == ["train"] * 20 + ["test"] * 8
    assert X.label_codes.tolist() == [i % 7 for i in range(20)] + [-1] * 8
    assert X["id"].tolist() == [*range(20), *range(8)]


def test_csv_with_another_name_and_without_splits(tmp_path):
    path = write(
        tmp_path / "mine.csv", "emotion,pixels", [[i % 7, pixel_text(p)] for i, p in enumerate(random_images())]
    )
    X = load_dataset(path)
    assert "split" not in X
    assert len(X) == N


VARIANTS = {
    "labels as floats": lambda label, pixels, usage: f"{label}.0,{pixels},{usage}",
    "Usage in lower case": lambda label, pixels, usage: f"{label},{pixels},{usage.lower()}",
    "names of splits as Usage": lambda label, pixels, usage: f"{label},{pixels},{fer2013.USAGE_SPLITS[usage.lower()]}",
    "commas between pixels": lambda label, pixels, usage: f'{label},"{pixels.replace(" ", ", ")}",{usage}',
    "commas without blanks": lambda label, pixels, usage: f'{label},"{pixels.replace(" ", ",")}",{usage}',
    "a list": lambda label, pixels, usage: f'{label},"[{pixels.replace(" ", ", ")}]",{usage}',
    "an array": lambda label, pixels, usage: f"{label},[{pixels}],{usage}",
    "semicolons": lambda label, pixels, usage: f"{label},{pixels.replace(' ', ';')},{usage}",
}


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_of_the_text_give_the_same_table(csv, name):
    expected = load_dataset(csv)
    csv.write_text("\n".join(["emotion,pixels,Usage", *(VARIANTS[name](*row) for row in csv_rows(random_images()))]))
    X = load_dataset(csv)
    for column in expected.columns:
        assert np.array_equal(X[column], expected[column])


def test_code_7_is_contempt_with_a_note(csv):
    replace_row(csv, 3, f"7,{pixel_text(random_images()[3])},Training")
    X = load_dataset(csv)
    assert (X.info.classes, X["label"][3]) == (FOLDER_CLASSES, "contempt")
    assert X.info.notes == ("1 row(s) have the code 7, which is taken for contempt",)


@pytest.mark.parametrize("name", ["emotion", "pixels", "Usage"])
def test_repeated_columns_are_refused(csv, name):
    text = csv.read_text().splitlines()
    csv.write_text("\n".join([f"{text[0]},{name}", *(f"{line},0" for line in text[1:])]))
    with pytest.raises(FerError, match=f"the column '{name.lower()}' 2 times: keep one"):
        load_dataset(csv)


@pytest.mark.parametrize("name", ["fer2013.csv", "train.csv"])
@pytest.mark.parametrize("given", ["file", "folder"])
def test_named_pipe_is_refused_and_not_read(tmp_path, name, given):
    os.mkfifo(tmp_path / name)
    with pytest.raises(FerError, match="is a named pipe"):
        load_dataset(tmp_path / name if given == "file" else tmp_path)


def test_other_files_in_the_folder_are_counted_in_a_note(csv):
    (csv.parent / "other.csv").write_text("a,b")
    (csv.parent / "fer2013new.csv").write_text("of FER+")
    assert load_dataset(csv.parent).info.notes == (f"not used: 1 file(s) in {csv.parent}: other.csv",)
    assert load_dataset(csv).info.notes == ()


def test_parse_block_equals_parse_row():
    rows = [pixel_text(p).encode() for p in random_images(5)]
    assert np.array_equal(parse_block(rows), [parse_row(row) for row in rows])
    assert parse_block([]) is None
    # parse_block returns None for text that only parse_row can parse, and for faults.
    spaced = rows[1].replace(b" ", b"  ", 1)
    assert parse_block([rows[0], spaced]) is None
    assert np.array_equal(parse_row(spaced), parse_row(rows[1]))
    shifted = [rows[0] + b" 1", rows[1].rsplit(b" ", 1)[0]]  # the total is correct, each row is wrong
    assert parse_block(shifted) is None


# Row, kind of the fault, part of its message.
FAULTS = [
    ("3,,Training", "empty pixels", "pixels are empty"),
    ("3,   ,Training", "empty pixels", "pixels are empty"),
    (
        "3," + pixel_text(random_images(1)).rsplit(" ", 1)[0] + ",Training",
        "wrong number of pixels",
        "2303 pixels, not 2304",
    ),
    ("3," + pixel_text(random_images(1)) + " 7,Training", "wrong number of pixels", "2305 pixels, not 2304"),
    ("3," + "256 " + pixel_text(random_images(1)).split(" ", 1)[1] + ",Training", "invalid pixel", "pixel '256'"),
    ("3," + "-1 " + pixel_text(random_images(1)).split(" ", 1)[1] + ",Training", "invalid pixel", "pixel '-1'"),
    ("3," + "x " + pixel_text(random_images(1)).split(" ", 1)[1] + ",Training", "invalid pixel", "pixel 'x'"),
    ("8," + pixel_text(random_images(1)) + ",Training", "label out of range", "label '8'"),
    ("-1," + pixel_text(random_images(1)) + ",Training", "label out of range", "label '-1'"),
    ("," + pixel_text(random_images(1)) + ",Training", "label out of range", "label ''"),
    ("happy," + pixel_text(random_images(1)) + ",Training", "label out of range", "label 'happy'"),
    ("3," + pixel_text(random_images(1)) + ",Trained", "unknown Usage", "Usage 'Trained'"),
    ("3," + pixel_text(random_images(1)), "wrong number of fields", "another number of fields"),
]


@pytest.mark.parametrize(("line", "kind", "message"), FAULTS)
def test_faults_raise_one_line_or_are_skipped_with_a_note(csv, line, kind, message):
    replace_row(csv, 5, line)
    with pytest.raises(FerError) as caught:
        load_dataset(csv)
    raised = str(caught.value)
    assert "\n" not in raised
    for part in (f"1 fault(s) (1 x {kind})", "fer2013.csv row 5: ", message, "on_error='skip'"):
        assert part in raised
    X = load_dataset(csv, on_error="skip")
    assert X["id"].tolist() == [i for i in range(N) if i != 5]
    assert np.array_equal(X["images"][:, 0], np.delete(random_images(), 5, 0))
    assert X.info.notes[0].startswith("excluded: ")
    assert message in X.info.notes[0]


def test_first_ten_faults_are_listed_and_all_are_counted(csv):
    for row in range(12):
        replace_row(csv, row, "3,1 2 3,Training" if row % 2 else "9,1 2 3,Training")
    with pytest.raises(FerError) as caught:
        load_dataset(csv)
    raised = str(caught.value)
    assert "12 fault(s) (6 x label out of range, 6 x wrong number of pixels)" in raised
    assert raised.count(" row ") == 10
    assert "and 2 more" in raised


def test_empty_file_and_header_without_pixels(tmp_path):
    empty = write(tmp_path / "fer2013.csv", "emotion,pixels,Usage", [])
    with pytest.raises(FerError, match="no sample that can be read"):
        load_dataset(empty)
    write(empty, "emotion,pixels,Usage", [[9, "1 2 3", "Training"]])
    with pytest.raises(FerError, match=r"no sample that can be read.*label '9'"):
        load_dataset(empty, on_error="skip")
    write(empty, "emotion,image,Usage", [[1, "1 2 3", "Training"]])
    with pytest.raises(FerError, match="columns emotion, image, usage: 'pixels' is needed"):
        load_dataset(empty)
    other = write(tmp_path / "titanic" / "train.csv", "name,survived", [["x", 1]])
    with pytest.raises(FerError, match=r"not a known data set.*1 file\(s\) \(train\.csv\).*fer2013\.csv"):
        load_dataset(other.parent)


def test_invalid_options(csv):
    for options, message in (
        ({"on_error": "ignore"}, "'stop' or 'skip'"),
        ({"labels": "mine"}, "'ferplus' is the only choice"),
        ({"subject_pattern": "x"}, "subject_pattern='x' is not possible for .* fer2013"),
        ({"n_subjects": 300}, "n_subjects=300: a number between 1 and the .* training samples"),
    ):
        with pytest.raises(FerError, match=message):
            load_dataset(csv, **options)


HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear"


def write_votes(csv, votes, usage=USAGE, header=HEADER):
    rows = [[u, f"fer{i:07d}.png", *map(int, v)] for i, (u, v) in enumerate(zip(usage, votes, strict=True))]
    return write(csv.with_name("fer2013new.csv"), header + ",contempt,unknown,NF", rows)


def test_majority_label():
    cases = {
        (6, 4, 0, 0, 0, 0, 0, 0, 0, 0): 0,
        (5, 5, 0, 0, 0, 0, 0, 0, 0, 0): -1,  # exactly half is not a majority
        (0, 3, 1, 1, 1, 1, 1, 1, 1, 0): 1,  # single votes are dropped
        (2, 0, 0, 0, 0, 0, 0, 4, 2, 2): -1,
        (0, 0, 0, 0, 0, 0, 0, 6, 2, 2): 7,
        (1, 1, 0, 0, 0, 0, 0, 0, 8, 0): -1,  # unknown
        (0, 0, 0, 0, 0, 0, 0, 0, 0, 10): -1,  # no face
        (1, 1, 1, 1, 1, 1, 1, 1, 1, 1): -1,
    }
    assert majority_label(np.array(list(cases))).tolist() == list(cases.values())


def test_ferplus_labels_match_rows_with_and_without_skipped_rows(csv):
    votes = np.zeros((N, 10), int)
    votes[np.arange(N), np.arange(N) % 10] = 10
    write_votes(csv, votes)
    expected = [code if code < 8 else -1 for code in np.arange(N) % 10]
    X = load_dataset(csv, labels="ferplus")
    assert X.label_codes.tolist() == expected
    assert X.info.classes == FERPLUS_CLASSES
    assert len(FERPLUS_CLASSES) == len(VOTE_COLUMNS) - 2 == 8
    assert "4 sample(s) have no majority" in X.info.notes[-1]
    replace_row(csv, 3, "3,,Training")
    assert load_dataset(csv, labels="ferplus", on_error="skip").label_codes.tolist() == expected[:3] + expected[4:]


def test_ferplus_votes_that_do_not_match_the_rows(csv):
    with pytest.raises(FerError, match=r"needs .*fer2013new\.csv"):
        load_dataset(csv, labels="ferplus")
    votes = np.full((N, 10), 1)
    write_votes(csv, votes[:-1], USAGE[:-1])
    with pytest.raises(FerError, match=r"27 rows .* 28: they must correspond row by row"):
        load_dataset(csv, labels="ferplus")
    write_votes(csv, votes, USAGE[::-1])
    with pytest.raises(FerError, match="Usage in row 0"):
        load_dataset(csv, labels="ferplus")
    write_votes(csv, votes)
    path = csv.with_name("fer2013new.csv")
    header, *lines = path.read_text().splitlines()
    path.write_text("\n".join([header, lines[1], lines[0], *lines[2:]]))
    with pytest.raises(FerError, match="not in the order of 'Image name'"):
        load_dataset(csv, labels="ferplus")
    write_votes(csv, votes, header=HEADER.replace("happiness", "happy"))
    with pytest.raises(FerError, match=r"lacks the column.* happiness"):
        load_dataset(csv, labels="ferplus")


@pytest.mark.parametrize("number", ["many", "0.5", "1e30", "inf", "nan", "-1", "", "1001"])
def test_numbers_of_votes_that_are_no_counts_are_refused(csv, number):
    path = write_votes(csv, np.full((N, 10), 1))
    path.write_text(path.read_text().replace("fer0000003.png,1", f"fer0000003.png,{number}"))
    with pytest.raises(FerError, match="row 3 has an invalid number of votes"):
        load_dataset(csv, labels="ferplus")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("anger", "sadness"), "the column 'sadness' 2 times"),
        (lambda text: text.replace("fer0000002.png,", ""), "line 4: 11 fields"),
    ],
)
def test_damaged_tables_of_votes_are_refused(csv, change, message):
    path = write_votes(csv, np.full((N, 10), 1))
    path.write_text(change(path.read_text()))
    with pytest.raises(FerError, match=message):
        load_dataset(csv, labels="ferplus")


def test_cache_returns_the_same_samples_and_detects_a_changed_file(csv, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    replace_row(csv, 5, "3,,Training")
    first = load_dataset(csv, on_error="skip", cache=cache)
    reads = []
    read = fer2013._read
    monkeypatch.setattr(fer2013, "_read", lambda files: reads.append(files) or read(files))
    again = load_dataset(csv, on_error="skip", cache=cache)
    assert not reads
    for name in first.columns:
        assert np.array_equal(first[name], again[name])
        assert first[name].dtype.kind == again[name].dtype.kind
    assert first.info == again.info
    with pytest.raises(FerError, match="row 5"):  # faults are cached too
        load_dataset(csv, cache=cache)
    replace_row(csv, 5, "3," + pixel_text(random_images(1)) + ",Training")
    os.utime(csv, ns=(time.time_ns(), time.time_ns() + 10**9))
    assert len(load_dataset(csv, cache=cache)) == N
    assert len(reads) == 1


@pytest.mark.parametrize("damage", ["truncated", "another format", "another table"])
def test_damaged_cache_is_replaced(csv, tmp_path, damage):
    load_dataset(csv, cache=tmp_path / "cache")
    (path,) = (tmp_path / "cache").iterdir()
    if damage == "another table":
        with h5py.File(path, "r+") as file:
            del file["label"]
            file["label"] = np.zeros(3)
    else:
        path.write_bytes(path.read_bytes()[:5000] if damage == "truncated" else b"nonsense")
    X = load_dataset(csv, cache=tmp_path / "cache")
    assert np.array_equal(X["images"][:, 0], random_images())
    assert [p.name for p in (tmp_path / "cache").iterdir()] == [path.name]


def test_unwritable_cache_raises_one_line(csv, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FerError, match=r"cache .* cannot be created"):
        load_dataset(csv, cache=tmp_path / "file" / "below")
    code = """
import resource, sys
from fer_features.cli.run import main
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
sys.exit(main(["--data", sys.argv[1], "--cache", sys.argv[2], "--out", sys.argv[3]]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, csv, tmp_path / "cache", tmp_path / "out"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "cannot write" in done.stderr
    assert list((tmp_path / "cache").iterdir()) == []


def run(path, out, *more, faces="none"):
    options = ["--pipeline", "hog_linear", "--data", str(path), "--faces", faces, "--out", str(out)]
    return main([*options, *map(str, more)])


def scores_of(out):
    return json.loads((out / "scores.json").read_text())


def test_run_evaluates_predefined_splits_with_a_model_of_the_training_split(csv, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(csv, out, "--cache", tmp_path / "cache", faces="auto") == 0
    printed = capsys.readouterr().out
    assert "each image is the crop of a face" in printed
    assert "train 14, validation 7, test 7" in printed
    scores = scores_of(out)
    assert scores["protocol"] == "predefined split, trained on 'train', evaluated on 'test'"
    assert {name: split["n_samples"] for name, split in scores["splits"].items()} == {"validation": 7, "test": 7}
    assert scores["metrics"]["accuracy"] == scores["splits"]["test"]["accuracy"]
    assert "subjects are unknown" in scores["leakage"]
    predictions = pd.read_csv(out / "predictions.csv")
    assert predictions["split"].tolist() == ["validation"] * 7 + ["test"] * 7
    assert predictions["sample"].tolist() == list(range(14, 28))
    assert json.loads((out / "model.json").read_text())["settings"] == {"faces__method": "crop"}
    assert not (out / "submission.csv").exists()


def test_run_with_cross_validation_uses_the_training_split_only(csv, tmp_path, capsys):
    assert run(csv, tmp_path / "out", "--cv", "2fold") == 0
    scores = scores_of(tmp_path / "out")
    assert scores["metrics"]["n_samples"] == 14
    assert scores["excluded"] == {"not in the training split": 14}
    assert "subjects are unknown" in scores["leakage"]
    assert "subjects are unknown" in capsys.readouterr().out


def test_run_writes_a_submission_for_an_unlabelled_test_split(tmp_path):
    images = random_images()
    write(tmp_path / "d" / "train.csv", "emotion,pixels", [[i % 7, pixel_text(p)] for i, p in enumerate(images[:14])])
    write(tmp_path / "d" / "test.csv", "pixels", [[pixel_text(p)] for p in images[14:21]])
    assert run(tmp_path / "d", tmp_path / "out", "--cv", "2fold") == 0
    submission = pd.read_csv(tmp_path / "out" / "submission.csv")
    assert submission["Id"].tolist() == list(range(7))
    assert set(submission["Expression"]) <= set(range(7))


def test_a_submission_names_the_rows_of_the_test_file(tmp_path):
    images = random_images()
    write(tmp_path / "d" / "train.csv", "emotion,pixels", [[i % 7, pixel_text(p)] for i, p in enumerate(images[:14])])
    rows = [[pixel_text(p)] for p in images[:7]]
    write(tmp_path / "d" / "test.csv", "pixels", [*rows[:2], ["1 2 3"], *rows[2:]])
    assert run(tmp_path / "d", tmp_path / "skipped", "--cv", "none", "--on-error", "skip") == 0
    expected = pd.read_csv(tmp_path / "skipped" / "submission.csv")
    assert expected["Id"].tolist() == [0, 1, 3, 4, 5, 6, 7]
    write(tmp_path / "d" / "test.csv", "id,pixels", [[i, *rows[i]] for i in (5, 0, 6, 1, 3, 2, 4)])
    assert run(tmp_path / "d", tmp_path / "named", "--cv", "none") == 0
    given = pd.read_csv(tmp_path / "named" / "submission.csv").set_index("Id").loc[range(7)]
    assert given["Expression"].tolist() == expected["Expression"].tolist()


def test_ids_of_rows_are_kept_and_repeated_ones_refused(csv, tmp_path):
    lines = csv.read_text().splitlines()
    for ids in (range(100, 100 + N), [f"image {i}" for i in range(N)]):
        csv.write_text("\n".join([f"Id,{lines[0]}", *(f"{i},{line}" for i, line in zip(ids, lines[1:], strict=True))]))
        assert load_dataset(csv, cache=tmp_path / "cache")["id"].tolist() == list(ids)
    with pytest.raises(FerError, match="votes of FER\\+ correspond to rows"):
        load_dataset(csv, labels="ferplus")
    csv.write_text("\n".join([f"id,{lines[0]}", *(f"7,{line}" for line in lines[1:])]))
    with pytest.raises(FerError, match="id '7' more than once"):
        load_dataset(csv)


def test_run_exits_with_2_for_faults_and_a_missing_neutral_frame(csv, tmp_path, capsys):
    assert main(["--pipeline", "landmarks_svm", "--data", str(csv), "--out", str(tmp_path / "out")]) == 2
    assert "neutral" in capsys.readouterr().err
    replace_row(csv, 2, "3,,Training")
    assert run(csv, tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "row 2: pixels are empty" in error
    assert not (tmp_path / "out").exists()
    assert run(csv, tmp_path / "out", "--on-error", "skip") == 0
    assert "excluded: " in capsys.readouterr().out
    assert "row 2" in scores_of(tmp_path / "out")["data"]["notes"][0]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Export of the real data in every layout; skipped where the data are not available."""
    tool, data = SHARED / "tools" / "export_fer2013.py", SHARED / "data" / "fer2013.npz"
    if not (tool.exists() and data.exists()):
        pytest.skip("FER2013 is not available; tests on the real files are skipped")

    def export(layout, *more):
        out = tmp_path_factory.mktemp(layout)
        subprocess.run([sys.executable, tool, out, "--layout", layout, *more], check=True, capture_output=True)
        return out

    return export


@pytest.fixture(scope="session")
def real_data(shared_by_processes):
    """The first 60 images of two parts of the real data, their labels and parts; the file takes a second to read."""

    def read():
        with np.load(SHARED / "data" / "fer2013.npz") as file:
            usage = file["usage"]
            rows = np.concatenate([np.flatnonzero(usage == part)[:60] for part in ("Training", "PublicTest")])
            return {name: file[name][rows] for name in ("usage", "X", "y")}

    return shared_by_processes("FER2013", read)


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["csv", "icml", "kaggle", "folders", "images"])
def test_real_images_are_equal_in_every_layout(exported, request, layout):
    X = load_dataset(exported(layout, "--limit", "60"))
    z = request.getfixturevalue("real_data")
    public = "validation" if layout in ("images", "csv", "icml") else "test"
    for usage, split in (("Training", "train"), ("PublicTest", public)):
        rows = np.flatnonzero(z["usage"] == usage)
        found = X[X["split"] == split]
        order = (
            np.argsort([str(name).rsplit("_", 1)[-1] for name in found["id"]]) if found["id"].dtype.kind == "U" else ...
        )
        images, label = found["images"][order][:, 0], found.label_codes[order]
        assert label.tolist() == ([-1] * 60 if layout == "kaggle" and usage == "PublicTest" else z["y"][rows].tolist())
        if layout == "images":  # jpg
            assert np.abs(images.astype(int) - z["X"][rows]).mean() < 4
        else:
            assert np.array_equal(images, z["X"][rows])


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_large_csv_is_read_in_seconds_with_little_memory(exported, tmp_path):
    (path,) = exported("csv", "--limit", "1000").iterdir()
    header, _, rows = path.read_bytes().partition(b"\n")
    path.write_bytes(header + b"\n" + 8 * rows)
    assert path.stat().st_size > 125e6
    code = """
import sys, time
from fer_features import load_dataset
start = time.process_time()
X = load_dataset(sys.argv[1], cache=sys.argv[2])
seconds = time.process_time() - start
# Not ru_maxrss, which includes the process that this one was forked from.
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(len(X), seconds, peak / 1024)
"""
    run = [sys.executable, "-c", code, path, tmp_path]
    first, second = (subprocess.run(run, capture_output=True, text=True, check=True).stdout.split() for _ in range(2))
    assert int(first[0]) == int(second[0]) == 16000
    # CPU time, since the machine may be busy, with a factor of two for slow machines.
    assert float(first[1]) < 3
    assert float(second[1]) < 0.5
    assert float(first[2]) < 400
