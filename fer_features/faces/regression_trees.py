"""Landmarks by a cascade of regression trees that compare grey values, as dlib's shape predictor finds them.

Points and offsets are complex numbers x + iy, in which a similarity transform is ``scale z + origin``. A cascade works
in a frame: the unit square, which `scale` and `origin` map to the pixels of the image.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from .detector import check_grey_image, validate_boxes, validate_points

#: Number of landmarks.
N_POINTS = 68
#: Side of the frame of a cascade, and distance of its centre below that of the box, in sides of the box of
#: `FaceDetector`. Chosen on frontal photographs of 35 subjects of KDEF: the error is the same within 3 % for sides of
#: 0.75 to 0.9 and shifts of 0 to 0.07. It is smallest for 0.75, below which displaced boxes begin to fail.
FRAME_SIDE, FRAME_SHIFT = 0.8, 0.02
#: Frames for the confidence are displaced to both sides by this fraction of their side, and so many stages are applied.
DISPLACEMENT, N_CONFIDENCE_STAGES = 0.12, 3
#: Smaller frames are not searched, in pixels.
MIN_FRAME_PX = 4


@dataclasses.dataclass(frozen=True, eq=False)
class TreeStage:
    """One stage of the cascade: complete binary trees of equal depth that compare the same pixels.

    Attributes
    ----------
    anchors : ndarray, shape (n_pixels,), intp
        Index of the landmark with which each pixel moves.
    offsets : ndarray, shape (n_pixels,), complex64
        Position of each pixel relative to this landmark of the initial shape.
    pixels : ndarray, shape (2, n_trees, n_splits), intp
        Indices of the two pixels that each split compares. The children of split i are 2 i + 1 and 2 i + 2.
    thresholds : ndarray, shape (n_trees, n_splits), float32
        The first child follows if the difference of the grey values is above the threshold.
    leaves : ndarray, shape (n_trees, n_splits + 1, N_POINTS), complex64
        Displacements of the landmarks.
    """

    anchors: np.ndarray
    offsets: np.ndarray
    pixels: np.ndarray
    thresholds: np.ndarray
    leaves: np.ndarray

    def add_displacements(self, shape: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Add the displacements of all trees to a shape.

        Parameters
        ----------
        shape : ndarray, shape (N_POINTS,), complex64
        values : ndarray, shape (n_pixels,), float32
            Grey values of the pixels.

        Returns
        -------
        ndarray, shape (N_POINTS,), complex64
        """
        n_trees, n_splits = self.thresholds.shape
        first, second = values.take(self.pixels)
        is_left = (first - second > self.thresholds).ravel()
        trees = np.arange(n_trees)
        nodes = np.zeros(n_trees, np.intp)
        for _ in range(n_splits.bit_length()):
            nodes = 2 * nodes + 2 - is_left.take(trees * n_splits + nodes)
        # The order of the sum is that of dlib, because rounding can decide which pixels the next stage reads.
        terms = np.empty((n_trees + 1, 2 * N_POINTS), np.float32)
        terms[0] = shape.view(np.float32)
        leaves = self.leaves.view(np.float32).reshape(-1, 2 * N_POINTS)
        leaves.take(trees * (n_splits + 1) + nodes - n_splits, 0, out=terms[1:], mode="clip")
        return terms.sum(0).view(np.complex64)


def fit_by_trees(
    image: np.ndarray, initial_shape: np.ndarray, stages: tuple[TreeStage, ...], scale: complex, origin: complex
) -> np.ndarray:
    """Landmarks of the face in a frame.

    Parameters
    ----------
    image : ndarray, shape (H, W), uint8
        Pixels outside of it are black.
    initial_shape : ndarray, shape (N_POINTS,), complex64
        In the unit square.
    stages : tuple of TreeStage
    scale, origin : complex
        The similarity transform from the unit square to pixels of the image.

    Returns
    -------
    ndarray, shape (N_POINTS,), complex128
        In pixels; not finite where the cascade diverged.

    References
    ----------
    V. Kazemi, J. Sullivan, "One millisecond face alignment with an ensemble of regression trees", CVPR 2014,
    doi:10.1109/CVPR.2014.241.

    Examples
    --------
    One tree with one split, which compares the pixels at the first and at the last point:

    >>> import numpy as np
    >>> from fer_features.faces.regression_trees import TreeStage, fit_by_trees
    >>> shape = np.linspace(0, 0.5 + 0.5j, 68).astype(np.complex64)
    >>> leaves = np.zeros((1, 2, 68), np.complex64)
    >>> leaves[0, 0] = 0.25
    >>> offsets, pixels = np.zeros(2, np.complex64), np.array([[[0]], [[1]]])
    >>> stage = TreeStage(np.array([0, 67]), offsets, pixels, np.ones((1, 1)), leaves)
    >>> image = np.zeros((20, 20), np.uint8)
    >>> image[2, 2] = 9
    >>> fit_by_trees(image, shape, (stage,), 16, 2 + 2j)[[0, 67]].round(3)
    array([ 6. +2.j, 14.+10.j])
    """
    height, width = image.shape
    grey = np.ravel(image)
    centred = initial_shape - initial_shape.mean(dtype=np.complex128)
    weights = centred.conj() / (np.abs(centred) ** 2).sum()
    shape = initial_shape
    with np.errstate(invalid="ignore", over="ignore"):
        for stage in stages:
            # Pixels rotate and scale with the similarity transform from the initial shape to the present one.
            similarity = np.complex64(weights @ shape)
            points = (similarity * stage.offsets + shape.take(stage.anchors)).astype(np.complex128)
            points = scale * points + (origin + 0.5 + 0.5j)
            x, y = np.floor(points.view(np.float64).reshape(-1, 2).T).astype(np.intp)
            inside = (x.view(np.uintp) < width) & (y.view(np.uintp) < height)
            values = grey.take(y * width + x, mode="clip") * inside
            shape = stage.add_displacements(shape, values.astype(np.float32))
        return scale * shape.astype(np.complex128) + origin


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class RegressionTreeLandmarker:
    """Detects and tracks the 68 iBUG landmarks of faces by a cascade of regression trees.

    `fer_features.faces.load_landmarker` reads it from a file of dlib. It has the methods of a `Landmarker`.

    Attributes
    ----------
    initial_shape : ndarray, shape (N_POINTS,), complex64
        In the unit square.
    stages : tuple of TreeStage

    References
    ----------
    V. Kazemi, J. Sullivan, "One millisecond face alignment with an ensemble of regression trees", CVPR 2014,
    doi:10.1109/CVPR.2014.241.

    Notes
    -----
    **Frame.** dlib's predictors expect the boxes of dlib's detector. The frame of a box of `FaceDetector` is an upright
    square with the side FRAME_SIDE and its centre FRAME_SHIFT below that of the box, in sides of the box. The frame of
    a tracked face is the one in which the initial shape is nearest to the previous landmarks, and has their roll.

    **Confidence.** A cascade reports none. Here two more shapes are computed, from frames that are displaced to the
    left and to the right. On a face both converge, and elsewhere their distance remains. The confidence is the fraction
    by which the first N_CONFIDENCE_STAGES stages reduce this distance, at least 0.

    Examples
    --------
    A cascade without stages returns the initial shape in the frame of each box; files of dlib have 15 stages.

    >>> import numpy as np
    >>> from fer_features.faces import RegressionTreeLandmarker
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> shape = ((MEAN_FACE @ [1, 1j]) / 4 + 0.5 + 0.4j).astype(np.complex64)
    >>> landmarker = RegressionTreeLandmarker(shape, stages=())
    >>> points, confidence = landmarker.detect_landmarks(np.zeros((90, 90), np.uint8), [[20, 20, 50, 50]])
    >>> points.shape, points.mean((0, 1)).round().tolist(), confidence.shape
    ((1, 68, 2), [45.0, 48.0], (1,))
    >>> landmarker.track(np.zeros((90, 90), np.uint8), points)[0].shape
    (1, 68, 2)
    """

    initial_shape: np.ndarray
    stages: tuple[TreeStage, ...]

    def __repr__(self) -> str:
        """Return the size of the cascade instead of its arrays."""
        return f"<{type(self).__name__} of {len(self.stages)} stages>"

    def __sklearn_clone__(self) -> RegressionTreeLandmarker:
        """Return the landmarker itself: it has no parameters, and nothing changes it."""
        return self

    def detect_landmarks(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks of the faces in these boxes.

        Parameters
        ----------
        image : ndarray, shape (H, W), uint8
        boxes : ndarray, shape (k, 4)
            x, y, width, height in pixels, placed as by `FaceDetector`; they may reach over the edge of the image.

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
        x, y, width, height = validate_boxes(boxes).astype(np.float64).T
        box_sides = np.sqrt(width * height)
        centres = x + width / 2 + 1j * (y + height / 2 + FRAME_SHIFT * box_sides)
        scales = (FRAME_SIDE * box_sides).astype(np.complex128)
        return self._fit(image, scales, centres - scales * (0.5 + 0.5j))

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
        """
        shapes = np.ascontiguousarray(validate_points(points)).view(np.complex128)[..., 0]
        mean = self.initial_shape.mean(dtype=np.complex128)
        centred = self.initial_shape - mean
        scales = shapes @ (centred.conj() / (np.abs(centred) ** 2).sum())
        return self._fit(image, scales, shapes.mean(1) - scales * mean)

    def _fit(self, image: np.ndarray, scales: np.ndarray, origins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points (k, 68, 2) and confidences (k,) in frames with scales and origins (k,)."""
        image = check_grey_image(image)
        points = (scales[:, None] * self.initial_shape + origins[:, None]).astype(np.complex64)
        confidence = np.zeros(len(scales), np.float32)
        for i, (scale, origin) in enumerate(zip(scales, origins, strict=True)):
            if not (np.isfinite(points[i]).all() and abs(scale) >= MIN_FRAME_PX):
                continue  # lost in the previous frame, or too small
            shape = fit_by_trees(image, self.initial_shape, self.stages, scale, origin)
            if np.isfinite(shape).all():
                points[i], confidence[i] = shape, self._confidence(image, scale, origin)
        return points.view(np.float32).reshape(-1, N_POINTS, 2), confidence

    def _confidence(self, image: np.ndarray, scale: complex, origin: complex) -> float:
        stages = self.stages[:N_CONFIDENCE_STAGES]
        left, right = (
            fit_by_trees(image, self.initial_shape, stages, scale, origin + step * scale)
            for step in (-DISPLACEMENT, DISPLACEMENT)
        )
        if not (np.isfinite(left).all() and np.isfinite(right).all()):
            return 0.0
        remaining = np.abs(right - left).mean() / (2 * DISPLACEMENT * abs(scale))
        return max(1 - float(remaining), 0.0)
