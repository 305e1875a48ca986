"""Square patches of images around points, for example landmarks."""

from __future__ import annotations

import cv2
import numpy as np

#: Named sets of iBUG-68 landmarks that patches are centred on. 'inner' omits the jaw. 'few' has the ends and middles of
#: the brows, the corners and lids of the eyes, the nose, the lips and the chin, whose patches overlap less. Each set is
#: symmetric.
POINT_SETS: dict[str, tuple[int, ...]] = {
    "few": (8, 17, 19, 21, 22, 24, 26, 27, 31, 33, 35, 36, 37, 39, 42, 44, 45, 48, 51, 54, 57),
    "inner": tuple(range(17, 68)),
    "all": tuple(range(68)),
}


def extract_patches(images: np.ndarray, points: np.ndarray, patch_size: int) -> np.ndarray:
    """Extract square patches around points, with bilinear interpolation.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8
        Grey images.
    points : ndarray, shape (n, k, 2), real
        Centre (x, y) of each patch in pixels. It may lie outside the image.
    patch_size : int
        Side of a patch in pixels.

    Returns
    -------
    ndarray, shape (n, k, patch_size, patch_size), uint8
        Patches; 0 where a point is not finite.

    Notes
    -----
    Outside the image the nearest border pixel is used. OpenCV rounds sampling positions to 1/32 pixel or finer.

    The centre of a patch of even size lies between pixels. A patch is an exact slice of the image if the size is odd
    and the point is at a pixel, or if the size is even and the point is halfway between pixels. Therefore the patches
    of a mirrored image are the mirrored patches, for any size.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.arange(25, dtype=np.uint8).reshape(5, 5)
    >>> extract_patches(image[None], np.array([[[2.0, 1.0]]]), patch_size=3)[0, 0]
    array([[ 1,  2,  3],
           [ 6,  7,  8],
           [11, 12, 13]], dtype=uint8)
    """
    n, k = points.shape[:2]
    patches = np.zeros((n, k, patch_size, patch_size), np.uint8)
    offset = np.arange(patch_size, dtype=np.float32) - np.float32((patch_size - 1) / 2)
    finite = np.isfinite(points).all(2)
    for out, image, centre, valid in zip(patches, images, np.asarray(points, np.float32), finite, strict=True):
        if not valid.any():
            continue
        # All patches of an image are sampled at once, as one image with the patches one below the other.
        x, y = centre[valid, 0, None, None] + offset, centre[valid, 1, None, None] + offset[:, None]
        x, y = (np.array(axis).reshape(-1, patch_size) for axis in np.broadcast_arrays(x, y))
        sampled = cv2.remap(np.ascontiguousarray(image), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        out[valid] = sampled.reshape(-1, patch_size, patch_size)
    return patches
