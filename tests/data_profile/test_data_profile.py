"""Tests of profiles of data sets and of the findings in them."""

import numpy as np
import pytest

from fer_features import DataInfo, FerError, Samples, inspect_data
from fer_features.data_profile.inspection import MEAN_FACE_SIDE_PX
from fer_features.data_profile.profile import SEVERITIES, UNLABELLED_CLASS
from fer_features.samples.columns import ConcatenatedColumn
from fer_features.vision.crop import resize_images

CLASSES = DataInfo(classes=("joy", "fear", "surprise"))


def texts(profile, *severities):
    """The texts of the findings of some severities, or of all, in one string."""
    return " ".join(f.text for f in profile.findings if not severities or f.severity in severities)


def test_profile_of_still_images(defective_images):
    profile = inspect_data(defective_images)
    assert profile.splits == ["train", "test"]
    assert profile.counts.sum() == 34
    assert profile.counts.sum(0).tolist() == [29, 5]
    assert profile.counts[3].tolist() == [0, 0]  # a class without samples
    duplicates = profile.duplicates
    assert {tuple(members) for members in duplicates.groups} == {(0, 30), (1, 31), (2, 32)}
    assert duplicates.n_across == {("train", "test"): 1}
    assert duplicates.n_within == {"train": 2, "test": 0}
    assert [tuple(members) for members in duplicates.contradictory] == [(1, 31)]
    assert profile.images.near_blank.tolist() == [33]
    assert profile.images.sizes == [(25, 25, 34)]
    assert profile.images.histogram.sum() == pytest.approx(1)
    pixels = defective_images["images"].reshape(34, -1)
    np.testing.assert_allclose(profile.images.brightness, pixels.mean(1))
    np.testing.assert_allclose(profile.images.contrast, pixels.std(1), atol=1e-6)
    happy = resize_images(defective_images["images"][defective_images.label_codes == 2, 0], MEAN_FACE_SIDE_PX)
    np.testing.assert_allclose(profile.mean_faces["happy"], happy.mean(0), atol=0.51)
    assert (profile.subjects, profile.motion) == (None, None)


def test_findings_report_every_defect_and_nothing_else(defective_images, small_faces):
    profile = inspect_data(defective_images)
    for text in (
        "1 sample of test (20.0%) has an identical image in train",
        "1 group of identical images has different labels",
        "2 samples repeat another one of the same split",
        "1 image is near-blank",
        "Subjects are unknown",
    ):
        assert text in texts(profile, "warning")
    assert "There is no sample of sad." in texts(profile, "note")
    clean = Samples.from_arrays(
        images=small_faces[:36],
        label=np.arange(36) % 3,
        subject=np.arange(36) // 6,
        info=DataInfo(classes=("a", "b", "c")),
    )
    profile = inspect_data(clean)
    assert {finding.severity for finding in profile.findings} == {"pass"}
    assert str(profile).endswith("findings: none")


def test_findings_on_subjects_landmarks_and_motion(clips):
    images, landmarks, label, subject = clips
    landmarks = landmarks.copy()
    landmarks[:, 1] += np.where(np.arange(68) > 40, 4, 0)[:, None]  # the middle frame moves most
    landmarks[:, -1] = landmarks[:, 0]
    landmarks[3] = np.nan
    label = np.where(subject == 0, 0, label)
    split = np.where(np.arange(len(label)) % 2, "train", "test")
    profile = inspect_data(Samples.from_arrays(images, landmarks, label, subject, split, info=CLASSES))
    for text in (
        "1 sample has no landmarks",
        "is not the apex",
        "1 subject shows one class only: 0",
        "4 subjects are in several splits: 0, 1, 2, 3",
        "fear is shown by 3 of 4 subjects",
    ):
        assert text in texts(profile)
    assert profile.motion.missing.tolist() == [3]
    assert all(moved[0] == 0 and moved.argmax() == 1 for moved in profile.motion.displacement.values())


def test_near_duplicates_of_one_subject_are_a_note(small_faces):
    pixels = small_faces[:12].astype(int)
    images = np.concatenate([pixels, pixels[:1] + 2]).clip(0, 255).astype(np.uint8)
    subject = np.array([*range(12), 0])
    X = Samples.from_arrays(images=images, label=np.arange(13) % 2, subject=subject)
    assert "1 pair of nearly identical images shows one subject in one split" in texts(inspect_data(X), "note")
    profile = inspect_data(X.with_columns(subject=np.arange(13), label=[*np.arange(12) % 2, 1]))
    assert "1 pair of nearly identical images has different labels" in texts(profile, "warning")


def test_imbalanced_classes_and_classes_that_a_split_lacks_are_reported():
    label = np.array([0] * 12 + [1] * 2)
    split = np.array(["train"] * 10 + ["test"] * 2 + ["train"] * 2)
    profile = inspect_data(Samples.from_arrays(label=label, split=split, info=DataInfo(classes=("joy", "fear"))))
    assert "joy has 6 times the samples of fear" in texts(profile, "warning")
    assert "test has no sample of fear." in texts(profile, "warning")


def test_findings_on_the_metadata_of_the_data():
    info = DataInfo(leakage="subjects are guessed", synthetic=True, notes=("2 files were skipped",))
    profile = inspect_data(Samples.from_arrays(label=[0, 1], info=info))
    assert profile.findings[0].text == "Possible leakage: subjects are guessed."
    assert "2 files were skipped." in texts(profile, "note")
    assert "rendered" in texts(profile, "note")
    info = DataInfo(subjects_from="inferred", subjects_confidence=0.5)
    profile = inspect_data(Samples.from_arrays(label=[0, 1], subject=[0, -1], info=info))
    assert "Subjects are inferred" in texts(profile, "warning")
    expected = "1, inferred from the faces, confidence 0.50; 1 sample each; 1 sample of unknown subjects"
    assert dict(profile.facts)["subjects"] == expected


def test_images_of_several_sizes(small_faces):
    column = ConcatenatedColumn([small_faces[:12, None], small_faces[12:16, None, :20]])
    X = Samples({"images": column, "label": np.arange(16) % 2}, DataInfo(classes=("angry", "happy")))
    profile = inspect_data(X)
    assert profile.images.sizes == [(25, 25, 12), (25, 20, 4)]
    assert profile.mean_faces["happy"].shape == (MEAN_FACE_SIDE_PX, MEAN_FACE_SIDE_PX)
    assert "Images have 2 different sizes." in texts(profile, "note")


def test_data_without_images_or_labels(clips):
    profile = inspect_data(Samples.from_arrays(landmarks=clips[1], label=clips[2], info=CLASSES))
    assert (profile.images, profile.duplicates, profile.mean_faces) == (None, None, {})
    unlabelled = Samples.from_arrays(images=clips[0])
    profile = inspect_data(unlabelled)
    assert profile.classes == [UNLABELLED_CLASS]
    assert profile.labelled_classes == []
    assert "No sample has a label" in str(profile)
    with pytest.raises(FerError, match="no sample"):
        inspect_data(unlabelled[[]])


def test_frame_text_and_html_of_a_profile(defective_images):
    profile = inspect_data(defective_images)
    frame = profile.to_frame()
    assert (frame.index.name, frame.columns.name) == ("class", "split")
    np.testing.assert_array_equal(frame.to_numpy(), profile.counts)
    order = [list(SEVERITIES).index(finding.severity) for finding in profile.findings]
    assert order == sorted(order)
    shown, page = str(profile), profile._repr_html_()
    assert "<b>fear</b>" not in page  # names are escaped
    for title, text in profile.facts:
        assert f"{title:<15} {text}" in shown
    for finding in profile.findings:
        assert (finding.text in shown) == (finding.severity != "pass")
        assert finding.text.replace("<b>fear</b>", "&lt;b&gt;fear&lt;/b&gt;") in page
    assert repr(profile) == f"InspectionResult(34 samples of toy: 4 classes, {len(profile.findings)} findings)"
