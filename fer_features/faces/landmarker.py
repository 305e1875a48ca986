"""Landmarker of faces with known boxes, evaluated by plain array operations; a fitted one ships with the package."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np

from ..vision.cascaded_regression import CascadeStage
from ..vision.landmark_features import box_descriptor, rotation, shape_descriptors
from .confidence import predict_confidence
from .detector import check_grey_image, validate_boxes, validate_points

#: Width of the boxes to which larger faces are reduced, in pixels, and the excess above which they are.
REDUCED_BOX_PX, REDUCTION_TOLERANCE = 110.0, 1.2
#: Boxes in which the first shape is predicted, until the expected error of one is at most GOOD_START outer eye
#: distances: relative scale, displacement in sides, and rotation in degrees. On crops of 48 pixels with random poses,
#: the first box is good enough for every second face; on frontal photographs it nearly always is.
STARTS = (
    (1.0, 0.0, 0.0, 0.0),
    (0.8, 0.0, 0.0, 0.0),
    (1.0, 0.0, 0.1, 0.0),
    (1.0, 0.0, -0.1, 0.0),
    (1.0, 0.1, 0.0, 0.0),
    (1.0, -0.1, 0.0, 0.0),
    (1.25, 0.0, 0.0, 0.0),
    (1.0, 0.0, 0.0, 25.0),
    (1.0, 0.0, 0.0, -25.0),
    (0.8, 0.1, 0.0, 0.0),
    (0.8, -0.1, 0.0, 0.0),
    (0.8, 0.0, 0.1, 0.0),
    (0.8, 0.0, -0.1, 0.0),
)
GOOD_START = 0.165
#: So many of the first shapes are refined where none is expected to be good.
N_REFINED = 2
#: Centre and side of the box of a tracked face: fractions of the outer eye distance of the previous landmarks.
TRACKED_BOX_SIDE, TRACKED_BOX_DROP = 1.98, 0.26


@dataclasses.dataclass(frozen=True, eq=False)
class Landmarker:
    """The 68 iBUG landmarks of faces with known boxes.

    A ridge regression from gradient orientations of the box predicts the shape; a cascade of regressions from
    descriptors around its points refines it. Where the first shape is probably wrong, it is predicted in displaced
    boxes as well, and the one with the smallest expected error is refined. `default_landmarker` returns the fitted one.

    Parameters
    ----------
    mean_shape : ndarray, shape (68, 2)
        Mean shape in the reference frame.
    box_weights : ndarray, shape (BOX_DESCRIPTOR_LENGTH + 1, 136), float32
        Regression from `box_descriptor` to the points relative to the centre of the box, in its sides; the last row is
        the intercept.
    stages : sequence of CascadeStage
    error_coefs : ndarray, shape (2, d + 1)
        Regressions from the input of the first and of the last stage to the logarithm of the error of the shape before
        that stage, in outer eye distances; the last coefficient is the intercept.
    confidence_coef : ndarray, shape (d + 1,)
        See `predict_confidence`.

    References
    ----------
    X. Xiong, F. De la Torre, "Supervised descent method and its applications to face alignment", CVPR 2013,
    doi:10.1109/CVPR.2013.75. As in the paper, each stage is a linear regression of the remaining displacement on local
    gradient descriptors. Departures: the first shape is a regression instead of the mean; the image is rotated and
    scaled with the shape before each stage; the descriptors are DAISY-like, which is cheaper than SIFT, and their
    principal components are fitted to all points together.

    Examples
    --------
    >>> import skimage
    >>> from fer_features.faces import FaceDetector, default_landmarker
    >>> image = (255 * skimage.color.rgb2gray(skimage.data.astronaut())).astype("uint8")
    >>> boxes, _ = FaceDetector(min_face=0.2)(image)
    >>> points, confidence = default_landmarker().detect_landmarks(image, boxes)
    >>> points.shape, confidence.shape
    ((1, 68, 2), (1,))
    >>> points, _ = default_landmarker().track(image, points)  # in the next frame of a video
    >>> points.shape
    (1, 68, 2)
    """

    mean_shape: np.ndarray
    box_weights: np.ndarray
    stages: Sequence[CascadeStage]
    error_coefs: np.ndarray
    confidence_coef: np.ndarray

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
        return self._fit_boxes(image, boxes, STARTS)

    def track(self, image: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks in the next frame, from those in the previous frame.

        Parameters
        ----------
        image : ndarray, shape (H, W), uint8
        points : ndarray, shape (k, 68, 2)
            iBUG-68 points in the previous frame, in pixels; NaN for faces that were lost.

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
        Only the position and the size of the previous face are used, so that errors are not passed on. There are no
        further attempts with displaced boxes, so that every frame takes the same time.
        """
        faces = validate_points(points)
        known = np.isfinite(faces).all((1, 2))
        boxes = np.array([tracked_box(face) for face in faces[known]])
        tracked, confidence = faces.astype(np.float32), np.zeros(len(faces), np.float32)
        tracked[known], confidence[known] = self._fit_boxes(image, boxes.reshape(-1, 4), STARTS[:1])
        return tracked, confidence

    def _fit_boxes(
        self, image: np.ndarray, boxes: np.ndarray, starts: Sequence[tuple[float, float, float, float]]
    ) -> tuple[np.ndarray, np.ndarray]:
        image, boxes = check_grey_image(image), validate_boxes(boxes)
        points = np.empty((len(boxes), 68, 2), np.float32)
        confidence = np.zeros(len(boxes), np.float32)
        for i, box in enumerate(boxes):
            crop, crop_box, factor, offset = crop_to_box(image, box)
            shape, confidence[i] = self._fit_crop(crop, crop_box, starts)
            points[i] = (shape + 0.5) * factor - 0.5 + offset
        return points, confidence

    def _fit_crop(
        self, image: np.ndarray, box: np.ndarray, starts: Sequence[tuple[float, float, float, float]]
    ) -> tuple[np.ndarray, float]:
        """The shape with the smallest expected error, shape (68, 2), and its confidence."""
        attempts = []
        for scale, dx, dy, degrees in starts:
            shape = self.first_shape(image, displaced_box(box, scale, dx, dy), degrees)
            features, linear = self._stage_input(image, shape, self.stages[0])
            attempts.append((_regress(features, self.error_coefs[0]), shape, features, linear))
            if attempts[-1][0] <= np.log(GOOD_START):
                break
        attempts.sort(key=lambda attempt: attempt[0])
        if attempts[0][0] <= np.log(GOOD_START):
            del attempts[1:]
        fits = []
        for _, shape, features, linear in attempts[:N_REFINED]:
            shape = shape + self.stages[0].predict_displacement(features) @ linear.T
            if self.stages[1:]:
                shape, features = self._refine(image, shape, self.stages[1:])
            fits.append((_regress(features, self.error_coefs[1]), shape, features))
        _, shape, features = min(fits, key=lambda fit: fit[0])
        return shape, predict_confidence(features, self.confidence_coef) if np.isfinite(shape).all() else 0.0

    def fit_box(self, image: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Fit a shape to the face in a box.

        Parameters
        ----------
        image : ndarray, shape (H, W), uint8
            With a box of at most about REDUCED_BOX_PX pixels.
        box : ndarray, shape (4,)

        Returns
        -------
        shape : ndarray, shape (68, 2), float64
            In pixels.
        features : ndarray, shape (d,), float32
            Input of the last stage.
        """
        return self._refine(image, self.first_shape(image, box), self.stages)

    def first_shape(self, image: np.ndarray, box: np.ndarray, degrees: float = 0.0) -> np.ndarray:
        """Shape before the first stage, for a face that is rotated by some degrees.

        Parameters
        ----------
        image, box
            As in `fit_box`.
        degrees : float, default=0.0
            Clockwise.

        Returns
        -------
        ndarray, shape (68, 2), float64
            In pixels.
        """
        relative = box_descriptor(image, box, degrees) @ self.box_weights[:-1] + self.box_weights[-1]
        return relative.reshape(68, 2) @ rotation(degrees).T * np.mean(box[2:]) + box[:2] + box[2:] / 2

    def _refine(
        self, image: np.ndarray, shape: np.ndarray, stages: Sequence[CascadeStage]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Shape after these stages, and the input of the last one."""
        features = np.empty(0, np.float32)
        for stage in stages:
            features, linear = self._stage_input(image, shape, stage)
            shape = shape + stage.predict_displacement(features) @ linear.T
        return shape, features

    def _stage_input(self, image: np.ndarray, shape: np.ndarray, stage: CascadeStage) -> tuple[np.ndarray, np.ndarray]:
        """Input of a stage, and the linear part of the transform from its frame to the image."""
        descriptors, matrix = shape_descriptors(image, self.mean_shape, shape, stage.cell_size)
        return stage.project(descriptors), matrix[:, :2]


def _regress(features: np.ndarray, coef: np.ndarray) -> float:
    return float(features @ coef[:-1] + coef[-1])


def crop_to_box(image: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Surroundings of a box, reduced where it is large.

    Parameters
    ----------
    image : ndarray, shape (H, W), uint8
    box : ndarray, shape (4,)
        x, y, width, height in pixels.

    Returns
    -------
    crop : ndarray, shape (h, w), uint8
    crop_box : ndarray, shape (4,), float64
        The box in pixels of the crop.
    factor : ndarray, shape (2,)
        Pixels of the image per pixel of the crop, horizontally and vertically.
    offset : ndarray, shape (2,)
        The image position of a point p of the crop is ``(p + 0.5) * factor - 0.5 + offset``.
    """
    box = np.asarray(box, np.float64)
    height, width = image.shape
    reach = 0.75 * box[2:].mean()
    centre = box[:2] + box[2:] / 2
    low = np.clip(np.floor(centre - 2 * reach), 0, [width - 1, height - 1]).astype(int)
    high = np.clip(np.ceil(centre + 2 * reach), low + 1, [width, height]).astype(int)
    crop = np.ascontiguousarray(image[low[1] : high[1], low[0] : high[0]])
    factor = float(box[2:].mean()) / REDUCED_BOX_PX
    if factor <= REDUCTION_TOLERANCE:
        return crop, np.r_[box[:2] - low, box[2:]], np.ones(2), low.astype(float)
    size = np.maximum(np.rint((high - low) / factor), 1).astype(int)
    crop = cv2.resize(crop, tuple(size.tolist()), interpolation=cv2.INTER_AREA)
    factors = (high - low) / size
    return crop, np.r_[(box[:2] - low + 0.5) / factors - 0.5, box[2:] / factors], factors, low.astype(float)


def displaced_box(box: np.ndarray, scale: float, dx: float, dy: float) -> np.ndarray:
    """Square box, shape (4,), of a relative scale whose centre is displaced by dx and dy sides.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.faces.landmarker import displaced_box
    >>> displaced_box(np.array([10.0, 20.0, 40.0, 40.0]), 0.5, 0.1, 0.0)
    array([24., 30., 20., 20.])
    """
    side = scale * box[2:].mean()
    centre = box[:2] + box[2:] / 2 + box[2:].mean() * np.array([dx, dy])
    return np.r_[centre - side / 2, side, side]


def tracked_box(points: np.ndarray) -> np.ndarray:
    """Box of a face in the next frame, shape (4,), from its landmarks, shape (68, 2)."""
    eyes = points[36:48].mean(0)
    # The height of the face does not shrink with yaw as the eye distance does.
    down = points[[33, 51, 57]].mean(0) - eyes
    distance = max(float(np.linalg.norm(points[45] - points[36])), 1.35 * float(np.linalg.norm(down)), 1e-3)
    side = TRACKED_BOX_SIDE * distance
    centre = eyes + TRACKED_BOX_DROP * distance * down / max(float(np.linalg.norm(down)), 1e-6)
    return np.r_[centre - side / 2, side, side]
