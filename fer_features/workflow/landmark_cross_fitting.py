"""Landmarks of training samples as a landmarker finds them that was not fitted on these samples."""

from __future__ import annotations

import dataclasses
import numbers
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
from sklearn.model_selection import GroupKFold

from .._progress import progress_enabled
from ..exceptions import FerError
from ..extractors.locate_faces import LocateFaces
from ..faces.landmarker import Landmarker
from ..faces.landmarker_training import AnnotatedFrames, check_landmark_columns, train_landmarker
from ..inputs import resolve_table
from ..samples.duplicates import exact_duplicates
from ..samples.splits import in_training_split
from ..samples.table import Samples
from .landmark_detection import searching_step


def cross_fit_landmarks(
    X: str | Path | Samples,
    *,
    faces: str = "auto",
    n_folds: int = 3,
    random_state: int = 0,
    verbose: bool = False,
    report: Callable[[str], None] = lambda message: None,
) -> tuple[Samples, Landmarker]:
    """Fit a landmarker on a data set with landmarks, and locate landmarks of all its samples as in prediction.

    A landmarker is more exact on the images on which it was fitted. A pipeline that is fitted on these landmarks, or on
    those of an annotator, sees other landmarks in prediction. Here, training samples get their landmarks from a
    landmarker that was fitted on other training samples.

    Parameters
    ----------
    X : Samples, or path of a data set
        With images and landmarks; samples whose landmarks are NaN take part without them. Of data with a training
        split, a landmarker is fitted on its samples only.
    faces : {'auto', 'detect', 'crop'}, default='auto'
        As the parameter `method` of `fer_features.extractors.LocateFaces`.
    n_folds : int, default=3
        Number of landmarkers that are fitted on parts of the training samples. Samples of one subject are in the same
        fold, or identical images where subjects are not known.
    random_state : int, default=0
        Seed of the folds and of the landmarkers.
    verbose : bool, default=False
        Show progress.
    report : callable, optional
        Called with a line of text after each regression of each landmarker.

    Returns
    -------
    X : Samples
        The table with the landmarks that were located.
    landmarker : Landmarker
        Fitted on all training samples with landmarks, which located those of all other samples. A pipeline that is
        fitted on the table needs it for prediction, as ``faces__landmarker=landmarker`` with ``faces__method='crop'``
        or ``'detect'``.

    Raises
    ------
    FerError
        For data without images or landmarks, landmarks that were located, fewer groups than folds, and what
        `fer_features.faces.landmarker_training.train_landmarker` refuses.

    References
    ----------
    D. H. Wolpert, "Stacked generalization", Neural Networks 5(2), 1992, doi:10.1016/S0893-6080(05)80023-1: the input of
    the second stage is the output of a first stage that was fitted without the sample.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples
    >>> from fer_features.workflow import cross_fit_landmarks
    >>> cross_fit_landmarks(Samples.from_arrays(np.zeros((2, 48, 48), np.uint8)))
    Traceback (most recent call last):
    ...
    fer_features.exceptions.FerError: a landmarker is trained and evaluated on images with landmarks, and these data \
have none: use landmarks='PATH' (files of another program); a landmarker can be adapted to images without them
    """
    if isinstance(n_folds, bool) or not isinstance(n_folds, numbers.Integral) or n_folds < 2:
        raise FerError(f"n_folds={n_folds!r}, but an integer of at least 2 is needed")
    with progress_enabled(verbose):
        table = resolve_table(X)
        check_landmark_columns(table)
        if table.info.landmarks_located:
            raise FerError("the landmarks of these data were located: a landmarker is fitted on those of an annotator")
        images = Samples({"images": table.column_view("images")}, table.info, check_input=False)
        faces = searching_step(images, faces, None).method_
        train = np.flatnonzero(in_training_split(table))
        groups = _groups(table)[train]
        n_groups = len(np.unique(groups))
        if n_groups < n_folds:
            raise FerError(f"{n_groups} groups of training samples: at least n_folds={n_folds} are needed")

        def fitted_on(indices: np.ndarray) -> Landmarker:
            return train_landmarker(AnnotatedFrames.from_samples(table[indices]), random_state, faces, report=report)[0]

        def located(indices: np.ndarray, landmarker: Landmarker) -> np.ndarray:
            return LocateFaces(faces, landmarker).fit_transform(images[indices])["landmarks"]

        landmarks = np.full((table.feature_store.n, images.column("images").shape[1], 68, 2), np.nan, np.float32)
        for others, fold in GroupKFold(n_folds, shuffle=True, random_state=random_state).split(train, groups=groups):
            landmarks[table.indices[train[fold]]] = located(train[fold], fitted_on(train[others]))
        landmarker = fitted_on(train)
        rest = np.setdiff1d(np.arange(len(table)), train)
        if rest.size:
            landmarks[table.indices[rest]] = located(rest, landmarker)
    # Located landmarks may lie outside of the image, where those of a user are refused.
    result = table.with_lazy_columns(f"cross-fitted landmarks {joblib.hash(landmarks)}", {"landmarks": landmarks})
    result.info = dataclasses.replace(table.info, landmarks_located=True)
    return result, landmarker


def _groups(table: Samples) -> np.ndarray:
    """Code of the subject of each sample, or of its identical images where the subject is not known."""
    identical = exact_duplicates(table)
    subjects = table.groups
    if subjects is None:
        return identical
    return np.where(subjects >= 0, subjects, subjects.max() + 1 + identical)
