"""Confidence of a fitted shape: a logistic regression separates good fits from misplaced ones and from non-faces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from ..vision.cascaded_regression import CascadeStage, fit_shape
from ..vision.geometry import apply_affine, estimate_similarity
from ..vision.shape_model import outer_eye_distance
from .landmark_augmentation import shuffle_patches
from .shape_initialization import jitter, place_in_box

#: At most so many images are used for training.
MAX_TRAINING_IMAGES = 1000
#: Inverse strength of the L2 penalty; small, because there are many features and few examples.
LOGISTIC_C = 1e-3


def train_confidence(
    images: Sequence[np.ndarray],
    landmarks: np.ndarray,
    boxes: np.ndarray,
    initial_shape: np.ndarray,
    mean: np.ndarray,
    stages: Sequence[CascadeStage],
    rng: np.random.Generator,
) -> np.ndarray:
    """Fit a logistic regression to the input of the last stage of a cascade.

    Parameters
    ----------
    images : sequence of n ndarrays, shape (h, w), uint8
        Crops of training faces.
    landmarks : ndarray, shape (n, 68, 2)
        iBUG-68 points in pixels of the crops.
    boxes : ndarray, shape (n, 4)
        x, y, width, height in pixels of the crops.
    initial_shape : ndarray, shape (68, 2)
        In the unit square, which stands for the box.
    mean : ndarray, shape (68, 2)
        Mean shape in the reference frame.
    stages : sequence of CascadeStage
    rng : Generator

    Returns
    -------
    ndarray, shape (d + 1,), float32
        Coefficients; the last one is the intercept.

    Notes
    -----
    Positive examples: the true shape, slightly displaced and blended with the shape of another face, which is how fits
    on new faces differ from the truth. Negative examples: the true shape far displaced, and the results of fits to
    images of shuffled patches and to faces upside down. Fits to the training faces are not used, because they are
    closer to the truth than fits to new faces.
    """
    inputs, labels = [], []
    others = rng.permutation(len(landmarks))
    for i in rng.permutation(len(images))[:MAX_TRAINING_IMAGES]:
        image, truth, other = images[i], landmarks[i], landmarks[others[i]]
        eyes = float(outer_eye_distance(truth))
        aligned = apply_affine(estimate_similarity(other, truth), other)
        blend = truth + rng.uniform(0, 0.4) * (aligned - truth)
        examples = [
            (image, jitter(blend, eyes, rng, 0.25), stages[-1:], True),
            (image, _displace_far(truth, eyes, rng), stages[-1:], False),
        ]
        for negative in (shuffle_patches(image, eyes, rng), image[::-1]):
            box = boxes[i] * np.exp(rng.normal(0, 0.2))
            examples.append((np.ascontiguousarray(negative), place_in_box(initial_shape, box), stages, False))
        for pixels, shape, example_stages, label in examples:
            inputs.append(fit_shape(pixels, mean, example_stages, shape)[1])
            labels.append(label)
    features = np.array(inputs)
    usable = np.isfinite(features).all(1)
    features, y = features[usable], np.array(labels)[usable]
    scale = features.std()
    model = LogisticRegression(C=LOGISTIC_C, class_weight="balanced", max_iter=300)
    model.fit(features / scale, y)
    return np.append(model.coef_[0] / scale, model.intercept_).astype(np.float32)


def predict_confidence(features: np.ndarray, coefficients: np.ndarray) -> float:
    """Confidence of one fitted shape.

    Parameters
    ----------
    features : ndarray, shape (d,)
        From `fit_shape`.
    coefficients : ndarray, shape (d + 1,)
        From `train_confidence`.

    Returns
    -------
    float
        In 0..1; 0 where the fit diverged.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.faces.confidence import predict_confidence
    >>> predict_confidence(np.array([1.0, -1.0]), np.array([2.0, 2.0, 0.0]))
    0.5
    """
    decision = float(features @ coefficients[:-1] + coefficients[-1])
    return float(expit(decision)) if np.isfinite(decision) else 0.0


def _displace_far(shape: np.ndarray, eyes: float, rng: np.random.Generator) -> np.ndarray:
    """A misplaced shape: moved by at least a fifth of the eye distance, and randomly scaled and rotated."""
    angle = rng.uniform(0, 2 * np.pi)
    moved = shape + rng.uniform(0.2, 0.8) * eyes * np.array([np.cos(angle), np.sin(angle)])
    return jitter(moved, eyes, rng, 2.0)
