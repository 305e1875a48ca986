"""AFEW: splits, a test split without labels, and the edition of aligned faces."""

import pytest

from fer_features.datasets.layouts.afew import AFEW
from fer_features.datasets.record_versions import one_version_each
from fer_features.media.file_tree import file_tree

from .trees import found_in, touch, write_video

CLIPS = {
    **{"Train/Angry/000046280.avi": ("train", "angry"), "Train/Happy/000149120.avi": ("train", "happy")},
    **{"Val/Angry/010924040.avi": ("validation", "angry"), "Val/Neutral/000223880.avi": ("validation", "neutral")},
    "Test/000005960.avi": ("test", ""),
}


def write_tree(root):
    for name in CLIPS:
        write_video(root / name)
    touch(root, ["Train/Train_AFEW.txt", "Train/Angry/000046280.xml"])


@pytest.mark.parametrize("below", ["", "EmotiW_2018/"])
def test_folders_are_read_as_documented(tmp_path, below):
    touch(tmp_path, [below + name for name in CLIPS])
    found = found_in(AFEW, tmp_path)
    assert {name.removeprefix(below): (record.split, record.label) for name, record in found.items()} == CLIPS
    assert {record.subject for record in found.values()} == {""}


@pytest.mark.parametrize(
    "folder", ["Train/Train_Aligned_Faces", "Train_AFEW/AlignedFaces_LBPTOP_Points/AlignedFaces_LBPTOP_Points/Faces"]
)
def test_aligned_faces_have_the_label_of_their_video(tmp_path, folder):
    touch(tmp_path, CLIPS)
    touch(tmp_path, [f"{folder}/{clip}/{t:03}.jpg" for clip in ("000046280", "000999999") for t in range(3)])
    records = AFEW.find_records(file_tree(tmp_path))
    aligned = [record for record in records.records if record.extra["edition"] == "aligned faces"]
    assert [(record.extra["time"], record.label, len(record.files)) for record in aligned] == [
        ("000046280", "angry", 3),
        ("000999999", "", 3),
    ]
    assert records.notes == [
        "1 sequence(s) of aligned faces have no label, because not exactly one video has their name"
    ]
    used = one_version_each(records.records, records.versions, [])
    assert {record.id for record in used} == {*CLIPS, f"{folder}/000999999"}


def test_a_name_of_two_videos_gives_no_label(tmp_path):
    touch(tmp_path, ["Train/Angry/000046280.avi", "Train/Sad/000046280.avi", "Train_Aligned_Faces/000046280/0.jpg"])
    assert found_in(AFEW, tmp_path)["Train_Aligned_Faces/000046280"].label == ""
