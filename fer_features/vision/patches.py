"""Square patches of pictures around points, such as landmarks, batched."""

from __future__ import annotations

import cv2
import numpy as np

#: Points that patches stand on, by name, iBUG-68: 'inner' leaves the jaw out, and 'few' keeps ends and middles of
#: brows, corners and lids of eyes, nose, lips and chin, whose patches overlap less. Each is its own mirror image.
POINT_SETS: dict[str, tuple[int, ...]] = {
    "few": (8, 17, 19, 21, 22, 24, 26, 27, 31, 33, 35, 36, 37, 39, 42, 44, 45, 48, 51, 54, 57),
    "inner": tuple(range(17, 68)),
    "all": tuple(range(68)),
}


def patches(images: np.ndarray, points: np.ndarray, side: int) -> np.ndarray:
    """Square patches around points.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8
    points : ndarray, shape (n, k, 2)
        The middle of each patch, (x, y) in pixels of its picture. They may lie outside.
    side : int
        Of a patch, in pixels.

    Returns
    -------
    ndarray, shape (n, k, side, side), uint8
        All 0 where a point is not finite.

    Notes
    -----
    Bilinear. Beyond the picture its border is repeated. The middle of a patch of even side lies between pixels: a
    patch is a slice of the picture where the side is odd and the point whole, or the side even and the point
    halfway between pixels, so that patches of mirrored pictures are mirrored, whatever the side.
    """
    n, k = points.shape[:2]
    found = np.zeros((n, k, side, side), np.uint8)
    offset = np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)
    seen = np.isfinite(points).all(2)
    for patch, image, middle, there in zip(found, images, np.asarray(points, np.float32), seen, strict=True):
        if not there.any():
            continue
        # Patches one below the other make one picture, which is sampled at once.
        x, y = middle[there, 0, None, None] + offset, middle[there, 1, None, None] + offset[:, None]
        x, y = (np.array(axis).reshape(-1, side) for axis in np.broadcast_arrays(x, y))
        sampled = cv2.remap(np.ascontiguousarray(image), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        patch[there] = sampled.reshape(-1, side, side)
    return found
