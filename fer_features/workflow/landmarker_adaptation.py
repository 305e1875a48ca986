"""Adapt a landmarker to a data set: what ``fer-features landmarks adapt`` does, as a function."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from .._progress import progress_enabled
from ..exceptions import FerError
from ..faces.landmark_adaptation import AdaptationInfo, adapt_landmarker
from ..faces.landmarker import Landmarker, crop_to_box
from ..faces.landmarker_archive import default_landmarker
from ..faces.localizer import box_of_crop
from ..inputs import resolve_table
from ..samples.splits import in_training_split
from ..samples.table import Samples
from .landmark_detection import searching_step


def adapt_landmarks(
    X: str | Path | Samples,
    *,
    landmarker: Landmarker | None = None,
    faces: str = "auto",
    n_frames: int = 3,
    max_samples: int = 3000,
    random_state: int = 0,
    verbose: bool = False,
    report: Callable[[str], None] = lambda message: None,
) -> tuple[Landmarker, AdaptationInfo]:
    """Fit a landmarker further on the images of a data set, whose landmarks need not be known.

    Parameters
    ----------
    X : Samples, or path of a data set
        With images. Of data with a training split, only its samples are used; landmarks and labels are not used.
    landmarker : Landmarker, optional
        By default the one that this package contains.
    faces : {'auto', 'detect', 'crop'}, default='auto'
        As the parameter `method` of `fer_features.extractors.LocateFaces`.
    n_frames : int, default=3
        Number of frames per sample, evenly spread from the first to the last one.
    max_samples : int, default=3000
        Maximum number of samples, of which a random selection is used if there are more. 1,000 faces take about a
        minute and 300 MB.
    random_state : int, default=0
    verbose : bool, default=False
        Show progress.
    report : callable, optional
        Called with the errors on held-out faces before and after each regression.

    Returns
    -------
    landmarker : Landmarker
        For `fer_features.faces.save_landmarker`, and the parameter `landmarker` of `LocateFaces`.
    info : AdaptationInfo

    Raises
    ------
    FerError
        For a landmarker of another class, data without images, and fewer than 50 faces on which the landmarker is
        consistent.

    See Also
    --------
    fer_features.faces.landmark_adaptation.adapt_landmarker : The method, with its reference.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples
    >>> from fer_features.workflow import adapt_landmarks
    >>> X = Samples.from_arrays(np.zeros((2, 48, 48), np.uint8))  # too few, and without faces
    >>> adapt_landmarks(X, faces="crop")
    Traceback (most recent call last):
    ...
    fer_features.exceptions.FerError: the landmarker is consistent on 0 of 2 faces: at least 50 are needed
    """
    landmarker = default_landmarker() if landmarker is None else landmarker
    if not isinstance(landmarker, Landmarker):
        raise FerError(f"a {type(landmarker).__name__} cannot be adapted: a Landmarker is needed")
    with progress_enabled(verbose):
        table = resolve_table(X)
        if "images" in table and in_training_split(table).any():
            table = table[in_training_split(table)]
        if len(table) > max_samples:
            table = table[np.sort(np.random.default_rng(random_state).permutation(len(table))[:max_samples])]
        step = searching_step(table, faces, landmarker)
        codes = table.groups
        groups = codes if codes is not None and (codes >= 0).all() else np.arange(len(table))
        images, boxes, face_groups = [], [], []
        for group, views in zip(groups, step.views(table, n_frames), strict=True):
            for view in views:
                if view is not None:
                    box = box_of_crop(view.image) if step.method_ == "crop" else view.box
                    crop, crop_box, _, _ = crop_to_box(view.image, box)
                    images.append(crop)
                    boxes.append(crop_box)
                    face_groups.append(group)
        boxes_of_faces = np.reshape(boxes, (len(images), 4))
        return adapt_landmarker(
            landmarker, images, boxes_of_faces, np.array(face_groups), random_state=random_state, report=report
        )
