"""Mistakes in the columns of a table: missing values of all kinds, wrong metadata, and ids that merge subjects."""

import numpy as np
import pytest

from fer_features import DataInfo, Samples, make_pipeline
from fer_features.exceptions import FerError

from ..conftest import draw_clips


def test_masked_values_are_missing_ones():
    images, landmarks, label, subject = draw_clips()
    first = np.arange(len(label)) == 0
    X = Samples.from_arrays(
        landmarks=np.ma.masked_array(landmarks, np.broadcast_to(first[:, None, None, None], landmarks.shape)),
        label=np.ma.masked_array(label, first),
        subject=np.ma.masked_array(subject, first),
        split=np.ma.masked_array(np.full(len(label), "train"), first),
    )
    assert X.missing("landmarks").tolist() == first.tolist()
    assert (X.label_codes < 0).tolist() == (X.groups < 0).tolist() == (X["split"] == "").tolist() == first.tolist()
    with pytest.raises(FerError, match="masked pixels"):
        Samples.from_arrays(images=np.ma.masked_less(images, images.mean()))
    with pytest.raises(FerError, match="1 of 24 samples have no label"):
        make_pipeline("landmarks_lda").fit(Samples.from_arrays(landmarks=landmarks), np.ma.masked_array(label, first))


@pytest.mark.parametrize("missing", [None, np.nan, "", b""])
def test_missing_splits_are_empty_text(missing):
    assert Samples.from_arrays(label=[0, 1], split=[b"test", missing])["split"].tolist() == ["test", ""]


def test_class_names_and_metadata_are_validated():
    with pytest.raises(FerError, match="class names joy, joy are not distinct"):
        Samples.from_arrays(label=[0, 1], info=DataInfo(classes=("joy", "joy")))
    with pytest.raises(FerError, match="info is of type dict"):
        Samples.from_arrays(label=[0, 1], info={"classes": ("joy", "fear")})


def test_prefixes_that_merge_subjects_are_refused():
    table = Samples.from_arrays(label=[0, 1, 0, 1], subject=[1, 1, 11, 11])
    for prefixes in (("a1", "a"), ("a", "a")):
        with pytest.raises(FerError, match=r"subject a1?1 occurs in several tables"):
            Samples.concat([table, table], prefixes=prefixes)
    assert len(np.unique(Samples.concat([table, table], prefixes=("a", "b")).groups)) == 4


def test_fractions_without_images_are_doubtful():
    landmarks = draw_clips()[1]
    assert Samples.from_arrays(landmarks=landmarks).info.notes == ()
    (note,) = Samples.from_arrays(landmarks=landmarks / [90, 100]).info.notes
    assert note.startswith("warning: the landmarks are fractions of the image size")


@pytest.mark.parametrize("y", [["joy", None] * 12, ["joy", float("nan")] * 12, ["joy", ""] * 12, [1, -1] * 12])
def test_labels_of_a_fit_must_be_known(y):
    X = Samples.from_arrays(landmarks=draw_clips()[1])
    with pytest.raises(FerError, match="12 of 24 samples have no label"):
        make_pipeline("landmarks_lda").fit(X, y)


@pytest.mark.parametrize("y", [5, "joy", [[1], [2]] * 12, [{}, {}] * 12, [1.5, 2.5] * 12])
def test_labels_of_a_fit_are_one_code_or_name_per_sample(y):
    X = Samples.from_arrays(landmarks=draw_clips()[1])
    with pytest.raises(FerError, match=r"is needed|are needed"):
        make_pipeline("landmarks_lda").fit(X, y)


@pytest.mark.parametrize("name", [None, 5, ["hog_svm"]])
def test_pipelines_are_specified_by_text(name):
    with pytest.raises(FerError, match=f"not by {type(name).__name__}"):
        make_pipeline(name)
