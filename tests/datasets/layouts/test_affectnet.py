"""AffectNet: tables, arrays and folders of codes; excluded codes, boxes, ratings, and faults of each edition."""

import numpy as np
import pytest

from fer_features import FerError, load_dataset
from fer_features.vision.geometry import MEAN_FACE

from .trees import Expected, check_faults, check_stills, write_images, write_other_files, write_text

CLASSES = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt")
HEADER = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"
TABLE = "Manually_Annotated_file_lists/{}.csv"
IMAGES = "Manually_Annotated_Images"


def points(i):
    """68 points within an image of 24 x 24 pixels."""
    low, high = MEAN_FACE.min(), MEAN_FACE.max()
    return 2 + 0.1 * i + 18 * (MEAN_FACE - low) / (high - low)


def file_of(i):
    return f"{100 + i % 3}/{i:056x}.jpg"


def row(name, code, box=(4, 6, 30, 20)):
    points = ";".join(f"{0.5 + k:.2f}" for k in range(136))
    return f"{name},{','.join(map(str, box))},{points},{code},{-0.01 * code:.2f},0.5"


def write_tree(root, header=True):
    """The tables, with two images of each code from 0 to 10 in each split."""
    expected = {}
    for split, name in (("train", "training"), ("validation", "validation")):
        first = 0 if split == "train" else 22
        files = {file_of(i): i % 11 for i in range(first, first + 22)}
        images = write_images(root, [f"{IMAGES}/{file}" for file in files], (40, 48))
        rows = [row(file, code, (4, 6, 30, 20) if code < 10 else ("NULL",) * 4) for file, code in files.items()]
        write_text(root / TABLE.format(name), "\n".join([HEADER] * header + rows) + "\n")
        for file, code in files.items():
            if code < 8:
                image = images[f"{IMAGES}/{file}"][6:26, 4:34]
                expected[f"{IMAGES}/{file}"] = Expected((image,), CLASSES[code], split=split)
    write_other_files(root)
    return expected


def write_arrays(root, sets=("train_set/", "val_set/")):
    expected = {}
    for n, folder in enumerate(sets):
        for code in range(10):
            i = 10 * n + code
            name = f"{folder}images/{i}.jpg"
            images = write_images(root, [name], (24, 24))
            annotations = root / f"{folder}annotations"
            annotations.mkdir(exist_ok=True)
            values = {"exp": str(code) if code % 2 else code, "val": "-0.25", "aro": 0.5}
            for kind, value in values.items():
                np.save(annotations / f"{i}_{kind}.npy", np.array(value))
            np.save(annotations / f"{i}_lnd.npy", points(i).ravel())
            split = {"train_set/": "train", "val_set/": "validation"}.get(folder, "")
            if code < 8:
                expected[name] = Expected((images[name],), CLASSES[code], split=split)
    write_other_files(root)
    return expected


def write_folders(root, splits=("train", "val")):
    names = [
        f"{split}/{code}/image{100 * n + 10 * code + i:07}.jpg".lstrip("/")
        for n, split in enumerate(splits)
        for code in range(8)
        for i in range(2)
    ]
    images = write_images(root, names, (16, 16))
    write_other_files(root)
    return {
        name: Expected(
            (image,),
            CLASSES[int(name.split("/")[-2])],
            split={"train": "train", "val": "validation"}.get(name.split("/")[0], ""),
        )
        for name, image in images.items()
    }


@pytest.mark.parametrize("header", [True, False])
def test_tables(tmp_path, header):
    X = check_stills(tmp_path, write_tree(tmp_path, header), "affectnet")
    assert "excluded: 12 image(s) without an expression (none: 4, uncertain: 4, no face: 4)" in X.info.notes
    codes = [CLASSES.index(X.info.classes[code]) for code in X.label_codes]
    assert X["valence"].tolist() == [f"{-0.01 * code:.2f}" for code in codes]
    assert set(X["arousal"]) == {"0.5"}


def test_automatic_annotations_are_not_read(tmp_path):
    expected = write_tree(tmp_path)
    write_text(tmp_path / "Automatically_Annotated_file_lists/training.csv", f"{HEADER}\n{row('1/x.jpg', 3)}\n")
    check_stills(tmp_path, expected, "affectnet")


@pytest.mark.parametrize("sets", [("train_set/", "val_set/"), ("",)])
def test_arrays(tmp_path, sets):
    X = check_stills(tmp_path, write_arrays(tmp_path, sets), "affectnet")
    n = len(sets)
    assert f"excluded: {2 * n} image(s) without an expression (none: {n}, uncertain: {n})" in X.info.notes
    assert (set(X["valence"]), set(X["arousal"])) == ({"-0.25"}, {"0.5"})
    for name, landmarks in zip(X["id"], X["landmarks"], strict=True):
        i = int(name.rsplit("/", 1)[-1].removesuffix(".jpg"))
        np.testing.assert_allclose(landmarks[0], points(i), atol=1e-4)


def test_arrays_without_ratings_and_landmarks(tmp_path):
    expected = write_arrays(tmp_path)
    for kind in ("val", "aro", "lnd"):
        for file in tmp_path.rglob(f"*_{kind}.npy"):
            file.unlink()
    X = check_stills(tmp_path, expected, "affectnet")
    assert "landmarks" not in X
    assert set(X["valence"]) == {""}


@pytest.mark.parametrize("splits", [("train", "val"), ("",)])
def test_folders(tmp_path, splits):
    check_stills(tmp_path, write_folders(tmp_path, splits), "affectnet")


@pytest.mark.parametrize(
    "names",
    [
        [f"train/{code}/{10 * code + i}.jpg" for code in range(8) for i in range(2)],
        [f"{video}/image{t:07}.jpg" for video in range(8) for t in range(3)],
        [f"{video}/image{10 * video + t:07}.jpg" for video in range(3) for t in range(3)],
        [f"{video}/image{10 * video + t:07}.jpg" for video in range(12) for t in range(3)],
    ],
    ids=["other names", "frames of videos", "few folders", "many folders"],
)
def test_other_folders_of_numbers_are_refused_with_advice(tmp_path, names):
    write_images(tmp_path, names, (16, 16))
    with pytest.raises(FerError, match=r"the classes are numbers \(0, 1, .*\).* name them by classes='0=angry,\.\.\.'"):
        load_dataset(tmp_path)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (row("103/absent.jpg", 3), "line 24: there is no image 103/absent.jpg"),
        (row(file_of(0), 3), "line 24: contradicts line 2"),
        (row(file_of(0), 0), "line 24: repeats line 2"),
        (row("103/absent.jpg", 11), "line 24: the label is '11'"),
        (row("103/absent.jpg", 3, (1, 2, 0, 4)), "line 24: face_x, face_y, face_width and face_height are not those"),
        ("103/absent.jpg,1,2,3,4,,3,0.5", "line 24: 8 field(s), not 9"),
    ],
)
def test_faults_of_tables(tmp_path, line, fault):
    expected = write_tree(tmp_path)
    with open(tmp_path / TABLE.format("training"), "a") as file:
        file.write(line + "\n")
    if "contradicts" in fault:
        del expected[f"{IMAGES}/{file_of(0)}"]
    check_faults(tmp_path, f"{TABLE.format('training')}, {fault}", kept=expected)


def test_table_without_labels_is_refused(tmp_path):
    write_tree(tmp_path)
    table = tmp_path / TABLE.format("training")
    table.write_text(table.read_text().replace(",expression,", ",emotion,"))
    with pytest.raises(FerError, match=r"training\.csv lacks the column 'expression'"):
        load_dataset(tmp_path)


def test_two_tables_of_a_split_are_refused(tmp_path):
    write_tree(tmp_path)
    write_text(tmp_path / "copy/Manually_training.csv", f"{HEADER}\n")
    with pytest.raises(FerError, match="has several tables of a split"):
        load_dataset(tmp_path)


def test_faults_of_arrays(tmp_path):
    expected = write_arrays(tmp_path)
    (tmp_path / "train_set/annotations/0_exp.npy").write_bytes(b"\x93NUMPY damaged")
    np.save(tmp_path / "train_set/annotations/1_exp.npy", np.arange(3))
    np.save(tmp_path / "train_set/annotations/2_exp.npy", np.array("11"))
    np.save(tmp_path / "train_set/annotations/3_val.npy", np.array([object()]), allow_pickle=True)
    (tmp_path / "train_set/annotations/4_exp.npy").unlink()
    (tmp_path / "train_set/images/5.jpg").unlink()
    for i in range(6):
        del expected[f"train_set/images/{i}.jpg"]
    parts = (
        "train_set/annotations/0_exp.npy cannot be read as an array",
        "train_set/annotations/1_exp.npy has 3 values, not one",
        "train_set/annotations/2_exp.npy: the label is '11', not one of",
        "train_set/annotations/3_val.npy cannot be read as an array",
        "train_set/images/4.jpg has no array of its expression",
        "train_set/annotations/5_exp.npy: there is no image 5 in train_set/images",
    )
    check_faults(tmp_path, *parts, kept=expected)
