"""Contents of a valid table from which nothing can be learned: blank and equal images, one class, no groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .columns import LazyColumn
from .data_info import WARNING_PREFIX, class_name
from .groups import are_samples, known_subjects

if TYPE_CHECKING:
    from .table import Samples

#: Pixels that are read together.
PIXELS_PER_BATCH = 1 << 23


def content_notes(X: Samples, read_lazy_columns: bool = False) -> tuple[str, ...]:
    """Warnings about the contents of a table.

    Parameters
    ----------
    X : Samples
        Of clips, the first and the last frame are used.
    read_lazy_columns : bool, default False
        Whether images are also read from files; by default only those in memory are checked.

    Returns
    -------
    tuple of str
        Blank images, images or landmarks that are equal in all samples, landmarks that are missing in all samples, a
        single class, and subjects with (nearly) one sample each. Empty for usual data.

    Examples
    --------
    >>> from fer_features import Samples
    >>> Samples.from_arrays(images=np.zeros((2, 48, 48), np.uint8), label=["joy", "joy"]).info.notes
    ('warning: the images of all samples are equal', 'warning: all labelled samples have the class joy')
    """
    if len(X) < 2:
        return ()
    notes = []
    if "images" in X and (read_lazy_columns or not isinstance(X.column("images"), LazyColumn)):
        notes += _image_notes(X)
    if "landmarks" in X and not isinstance(X.column("landmarks"), LazyColumn):
        notes += _landmark_notes(X)
    if "label" in X and len(np.unique(X.label_codes[X.is_labelled])) == 1:
        notes.append(f"all labelled samples have the class {class_name(X.info, X.label_codes[X.is_labelled][0])}")
    if X.groups is not None and are_samples(X.groups):
        notes.append(_subject_note(X))
    return tuple(f"{WARNING_PREFIX}{note}" for note in notes)


def _image_notes(X: Samples) -> list[str]:
    frames = sorted({0, X.column("images").shape[1] - 1})
    first = X[:1].frame("images", -1)[0]
    step = max(1, PIXELS_PER_BATCH // first.size)
    blank = np.zeros(len(X), bool)
    equal = True
    for start in range(0, len(X), step):
        batch = X[start : start + step]
        for t in frames:
            images = batch.frame("images", t)
            blank[start : start + step] |= _are_blank(images)
        equal = equal and all(np.array_equal(image, first) for image in images)
    if equal:
        return ["the images of all samples are equal"]
    if blank.any():
        return [f"{blank.sum()} sample(s) have a blank image (one grey value), such as sample {blank.argmax()}"]
    return []


def _are_blank(images: Any) -> np.ndarray:
    """Images with a single grey value, (n,) bool; of an array (n, H, W), or a list of images of different sizes."""
    if isinstance(images, np.ndarray):
        return images.min((1, 2)) == images.max((1, 2))
    return np.array([image.min() == image.max() for image in images])


def _landmark_notes(X: Samples) -> list[str]:
    if X.missing("landmarks").all():
        return ["all samples lack landmarks"]
    landmarks = X["landmarks"]
    return ["the landmarks of all samples are equal"] if (landmarks == landmarks[0]).all() else []


def _subject_note(X: Samples) -> str:
    known = np.asarray(X["subject"])[known_subjects(X["subject"])].astype(str)
    n_subjects = len(np.unique(known))
    if n_subjects == len(known):
        return "each subject has a single sample, so that folds grouped by subject are random folds"
    return (
        f"{n_subjects} subjects in {len(known)} samples, such as '{known[0]}': the subject is rather the number of the "
        "sample, so that folds grouped by subject are nearly random folds"
    )
