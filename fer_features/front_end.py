"""The face front-end of a pipeline, applied once to the table of an experiment."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator

from .exceptions import FerError
from .pipelines import ensemble_members
from .samples.data_info import WARNING_PREFIX
from .samples.feature_blocks import stored_features
from .samples.table import Samples

#: Fraction of the searched images with a face that the detector finds, below which they may show no faces at all.
MIN_DETECTED_FRACTION = 0.1
#: Number of samples without a face that a message lists.
MAX_LISTED_SAMPLES = 5


def locate_faces(model: BaseEstimator, X: Samples) -> tuple[Samples, dict[str, str]]:
    """Locate the faces of a table as the first step of a pipeline does, so that all parts of an experiment see them.

    Parameters
    ----------
    model : estimator
        Where its parameters ``faces__method`` are 'auto', they are set to what this means for the table, so that the
        fitted model does not depend on the samples of a fold. Estimators without this step are not changed.
    X : Samples

    Returns
    -------
    X : Samples
        With the column 'landmarks', which is computed on access, if the pipeline locates faces.
    settings : dict of str to str
        The parameters ``faces__method``, if faces are located.
    """
    if stored := stored_features(X):
        method = stored[0].extraction.face_method
        names = [name for name in model.get_params() if f"__{name}".endswith("__faces__method")]
        for name in names:
            if (given := model.get_params()[name]) not in ("auto", method):
                raise FerError(
                    f"the features in {stored[0].folder} were extracted with faces__method='{method}', but the "
                    f"pipeline has {name}='{given}': use the same"
                )
        model.set_params(**dict.fromkeys(names, method))
        return X, {name: method for name in names if method in ("detect", "crop")}
    names = [name for name in model.get_params() if f"__{name}".endswith("__faces__method")]
    steps = [member.named_steps["faces"] for member in ensemble_members(model) if names]
    automatic = [step for step in steps if step.method == "auto"]
    if automatic and automatic[0].resolved_method(X) in ("detect", "crop"):
        found = automatic[0].faces_in_images(X)
        is_doubtful = found.n_detected < MIN_DETECTED_FRACTION * found.n_images and not X.info.cropped
        method = automatic[0].resolved_method(X)
        X = with_note(X, f"{WARNING_PREFIX if is_doubtful else ''}faces: {found.summary(method)}")
        model.set_params(**{name: method for name in names if model.get_params()[name] == "auto"})
    searching = [step for step in steps if step.method in ("detect", "crop")]
    if searching and len({step.method for step in searching}) == 1:
        X = searching[0].transform(X)
    methods = {name: model.get_params()[name] for name in names}
    return X, {name: method for name, method in methods.items() if method in ("detect", "crop")}


def samples_without_face(X: Samples) -> np.ndarray:
    """Positions of the samples in which no face was located, shape (k,), int; none if faces are not located."""
    return np.flatnonzero(X.missing("landmarks")) if X.info.landmarks_located else np.empty(0, int)


def check_faces(X: Samples, on_error: str = "stop") -> Samples:
    """Search all images for faces, and refuse or note the samples without one.

    Parameters
    ----------
    X : Samples
        From `locate_faces`.
    on_error : {'stop', 'skip'}, default='stop'
        With 'skip' the samples stay in the table; they are not used for training and evaluation.

    Returns
    -------
    Samples
        With a note.

    Raises
    ------
    FerError
        For samples without a face, unless they are skipped, and if no sample has a face.
    """
    missed = samples_without_face(X)
    if not missed.size:
        return X
    ids = np.asarray(X["id"]) if "id" in X else X.indices
    listed = ", ".join(str(name) for name in ids[missed[:MAX_LISTED_SAMPLES]])
    more = f" and {len(missed) - MAX_LISTED_SAMPLES} more" if len(missed) > MAX_LISTED_SAMPLES else ""
    message = f"no face was found in {len(missed)} of {len(X)} samples: {listed}{more}"
    if on_error == "stop" or len(missed) == len(X):
        raise FerError(
            f"{message}; exclude them by on_error='skip', or use images that are crops of faces as they are by "
            "faces__method='crop'"
        )
    return with_note(X, f"excluded: {message}")


def with_note(X: Samples, note: str) -> Samples:
    """The same table with a further note."""
    X = X[:]
    X.info = X.info.with_notes([note])
    return X
