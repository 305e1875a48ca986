"""Expressions of faces in pictures, videos and cameras: one path from a face in a frame to the numbers of a row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..evaluation.rejection import UNCERTAIN
from ..exceptions import FerError
from ..faces.detector import FaceDetector, as_detector, checked_boxes
from ..faces.landmarker_files import load_landmarker
from ..persistence import load_model
from ..samples.table import Samples
from .face_view import View, form_of, motion, rows_of
from .frame_results import Face
from .image_io import grey_of, read_picture
from .input_spec import needs_of
from .neutral_reference import METHODS, Baseline
from .sources import RATE, Frame, Video, file_source
from .stream import Seen, Stream
from .tracking import Finder, Tracker


class Recognizer:
    """Says what faces show, in pictures and streams.

    Parameters
    ----------
    model : str, Path or estimator
        A fitted pipeline: the path of ``model.joblib``, with its manifest beside it, or what ``joblib.load`` gives.
    landmarker : str, Path or Landmarker, optional
        Finds the 68 points; by default ``model.landmarker_`` where the model carries one.
    detector : callable, optional
        Finds faces: from a picture (H, W) uint8 to boxes (k, 4), or these and confidences (k,); by default
        `FaceDetector()`.
    neutral : {'first', 'median', 'none'}, str, Path or ndarray
        The neutral face that others are compared with: the first view of a face in a stream, the view nearest to its
        median, none, or a picture of it. It also tells apex frames.
    faces : {'largest', 'all'}
    reject : float, optional
        Probability below which a face is 'uncertain'; by default what the manifest says, or nothing is rejected.
    classes : sequence of str, optional
        Names of the model's classes, in their order; by default those of the manifest, or the codes.
    every : int
        Frames from one detection to the next while faces are followed; see `Tracker`. With 1 each frame is looked at
        for itself, and gives the same numbers in a video as as a picture.

    Raises
    ------
    FerError
        For a model that cannot be read or does not describe single frames, or that needs landmarks where there is no
        landmarker, or a neutral face with ``neutral='none'``.

    Notes
    -----
    The numbers of a face depend on the frame, on its box or landmarks in it, and on the neutral view, and on nothing
    else: `describe` and `probabilities` are the one way from there, for a picture, a video, a camera or many faces at
    once. Loading a model runs code in it: load models from people you trust.
    """

    def __init__(
        self,
        model: Any,
        *,
        landmarker: Any = None,
        detector: Any = None,
        neutral: Any = "first",
        faces: str = "largest",
        reject: float | None = None,
        classes: Sequence[str] | None = None,
        every: int = 10,
    ):
        manifest: Mapping[str, Any] = {}
        if isinstance(model, str | Path):
            path = Path(model)
            model = load_model(path)
            manifest = json.loads(path.with_suffix(".json").read_text())
        self.model = model
        self.needs = needs_of(model)
        self.classes = _names(model, classes, manifest)
        self.reject = manifest.get("reject_threshold") if reject is None else reject
        if self.reject is not None and not 0 <= self.reject <= 1:
            raise FerError(f"reject={self.reject}: a probability in 0..1 is needed")
        if self.reject and not hasattr(model, "predict_proba"):
            raise FerError("the model has no probabilities, so that nothing can be rejected by them")
        if faces not in ("largest", "all"):
            raise FerError(f"faces is '{faces}': 'largest' or 'all' is needed")
        if every < 1:
            raise FerError(f"every={every}: a number of frames of at least 1 is needed")
        self.faces, self.every = faces, every
        self.landmarker = _landmarker(landmarker) or getattr(model, "landmarker_", None)
        self.finder = Finder(FaceDetector() if detector is None else as_detector(detector), self.landmarker)
        self.neutral, self._given = neutral, None
        if not (isinstance(neutral, str) and neutral in METHODS):
            self.neutral, self._given = "given", self._neutral_view(neutral)
        if self.neutral == "none" and self.needs.frames == 2:
            raise FerError(
                "the model compares a face with a neutral one: --neutral first, median or FILE is needed, not none"
            )

    def predict(self, picture: Any, boxes: Any = None) -> list[Face]:
        """Faces of one picture.

        Parameters
        ----------
        picture : str, Path, or ndarray of shape (H, W) or (H, W, 3), uint8
            A file, or pixels: grey, or blue, green, red, which is OpenCV's order.
        boxes : array-like, shape (k, 4), optional
            Faces whose boxes are known: x, y, width and height in pixels. Nothing is detected then.

        Returns
        -------
        list of Face
            The largest one, or all, the surest first, or those of `boxes`; empty where there is none.

        Raises
        ------
        FerError
            For a picture that cannot be read, boxes that are none, or where landmarks are needed and there is no
            landmarker.
        """
        self.require_landmarker()
        pixels = read_picture(Path(picture)) if isinstance(picture, str | Path) else picture
        if boxes is None:
            views = self.finder.find(grey_of(pixels), self.faces)
        else:
            known = checked_boxes(boxes)
            views = self.finder.views(grey_of(pixels), known, np.ones(len(known), np.float32))
        baseline = Baseline("none", self._given)
        return self.judge([(i, view, baseline, None) for i, view in enumerate(views)])[0]

    def stream(self, source: Any, tracker: Any = None) -> Stream:
        """Faces of frames as they come.

        Parameters
        ----------
        source : str, Path, int, or iterable of Frame or ndarray
            A video, the number of a camera, a `fer_features.recognition.sources` source, or pictures.
        tracker : object, optional
            Anything with ``update(picture)`` in the place of `Tracker`, such as landmarks that are known.

        Returns
        -------
        Stream
            Yields a `Moment` a frame; afterwards ``clips`` says what each face showed.
        """
        if tracker is None:
            self.require_landmarker()
            tracker = Tracker(self.finder, self.faces, self.every)
        method = "none" if self._given else str(self.neutral)
        return Stream(self, _frames_of(source), tracker, lambda: Baseline(method, self._given))

    def describe(self, views: Sequence[View], neutrals: Sequence[View | None]) -> Samples:
        """The rows that the model is asked about: one a view, with its neutral view where the model compares."""
        if self.needs.frames == 1:
            return rows_of([[view] for view in views], self.needs)
        return rows_of([[n, v] for v, n in zip(views, neutrals, strict=True) if n is not None], self.needs)

    def probabilities(self, rows: Samples) -> np.ndarray:
        """Of each row and class, (n, k) float64; of a model without probabilities 1 for the class it says."""
        if hasattr(self.model, "predict_proba"):
            return np.asarray(self.model.predict_proba(rows), np.float64)
        return (self.model.predict(rows)[:, None] == self.model.classes_[None]).astype(np.float64)

    def named(self, probabilities: np.ndarray) -> tuple[str, dict[str, float]]:
        """The expression that probabilities (k,) mean, and these by name; the names alone of a model without any."""
        best = int(probabilities.argmax())
        certain = self.reject is None or probabilities[best] >= self.reject
        kept = dict(zip(self.classes, map(float, probabilities), strict=True)) if self.has_probabilities else {}
        return (self.classes[best] if certain else UNCERTAIN), kept

    @property
    def has_probabilities(self) -> bool:
        """Whether the model says how sure it is."""
        return hasattr(self.model, "predict_proba")

    def require_landmarker(self) -> None:
        """Refuse to look for faces where the model needs landmarks and nothing finds them."""
        if "landmarks" in self.needs.columns and self.landmarker is None:
            raise FerError(
                "the model needs landmarks, and carries no landmarker: train one by `python -m fer_features landmarks "
                "train` and give it by --landmarks landmarks.joblib (landmarker=), or train the model by run "
                "--with-landmarks"
            )

    def _neutral_view(self, neutral: Any) -> View:
        self.require_landmarker()
        pixels = read_picture(Path(neutral)) if isinstance(neutral, str | Path) else neutral
        views = self.finder.find(grey_of(pixels), "largest")
        if not views:
            where = neutral if isinstance(neutral, str | Path) else "the neutral picture"
            raise FerError(f"{where} shows no face that can be found: a picture of the neutral face is needed")
        return views[0]

    def judge(self, seen: Sequence[Seen]) -> tuple[list[Face], list[np.ndarray | None]]:
        """Faces of one frame, and the probabilities of each; one call of the model for all of them."""
        compares = self.needs.frames == 2
        states = ["ok"] * len(seen)
        for i, (_, view, baseline, _) in enumerate(seen):
            if compares and baseline.view is None:
                states[i] = "no neutral"
            elif compares and baseline.view is view:
                states[i] = "neutral"
        asked = [i for i, state in enumerate(states) if state == "ok"]
        found: list[np.ndarray | None] = [None] * len(seen)
        answers = self._answers([seen[i][1] for i in asked], [seen[i][2].view for i in asked])
        for i, values in zip(asked, answers, strict=True):
            found[i] = values
            states[i] = "not described" if values is None else "ok"
        faces = []
        for (number, view, baseline, form), state, values in zip(seen, states, found, strict=True):
            expression, named = ("", {}) if values is None else self.named(values)
            moved = None
            if baseline.form is not None:
                moved = motion(form_of(view) if form is None else form, baseline.form)
            faces.append(Face(view.box, view.points, expression, named, view.confidence, number, state, moved))
        return faces, found

    def _answers(self, views: list[View], neutrals: list[View | None]) -> list[np.ndarray | None]:
        """Probabilities of each view, None in the place of what cannot be described."""
        if not views:
            return []
        try:
            return list(self.probabilities(self.describe(views, neutrals)))
        except FerError:
            # What the model reads was tried before: it is one of the faces that has no extent.
            if len(views) == 1:
                return [None]
            one_by_one = zip(views, neutrals, strict=True)
            return [answer for view, neutral in one_by_one for answer in self._answers([view], [neutral])]


def _landmarker(given: Any) -> Any:
    if isinstance(given, str | Path):
        return load_landmarker(given)
    if given is not None and not (hasattr(given, "locate") and hasattr(given, "track")):
        raise FerError(f"landmarker is a {type(given).__name__}: a fitted Landmarker is needed")
    return given


def _names(model: Any, classes: Sequence[str] | None, manifest: Mapping[str, Any]) -> list[str]:
    codes = [str(code) for code in model.classes_]
    if classes is None:
        known = manifest.get("classes", {})
        return [str(known.get(code, code)) for code in codes]
    if len(classes) != len(codes):
        raise FerError(f"{len(classes)} names of classes, and the model has {len(codes)}: {', '.join(codes)}")
    return [str(name) for name in classes]


def _frames_of(source: Any) -> Iterable[Frame]:
    if isinstance(source, str | Path):
        return file_source(Path(source))
    if isinstance(source, int):
        return Video(source)
    return (item if isinstance(item, Frame) else Frame(i, i / RATE, item) for i, item in enumerate(source))
