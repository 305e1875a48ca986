"""Warnings about the contents of a table, for every way to make one; none for usual data."""

import numpy as np
import pytest

from fer_features import Samples, load_dataset
from fer_features.samples.columns import LazyColumn
from fer_features.samples.contents import content_notes

from ..conftest import draw_clips, write_h5

IMAGES, LANDMARKS, LABEL, SUBJECT = draw_clips()
USUAL = {"images": IMAGES, "landmarks": LANDMARKS, "label": LABEL, "subject": SUBJECT}
N = len(LABEL)


def blank_first_frame():
    images = IMAGES.copy()
    images[5, 0] = 0
    return images


CONTENTS = {
    "black": ({"images": 0 * IMAGES}, "the images of all samples are equal"),
    "equal images": ({"images": np.repeat(IMAGES[:1], N, 0)}, "the images of all samples are equal"),
    "one blank frame": ({"images": blank_first_frame()}, "1 sample(s) have a blank image (one grey value), such as"),
    "equal landmarks": ({"landmarks": np.repeat(LANDMARKS[:1], N, 0)}, "the landmarks of all samples are equal"),
    "no landmarks": ({"landmarks": np.full_like(LANDMARKS, np.nan)}, "all samples lack landmarks"),
    "one class": ({"label": np.ones(N, int)}, "all labelled samples have the class"),
}
ARRAYS_ONLY = {
    "a subject per sample": ({"subject": np.arange(N)}, "each subject has a single sample"),
    "nearly a subject per sample": (
        {"subject": [f"IMG{max(i, 1)}" for i in range(N)]},
        f"{N - 1} subjects in {N} samples, such as 'IMG1': the subject is rather the number of the sample",
    ),
    "stills of one size": ({"images": np.full((N, 20, 20), 7, np.uint8), "landmarks": None}, "all samples are equal"),
    "stills of two sizes": (
        {"images": [np.full((20 + i % 2, 20), 7, np.uint8) for i in range(N)], "landmarks": None},
        f"{N} sample(s) have a blank image",
    ),
}


@pytest.mark.parametrize("name", [*CONTENTS, *ARRAYS_ONLY])
def test_arrays_with_nothing_to_learn_from_give_a_warning(name):
    changes, message = (CONTENTS | ARRAYS_ONLY)[name]
    X = Samples.from_arrays(**{**USUAL, **changes})
    assert [note for note in X.info.notes if message in note], X.info.notes
    assert all(note.startswith("warning: ") for note in X.info.notes)
    assert X[:3].with_columns(age=[1, 2, 3]).info.notes == X.info.notes


@pytest.mark.parametrize("name", CONTENTS)
def test_files_with_nothing_to_learn_from_give_a_warning(name, tmp_path):
    changes, message = CONTENTS[name]
    arrays = {**USUAL, **changes}
    for column, stem in (("images", "images"), ("landmarks", "landmarks"), ("label", "labels")):
        write_h5(tmp_path / "data", f"data_train_{stem}", arrays[column])
    np.save(tmp_path / "subjects.npy", SUBJECT)
    notes = load_dataset(tmp_path / "data", subjects=tmp_path / "subjects.npy").info.notes
    assert [note for note in notes if message in note], notes


def test_usual_data_give_no_warning():
    assert Samples.from_arrays(**USUAL).info.notes == ()
    assert Samples.from_arrays(**{name: values[:1] for name, values in USUAL.items()}).info.notes == ()


def test_unknown_labels_and_subjects_do_not_count():
    label = np.where(np.arange(N) < 5, -1, LABEL)
    subject = np.where(np.arange(N) < N - 1, -1, 0)
    assert Samples.from_arrays(label=label, subject=subject).info.notes == ()


def test_lazy_images_are_read_on_request_only():
    class Blank(LazyColumn):
        shape = (4, 2, 20, 20)

        def __getitem__(self, indices):
            read.append(len(indices))
            return np.zeros((len(indices), 2, 20, 20), np.uint8)

    read = []
    X = Samples.from_arrays(images=Blank(), label=[0, 1, 0, 1])
    assert (read, X.info.notes) == ([], ())
    assert content_notes(X, read_lazy_columns=True) == ("warning: the images of all samples are equal",)
