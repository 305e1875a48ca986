"""Oulu-CASIA: cameras, illuminations, and the original and the cropped edition side by side."""

import pytest

from fer_features.datasets.layouts.oulucasia import OULUCASIA

from .trees import found_in, touch, write_images

EMOTIONS = ("Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise")


def names(folder, cameras=("VL", "NI"), illuminations=("Strong", "Weak", "Dark"), n_frames=4):
    return [
        f"{folder}/{camera}/{illumination}/{subject}/{emotion}/{t:03}.jpeg"
        for camera in cameras
        for illumination in illuminations
        for subject in ("P001", "P080")
        for emotion in EMOTIONS
        for t in range(n_frames)
    ]


def write_tree(root):
    write_images(root, names("B_OriginalImg/OriginalImg", ("VL",), ("Strong",)))
    write_images(root, names("PreProcess Img", ("VL_Acropped",), ("Strong",)))
    touch(root, ["change_log.txt", "PreProcess Img/Thumbs.db"])


@pytest.mark.parametrize("folder", ["OriginalImg", "B_OriginalImg", "Oulu_CASIA_NIR_VIS/B_OriginalImg/OriginalImg"])
def test_folders_are_read_as_documented(tmp_path, folder):
    touch(tmp_path, names(folder))
    found = found_in(OULUCASIA, tmp_path)
    assert len(found) == 2 * 3 * 2 * 6
    for name, record in found.items():
        camera, illumination, subject, emotion = name.removeprefix(f"{folder}/").split("/")
        assert (record.subject, record.label) == (subject, emotion.lower())
        assert record.extra == {"camera": camera, "edition": "original", "illumination": illumination}
        assert [file.name for file in record.files] == ["000.jpeg", "001.jpeg", "002.jpeg", "003.jpeg"]
        assert record.is_clip
