"""Small sets of feature vectors for the tests of classifiers."""

import numpy as np

CODES = np.array([1, 4, 5])


def separable_classes(codes=CODES, per_class=20, seed=0):
    """Clouds of 12 features with a total variance near 1 that overlap a little, float32, in random order."""
    rng = np.random.default_rng(seed)
    centers = np.random.default_rng(7).normal(size=(len(codes), 12))
    y = rng.permutation(np.repeat(np.arange(len(codes)), per_class))
    X = 0.25 * (centers[y] + 0.6 * rng.normal(size=(len(y), 12)))
    return X.astype(np.float32), np.asarray(codes)[y]


def overlapping_subjects(n=600, n_subjects=20, seed=0):
    """Two features of three classes that overlap, with labels 3, 5 and 7, and subjects whose mean differs."""
    rng = np.random.default_rng(seed)
    y, subject = rng.integers(0, 3, n), np.arange(n) % n_subjects
    centers = np.array([[0, 0], [2, 0], [0, 2]])
    offsets = np.random.default_rng(1).normal(scale=0.5, size=(n_subjects, 2))
    X = centers[y] + rng.normal(size=(n, 2)) + offsets[subject]
    return X.astype(np.float32), 3 + 2 * y, subject


def clouds(n=90, d=10, codes=(2, 5, 9), seed=0):
    """Clouds of `d` features that overlap, float32, one per code."""
    rng = np.random.default_rng(seed)
    y = rng.integers(len(codes), size=n)
    centers = np.random.default_rng(7).normal(size=(len(codes), d))
    return (centers[y] + 1.2 * rng.normal(size=(n, d))).astype(np.float32), np.asarray(codes)[y]


def brier_score(probabilities, class_index):
    """Mean squared distance of probabilities of three classes to the true classes."""
    return ((probabilities - np.eye(3)[class_index]) ** 2).sum(1).mean()
