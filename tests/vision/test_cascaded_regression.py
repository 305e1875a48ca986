"""Cascaded regression: components of the descriptors."""

import numpy as np

from fer_features.vision.cascaded_regression import descriptor_components


def test_descriptor_components_are_orthonormal_and_ordered_by_variance():
    descriptors = np.random.default_rng(0).normal(size=(30, 68, 128)) * np.linspace(1, 3, 128)
    _, components = descriptor_components(descriptors, 10)
    assert np.allclose(components.T @ components, np.eye(10), atol=1e-5)
    variance = (descriptors.reshape(-1, 128) @ components).var(0)
    assert (np.diff(variance) < 0.1).all()
