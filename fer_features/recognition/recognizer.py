"""Expressions of faces in images, videos and camera streams, by one code path for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..exceptions import FerError
from ..faces.detector import FaceDetector, as_detector, validate_boxes
from ..faces.face_search import SEARCH_METHODS, FaceSearch
from ..faces.landmarker_archive import default_landmarker
from ..faces.landmarker_files import load_landmarker
from ..faces.localizer import FaceLocalizer, FaceView
from ..media.decoding import reduce_image
from ..media.video_frames import DEFAULT_RATE
from .face_classifier import FaceClassifier
from .frame_results import FacePrediction
from .frames import Frame
from .image_io import as_grayscale, load_image
from .input_spec import faces_step
from .neutral_images import NeutralImages
from .neutral_reference import NEUTRAL_METHODS, OnlineNeutralReference
from .person_change import PersonChangeTracker
from .smoothing import smooth_results
from .sources import VideoSource, source_from_file
from .stream import Stream, SupportsTracking, TrackedFace
from .timeline_bins import VideoTimeline
from .tracking import FaceTracker
from .video_view import VideoView


class Recognizer(FaceClassifier):
    """Predict the expressions of faces in images and streams.

    Parameters
    ----------
    model : str, Path or estimator
        A fitted pipeline; the path of a saved model (``model.joblib`` or ``model.skops`` with its manifest), or of the
        run folder that contains it.
    landmarker : str, Path or SupportsLandmarks, optional
        Detects the 68 landmarks. By default ``model.landmarker_``, if the model has one; otherwise the landmarker that
        located the training faces; otherwise, if the model needs landmarks, `fer_features.faces.default_landmarker`.
    detector : callable, optional
        Detects faces: maps an image (H, W) uint8 to boxes (k, 4), or to boxes and confidences (k,). By default the
        detector of the model, or `FaceDetector()`.
    neutral : {'first', 'median', 'none'}, str, Path or ndarray, default='first'
        The neutral reference of models that need one: the first view of a face in a stream, the view nearest to the
        median, none, an image of the neutral face, or a folder with such an image of each subject (`NeutralImages`).
        Apex frames are detected relative to it.
    faces : {'largest', 'all'}, default='largest'
    faces_method : {'auto', 'detect', 'crop', 'none'}, default='auto'
        How faces are found, see `fer_features.faces.face_search.FaceSearch`. 'auto': as in the training images.
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
    search : FaceSearch
        Finds the faces of an image by the rule by which they were found in the training images.
    rest_thresholds : RestThresholds or None
        ``model.rest_thresholds_``, if the model has them: faces that are nearer to the neutral reference get the status
        'neutral' and no expression. `run_experiment` fits them; for other models `attach_rest_thresholds` does.

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

    A stream of frames; instead of a list it can be the path of a video or the number of a camera:

    >>> frames = np.full((2, 120, 160), 128, np.uint8)
    >>> [len(result.faces) for result in recognizer.stream(frames)]  # without a face
    [0, 0]
    """

    def __init__(
        self,
        model: Any,
        *,
        landmarker: Any = None,
        detector: Any = None,
        neutral: Any = "first",
        faces: str = "largest",
        faces_method: str = "auto",
        reject_below: float | None = None,
        class_names: Sequence[str] | None = None,
        detect_interval: int = 10,
    ):
        super().__init__(model, reject_below, class_names)
        if faces not in ("largest", "all"):
            raise FerError(f"faces is '{faces}': 'largest' or 'all' is needed")
        if faces_method not in ("auto", *SEARCH_METHODS):
            raise FerError(f"faces_method is '{faces_method}': one of auto, {', '.join(SEARCH_METHODS)} is needed")
        if detect_interval < 1:
            raise FerError(f"detect_interval={detect_interval}: a number of frames of at least 1 is needed")
        self.faces, self.detect_interval = faces, detect_interval
        step = faces_step(self.model)
        self.landmarker = _landmarker(landmarker) or _landmarker_of(self.model, step)
        method = self.input_spec.search_method if faces_method == "auto" else faces_method
        if self.landmarker is None and ("landmarks" in self.input_spec.columns or method == "crop"):
            self.landmarker = default_landmarker()
        detector = detector or getattr(step, "detector", None)
        self.localizer = FaceLocalizer(FaceDetector() if detector is None else as_detector(detector), self.landmarker)
        self.search = FaceSearch(self.localizer, method, getattr(step, "image_size_", None))
        self.neutral, self._given_neutral = neutral, None
        self._neutral_images: NeutralImages | None = None
        if isinstance(neutral, str | Path) and str(neutral) not in NEUTRAL_METHODS and Path(neutral).is_dir():
            self.neutral, self._neutral_images = "given", NeutralImages(Path(neutral))
        elif not (isinstance(neutral, str) and neutral in NEUTRAL_METHODS):
            self.neutral, self._given_neutral = "given", self._neutral_view(neutral)
        if self.neutral == "none" and self.input_spec.n_frames == 2:
            raise FerError(
                "the model needs a neutral reference: give neutral='first', neutral='median' or neutral=FILE instead "
                "of 'none'"
            )

    def predict(self, image: Any, boxes: Any = None, neutral: Any = None) -> list[FacePrediction]:
        """Predict the expressions of the faces in one image.

        Parameters
        ----------
        image : str, Path, or ndarray of shape (H, W) or (H, W, 3), uint8
            A file, or pixels: grey, or blue, green, red, which is the order of frames that OpenCV reads. Arrays of
            `Samples.from_arrays` are red, green, blue.
        boxes : array-like, shape (k, 4), optional
            Known boxes of faces: x, y, width and height in pixels. They replace the detection.
        neutral : str, Path, or ndarray, optional
            An image of the neutral face for this image. By default the one of the recognizer, or in its folder of
            neutral images the one whose name belongs to the file `image`.

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
        neutral_view = self._given_neutral
        if self.input_spec.n_frames == 2:
            if neutral is None and isinstance(image, str | Path):
                neutral = self.neutral_file_for(str(image))
            if neutral is not None:
                neutral_view = self._neutral_view(neutral)
            if neutral_view is None:
                self.require_neutral_images(())
        pixels = as_grayscale(load_image(Path(image)) if isinstance(image, str | Path) else image)
        # Images of data sets are reduced in the same way when they are read.
        reduced = reduce_image(pixels)
        scale = np.array(pixels.shape[::-1]) / reduced.shape[::-1]
        if boxes is None:
            views = self.search(reduced, self.faces)
        else:
            known = validate_boxes(boxes) / np.tile(scale, 2).astype(np.float32)
            views = self.localizer.views_in_boxes(reduced, known, np.ones(len(known), np.float32))
        reference = OnlineNeutralReference("none", neutral_view)
        found, _ = self.classify([TrackedFace(i, view, reference) for i, view in enumerate(views)])
        return found if reduced is pixels else [face.scaled(scale) for face in found]

    def stream(self, source: Any, tracker: SupportsTracking | None = None, neutral: Any = None) -> Stream:
        """Predict the expressions of the faces in a stream.

        Parameters
        ----------
        source : str, Path, int, or iterable of Frame or ndarray
            A video file, the number of a camera, a source of `fer_features.recognition.sources`, or images.
        tracker : SupportsTracking, optional
            Replaces `FaceTracker`, for example by known landmarks.
        neutral : str, Path, ndarray or FaceView, optional
            An image, or a view, of the neutral face for this stream. By default as for `predict`.

        Returns
        -------
        Stream
            Yields a `FrameResult` for each frame. Afterwards ``track_summaries`` holds the summary of each face. After
            a cut to another person a new face begins, with a neutral reference of its own; see `PersonChangeTracker`.
        """
        if tracker is None:
            tracker = FaceTracker(self.search, self.faces, self.detect_interval)
        if neutral is None:
            neutral = self.neutral_file_for(_name_of(source))
        given = self._given_neutral if neutral is None else self._neutral_view(neutral)
        method = "none" if given else str(self.neutral)
        return Stream(
            self,
            _frames_of(source),
            PersonChangeTracker(tracker),
            lambda: OnlineNeutralReference(method, given),
        )

    def show(self, source: str | Path, smooth: float = 0.0) -> VideoView:
        """Predict the expressions in a video and show their timeline.

        Parameters
        ----------
        source : str or Path
            A video file.
        smooth : float, default=0
            Window of temporal smoothing in seconds, see `fer_features.recognition.smoothing.smooth_results`.

        Returns
        -------
        VideoView
            Jupyter displays it: probabilities, motion and head pose over time, and the apexes of each face.

        Raises
        ------
        FerError
            If the video cannot be read.
        """
        frames, timeline = source_from_file(Path(source)), VideoTimeline()
        stream = self.stream(frames)
        for result in smooth_results(stream, smooth, self.label_of) if smooth else stream:
            timeline.add(result)
        timeline.close(1 / frames.fps)
        return VideoView(frames.id, timeline, stream.track_summaries, self.class_names)

    def require_neutral_images(self, names: Sequence[str]) -> None:
        """Raise `FerError` if the model needs a neutral reference, and a single image has no image of the neutral face.

        In a stream, another view of the face is the reference.

        Parameters
        ----------
        names : sequence of str
            Paths of the single images.
        """
        if self.input_spec.n_frames == 1 or self._given_neutral is not None:
            return
        if self._neutral_images is None or not names:
            raise FerError(
                "the model compares a face with the neutral face of the same person, which a single image does not "
                "show: give an image of the neutral face, or a folder with one for each subject, by neutral=PATH, or a "
                "video"
            )
        for name in names:
            self._neutral_images.file_for(name)

    def neutral_file_for(self, name: str) -> Path | None:
        """The file in the folder of neutral images that belongs to an image; None without a folder.

        Parameters
        ----------
        name : str
            Path of the image.
        """
        needed = self._neutral_images is not None and self.input_spec.n_frames == 2
        return self._neutral_images.file_for(name) if needed and self._neutral_images is not None else None

    def _neutral_view(self, neutral: Any) -> FaceView:
        if isinstance(neutral, FaceView):
            return neutral
        is_file = isinstance(neutral, str | Path)
        pixels = as_grayscale(load_image(Path(neutral)) if is_file else neutral)
        views = self.search(reduce_image(pixels), "largest")
        if not views:
            raise FerError(
                f"no face was detected in {neutral if is_file else 'the neutral image'}: an image of the neutral face "
                "is needed"
            )
        return views[0]


def _name_of(source: Any) -> str:
    return str(source if isinstance(source, str | Path) else getattr(source, "name", ""))


def _landmarker_of(model: Any, step: Any) -> Any:
    """The landmarker that was trained with a model, or that located its training faces."""
    trained = getattr(model, "landmarker_", None)
    return getattr(step, "landmarker_", getattr(step, "landmarker", None)) if trained is None else trained


def _landmarker(landmarker: Any) -> Any:
    if isinstance(landmarker, str | Path):
        return load_landmarker(landmarker)
    if landmarker is not None and not (hasattr(landmarker, "detect_landmarks") and hasattr(landmarker, "track")):
        raise FerError(f"landmarker is a {type(landmarker).__name__}: a fitted landmarker is needed")
    return landmarker


def _frames_of(source: Any) -> Iterable[Frame]:
    if isinstance(source, str | Path):
        return source_from_file(Path(source))
    if isinstance(source, int):
        return VideoSource(source)
    return (item if isinstance(item, Frame) else Frame(i, i / DEFAULT_RATE, item) for i, item in enumerate(source))
