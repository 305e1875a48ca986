"""Landmarker that ships with the package: fitted on rendered portraits, evaluated by plain array operations."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np

from ..vision.cascaded_regression import CascadeStage
from ..vision.landmark_features import box_descriptor, shape_descriptors
from .confidence import predict_confidence
from .detector import check_grey_image, validate_boxes, validate_points

#: Width of the boxes to which larger faces are reduced, in pixels, and the excess above which they are.
REDUCED_BOX_PX, REDUCTION_TOLERANCE = 110.0, 1.2
#: Boxes that are tried until a fit has a confidence of at least CERTAIN: relative scale and displacement in sides. The
#: fit with the highest confidence counts. On crops of 48 pixels with random poses, one in four faces needs more than
#: one attempt, and a third of the failures disappears; on frontal photographs the first attempt is nearly always
#: certain.
STARTS = (
    (1.0, 0.0, 0.0),
    (0.8, 0.0, 0.0),
    (1.25, 0.0, 0.0),
    (1.0, 0.1, 0.0),
    (1.0, -0.1, 0.0),
    (1.0, 0.0, 0.1),
    (1.0, 0.0, -0.1),
)
CERTAIN = 0.8
#: Centre and side of the box of a tracked face: fractions of the outer eye distance of the previous landmarks.
TRACKED_BOX_SIDE, TRACKED_BOX_DROP = 1.98, 0.26


@dataclasses.dataclass(frozen=True, eq=False)
class PretrainedLandmarker:
    """The 68 iBUG landmarks of faces with known boxes.

    A ridge regression from gradient orientations of the box predicts the shape; a cascade of regressions from
    descriptors around its points refines it. `default_landmarker` returns the fitted one.

    Parameters
    ----------
    mean_shape : ndarray, shape (68, 2)
        Mean shape in the reference frame.
    box_weights : ndarray, shape (BOX_DESCRIPTOR_LENGTH + 1, 136), float32
        Regression from `box_descriptor` to the points relative to the centre of the box, in its sides; the last row is
        the intercept.
    stages : sequence of CascadeStage
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
    """

    mean_shape: np.ndarray
    box_weights: np.ndarray
    stages: Sequence[CascadeStage]
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
        self, image: np.ndarray, boxes: np.ndarray, starts: Sequence[tuple[float, float, float]]
    ) -> tuple[np.ndarray, np.ndarray]:
        image, boxes = check_grey_image(image), validate_boxes(boxes)
        points = np.empty((len(boxes), 68, 2), np.float32)
        confidence = np.zeros(len(boxes), np.float32)
        for i, box in enumerate(boxes):
            crop, crop_box, factor, offset = crop_to_box(image, box)
            fits = []
            for start in starts:
                shape, features = self.fit_box(crop, displaced_box(crop_box, *start))
                value = predict_confidence(features, self.confidence_coef) if np.isfinite(shape).all() else 0.0
                fits.append((value, shape))
                if value >= CERTAIN:
                    break
            confidence[i], shape = max(fits, key=lambda fit: fit[0])
            points[i] = (shape + 0.5) * factor - 0.5 + offset
        return points, confidence

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
        relative = box_descriptor(image, box) @ self.box_weights[:-1] + self.box_weights[-1]
        shape = relative.reshape(68, 2) * np.mean(box[2:]) + box[:2] + box[2:] / 2
        features = np.empty(0, np.float32)
        for stage in self.stages:
            descriptors, matrix = shape_descriptors(image, self.mean_shape, shape, stage.cell_size)
            features = stage.project(descriptors)
            shape = shape + stage.predict_displacement(features) @ matrix[:, :2].T
        return shape, features


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
    >>> from fer_features.faces.pretrained import displaced_box
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
