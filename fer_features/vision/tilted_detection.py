"""Detection of tilted faces, and of faces that fill a small image: searches of rotated copies of the image."""

from __future__ import annotations

import cv2
import numpy as np

from .boxes import suppress_overlapping
from .detection import MIN_IMAGE_SIDE_PX, detect_faces
from .geometry import apply_affine
from .shape_model import invert_affine

#: Rotations of the copies in degrees. The cascade accepts faces with a roll up to 15 degrees, some with 20.
ROTATIONS_DEGREES = (-25.0, 25.0)
#: The same in images smaller than MIN_IMAGE_SIDE_PX, and side of the smallest face there, as a fraction of the shorter
#: side of the image.
CROP_ROTATIONS_DEGREES, CROP_MIN_FACE = (-25.0, -12.0, 0.0, 12.0, 25.0), 0.5
#: Number of windows in a group at which the confidence is 0.5. It is 8 in the upright image, but each further search is
#: another opportunity for a false face. On 400 images of FER2013 with shuffled blocks, 12 adds no false face.
HALF_CONFIDENCE_COUNT_TILTED = 12.0


def detect_tilted_faces(
    image: np.ndarray, min_face: float = 0.1, scale_factor: float = 1.2, threshold: float = 0.5
) -> tuple[np.ndarray, np.ndarray]:
    """Detect faces with a roll of 15 to 35 degrees, and in a small image also faces that fill half of it.

    Parameters
    ----------
    image : ndarray, shape (H, W), uint8
    min_face : float, default=0.1
        Side of the smallest face as a fraction of the shorter side of the image, in (0, 1].
    scale_factor : float, default=1.2
        Ratio of neighbouring window sizes, above 1.
    threshold : float, default=0.5
        Faces with a lower confidence are excluded.

    Returns
    -------
    boxes : ndarray, shape (k, 4), float32
        Upright squares (x, y, width, height) in pixels with centre and side of the rotated ones, in order of decreasing
        confidence.
    confidence : ndarray, shape (k,), float32
        In 0..1; ``n / (n + HALF_CONFIDENCE_COUNT_TILTED)`` with n accepted windows.

    Notes
    -----
    Rotated copies are larger than the image, so that no part of it is lost. The search takes about four times as long
    as that of the upright image.

    Examples
    --------
    >>> import cv2
    >>> import skimage
    >>> from fer_features.vision.tilted_detection import detect_tilted_faces
    >>> image = (255 * skimage.color.rgb2gray(skimage.data.astronaut())).astype("uint8")
    >>> tilted, _ = rotate_image(image, 30)
    >>> boxes, confidence = detect_tilted_faces(tilted, min_face=0.15)
    >>> boxes.shape, bool(confidence[0] > 0.5)
    ((1, 4), True)
    """
    side = min(image.shape)
    is_crop = side < MIN_IMAGE_SIDE_PX
    rotations: tuple[float, ...] = ROTATIONS_DEGREES
    if is_crop:
        min_face, rotations = max(min_face, CROP_MIN_FACE), CROP_ROTATIONS_DEGREES
    all_boxes, all_confidences = [np.empty((0, 4), np.float32)], [np.empty(0, np.float32)]
    for degrees in rotations:
        rotated, matrix = rotate_image(image, degrees)
        relative = min_face * side / min(rotated.shape)
        boxes, confidence = detect_faces(rotated, relative, scale_factor, threshold, HALF_CONFIDENCE_COUNT_TILTED)
        if is_crop:
            large = boxes[:, 2] >= min_face * side
            boxes, confidence = boxes[large], confidence[large]
        half = boxes[:, 2:] / 2
        centres = apply_affine(invert_affine(matrix), boxes[:, :2] + half)
        all_boxes.append(np.hstack([centres - half, 2 * half]).astype(np.float32))
        all_confidences.append(confidence)
    boxes, confidence = np.concatenate(all_boxes), np.concatenate(all_confidences)
    selected = suppress_overlapping(boxes, confidence)
    return boxes[selected], confidence[selected]


def rotate_image(image: np.ndarray, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """Rotated copy of an image, large enough to contain all of it; the corners continue its border.

    Parameters
    ----------
    image : ndarray, shape (H, W), uint8
    degrees : float
        Counter-clockwise.

    Returns
    -------
    rotated : ndarray, shape (H', W'), uint8
    matrix : ndarray, shape (2, 3), float64
        Affine transform from pixels of the image to pixels of the copy.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.tilted_detection import rotate_image
    >>> rotate_image(np.array([[1, 2, 3]], np.uint8), 90)[0].tolist()
    [[3], [2], [1]]
    """
    height, width = image.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    cosine, sine = np.abs(matrix[0, :2])
    size = round(width * cosine + height * sine), round(width * sine + height * cosine)
    matrix[:, 2] += [(size[0] - width) / 2, (size[1] - height) / 2]
    return cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE), matrix
