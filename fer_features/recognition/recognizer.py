"""Expressions of faces in images, videos and camera streams, by one code path for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..exceptions import FerError
from ..faces.detector import FaceDetector, as_detector, validate_boxes
from ..faces.landmarker_files import load_landmarker
from .face_classifier import FaceClassifier
from .face_view import FaceView
from .frame_results import FacePrediction
from .frames import Frame
from .image_io import as_grayscale, load_image
from .neutral_reference import NEUTRAL_METHODS, OnlineNeutralReference
from .person_change import PersonChangeTracker
from .sources import DEFAULT_FPS, VideoSource, source_from_file
from .stream import Stream, SupportsTracking, TrackedFace
from .tracking import FaceLocalizer, FaceTracker


class Recognizer(FaceClassifier):
    """Predict the expressions of faces in images and streams.

    Parameters
    ----------
    model : str, Path or estimator
        A fitted pipeline; the path of a saved model (``model.joblib`` with its manifest), or of the run folder that
        contains it.
    landmarker : str, Path or Landmarker, optional
        Detects the 68 landmarks. By default ``model.landmarker_``, if the model has one.
    detector : callable, optional
        Detects faces: maps an image (H, W) uint8 to boxes (k, 4), or to boxes and confidences (k,). By default
        `FaceDetector()`.
    neutral : {'first', 'median', 'none'}, str, Path or ndarray, default='first'
        The neutral reference of models that need one: the first view of a face in a stream, the view nearest to the
        median, none, or an image of the neutral face. Apex frames are detected relative to it.
    faces : {'largest', 'all'}, default='largest'
    reject_below : float, optional
        If the largest probability is below this value, the expression is 'uncertain'. By default the threshold of the
        saved model; without one nothing is rejected.
    class_names : sequence of str, optional
        Names of the classes in the order of ``model.classes_``. By default those of the saved model, or the labels.
    detect_interval : int, default=10
        Number of frames from one detection to the next, see `FaceTracker`. With 1 every frame is processed
        independently, and a video gives the same numbers as its frames given as images.

    Attributes
    ----------
    model : estimator
    input_spec : InputSpec
    class_names : list of str
    localizer : FaceLocalizer
    rest_thresholds : RestThresholds or None
        ``model.rest_thresholds_``, if the model has them: faces that are nearer to the neutral reference get the status
        'neutral' and no expression. `run_experiment` learns them; for other models `attach_rest_thresholds` does.

    Raises
    ------
    FerError
        If the model cannot be read or does not predict single frames, or needs a neutral reference and `neutral` is
        'none'.

    Notes
    -----
    A prediction depends only on the frame, the box or landmarks of the face, and the neutral view. Images, videos,
    cameras and batches of faces share `make_samples` and `predict_proba`. Loading a model executes code in it: load
    models from trusted sources only.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Recognizer, Samples, make_pipeline
    >>> rng = np.random.default_rng(0)
    >>> X = Samples.from_arrays(rng.integers(0, 256, (12, 48, 48), dtype=np.uint8))
    >>> model = make_pipeline("lbp_linear", align__method="none", calibration_cv=0).fit(X, np.arange(12) % 2)
    >>> recognizer = Recognizer(model, class_names=["happiness", "surprise"])
    >>> image = rng.integers(0, 256, (240, 320), dtype=np.uint8)
    >>> (face,) = recognizer.predict(image, boxes=[[100, 50, 120, 120]])
    >>> face.expression in ("happiness", "surprise")
    True
    """

    def __init__(
        self,
        model: Any,
        *,
        landmarker: Any = None,
        detector: Any = None,
        neutral: Any = "first",
        faces: str = "largest",
        reject_below: float | None = None,
        class_names: Sequence[str] | None = None,
        detect_interval: int = 10,
    ):
        super().__init__(model, reject_below, class_names)
        if faces not in ("largest", "all"):
            raise FerError(f"faces is '{faces}': 'largest' or 'all' is needed")
        if detect_interval < 1:
            raise FerError(f"detect_interval={detect_interval}: a number of frames of at least 1 is needed")
        self.faces, self.detect_interval = faces, detect_interval
        self.landmarker = _landmarker(landmarker) or getattr(self.model, "landmarker_", None)
        detector = FaceDetector() if detector is None else as_detector(detector)
        self.localizer = FaceLocalizer(detector, self.landmarker)
        self.neutral, self._given_neutral = neutral, None
        if not (isinstance(neutral, str) and neutral in NEUTRAL_METHODS):
            self.neutral, self._given_neutral = "given", self._neutral_view(neutral)
        if self.neutral == "none" and self.input_spec.n_frames == 2:
            raise FerError(
                "the model needs a neutral reference: give neutral='first', neutral='median' or neutral=FILE instead "
                "of 'none'"
            )

    def predict(self, image: Any, boxes: Any = None) -> list[FacePrediction]:
        """Predict the expressions of the faces in one image.

        Parameters
        ----------
        image : str, Path, or ndarray of shape (H, W) or (H, W, 3), uint8
            A file, or pixels: grey, or blue, green, red, which is the order of frames that OpenCV reads. Arrays of
            `Samples.from_arrays` are red, green, blue.
        boxes : array-like, shape (k, 4), optional
            Known boxes of faces: x, y, width and height in pixels. They replace the detection.

        Returns
        -------
        list of FacePrediction
            The largest face, all faces by descending confidence, or the faces in `boxes`. Empty if there is none.

        Raises
        ------
        FerError
            If the image cannot be read, the boxes are not valid, or the model needs landmarks or a neutral reference
            and there is no landmarker or no image of the neutral face.
        """
        self.require_landmarker()
        self.require_neutral_image()
        pixels = load_image(Path(image)) if isinstance(image, str | Path) else image
        if boxes is None:
            views = self.localizer.localize(as_grayscale(pixels), self.faces)
        else:
            known = validate_boxes(boxes)
            views = self.localizer.views_in_boxes(as_grayscale(pixels), known, np.ones(len(known), np.float32))
        neutral = OnlineNeutralReference("none", self._given_neutral)
        return self.classify([TrackedFace(i, view, neutral) for i, view in enumerate(views)])[0]

    def stream(self, source: Any, tracker: SupportsTracking | None = None) -> Stream:
        """Predict the expressions of the faces in a stream.

        Parameters
        ----------
        source : str, Path, int, or iterable of Frame or ndarray
            A video file, the number of a camera, a source of `fer_features.recognition.sources`, or images.
        tracker : SupportsTracking, optional
            Replaces `FaceTracker`, for example by known landmarks.

        Returns
        -------
        Stream
            Yields a `FrameResult` for each frame. Afterwards ``track_summaries`` holds the summary of each face. After
            a cut to another person a new face begins, with a neutral reference of its own; see `PersonChangeTracker`.
        """
        if tracker is None:
            self.require_landmarker()
            tracker = FaceTracker(self.localizer, self.faces, self.detect_interval)
        method = "none" if self._given_neutral else str(self.neutral)
        return Stream(
            self,
            _frames_of(source),
            PersonChangeTracker(tracker),
            lambda: OnlineNeutralReference(method, self._given_neutral),
        )

    def require_landmarker(self) -> None:
        """Raise `FerError` if the model needs landmarks and there is no landmarker."""
        if "landmarks" in self.input_spec.columns and self.landmarker is None:
            raise FerError(
                "the model needs landmarks and contains no landmarker: train one by `fer-features landmarks "
                "train` and give it by landmarker='landmarks.joblib', or train the model "
                "with train_landmarker=True"
            )

    def require_neutral_image(self) -> None:
        """Raise `FerError` if the model needs a neutral reference, and no image of the neutral face was given.

        Single images need it. In a stream, another view of the face is the reference.
        """
        if self.input_spec.n_frames == 2 and self._given_neutral is None:
            raise FerError(
                "the model compares a face with the neutral face of the same person, which a single image does not "
                "show: give an image of the neutral face by neutral=FILE, or a video"
            )

    def _neutral_view(self, neutral: Any) -> FaceView:
        self.require_landmarker()
        is_file = isinstance(neutral, str | Path)
        views = self.localizer.localize(as_grayscale(load_image(Path(neutral)) if is_file else neutral), "largest")
        if not views:
            raise FerError(
                f"no face was detected in {neutral if is_file else 'the neutral image'}: an image of the neutral face "
                "is needed"
            )
        return views[0]


def _landmarker(landmarker: Any) -> Any:
    if isinstance(landmarker, str | Path):
        return load_landmarker(landmarker)
    if landmarker is not None and not (hasattr(landmarker, "detect_landmarks") and hasattr(landmarker, "track")):
        raise FerError(f"landmarker is a {type(landmarker).__name__}: a fitted Landmarker is needed")
    return landmarker


def _frames_of(source: Any) -> Iterable[Frame]:
    if isinstance(source, str | Path):
        return source_from_file(Path(source))
    if isinstance(source, int):
        return VideoSource(source)
    return (item if isinstance(item, Frame) else Frame(i, i / DEFAULT_FPS, item) for i, item in enumerate(source))
