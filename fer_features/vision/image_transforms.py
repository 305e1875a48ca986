"""Random transforms of face clips for data augmentation: mirror, translation, rotation, scale and contrast."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np

from .geometry import apply_affine, mirror_landmarks

#: Kinds of transforms.
TRANSFORM_KINDS = ("mirror", "shift", "rotation", "scale", "contrast")

# Largest changes in either direction; values are uniformly distributed between these limits.
#: Translation as a fraction of the width and height of the image.
MAX_SHIFT_FRACTION = 0.06
#: Rotation in degrees.
MAX_ROTATION_DEGREES = 10.0
#: Scale: 0.1 is a factor of 1.1 or 1 / 1.1.
MAX_SCALE_CHANGE = 0.1
#: Contrast, the factor of the deviations from the mean grey level, in the same notation as the scale.
MAX_CONTRAST_CHANGE = 0.3
#: Brightness in grey levels; it varies together with contrast.
MAX_BRIGHTNESS_SHIFT = 20.0


@dataclasses.dataclass(frozen=True)
class ImageTransform:
    """Transform of the frames of one clip.

    Attributes
    ----------
    mirror : bool, default=False
        Flip left to right, before everything else.
    shift : tuple of float, default=(0.0, 0.0)
        Translation to the right and down, as fractions of width and height.
    rotation : float, default=0.0
        Degrees anticlockwise about the centre.
    scale : float, default=1.0
        Factor about the centre.
    contrast : float, default=1.0
        Factor of the deviations from the mean grey level of the image.
    brightness : float, default=0.0
        Grey levels that are added afterwards.

    Examples
    --------
    >>> from fer_features.vision.image_transforms import ImageTransform
    >>> ImageTransform(shift=(0.5, 0.0)).matrix(width=100, height=80).round(6) + 0.0
    array([[ 1.,  0., 50.],
           [ 0.,  1.,  0.]])
    """

    mirror: bool = False
    shift: tuple[float, float] = (0.0, 0.0)
    rotation: float = 0.0
    scale: float = 1.0
    contrast: float = 1.0
    brightness: float = 0.0

    def matrix(self, width: int, height: int) -> np.ndarray:
        """Similarity transform (2, 3) float64 of an image of this size in pixels, without the mirror."""
        centre = (width - 1) / 2, (height - 1) / 2
        matrix = cv2.getRotationMatrix2D(centre, self.rotation, self.scale)
        matrix[:, 2] += np.multiply(self.shift, (width, height))
        return matrix

    @property
    def moves_pixels(self) -> bool:
        """Whether any pixel changes its position, apart from the mirror."""
        return (self.shift, self.rotation, self.scale) != ((0.0, 0.0), 0.0, 1.0)


def random_transform(kinds: Sequence[str], sample_index: int, copy: int, seed: int = 0) -> ImageTransform:
    """Random transform of one augmented copy of a sample.

    Parameters
    ----------
    kinds : sequence of str
        Some of `TRANSFORM_KINDS`.
    sample_index : int
        Index of the sample in the table that was loaded.
    copy : int
        Number of the copy of this sample: 1, 2, ... With 'mirror' the odd ones are mirrored.
    seed : int, default=0

    Returns
    -------
    ImageTransform
        From a generator of its own, so that it does not depend on other samples or their order; and each kind uses
        the same random numbers whatever other kinds there are.

    Examples
    --------
    >>> from fer_features.vision.image_transforms import random_transform
    >>> random_transform(("mirror",), sample_index=7, copy=1).mirror
    True
    >>> bool(abs(random_transform(("rotation",), sample_index=7, copy=1).rotation) <= 10)
    True
    """
    shift_x, shift_y, rotation, scale, contrast, brightness = np.random.default_rng((seed, sample_index, copy)).uniform(
        -1, 1, 6
    )
    return ImageTransform(
        mirror="mirror" in kinds and copy % 2 == 1,
        shift=(MAX_SHIFT_FRACTION * shift_x, MAX_SHIFT_FRACTION * shift_y) if "shift" in kinds else (0.0, 0.0),
        rotation=MAX_ROTATION_DEGREES * rotation if "rotation" in kinds else 0.0,
        scale=(1 + MAX_SCALE_CHANGE) ** scale if "scale" in kinds else 1.0,
        contrast=(1 + MAX_CONTRAST_CHANGE) ** contrast if "contrast" in kinds else 1.0,
        brightness=MAX_BRIGHTNESS_SHIFT * brightness if "contrast" in kinds else 0.0,
    )


def transform_images(images: np.ndarray, transform: ImageTransform) -> np.ndarray:
    """Apply one transform to all frames of a clip.

    Parameters
    ----------
    images : ndarray, shape (T, H, W), uint8
    transform : ImageTransform

    Returns
    -------
    ndarray, shape (T, H, W), uint8

    Notes
    -----
    Bilinear interpolation; the border is replicated. The mean grey level is that of each frame.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.image_transforms import ImageTransform, transform_images
    >>> transform_images(np.array([[[1, 2, 3]]], np.uint8), ImageTransform(mirror=True))
    array([[[3, 2, 1]]], dtype=uint8)
    """
    if transform.mirror:
        images = images[..., ::-1]
    if transform.moves_pixels:
        height, width = images.shape[1:]
        matrix = transform.matrix(width, height)
        flags = {"flags": cv2.INTER_LINEAR, "borderMode": cv2.BORDER_REPLICATE}
        images = np.stack([cv2.warpAffine(np.ascontiguousarray(i), matrix, (width, height), **flags) for i in images])
    if (transform.contrast, transform.brightness) != (1.0, 0.0):
        grey = images.mean((1, 2), keepdims=True)
        changed = (images - grey) * transform.contrast + (grey + transform.brightness)
        images = np.clip(np.rint(changed), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(images)


def transform_landmarks(landmarks: np.ndarray, transform: ImageTransform, width: int, height: int) -> np.ndarray:
    """Landmarks of the transformed images.

    Parameters
    ----------
    landmarks : ndarray, shape (T, 68, 2)
        iBUG-68 points in pixels; left and right points of a mirrored face change places.
    transform : ImageTransform
    width, height : int
        Of the images in pixels.

    Returns
    -------
    ndarray, shape (T, 68, 2), float32

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.image_transforms import ImageTransform, transform_landmarks
    >>> points = np.full((1, 68, 2), 10.0)
    >>> transform_landmarks(points, ImageTransform(shift=(0.1, 0.2)), width=100, height=100)[0, 0]
    array([20., 30.], dtype=float32)
    """
    points = mirror_landmarks(landmarks, width) if transform.mirror else landmarks
    if transform.moves_pixels:
        points = apply_affine(transform.matrix(width, height), points)
    return np.asarray(points, np.float32)
