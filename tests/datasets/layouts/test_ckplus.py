"""CK+ as distributed: sequences, labels in emotion files, landmarks of all frames, and the faults of each."""

import numpy as np
import pytest

from fer_features import load_dataset
from fer_features.datasets.layouts.ckplus import CKPLUS
from fer_features.media.file_tree import file_tree

from .trees import Expected, check_faults, found_in, write_images, write_other_files, write_text

#: Subject and number of a sequence, number of frames, code in the emotion file.
SEQUENCES = [
    *(("S005", "001", 3, 3), ("S005", "002", 2, None), ("S010", "001", 3, 7), ("S010", "002", 2, 1)),
    *(("S011", "001", 2, 5), ("S011", "002", 2, 2), ("S052", "001", 2, 4), ("S052", "002", 2, 6)),
]
CLASSES = ("neutral", "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise")
ARCHIVES = ("cohn-kanade-images", "Emotion", "Landmarks")


def points(n=0):
    return 40 + 9 * np.random.default_rng(n).random((68, 2))


def write_tree(root, archives=ARCHIVES):
    frames, emotions, landmarks = archives
    expected = {}
    for subject, number, n_frames, code in SEQUENCES:
        folder = f"{subject}/{number}"
        stems = [f"{folder}/{subject}_{number}_{t:08}" for t in range(1, n_frames + 1)]
        images = write_images(root, [f"{frames}/{stem}.png" for stem in stems], (60, 64))
        (root / emotions / folder).mkdir(parents=True)
        if code is not None:
            write_text(root / emotions / f"{stems[-1]}_emotion.txt", f"   {code:.7e}\n")
        for t, stem in enumerate(stems):
            text = "".join(f"   {x:.7e}   {y:.7e}\n" for x, y in points(t))
            write_text(root / landmarks / f"{stem}_landmarks.txt", text)
        label = "" if code is None else CLASSES[code]
        expected[f"{frames}/{folder}"] = Expected(tuple(images.values()), label, subject, session=number)
    write_text(root / "FACS/S005/001/S005_001_00000003_facs.txt", "   9.0000000e+00   4.0000000e+00\n")
    write_other_files(root)
    return expected


@pytest.mark.parametrize(
    "archives",
    [
        ARCHIVES,
        ("extended-cohn-kanade-images/cohn-kanade-images", "Emotion_labels/Emotion", "Landmarks/Landmarks"),
    ],
)
def test_sequences_labels_and_landmarks(tmp_path, archives):
    expected = write_tree(tmp_path, archives)
    X = load_dataset(tmp_path, frames=2, infer_subjects=False)
    assert (X.info.dataset, X.info.subjects_from) == ("ckplus", "dataset")
    assert list(X["id"]) == sorted(expected)
    for i, name in enumerate(X["id"]):
        one = expected[name]
        assert (X["images"][i, 0] == one.images[0]).all()
        assert (X["images"][i, 1] == one.images[-1]).all()
        label = X.info.classes[X.label_codes[i]] if X.label_codes[i] >= 0 else ""
        assert (label, X["subject"][i], X["session"][i]) == (one.label, one.subject, one.session)
        np.testing.assert_allclose(X["landmarks"][i, 1], points(len(one.images) - 1), atol=1e-4)
    assert "1 of 8 sequences have no emotion file and therefore no label" in X.info.notes
    unused = f".DS_Store, FACS/ (1), Thumbs.db, __MACOSX/ (1), readme.txt, {archives[1]}/S005/002/ (0)"
    assert X.info.notes[-1] == f"not used: 5 file(s) in {tmp_path}: {unused}"


def test_the_apex_is_the_last_frame(tmp_path):
    expected = write_tree(tmp_path)
    found = CKPLUS.find_records(file_tree(tmp_path))
    assert found.apex == "last"
    X = load_dataset(tmp_path, frames=1)
    assert X["images"].shape[1] == 1
    assert all((X["images"][i, -1] == expected[name].images[-1]).all() for i, name in enumerate(X["id"]))


def test_the_peak_is_the_frame_of_the_emotion_file(tmp_path):
    expected = write_tree(tmp_path)
    folder = tmp_path / "Emotion/S005/001"
    (folder / "S005_001_00000003_emotion.txt").rename(folder / "S005_001_00000002_emotion.txt")
    X = load_dataset(tmp_path, frames=2)
    for i, name in enumerate(X["id"]):
        peak = 1 if name.endswith("S005/001") else len(expected[name].images) - 1
        assert X["frame_numbers"][i].tolist() == [0, peak]
        assert (X["images"][i, 1] == expected[name].images[peak]).all()


def test_without_emotions_and_landmarks(tmp_path):
    expected = write_tree(tmp_path)
    for archive in ("Emotion", "Landmarks"):
        (tmp_path / archive).rename(tmp_path.parent / archive)
    records = found_in(CKPLUS, tmp_path)
    assert set(records) == set(expected)
    assert not any(record.label or record.landmarks for record in records.values())


def test_landmarks_of_some_frames_are_not_read(tmp_path):
    write_tree(tmp_path)
    (tmp_path / "Landmarks/S010/001/S010_001_00000002_landmarks.txt").unlink()
    found = CKPLUS.find_records(file_tree(tmp_path))
    without = [record.id for record in found.records if not record.landmarks]
    assert without == ["cohn-kanade-images/S010/001"]
    assert "landmarks of 1 sequence(s) are not read: they are absent for some frames" in found.notes


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("S005_001_00000003_emotion.txt", "   8.0000000e+00\n", "line 1: the label is '8.0000000e+00', not one of 0"),
        ("S005_001_00000003_emotion.txt", "   3.5\n", "the label is '3.5'"),
        ("S005_001_00000003_emotion.txt", "happy\n", "the label is 'happy'"),
        ("S005_001_00000003_emotion.txt", "", "is an empty list of labels"),
        ("S005_001_00000003_emotion.txt", "3\n5\n", "line 2: one label is needed"),
        ("S005_001_00000003_emotion.txt", "3 5\n", "line 1: 2 field(s), not 1"),
        ("S005_001_00000002_emotion.txt", "3\n", "S005/001 has 2 emotion files"),
    ],
)
def test_faults_of_emotion_files(tmp_path, name, text, fault):
    expected = write_tree(tmp_path)
    write_text(tmp_path / "Emotion/S005/001" / name, text)
    del expected["cohn-kanade-images/S005/001"]
    check_faults(tmp_path, fault, "Emotion/S005/001", kept=expected, frames=2)


def test_incomplete_sequences_are_faults(tmp_path):
    expected = write_tree(tmp_path)
    (tmp_path / "cohn-kanade-images/S005/001/S005_001_00000003.png").unlink()
    for frame in (tmp_path / "cohn-kanade-images/S010/001").iterdir():
        frame.unlink()
    del expected["cohn-kanade-images/S005/001"], expected["cohn-kanade-images/S010/001"]
    parts = (
        "S005_001_00000003_emotion.txt is the label of a frame that cohn-kanade-images/S005/001 lacks",
        "S010_001_00000003_emotion.txt has no frames",
    )
    check_faults(tmp_path, *parts, kept=expected, frames=2)
