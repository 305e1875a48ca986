"""SFEW: splits, a test split without labels, and original frames beside aligned faces."""

import pytest

from fer_features import load_dataset

from .trees import touch, write_images

IMAGES = {
    **{"Angry/Airheads_000519240_00000005.png": "angry", "Happy/About A Boy_000149120_00000012.png": "happy"},
    **{"Neutral/21_000223880_00000031.png": "neutral", "Surprise/Crying_Game_011023440_00000001.png": "surprise"},
}
LABELLED = {f"{split}/{name}": label for split in ("Train", "Val") for name, label in IMAGES.items()}
UNLABELLED = "Test/Bridesmaids_000149120_00000012.png"


def write_tree(root):
    write_images(root, [*LABELLED, UNLABELLED])
    write_images(root, [f"Train/Train_Aligned_Faces/{name}" for name in IMAGES], shape=(32, 32))
    touch(root, ["Train/labels.txt"])


@pytest.mark.parametrize("below", ["", "SFEW_2/"])
def test_folders_are_read_as_documented(tmp_path, below):
    write_images(tmp_path, [below + name for name in (*LABELLED, UNLABELLED)])
    X = load_dataset(tmp_path)
    assert X.info.dataset == "sfew"
    assert "subject" not in X
    for name, label, split in zip(X["id"], X["label"], X["split"], strict=True):
        file = name.removeprefix(below)
        assert label == LABELLED.get(file, "")
        assert split == {"Train": "train", "Val": "validation", "Test": "test"}[file.split("/")[0]]
    assert X["movie"][list(X["id"]).index(f"{below}Train/Happy/About A Boy_000149120_00000012.png")] == "About A Boy"


def test_aligned_faces_are_used_where_they_are_present(tmp_path):
    write_tree(tmp_path)
    X = load_dataset(tmp_path)
    assert sorted(X["id"]) == sorted(
        [
            *(f"Train/Train_Aligned_Faces/{name}" for name in IMAGES),
            *(name for name in LABELLED if name.startswith("Val/")),
            UNLABELLED,
        ]
    )
    assert any("4 sample(s) with edition=original are other versions" in note for note in X.info.notes)
    original = load_dataset(tmp_path, where="edition=original")
    assert sorted(original["id"]) == sorted([*LABELLED, UNLABELLED])
