"""Landmarker: 68 landmarks of the faces in an image, trained on images with landmarks."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._progress import progress
from ..exceptions import FerError
from ..vision.cascaded_regression import CascadeStage, fit_shape, train_cascade
from ..vision.geometry import MIRROR_INDICES, apply_affine, estimate_similarity
from ..vision.shape_model import crop_to_shape, invert_affine, mean_shape
from .box_matching import detect_known_faces
from .confidence import predict_confidence, train_confidence
from .detector import check_grey_image, validate_boxes, validate_points
from .landmark_augmentation import augment_face
from .shape_initialization import initialize_from_previous, jitter, mean_initial_shape, place_in_box

#: A face with a lower confidence is lost and must be detected again.
MIN_CONFIDENCE = 0.5
#: Minimum number of training faces.
MIN_FACES = 10


class Landmarker(BaseEstimator):
    """Detects the 68 iBUG landmarks of faces with known boxes, and tracks them from frame to frame.

    Parameters
    ----------
    cell_sizes : tuple of int, default=(8, 6, 5, 4)
        Side of the cells of the descriptors in pixels of the reference frame (128 pixels wide), one per stage of the
        cascade, from large to small.
    n_components : int, default=40
        Principal components of each point's descriptor, at most 128.
    n_starts : int, default=2
        Initial shapes per training image, mirrored image and augmented copy. The first is placed by the box, the others
        at the true position, size and roll with a random displacement.
    alpha : float, default=0.5
        Penalty of the ridge regressions as a fraction of the mean variance of the features.
    detector : callable, optional
        Detects the boxes in `fit` where none are given; a `FaceDetector` by default. The fitted model depends on how
        this detector places its boxes, so that the same detector must be used in prediction.
    random_state : int, default=0

    Attributes
    ----------
    mean_shape_ : ndarray, shape (68, 2)
        Mean shape in the reference frame.
    initial_shape_ : ndarray, shape (68, 2)
        Initial shape in the unit square, which stands for the box.
    stages_ : list of CascadeStage
    confidence_coef_ : ndarray, shape (d + 1,)
        Coefficients of the confidence, see `train_confidence`.
    n_faces_ : int
        Number of training faces.
    n_excluded_ : int
        Number of images that were not used, because landmarks are missing or the face was not detected.

    References
    ----------
    X. Xiong, F. De la Torre, "Supervised descent method and its applications to face alignment", CVPR 2013,
    doi:10.1109/CVPR.2013.75. `fit_shape` lists the departures.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.faces import Landmarker
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> rng = np.random.default_rng(0)
    >>> images = rng.integers(0, 256, (12, 120, 120), dtype=np.uint8)
    >>> landmarks = 25 * MEAN_FACE + 50 + rng.normal(0, 2, (12, 1, 2))
    >>> boxes = np.tile([20, 30, 60, 70], (12, 1))
    >>> landmarker = Landmarker(cell_sizes=(8,), n_components=5).fit(images, landmarks, boxes)
    >>> points, confidence = landmarker.detect_landmarks(images[0], boxes[:1])
    >>> points.shape, confidence.shape
    ((1, 68, 2), (1,))
    """

    mean_shape_: np.ndarray
    initial_shape_: np.ndarray
    stages_: list[CascadeStage]
    confidence_coef_: np.ndarray
    n_faces_: int
    n_excluded_: int

    def __init__(
        self,
        cell_sizes: tuple[int, ...] = (8, 6, 5, 4),
        n_components: int = 40,
        n_starts: int = 2,
        alpha: float = 0.5,
        detector: Callable[[np.ndarray], Any] | None = None,
        random_state: int = 0,
    ):
        self.cell_sizes = cell_sizes
        self.n_components = n_components
        self.n_starts = n_starts
        self.alpha = alpha
        self.detector = detector
        self.random_state = random_state

    def fit(self, images: Sequence[np.ndarray], landmarks: np.ndarray, boxes: np.ndarray | None = None) -> Landmarker:
        """Train the landmarker on images with landmarks.

        Parameters
        ----------
        images : ndarray, shape (n, H, W), uint8, or sequence of n ndarrays, shape (H, W), uint8
        landmarks : ndarray, shape (n, 68, 2)
            iBUG-68 points (x, y) in pixels; faces with NaN, and faces outside of their image, are excluded.
        boxes : ndarray, shape (n, 4), optional
            x, y, width, height in pixels, placed as by the detector that is used in prediction; faces with NaN are
            excluded. By default the detector finds them, and images in which it misses the face are excluded.

        Returns
        -------
        Landmarker
            The fitted estimator itself.

        Raises
        ------
        FerError
            If a parameter is invalid, the shapes of the arrays do not match, or fewer than 10 faces remain.
        """
        self._check_parameters()
        landmarks = np.asarray(landmarks, np.float64)
        n = len(images)
        if landmarks.shape != (n, 68, 2):
            raise FerError(f"{n} images and landmarks {landmarks.shape}: ({n}, 68, 2) is needed")
        known = np.array([_is_inside(*pair) for pair in zip(landmarks, images, strict=True)], bool)
        if boxes is None:
            boxes = np.full((n, 4), np.nan)
            indices = np.flatnonzero(known)
            boxes[indices] = detect_known_faces([images[int(i)] for i in indices], landmarks[indices], self.detector)
        boxes = np.asarray(boxes, np.float64)
        if boxes.shape != (n, 4):
            raise FerError(f"{n} images and boxes {boxes.shape}: ({n}, 4) is needed")
        indices = np.flatnonzero(known & np.isfinite(boxes).all(1))
        self.n_faces_, self.n_excluded_ = len(indices), n - len(indices)
        if len(indices) < MIN_FACES:
            raise FerError(
                f"{len(indices)} faces with landmarks and boxes in {n} images: at least {MIN_FACES} are needed; where "
                "the detector misses faces, pass their boxes"
            )
        rng = np.random.default_rng(self.random_state)
        self.mean_shape_ = mean_shape(landmarks[indices])
        self.initial_shape_ = mean_initial_shape(boxes[indices], landmarks[indices], self.mean_shape_)
        crops, truth, crop_boxes = _training_crops(
            [images[int(i)] for i in indices], landmarks[indices], boxes[indices], rng
        )
        image_indices = np.repeat(np.arange(len(crops)), self.n_starts)
        initial_shapes = np.empty((len(image_indices), *self.mean_shape_.shape))
        for k, i in enumerate(image_indices):
            initial_shapes[k] = place_in_box(self.initial_shape_, crop_boxes[i])
            if k % self.n_starts:
                placed = apply_affine(estimate_similarity(self.mean_shape_, truth[i]), self.mean_shape_)
                initial_shapes[k] = jitter(placed, crop_boxes[i, 2], rng)
        self.stages_, _ = train_cascade(
            crops,
            truth,
            self.mean_shape_,
            image_indices,
            initial_shapes,
            self.cell_sizes,
            self.n_components,
            self.alpha,
            _training_progress,
        )
        self.confidence_coef_ = train_confidence(
            crops, truth, crop_boxes, self.initial_shape_, self.mean_shape_, self.stages_, rng
        )
        return self

    def _check_parameters(self) -> None:
        cells = self.cell_sizes
        if not isinstance(cells, tuple | list) or not cells or not all(_is_count(size) for size in cells):
            raise FerError(f"cell_sizes={cells!r}: a tuple of numbers of pixels is needed, such as (8, 6, 5, 4)")
        for name in ("n_components", "n_starts"):
            if not _is_count(getattr(self, name)):
                raise FerError(f"{name}={getattr(self, name)!r}: an integer of at least 1 is needed")
        if not isinstance(self.alpha, numbers.Real) or not 0 < self.alpha < np.inf:
            raise FerError(f"alpha={self.alpha!r}: a number above 0 is needed")

    def detect_landmarks(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks of the faces in these boxes.

        Parameters
        ----------
        image : ndarray, shape (H, W), uint8
        boxes : ndarray, shape (k, 4)
            x, y, width, height in pixels; they may reach over the edge of the image.

        Returns
        -------
        points : ndarray, shape (k, 68, 2), float32
            iBUG-68 points (x, y) in pixels; they may lie outside of the image.
        confidence : ndarray, shape (k,), float32
            In 0..1; below `MIN_CONFIDENCE` the box contains no face, or the fit failed.

        Raises
        ------
        FerError
            If the image is not a grey one, or the boxes are not of this form.
        """
        check_is_fitted(self)
        boxes = validate_boxes(boxes)
        return self._fit_shapes(image, [place_in_box(self.initial_shape_, box) for box in boxes])

    def track(self, image: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks in the next frame, from those in the previous frame.

        Parameters
        ----------
        image : ndarray, shape (H, W), uint8
        points : ndarray, shape (k, 68, 2)
            iBUG-68 points in the previous frame, from `detect_landmarks` or `track`, in pixels.

        Returns
        -------
        points : ndarray, shape (k, 68, 2), float32
            iBUG-68 points (x, y) in pixels.
        confidence : ndarray, shape (k,), float32
            In 0..1; below `MIN_CONFIDENCE` the face is lost and must be detected again.

        Raises
        ------
        FerError
            If the image is not a grey one, or the points are not of this form.

        Notes
        -----
        The initial shape is the mean shape at the position of the face (`initialize_from_previous`), and all stages are
        applied. Errors in one frame are therefore not passed on to the next, as they would be with the previous shape
        itself.
        """
        check_is_fitted(self)
        faces = validate_points(points)
        return self._fit_shapes(image, [initialize_from_previous(self.mean_shape_, previous) for previous in faces])

    def _fit_shapes(self, image: np.ndarray, initial_shapes: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        image = check_grey_image(image)
        points = np.array(initial_shapes, np.float32).reshape(-1, *self.mean_shape_.shape)
        confidence = np.zeros(len(initial_shapes), np.float32)
        for i, initial_shape in enumerate(initial_shapes):
            if not np.isfinite(initial_shape).all() or np.ptp(initial_shape, 0).max() < 1:
                continue  # lost in the previous frame, or smaller than one pixel
            shape, features = fit_shape(image, self.mean_shape_, self.stages_, initial_shape)
            if np.isfinite(shape).all():
                points[i], confidence[i] = shape, predict_confidence(features, self.confidence_coef_)
        return points, confidence


def _is_count(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= 1)


def _is_inside(points: np.ndarray, image: np.ndarray) -> bool:
    """Whether landmarks (68, 2) are known and at least one is in the image (H, W)."""
    inside = (points >= 0) & (points < np.shape(image)[1::-1])
    return bool(np.isfinite(points).all() and inside.all(1).any())


def _training_crops(
    images: Sequence[np.ndarray], landmarks: np.ndarray, boxes: np.ndarray, rng: np.random.Generator
) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Crops of the faces, mirrored crops, and an augmented copy of each; landmarks and boxes in pixels of the crops."""
    crops, truth, crop_boxes = [], [], []
    for image, shape, box in zip(images, landmarks, boxes, strict=True):
        crop, crop_to_image = crop_to_shape(check_grey_image(image), shape)
        image_to_crop = invert_affine(crop_to_image)
        points = apply_affine(image_to_crop, shape)
        corners = apply_affine(image_to_crop, np.array([box[:2], box[:2] + box[2:]]))
        right = crop.shape[1] - 1
        crops += [crop, np.ascontiguousarray(crop[:, ::-1])]
        truth += [points, points[MIRROR_INDICES] * [-1, 1] + [right, 0]]
        mirrored = np.array([[right - corners[1, 0], corners[0, 1]], [right - corners[0, 0], corners[1, 1]]])
        crop_boxes += [np.r_[low, high - low] for low, high in (corners, mirrored)]
    others = rng.permutation(len(crops))
    crops += [augment_face(crop, points, crops[k], rng) for crop, points, k in zip(crops, truth, others, strict=True)]
    return crops, np.array(truth * 2), np.array(crop_boxes * 2)


def _training_progress(items: Iterable[int], total: int) -> Iterable[int]:
    return progress(items, total, "training landmarks")
