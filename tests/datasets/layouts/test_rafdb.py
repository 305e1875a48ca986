"""RAF-DB: the list with aligned or original images, the folders of codes, and the faults of both."""

import pytest

from fer_features import FerError, load_dataset

from .trees import Expected, check_faults, check_stills, write_images, write_other_files, write_text

CLASSES = {1: "surprise", 2: "fear", 3: "disgust", 4: "happy", 5: "sad", 6: "angry", 7: "neutral"}
STEMS = [*(f"train_{i:05}" for i in range(1, 15)), *(f"test_{i:04}" for i in range(1, 8))]
LABELS = {stem: 1 + i % 7 for i, stem in enumerate(STEMS)}
LIST = "EmoLabel/list_patition_label.txt"


def write_tree(root, folder="Image/aligned", suffix="_aligned", list_name=LIST):
    names = {stem: f"{folder}/{stem}{suffix}.jpg" for stem in STEMS}
    images = write_images(root, names.values(), (16, 16))
    write_text(root / list_name, "".join(f"{stem}.jpg {code}\n" for stem, code in LABELS.items()))
    write_other_files(root)
    return {
        name: Expected((images[name],), CLASSES[LABELS[stem]], split=stem.split("_")[0]) for stem, name in names.items()
    }


def write_folders(root, splits=True, csv=True):
    names = {
        stem: (f"{stem.split('_')[0]}/" if splits else "") + f"{code}/{stem}_aligned.jpg"
        for stem, code in LABELS.items()
    }
    images = write_images(root, names.values(), (16, 16))
    for split in ("train", "test") if csv else ():
        rows = [f"{stem}_aligned.jpg,{code}\n" for stem, code in LABELS.items() if stem.startswith(split)]
        write_text(root / f"{split}_labels.csv", "image,label\n" + "".join(rows))
    write_other_files(root)
    return {
        name: Expected((images[name],), CLASSES[LABELS[stem]], split=stem.split("_")[0]) for stem, name in names.items()
    }


@pytest.mark.parametrize(
    ("folder", "suffix", "list_name"),
    [
        ("Image/aligned", "_aligned", LIST),
        ("Image/original", "", LIST),
        ("aligned", "_aligned", "list_patition_label.txt"),
        ("Image/aligned", "_aligned", "EmoLabel/list_partition_label.txt"),
    ],
)
def test_list(tmp_path, folder, suffix, list_name):
    X = check_stills(tmp_path, write_tree(tmp_path, folder, suffix, list_name), "rafdb")
    assert X.info.notes[-1].startswith("not used: 4 file(s)")
    assert "subject" not in X


def test_aligned_images_are_preferred(tmp_path):
    write_tree(tmp_path / "basic", "Image/original", "")
    expected = write_tree(tmp_path / "basic")
    X = check_stills(tmp_path, {f"basic/{name}": one for name, one in expected.items()}, "rafdb")
    assert "the 21 aligned images are read, not the original ones" in X.info.notes
    assert any("basic/Image/original/ (21)" in note for note in X.info.notes)


@pytest.mark.parametrize("splits", [True, False])
@pytest.mark.parametrize("csv", [True, False])
def test_folders(tmp_path, splits, csv):
    X = check_stills(tmp_path, write_folders(tmp_path, splits, csv), "rafdb")
    assert X.info.notes[-1].startswith("not used: 4 file(s)")


def test_a_folder_of_a_split_is_stronger_than_the_name(tmp_path):
    write_folders(tmp_path, csv=False)
    (tmp_path / "train/1").rename(tmp_path / "other")
    (tmp_path / "val").mkdir()
    (tmp_path / "other").rename(tmp_path / "val/1")
    X = load_dataset(tmp_path)
    assert {split for name, split in zip(X["id"], X["split"], strict=True) if name.startswith("val/")} == {"validation"}


@pytest.mark.parametrize(
    ("line", "fault", "excluded"),
    [
        ("train_00099.jpg 3", "line 22: there is no image train_00099_aligned.jpg", ()),
        ("train_00001.jpg 2", "line 22: contradicts line 1", ("train_00001",)),
        ("train_00001.jpg 1", "line 22: repeats line 1", ()),
        ("train_00077.jpg 8", "line 22: the label is '8', not one of 1, 2, 3, 4, 5, 6, 7", ()),
        ("train_00077.jpg", "line 22: 1 field(s), not 2", ()),
        ("train_00077.jpg 3 4", "line 22: 3 field(s), not 2", ()),
    ],
)
def test_faults_of_lines(tmp_path, line, fault, excluded):
    expected = write_tree(tmp_path)
    with open(tmp_path / LIST, "a") as file:
        file.write(line + "\n")
    kept = [name for name in expected if name.split("/")[-1].removesuffix("_aligned.jpg") not in excluded]
    check_faults(tmp_path, f"{LIST}, {fault}", kept=kept)


def test_image_without_a_line_is_a_fault(tmp_path):
    expected = write_tree(tmp_path)
    write_images(tmp_path, ["Image/aligned/train_00099_aligned.jpg"])
    check_faults(tmp_path, f"Image/aligned/train_00099_aligned.jpg is not in {LIST}", kept=expected)


def test_image_in_two_folders_is_a_fault(tmp_path):
    expected = write_tree(tmp_path)
    write_images(tmp_path, ["Image/copy/train_00001_aligned.jpg"])
    del expected["Image/aligned/train_00001_aligned.jpg"]
    check_faults(tmp_path, f"{LIST}, line 1: train_00001_aligned.jpg can be", kept=expected)


def test_faults_of_folders(tmp_path):
    expected = write_folders(tmp_path)
    images = write_images(tmp_path, ["train/9/train_00077_aligned.jpg"], (16, 16))
    text = (tmp_path / "train_labels.csv").read_text().replace("train_00002_aligned.jpg,2", "train_00002_aligned.jpg,5")
    (tmp_path / "train_labels.csv").write_text(f"{text}train_00088_aligned.jpg,3\n")
    del expected["train/2/train_00002_aligned.jpg"]
    parts = (
        "train_labels.csv, line 3: the label is 'sad', but the image is train/2/train_00002_aligned.jpg",
        "train_labels.csv, line 16: there is no image train_00088_aligned.jpg",
        "train/9/train_00077_aligned.jpg has the label '9'",
    )
    assert images
    check_faults(tmp_path, *parts, kept=expected)


def test_frames_of_videos_are_not_of_rafdb(tmp_path):
    write_images(tmp_path, [f"{video}/test_{t:04}.jpg" for video in range(1, 8) for t in range(3)], (16, 16))
    with pytest.raises(FerError, match="the classes are numbers"):
        load_dataset(tmp_path)


def test_compound_expressions_are_not_read(tmp_path):
    write_tree(tmp_path / "compound")
    for path in (tmp_path, tmp_path / "compound"):
        with pytest.raises(FerError, match="compound expressions of RAF-DB: the basic ones are needed"):
            load_dataset(path)
    expected = write_tree(tmp_path / "basic")
    check_stills(tmp_path, {f"basic/{name}": one for name, one in expected.items()}, "rafdb")
    write_tree(tmp_path / "copy")
    with pytest.raises(FerError, match="has 2 lists of labels"):
        load_dataset(tmp_path)
