"""Results of recognition: one face in one frame, all faces in a frame, and the summary of a face track."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from ..vision.head_pose import eye_aspect_ratio, head_pose, mouth_aspect_ratio
from .apex import Apex
from .frames import Frame

#: Values of the status of a face, a frame or an input, and their meaning.
STATUS_DESCRIPTIONS = {
    "ok": "an expression was predicted",
    "neutral": "the face is the neutral reference of its track, or at rest: it differs little from the reference",
    "lost": "the face was tracked before and is not visible in this frame",
    "invalid landmarks": "no features can be extracted, because the landmarks span no area",
    "no face": "no face was detected in the frame",
    "unreadable": "the input cannot be read",
    "summary": "the record summarizes a face track; frame and timestamp are those of its apex",
}


@dataclasses.dataclass(frozen=True)
class FaceGeometry:
    """Pose of a head, and opening of its eyes and mouth; see `fer_features.vision.head_pose`.

    Attributes
    ----------
    yaw, pitch, roll : float
        In degrees. Positive values move the nose to the right of the image, move it down, and turn the head clockwise.
    eye_opening, mouth_opening : float
        Aspect ratios: height relative to width.
    """

    yaw: float
    pitch: float
    roll: float
    eye_opening: float
    mouth_opening: float


#: Names of the values of `FaceGeometry`.
GEOMETRY_NAMES = tuple(field.name for field in dataclasses.fields(FaceGeometry))


@dataclasses.dataclass(frozen=True, eq=False)
class FacePrediction:
    """A face in a frame and its predicted expression.

    Attributes
    ----------
    box : ndarray, shape (4,), float32
        x, y, width and height in pixels. NaN if the face is lost.
    landmarks : ndarray, shape (68, 2), float32, or None
        iBUG-68 landmarks in pixels. None without a landmarker.
    expression : str
        Name of the predicted class; 'uncertain' if the largest probability is below the threshold; empty if `status`
        is not 'ok'.
    probabilities : dict of str to float
        Probability of each class by its name. Empty if the model has no probabilities or nothing was predicted.
    confidence : float
        Confidence of the detector or landmarker that the box contains a face, in [0, 1].
    face_id : int, default=0
        Number of the face in the image, or of its track in the stream.
    status : str, default='ok'
        One of the keys of `STATUS_DESCRIPTIONS`.
    neutral_distance : float, optional
        Distance to the neutral reference, see `fer_features.recognition.face_view.face_distance`. None without a
        neutral reference.

    Examples
    --------
    >>> import numpy as np
    >>> import skimage
    >>> from fer_features import Recognizer, Samples, make_pipeline
    >>> from fer_features.faces import FaceDetector
    >>> noise = np.random.default_rng(0).integers(0, 256, (12, 48, 48), dtype=np.uint8)
    >>> X = Samples.from_arrays(noise, label=["fear", "joy"] * 6)  # in place of faces
    >>> model = make_pipeline("lbp_linear", align__method="none", calibration_cv=0).fit(X, X["label"])
    >>> recognizer = Recognizer(model, detector=FaceDetector(min_face=0.3))
    >>> image = (255 * skimage.color.rgb2gray(skimage.data.astronaut()[:256, 100:356])).astype(np.uint8)
    >>> (face,) = recognizer.predict(image)
    >>> face.box.round().tolist(), face.status, face.expression in ("fear", "joy")
    ([74.0, 65.0, 107.0, 107.0], 'ok', True)
    >>> face.scaled(np.array([2, 2])).box.round().tolist()  # in an image of twice the width and height
    [147.0, 131.0, 215.0, 215.0]
    """

    box: np.ndarray
    landmarks: np.ndarray | None
    expression: str
    probabilities: dict[str, float]
    confidence: float
    face_id: int = 0
    status: str = "ok"
    neutral_distance: float | None = None

    @functools.cached_property
    def geometry(self) -> FaceGeometry | None:
        """Head pose and openings; None without landmarks, or if these span no area. Computed at the first use."""
        if self.landmarks is None:
            return None
        openings = eye_aspect_ratio(self.landmarks), mouth_aspect_ratio(self.landmarks)
        values = np.array([*head_pose(self.landmarks), *openings])
        return FaceGeometry(*map(float, values)) if np.isfinite(values).all() else None

    def scaled(self, scale: np.ndarray) -> FacePrediction:
        """The same face in an image that is larger by a factor in x and in y, shape (2,)."""
        box = (self.box.reshape(2, 2) * scale).ravel().astype(np.float32)
        landmarks = self.landmarks
        if landmarks is not None:  # pixel centres have integer coordinates
            landmarks = ((landmarks + 0.5) * scale - 0.5).astype(np.float32)
        return dataclasses.replace(self, box=box, landmarks=landmarks)


@dataclasses.dataclass(frozen=True, eq=False)
class FrameResult:
    """A frame and the faces in it.

    Attributes
    ----------
    frame : Frame
    faces : list of FacePrediction
        In the order of `face_id`. Empty if no face was detected.

    Examples
    --------
    >>> import numpy as np
    >>> import skimage
    >>> from fer_features import Recognizer, Samples, make_pipeline
    >>> from fer_features.faces import FaceDetector
    >>> noise = np.random.default_rng(0).integers(0, 256, (12, 48, 48), dtype=np.uint8)
    >>> X = Samples.from_arrays(noise, label=["fear", "joy"] * 6)  # in place of faces
    >>> model = make_pipeline("lbp_linear", align__method="none", calibration_cv=0).fit(X, X["label"])
    >>> recognizer = Recognizer(model, detector=FaceDetector(min_face=0.3))
    >>> image = (255 * skimage.color.rgb2gray(skimage.data.astronaut()[:256, 100:356])).astype(np.uint8)
    >>> for result in recognizer.stream([image, image]):
    ...     print(result.frame.index, [face.status for face in result.faces])
    0 ['ok']
    1 ['ok']
    """

    frame: Frame
    faces: list[FacePrediction]


@dataclasses.dataclass(frozen=True, eq=False)
class TrackSummary:
    """Summary of one face over a stream.

    Attributes
    ----------
    face_id : int
    n_frames : int
        Number of frames with a predicted expression.
    expression : str
        Expression at the strongest apex; without a neutral reference, that of the mean probabilities of all frames.
        Empty if no frame has a predicted expression.
    probabilities : dict of str to float
        Mean probabilities over the frames of the strongest apex, or over all frames.
    apex : Apex or None
        The strongest apex.
    apexes : list of Apex
        All apexes in the order of frames.

    Examples
    --------
    >>> import numpy as np
    >>> import skimage
    >>> from fer_features import Recognizer, Samples, make_pipeline
    >>> from fer_features.faces import FaceDetector
    >>> noise = np.random.default_rng(0).integers(0, 256, (12, 48, 48), dtype=np.uint8)
    >>> X = Samples.from_arrays(noise, label=["fear", "joy"] * 6)  # in place of faces
    >>> model = make_pipeline("lbp_linear", align__method="none", calibration_cv=0).fit(X, X["label"])
    >>> recognizer = Recognizer(model, detector=FaceDetector(min_face=0.3))
    >>> image = (255 * skimage.color.rgb2gray(skimage.data.astronaut()[:256, 100:356])).astype(np.uint8)
    >>> stream = recognizer.stream([image, image])
    >>> _ = stream.to_frame()
    >>> (summary,) = stream.track_summaries
    >>> summary.n_frames, summary.apex.frame
    (2, 0)
    """

    face_id: int
    n_frames: int
    expression: str
    probabilities: dict[str, float]
    apex: Apex | None
    apexes: list[Apex]
