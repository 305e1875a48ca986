"""CK+48 and other class folders with names of CK+: subjects and sequences from the names."""

import pytest

from .trees import Expected, check_faults, check_stills, write_images, write_other_files

CLASSES = {
    **{"anger": "angry", "contempt": "contempt", "disgust": "disgust", "fear": "fear", "happy": "happy"},
    **{"sadness": "sad", "surprise": "surprise"},
}


def write_tree(root, below="CK+48/", classes=CLASSES, split=""):
    names = [
        f"{below}{folder}/S{subject:03}_{sequence:03}_{frame:08}.png"
        for subject in (10, 11, 999)
        for sequence, folder in enumerate(classes, 1)
        for frame in (15, 16, 17)
    ]
    images = write_images(root, names)
    write_other_files(root)
    return {
        name: Expected((image,), classes[name.split("/")[-2]], name[-21:-17], split=split, session=name[-16:-13])
        for name, image in images.items()
    }


def test_names_are_read_as_documented(tmp_path):
    X = check_stills(tmp_path, write_tree(tmp_path), "ckplus48")
    assert X.info.subjects_from == "dataset"
    assert len(set(X["subject"])) == 3
    assert X.info.notes[-1].startswith(f"not used: {3 + 1} file(s)")


@pytest.mark.parametrize(("below", "split"), [("", ""), ("train/", "train"), ("data/Validation/", "validation")])
def test_other_class_folders_with_such_names(tmp_path, below, split):
    expected = write_tree(tmp_path, below, {"Happiness": "happy", "sad": "sad"}, split)
    check_stills(tmp_path, expected, "ckplus48")


def test_unknown_class_is_a_fault(tmp_path):
    expected = write_tree(tmp_path)
    write_images(tmp_path, ["CK+48/bored/S010_001_00000017.png"])
    check_faults(tmp_path, "1 x unknown label", "bored", kept=expected)
