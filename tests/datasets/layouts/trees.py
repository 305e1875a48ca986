"""Small trees of image files in the layouts of data sets."""

import cv2
import numpy as np

RNG = np.random.default_rng(0)


def write_image(path, shape=(48, 48)):
    """Write an image of noise; returns its pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = RNG.integers(0, 256, shape).astype(np.uint8)
    assert cv2.imwrite(str(path), image)
    return image


def write_images(root, names, shape=(48, 48)):
    """Write an image for each name relative to a folder; returns their pixels by name."""
    return {name: write_image(root / name, shape) for name in names}
