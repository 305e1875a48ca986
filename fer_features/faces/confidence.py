"""How far a fitted shape can be believed: well-placed shapes told from misplaced ones and from what is no face."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from ..vision.cascaded_regression import Stage, descend
from ..vision.geometry import similarity, transform
from ..vision.shape_model import outer_eye_distance
from .framing import in_box, shaken
from .landmark_augmentation import shuffled

#: Pictures that are enough to learn from.
MOST = 1000
#: Strength of the logistic regression's penalty: features are many and rows few.
STRENGTH = 1e-3


def train_confidence(
    parts: Sequence[np.ndarray],
    truth: np.ndarray,
    boxes: np.ndarray,
    start: np.ndarray,
    mean: np.ndarray,
    stages: Sequence[Stage],
    rng: np.random.Generator,
) -> np.ndarray:
    """Weights of a logistic regression on what the last stage sees, (d + 1,) float32, the last one the intercept.

    Parameters
    ----------
    parts : sequence of ndarray, (h, w) uint8
        Training pictures.
    truth : ndarray, shape (n, 68, 2)
        Landmarks in pixels of the parts.
    boxes : ndarray, shape (n, 4)
        Boxes in pixels of the parts.
    start, mean : ndarray, shape (68, 2)
        In the unit box, and in the frame.
    stages : sequence of Stage
    rng : Generator

    Notes
    -----
    Well placed: the true shape, a little off and mixed with somebody else's, as a fit on a new face is. Not so: the
    true shape far off; and where descents end in pictures of shuffled pieces and in faces upside down. The fits on
    training faces themselves are not used, since they are closer than fits on new faces will be.
    """
    seen, fine = [], []
    others = rng.permutation(len(truth))
    for i in rng.permutation(len(parts))[:MOST]:
        part = parts[i]
        width = float(outer_eye_distance(truth[i]))
        other = transform(similarity(truth[others[i]], truth[i]), truth[others[i]])
        blend = truth[i] + rng.uniform(0, 0.4) * (other - truth[i])
        examples = [
            (part, shaken(blend, width, rng, 0.25), stages[-1:], True),
            (part, _far(truth[i], width, rng), stages[-1:], False),
        ]
        for picture in (shuffled(part, width, rng), part[::-1]):
            box = boxes[i] * np.exp(rng.normal(0, 0.2)) if picture is not part else boxes[i]
            examples.append((np.ascontiguousarray(picture), in_box(start, box), stages, False))
        for picture, shape, steps, good in examples:
            seen.append(descend(picture, mean, steps, shape)[1])
            fine.append(good)
    features = np.array(seen)
    usable = np.isfinite(features).all(1)
    features, good = features[usable], np.array(fine)[usable]
    scale = features.std()
    model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=300)
    model.fit(features / scale, good)
    return np.append(model.coef_[0] / scale, model.intercept_).astype(np.float32)


def confidence_of(features: np.ndarray, weights: np.ndarray) -> float:
    """The confidence in 0..1 of one fitted shape; 0 where it left all bounds."""
    value = float(features @ weights[:-1] + weights[-1])
    return float(expit(value)) if np.isfinite(value) else 0.0


def _far(shape: np.ndarray, width: float, rng: np.random.Generator) -> np.ndarray:
    """A shape that misses: moved by a fifth of the eye distance at least, or much too large, small or turned."""
    angle = rng.uniform(0, 2 * np.pi)
    moved = shape + rng.uniform(0.2, 0.8) * width * np.array([np.cos(angle), np.sin(angle)])
    return shaken(moved, width, rng, 2.0)
