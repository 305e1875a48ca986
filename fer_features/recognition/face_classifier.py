"""Classification of face views by a fitted model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..evaluation.rejection import UNCERTAIN
from ..exceptions import FerError
from ..faces.localizer import FaceView
from ..persistence import load_saved_model
from ..samples.table import Samples
from .face_view import face_distance, normalized_face, samples_from_views
from .frame_results import FacePrediction
from .input_spec import infer_input_spec
from .rest import RestThresholds
from .stream import TrackedFace


class FaceClassifier:
    """Predict the expressions of faces whose place is known.

    Parameters
    ----------
    model : str, Path or estimator
        A fitted pipeline, or the path of a saved model or run folder.
    reject_below : float, optional
    class_names : sequence of str, optional

    Attributes
    ----------
    model : estimator
    input_spec : InputSpec
    class_names : list of str
    reject_below : float or None
    rest_thresholds : RestThresholds or None

    Raises
    ------
    FerError
        If the model cannot be read, or does not predict single frames.

    See Also
    --------
    fer_features.recognition.recognizer.Recognizer : Describes the parameters.
    """

    def __init__(self, model: Any, reject_below: float | None = None, class_names: Sequence[str] | None = None) -> None:
        saved_names: Mapping[str, str] = {}
        if isinstance(model, str | Path):
            saved = load_saved_model(model)
            model, saved_names = saved.model, saved.manifest.classes
            reject_below = saved.manifest.reject_threshold if reject_below is None else reject_below
        self.model = model
        self.input_spec = infer_input_spec(model)
        self.rest_thresholds: RestThresholds | None = getattr(model, "rest_thresholds_", None)
        self.class_names = _class_names(model, class_names, saved_names)
        self.reject_below = reject_below
        if reject_below is not None and not 0 <= reject_below <= 1:
            raise FerError(f"reject_below={reject_below}: a probability in [0, 1] is needed")
        if reject_below and not self.has_probabilities:
            raise FerError(f"reject_below={reject_below}: the model has no probabilities to compare with it")

    def make_samples(self, views: Sequence[FaceView], neutral_views: Sequence[FaceView | None]) -> Samples:
        """Convert views, and their neutral views if the model needs them, to one sample each."""
        if self.input_spec.n_frames == 1:
            return samples_from_views([[view] for view in views], self.input_spec)
        pairs = zip(views, neutral_views, strict=True)
        return samples_from_views([[neutral, view] for view, neutral in pairs if neutral is not None], self.input_spec)

    def predict_proba(self, X: Samples) -> np.ndarray:
        """Return probabilities of classes, shape (n, k), float64.

        A model without probabilities gives 1 for the predicted class and 0 for the others.
        """
        if self.has_probabilities:
            return np.asarray(self.model.predict_proba(X), np.float64)
        return (self.model.predict(X)[:, None] == self.model.classes_[None]).astype(np.float64)

    def label_of(self, probabilities: np.ndarray) -> tuple[str, dict[str, float]]:
        """Return the expression of probabilities (k,), and the probabilities by class name.

        The dictionary is empty for a model without probabilities.
        """
        best = int(probabilities.argmax())
        is_certain = self.reject_below is None or probabilities[best] >= self.reject_below
        named = zip(self.class_names, map(float, probabilities), strict=True) if self.has_probabilities else ()
        return (self.class_names[best] if is_certain else UNCERTAIN), dict(named)

    @property
    def has_probabilities(self) -> bool:
        """Whether the model has probabilities."""
        return hasattr(self.model, "predict_proba")

    def classify(self, faces: Sequence[TrackedFace]) -> tuple[list[FacePrediction], list[np.ndarray | None]]:
        """Classify the faces of one frame by one call of the model.

        Returns
        -------
        predictions : list of FacePrediction
        probabilities : list of ndarray, shape (k,), or None
            None for faces without a predicted expression.
        """
        distances = [_neutral_distance(face) for face in faces]
        at_rest = [self._is_at_rest(*pair) for pair in zip(faces, distances, strict=True)]
        moving = [face for face, rests in zip(faces, at_rest, strict=True) if not rests]
        outputs = iter(self._probabilities([face.view for face in moving], [face.neutral.view for face in moving]))
        probabilities = [None if rests else next(outputs) for rests in at_rest]
        predictions = []
        for face, distance, rests, values in zip(faces, distances, at_rest, probabilities, strict=True):
            expression, named = ("", {}) if values is None else self.label_of(values)
            status = "neutral" if rests else "invalid landmarks" if values is None else "ok"
            view, number = face.view, face.face_id
            predictions.append(
                FacePrediction(view.box, view.landmarks, expression, named, view.confidence, number, status, distance)
            )
        return predictions, probabilities

    def _is_at_rest(self, face: TrackedFace, neutral_distance: float | None) -> bool:
        if self.input_spec.n_frames == 2 and face.neutral.view is face.view:
            return True
        if self.rest_thresholds is None or neutral_distance is None:
            return False
        return self.rest_thresholds.is_at_rest(face.view, neutral_distance)

    def _probabilities(self, views: list[FaceView], neutral_views: list[FaceView | None]) -> list[np.ndarray | None]:
        """Return the probabilities of each view, or None if its features cannot be extracted."""
        if not views:
            return []
        try:
            return list(self.predict_proba(self.make_samples(views, neutral_views)))
        except FerError:
            # The input specification was checked before, so that the landmarks of one of the faces span no area.
            if len(views) == 1:
                return [None]
            single = zip(views, neutral_views, strict=True)
            return [values for view, neutral in single for values in self._probabilities([view], [neutral])]


def _neutral_distance(face: TrackedFace) -> float | None:
    if face.neutral.normalized is None:
        return None
    normalized = normalized_face(face.view) if face.normalized is None else face.normalized
    return face_distance(normalized, face.neutral.normalized)


def _class_names(model: Any, names: Sequence[str] | None, saved_names: Mapping[str, str]) -> list[str]:
    codes = [str(code) for code in model.classes_]
    if names is None:  # a model that was fitted on class names has them as its classes
        named = np.asarray(model.classes_).dtype.kind in "UO"
        names = codes if named else [saved_names.get(code, code) for code in codes]
    names = [str(name) for name in names]
    if len(names) != len(codes):
        raise FerError(f"{len(names)} class names for the {len(codes)} classes of the model: {', '.join(codes)}")
    if len(set(names)) < len(names) or "" in names:
        raise FerError(f"the class names {', '.join(map(repr, names))} are not distinct, or one is empty")
    return names
