"""Sequences and videos of named layouts are read with their own frames, labels and subjects."""

import cv2
import numpy as np
import pytest

from fer_features import load_dataset
from fer_features.datasets.class_names import class_of
from fer_features.datasets.layouts import LAYOUTS
from fer_features.media.file_tree import file_tree

from . import (
    test_adfes,
    test_afew,
    test_cremad,
    test_enterface05,
    test_mmi,
    test_mug,
    test_oulucasia,
    test_ravdess,
)

TREES = {
    "adfes": (test_adfes, 40),
    "afew": (test_afew, 5),
    "cremad": (test_cremad, 28),
    "enterface05": (test_enterface05, 26),
    "mmi": (test_mmi, 8),
    "mug": (test_mug, 12),
    "oulucasia": (test_oulucasia, 12),
    "ravdess": (test_ravdess, 32),
}


def frames_of(record):
    """Grey frames of a record, decoded by OpenCV."""
    if not record.is_video:
        return [cv2.imread(str(file), cv2.IMREAD_GRAYSCALE) for file in record.files]
    video, frames = cv2.VideoCapture(str(record.files[0])), []
    while (read := video.read())[0]:
        frames.append(cv2.cvtColor(read[1], cv2.COLOR_BGR2GRAY))
    return frames


@pytest.mark.parametrize("name", TREES)
def test_frames_labels_and_subjects_of_a_clip_belong_together(name, tmp_path):
    module, n_clips = TREES[name]
    module.write_tree(tmp_path)
    layout = next(layout for layout in LAYOUTS if layout.name == name)
    # Apexes found by motion take most of the time: one layout of frames and one of videos is enough.
    found = layout.apex == "found" and name in ("mug", "mmi")
    X = load_dataset(tmp_path, frames=3, infer_subjects=False, apex=None if found else "last")
    assert (X.info.dataset, len(X), X["images"].shape[1]) == (name, n_clips, 3)
    records = {record.id: record for record in layout.find_records(file_tree(tmp_path)).records}
    for i, clip in enumerate(X["id"]):
        record, frames = records[clip], frames_of(records[clip])
        assert X["label"][i] == class_of(record.label)
        numbers = X["frame_numbers"][i]
        assert numbers[0] == 0
        assert numbers[-1] == len(frames) - 1 or found
        for t, number in enumerate(numbers):
            assert np.abs(X["images"][i][t].astype(int) - frames[number]).max() <= 3
        if record.subject:
            assert X["subject"][i] == record.subject
    assert not any(note.startswith("warning") for note in X.info.notes), X.info.notes
