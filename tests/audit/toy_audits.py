"""Small data sets, pipelines without leakage, and pipelines that leak on purpose."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

from fer_features import Samples
from fer_features.audit.context import audit_context

from ..conftest import draw_clips


def small_clips(n_subjects=6, per_class=2):
    """Clips with images and landmarks of 3 easy classes."""
    images, landmarks, label, subject = draw_clips(n_subjects=n_subjects, seed=3, per_class=per_class)
    return Samples.from_arrays(images=images, landmarks=landmarks, label=label, subject=subject)


def subject_specific_landmarks(n_subjects=6, per_class=6):
    """Landmarks of two frames of subjects who each show 3 expressions in their own way, on a face of their own.

    Without samples of the same subject the expression cannot be predicted; with them it is easy.
    """
    rng = np.random.default_rng(0)
    subject = np.repeat(np.arange(n_subjects), 3 * per_class)
    label = np.tile(np.repeat(np.arange(3), per_class), n_subjects)
    face = rng.normal(0, 9, (n_subjects, 68, 2))
    displacement = rng.normal(0, 3, (n_subjects, 3, 68, 2))
    neutral = face[subject] + rng.normal(0, 0.3, (len(label), 68, 2)) + 50
    landmarks = np.stack([neutral, neutral + displacement[subject, label]], 1)
    return Samples.from_arrays(landmarks=landmarks, label=label, subject=subject)


class LastLandmarks(TransformerMixin, BaseEstimator):
    """The landmarks of the last frame."""

    def fit(self, X, y=None):
        self.n_samples_ = len(X)
        return self

    def transform(self, X):
        return X["landmarks"][:, -1].reshape(len(X), -1)


class LabelAsFeature(LastLandmarks):
    """Leakage: the label is a feature."""

    def transform(self, X):
        return np.column_stack([super().transform(X), 1000 * X.label_codes])


class IdAsFeature(LastLandmarks):
    """Leakage if ids depend on the class."""

    def transform(self, X):
        return np.column_stack([super().transform(X), X["id"]])


class ScaledByTable(LastLandmarks):
    """Leakage: mean and scale are those of the loaded table, not of the samples that were passed."""

    def fit(self, X, y=None):
        column = np.asarray(X.column("landmarks"))[:, -1]
        values = column.reshape(len(column), -1)
        self.mean_, self.scale_ = values.mean(0), values.std(0)
        return self

    def transform(self, X):
        return (super().transform(X) - self.mean_) / self.scale_


class ScaledByBatch(LastLandmarks):
    """Leakage: samples that are predicted together are scaled together."""

    def transform(self, X):
        values = super().transform(X)
        return (values - values.mean(0)) / (values.std(0) + 1)


class LabelMemory(ClassifierMixin, BaseEstimator):
    """Leakage: labels that one fold is fitted on are predicted in all later folds."""

    label_of: dict = {}

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.label_of.update(zip(X.indices.tolist(), y, strict=True))
        return self

    def predict(self, X):
        return np.array([self.label_of.get(index, self.classes_[0]) for index in X.indices.tolist()])


def nearest_neighbours(transformer):
    """A pipeline whose probabilities have few values."""
    return Pipeline([("last_landmarks", transformer), ("classifier", KNeighborsClassifier(3))])


def linear_classifier(transformer):
    """A pipeline whose probabilities show small changes, which those of nearest neighbours hide."""
    return Pipeline([("last_landmarks", transformer), ("classifier", LogisticRegression(C=1e-3, max_iter=200))])


def context_of(model, X, **options):
    """The context of checks with the defaults of these tests."""
    return audit_context(model, X, **{"max_samples": 2000, "seed": 0, "n_jobs": 1, **options})
