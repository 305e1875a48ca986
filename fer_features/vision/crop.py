"""Face crops: each frame is mapped to a fixed position, size and roll by its landmarks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from .geometry import MEAN_FACE, estimate_similarity, eye_centres


def face_template(size: int, side: float, top: float) -> np.ndarray:
    """The mean face, placed in a crop.

    Parameters
    ----------
    size : int
        Width of the crop in pixels.
    side : float
        Distance from an eye centre to the nearer side of the crop, in interocular distances.
    top : float
        Distance from the line of the eyes to the upper edge of the crop, in interocular distances.

    Returns
    -------
    ndarray, shape (68, 2)
        iBUG-68 points in pixels of the crop.

    Examples
    --------
    >>> from fer_features.vision.crop import face_template
    >>> from fer_features.vision.geometry import eye_centres
    >>> eye_centres(face_template(size=100, side=0.5, top=0.7)).round()
    array([[24., 35.],
           [75., 35.]])
    """
    unit = size / (1 + 2 * side)
    return (MEAN_FACE + [side + 0.5, top]) * unit - 0.5


def similarity_from_eyes(landmarks: np.ndarray, template: np.ndarray) -> np.ndarray:
    """Similarity transform that maps the eye centres of each face to those of the template.

    Parameters
    ----------
    landmarks : ndarray, shape (..., 68, 2)
        iBUG-68 points in pixels of the image.
    template : ndarray, shape (68, 2)
        iBUG-68 points in pixels of the crop, from `face_template`.

    Returns
    -------
    ndarray, shape (..., 2, 3)

    Examples
    --------
    >>> from fer_features.vision.crop import face_template, similarity_from_eyes
    >>> template = face_template(size=100, side=0.5, top=0.7)
    >>> similarity_from_eyes(template + 20, template).round(6) + 0.0
    array([[  1.,   0., -20.],
           [  0.,   1., -20.]])
    """
    return estimate_similarity(eye_centres(landmarks), eye_centres(template))


def similarity_from_landmarks(landmarks: np.ndarray, template: np.ndarray) -> np.ndarray:
    """Least-squares similarity transform (Procrustes) from all landmarks of each face to the template.

    Parameters
    ----------
    landmarks : ndarray, shape (..., 68, 2)
        iBUG-68 points in pixels of the image.
    template : ndarray, shape (68, 2)
        iBUG-68 points in pixels of the crop, from `face_template`.

    Returns
    -------
    ndarray, shape (..., 2, 3)

    Examples
    --------
    >>> from fer_features.vision.crop import face_template, similarity_from_landmarks
    >>> template = face_template(size=100, side=0.5, top=0.7)
    >>> similarity_from_landmarks(2 * template, template).round(6) + 0.0
    array([[0.5, 0. , 0. ],
           [0. , 0.5, 0. ]])
    """
    return estimate_similarity(landmarks, template)


#: Method of alignment -> function from landmarks (..., 68, 2) and template (68, 2) to matrices (..., 2, 3).
ALIGNMENTS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "eyes": similarity_from_eyes,
    "procrustes": similarity_from_landmarks,
}


def warp_images(
    images: Sequence[np.ndarray], matrices: np.ndarray, width: int, height: int | None = None
) -> np.ndarray:
    """Crop images under affine transforms.

    Parameters
    ----------
    images : sequence of n ndarrays, shape (H, W), uint8
        They may differ in size.
    matrices : ndarray, shape (n, 2, 3)
        Affine transforms from the images to the crops. A crop whose matrix is not finite is 0.
    width : int
        Width of the crops in pixels.
    height : int, optional
        Height of the crops in pixels; the width by default.

    Returns
    -------
    ndarray, shape (n, height, width), uint8

    Notes
    -----
    Bilinear interpolation. If the scale of the crop is below one half, the image is halved by area averaging first, as
    often as needed, against aliasing. Beyond the image its border is replicated, so that a face near the edge gets no
    false contour.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.crop import warp_images
    >>> image = np.arange(16, dtype=np.uint8).reshape(4, 4)
    >>> warp_images([image], np.array([[[1.0, 0, -1], [0, 1, -2]]]), width=3, height=2)[0]
    array([[ 9, 10, 11],
           [13, 14, 15]], dtype=uint8)
    """
    height = width if height is None else height
    crops = np.zeros((len(images), height, width), np.uint8)
    for crop, image, matrix in zip(crops, images, matrices, strict=True):
        if not np.isfinite(matrix).all():
            continue
        matrix = matrix.copy()
        while np.hypot(*matrix[:, 0]) < 0.5 and min(image.shape) >= 2:
            even = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
            image = cv2.resize(even, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            # A pixel centre at x in the halved image is at 2 x + 0.5 in the original.
            matrix[:, 2] += matrix[:, :2] @ [0.5, 0.5]
            matrix[:, :2] *= 2
        cv2.warpAffine(image, matrix, (width, height), crop, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
    return crops


def resize_images(images: Sequence[np.ndarray], size: int) -> np.ndarray:
    """Scale the centred square of each image, without alignment.

    Parameters
    ----------
    images : sequence of n ndarrays, shape (H, W), uint8
        They may differ in size.
    size : int
        Side of the squares in pixels.

    Returns
    -------
    ndarray, shape (n, size, size), uint8

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.crop import resize_images
    >>> resize_images([np.array([[0, 0, 8, 8], [0, 0, 8, 8]], np.uint8)] * 3, 2).shape
    (3, 2, 2)
    """
    return np.stack([_resize_image(image, size) for image in images])


def square_corner(width: int, height: int) -> tuple[int, int]:
    """Left and upper edge of the largest centred square in an image, in pixels."""
    side = min(width, height)
    return (width - side) // 2, (height - side) // 2


def _resize_image(image: np.ndarray, size: int) -> np.ndarray:
    if image.shape == (size, size):
        return image
    side = min(image.shape)
    left, top = square_corner(image.shape[1], image.shape[0])
    image = image[top : top + side, left : left + side]
    shrinks = min(image.shape) > size
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def rotate_images(images: np.ndarray, degrees: float) -> np.ndarray:
    """Rotate images anticlockwise about their centre; the border is replicated as in `warp_images`.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8
    degrees : float
        With 0 the input itself is returned.

    Returns
    -------
    ndarray, shape (n, H, W), uint8

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.crop import rotate_images
    >>> rotate_images(np.array([[[1, 2], [3, 4]]], np.uint8), 90)[0]
    array([[2, 4],
           [1, 3]], dtype=uint8)
    """
    if not degrees:
        return images
    height, width = images.shape[1:]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), float(degrees), 1)
    return warp_images(list(images), np.tile(matrix, (len(images), 1, 1)), width, height)
