"""Small clips for the tests of extractors."""

import cv2
import numpy as np

from fer_features.extractors import EXTRACTORS
from fer_features.samples.table import Samples
from fer_features.vision.geometry import MEAN_FACE

#: Parameters that make the fit of a codebook quick.
QUICK_CODEBOOK = {"step": 6, "n_pca": 5, "n_words": 3, "grid": 2, "n_train_descriptors": 500}

#: More samples than one batch has, and images that are not square.
N_SAMPLES, N_FRAMES, HEIGHT, WIDTH = 18, 3, 72, 84


def make(name, **params):
    """An extractor by its name, with a quick codebook."""
    extractor = EXTRACTORS[name].make()
    quick = QUICK_CODEBOOK if "n_words" in extractor.get_params() else {}
    return extractor.set_params(**{**quick, **params})


def texture(rng, height, width, sigma=2.5):
    """A smooth random image, (height, width) uint8."""
    values = cv2.GaussianBlur(rng.normal(size=(height, width)), (0, 0), sigma)
    return np.clip(128 + 50 * values / values.std(), 0, 255).astype(np.uint8)


def draw_arrays(n=N_SAMPLES, seed=0):
    """Images (n, 3, 72, 84) of textures that move from frame to frame, landmarks that move with them, and labels."""
    rng = np.random.default_rng(seed)
    images, landmarks = [], []
    for _ in range(n):
        image = texture(rng, HEIGHT + 20, WIDTH + 20)
        dy, dx = rng.integers(-3, 4, 2)
        corners = [(10 + t * dy, 10 + t * dx) for t in range(N_FRAMES)]
        images.append([image[y : y + HEIGHT, x : x + WIDTH] for y, x in corners])
        face = 24 * (MEAN_FACE + rng.normal(0, 0.02, (68, 2))) + [WIDTH / 2, HEIGHT / 3]
        motion = np.linspace(0, 1, N_FRAMES)[:, None, None] * rng.normal(0, 2, (68, 2))
        landmarks.append(face + motion - [[(t * dx, t * dy)] for t in range(N_FRAMES)])
    return {"images": np.array(images), "landmarks": np.float32(landmarks), "label": np.arange(n) % 2}


def as_table(arrays, indices=slice(None)):
    """A table of some samples with an empty feature store."""
    return Samples.from_arrays(**{name: values[indices] for name, values in arrays.items()})
