"""Evaluation of combinations of extractors with an RBF support vector machine, from distances of single extractors."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from sklearn.svm import SVC

from fer_features import Samples, make_pipeline
from fer_features.evaluation.cross_validation import plan_evaluation
from fer_features.evaluation.metric_types import Metrics
from fer_features.evaluation.metrics import compute_metrics
from fer_features.extractors.features import named_extractors
from fer_features.extractors.scaling import fit_block_scaling
from fer_features.pipelines import transformed

#: Parameters of the default RBF support vector machine.
SVM_C, SVM_GAMMA = 10, 0.5


class KernelEvaluation:
    """Evaluation of combinations of extractors from the squared distances of each extractor.

    An RBF kernel on concatenated blocks is a function of the sum of their squared distances. Distances between all
    samples are therefore computed once per extractor and fold, with the scaling of that fold, and every combination is
    evaluated from them. The scores are those of the corresponding pipeline.

    Parameters
    ----------
    X : Samples
        Samples without a label, or without features of `extractor`, are excluded.
    cv : str
        Folds, as for `evaluate`.
    extractor : str
        One of the extractors.
    """

    def __init__(self, X: Samples, cv: str, extractor: str):
        plan = plan_evaluation(make_pipeline(f"{extractor}_svm"), X, cv, n_repeats=1, seed=0)
        self.X, self.subject = plan.X, plan.subject
        self.label = self.X.label_codes
        self.folds = list(plan.protocol.split(self.label, plan.groups, plan.split))
        self.protocol = str(plan.protocol)
        self.cached_distances: dict[str, list[np.ndarray]] = {}
        self.n_features: dict[str, int] = {}
        self.seconds: dict[str, float] = {}

    def distances(self, name: str) -> list[np.ndarray]:
        """Squared distances under an extractor, one matrix (n, n) float32 for each fold."""
        if name not in self.cached_distances:
            start = time.perf_counter()
            model = make_pipeline(f"{name}_svm")
            extractor, table = named_extractors(model)[0][1], transformed(model, self.X)
            matrices = []
            is_fitted_per_fold = extractor.__sklearn_tags__().requires_fit  # such as a codebook
            block: np.ndarray | None = None
            for train, _ in self.folds:
                if block is None or is_fitted_per_fold:
                    block = np.asarray(extractor.fit(table[train]).transform(table))
                matrices.append(squared_distances(block, train))
                self.n_features[name] = block.shape[1]
            self.cached_distances[name] = matrices
            self.seconds[name] = time.perf_counter() - start
        return self.cached_distances[name]

    def predict(self, names: list[str]) -> np.ndarray:
        """Out-of-fold predictions of the support vector machine on some extractors, shape (n,)."""
        predicted = np.empty_like(self.label)
        distances = [self.distances(name) for name in names]
        for i, (train, test) in enumerate(self.folds):
            kernel = np.exp(-SVM_GAMMA * sum(matrices[i] for matrices in distances) / len(distances))
            svm = SVC(C=SVM_C, kernel="precomputed").fit(kernel[np.ix_(train, train)], self.label[train])
            predicted[test] = svm.predict(kernel[np.ix_(test, train)])
        return predicted

    def accuracy(self, names: list[str]) -> float:
        """Accuracy of some extractors together."""
        return float(np.mean(self.predict(names) == self.label))

    def result(self, names: list[str]) -> dict[str, Any]:
        """Scores of some extractors together."""
        codes, true = np.unique(self.label, return_inverse=True)
        predicted = np.searchsorted(codes, self.predict(names))
        return {
            "pipeline": "_".join(names),
            **selected_scores(compute_metrics(true, predicted, self.subject, [str(code) for code in codes])),
            "n_features": sum(self.n_features[name] for name in names),
            "seconds": round(sum(self.seconds[name] for name in names), 1),
            "protocol": self.protocol,
        }


def squared_distances(block: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Squared distances between all rows of a block of features, scaled as the pipeline scales it, (n, n)."""
    mean, divisor = fit_block_scaling(block[train], "standardize")
    scaled = (block - mean) / divisor
    norms = (scaled**2).sum(1)
    return np.maximum(norms[:, None] + norms - 2 * scaled @ scaled.T, 0)


def selected_scores(metrics: Metrics) -> dict[str, Any]:
    """The scores that the file of results contains."""
    names = ("accuracy", "macro_f1", "subject_sd", "n_samples", "n_subjects")
    return {**{name: getattr(metrics, name) for name in names}, "ci95": metrics.ci95["accuracy"]}
