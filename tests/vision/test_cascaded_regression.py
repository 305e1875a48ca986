"""Cascaded regression: ridge regression, components of the descriptors, and convergence on a training face."""

import numpy as np

from fer_features.vision.cascaded_regression import (
    descriptor_components,
    fit_shape,
    ridge_regression,
    train_cascade,
)
from fer_features.vision.geometry import MEAN_FACE
from fer_features.vision.shape_model import mean_shape, outer_eye_distance


def test_ridge_regression_solves_the_normal_equations():
    rng = np.random.default_rng(0)
    features, targets = rng.normal(size=(200, 12)).astype(np.float32), rng.normal(size=(200, 4))
    weights = ridge_regression(features, targets, alpha=0.0)
    exact = np.linalg.lstsq(np.hstack([features, np.ones((200, 1))]), targets, rcond=None)[0]
    assert np.allclose(weights, exact, atol=1e-4)
    shrunk = ridge_regression(features, targets, alpha=1e6)
    assert np.abs(shrunk[:-1]).max() < 1e-4
    assert np.allclose(shrunk[-1], targets.mean(0), atol=1e-3)


def test_descriptor_components_are_orthonormal_and_ordered_by_variance():
    descriptors = np.random.default_rng(0).normal(size=(30, 68, 128)) * np.linspace(1, 3, 128)
    _, components = descriptor_components(descriptors, 10)
    assert np.allclose(components.T @ components, np.eye(10), atol=1e-5)
    variance = (descriptors.reshape(-1, 128) @ components).var(0)
    assert (np.diff(variance) < 0.1).all()


def test_training_reduces_the_error_on_the_training_image_at_each_stage(photographs):
    image = photographs[0]
    landmarks = np.array([40 * MEAN_FACE + [65, 70]])
    rng = np.random.default_rng(0)
    initial_shapes = landmarks + rng.normal(0, 4, (40, 1, 2))
    mean = mean_shape(landmarks)
    stages, shapes = train_cascade([image], landmarks, mean, np.zeros(40, int), initial_shapes, (8, 5), 10, alpha=0.01)

    def error(found):
        return np.linalg.norm(found - landmarks, axis=-1).mean() / outer_eye_distance(landmarks[0])

    fitted = [fit_shape(image, mean, stages, shape)[0] for shape in initial_shapes]
    halfway = [fit_shape(image, mean, stages[:1], shape)[0] for shape in initial_shapes]
    assert error(np.array(fitted)) < error(np.array(halfway)) < error(initial_shapes) / 2
    assert error(shapes) < error(initial_shapes) / 4
