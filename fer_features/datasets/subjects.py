"""Subject identities that are inferred from the neutral frames of sequences, or from still images."""

from __future__ import annotations

import dataclasses

import numpy as np

from .._threads import map_in_threads
from ..exceptions import FerError
from ..samples.splits import in_training_split
from ..samples.table import Samples
from ..vision.subject_clustering import MIN_GROUPING_CONFIDENCE, infer_subjects


def is_still(X: Samples) -> bool:
    """Whether the samples are single images, and not sequences."""
    return next((X.column(name).shape[1] == 1 for name in ("images", "landmarks") if name in X), False)


def with_inferred_subjects(X: Samples, n_subjects: int | None = None) -> Samples:
    """Add the column 'subject', inferred by clustering the faces of the training samples.

    Parameters
    ----------
    X : Samples
        With images or landmarks. The first frame of a sequence is neutral; still images can have any expressions, whose
        labels are used.
    n_subjects : int, optional
        Number of subjects; estimated if not given.

    Returns
    -------
    Samples
        With the columns 'subject' (-1 in other splits and for samples without a face) and 'subject_confidence'. The
        confidence of the clustering, and a warning where it is low, are in `info`.

    Raises
    ------
    FerError
        Where `n_subjects` is below 1 or above the number of samples with a face.

    See Also
    --------
    fer_features.vision.subject_clustering.infer_subjects : The method.

    Notes
    -----
    On the 979 frontal photographs of KDEF (70 subjects in two sessions, seven expressions) with landmarks, still images
    are grouped with an adjusted Rand index of 0.95 (0.89 without landmarks): 93 % (91 %) of the pairs of images of one
    subject are in one group. The accuracy of ``hog_svm`` in 10 folds by inferred subjects is 0.869 (0.869), where it is
    0.871 by the true subjects and 0.930 in random folds. The confidence of such groups is 0.05 to 0.25, so that the
    leakage warning is always given.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples
    >>> from fer_features.datasets import with_inferred_subjects
    >>> rng = np.random.default_rng(0)
    >>> faces = rng.integers(0, 256, (2, 60, 60)) // 2  # two subjects
    >>> clips = faces[[0, 1, 0, 1], None] + rng.integers(0, 9, (4, 2, 60, 60))
    >>> X = Samples.from_arrays(clips.astype(np.uint8), label=["fear", "fear", "joy", "joy"])
    >>> with_inferred_subjects(X, n_subjects=2)["subject"]
    array([0, 1, 0, 1])
    """
    train = np.flatnonzero(in_training_split(X))
    if n_subjects is not None and not 1 <= n_subjects <= len(train):
        raise FerError(f"n_subjects={n_subjects}: a number between 1 and the {len(train)} training samples is needed")
    T = X[train]
    images = T.column_view("images") if "images" in X else None
    try:
        found = infer_subjects(
            images,
            T["landmarks"] if "landmarks" in X else None,
            n_subjects,
            T.label_codes if is_still(X) and "label" in X else None,
            map_in_threads,
        )
    except ValueError as error:
        raise FerError(f"subjects cannot be inferred: {error}") from error
    subject = np.full(len(X), -1)
    subject[train] = found.subjects
    row_confidence = np.full(len(X), np.nan, np.float32)
    row_confidence[train] = found.sample_confidence
    leakage = ""
    if found.confidence < MIN_GROUPING_CONFIDENCE:
        leakage = (
            f"subjects could not be inferred reliably (confidence {found.confidence:.2f}, "
            f"{MIN_GROUPING_CONFIDENCE:.2f} is needed): the same subject may be in training and test, and scores may "
            "leak; check subjects.csv, or give subjects=FILE"
        )
    info = dataclasses.replace(
        X.info,
        subjects_from="inferred",
        subjects_confidence=round(float(found.confidence), 4),
        leakage=leakage,
    )
    return X.with_columns(info, subject=subject, subject_confidence=row_confidence)
