"""The classifiers of `bench.py`: of this package and of scikit-learn, fitted on the same samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.svm import SVC, LinearSVC

from fer_features.classifiers import SVM, LinearSVM

#: Samples, features and classes, as of a descriptor of a few hundred sequences; and samples and features with --quick.
N_SAMPLES, N_FEATURES, N_CLASSES = 400, 4000, 6
QUICK_N_SAMPLES, QUICK_N_FEATURES = 200, 2000


@dataclass(frozen=True)
class Comparison:
    """A computation of this package and that of another library.

    Attributes
    ----------
    name, peer : str
        The computation, and the library with which it is compared.
    ours, theirs : callable
    work_ratio : float
        How many times as many inputs `ours` processes.
    """

    name: str
    peer: str
    ours: Callable[[], object]
    theirs: Callable[[], object]
    work_ratio: float = 1.0

    @property
    def key(self) -> str:
        """Name in the history."""
        return f"{self.name} / {self.peer}"


def classifier_comparisons(quick: bool) -> Iterator[Comparison]:
    """The classifiers that this package has a class of its own for because of their run time."""
    n, d = (QUICK_N_SAMPLES, QUICK_N_FEATURES) if quick else (N_SAMPLES, N_FEATURES)
    rng = np.random.default_rng(0)
    y = np.arange(n) % N_CLASSES
    X = rng.normal(size=(N_CLASSES, d))[y] + 3 * rng.normal(size=(n, d))
    X = ((X - X.mean(0)) / X.std(0) / np.sqrt(d)).astype(np.float32)
    for name, ours, theirs in (
        ("linear support vector machine", LinearSVM(random_state=0), LinearSVC(random_state=0)),
        ("support vector machine, RBF kernel", SVM(C=10, gamma=0.5), SVC(C=10, gamma=0.5)),
    ):
        yield Comparison(f"fit, {name}, {n} x {d}", "scikit-learn", partial(ours.fit, X, y), partial(theirs.fit, X, y))
