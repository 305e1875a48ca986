"""Types of objects that a model in the format skops may contain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sklearn.ensemble import HistGradientBoostingClassifier

from .classifiers import CLASSIFIERS, CalibratedPipeline, SoftVoting
from .extractors import EXTRACTORS, Align, Features, LocateFaces, Neutral

#: Attributes of fitted pipelines that are neither estimators of this package nor numbers, texts and arrays.
PARTS = (
    "fer_features.classifiers.class_coding.ClassCoding",
    "fer_features.classifiers.kernel_ridge.mirror_kernel.EvenOdd",
    "fer_features.classifiers.kernel_ridge.reduction.EvenOddReduction",
    "fer_features.extractors.cell_pca.CellPCA",
    "fer_features.extractors.feature_pca.FeaturePCA",
    "fer_features.faces.detector.FaceDetector",
    "fer_features.faces.landmarker.Landmarker",
    "fer_features.faces.landmarker_archive.ShippedLandmarker",
    "fer_features.faces.regression_trees.RegressionTreeLandmarker",
    "fer_features.faces.regression_trees.TreeStage",
    "fer_features.recognition.rest.RestThresholds",
    "fer_features.vision.cascaded_regression.CascadeStage",
    "fer_features.vision.codebook.DiagonalGMM",
    "sklearn.svm._classes.SVC",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
)


def trusted_types(others: Iterable[str | type] = ()) -> frozenset[str]:
    """The types that `load_model` creates: estimators of pipelines, those that are registered, and `PARTS`.

    Parameters
    ----------
    others : iterable of str or type, default=()
        Further classes, or their names with their modules.

    Returns
    -------
    frozenset of str
        Module and name of each class. A file never adds to it.

    Examples
    --------
    >>> "fer_features.extractors.hog.HOG" in trusted_types(), "builtins.eval" in trusted_types()
    (True, False)
    """
    names = (other if isinstance(other, str) else _name(other) for other in others)
    return frozenset({*PARTS, *map(_name, _estimator_classes()), *names})


def _estimator_classes() -> Iterator[type]:
    yield from (CalibratedPipeline, SoftVoting, LocateFaces, Align, Neutral, Features)
    yield from (spec.extractor_class for spec in EXTRACTORS.values())
    for spec in CLASSIFIERS.values():
        for _, step in spec.steps(0):
            nested = (value for value in step.get_params().values() if hasattr(value, "get_params"))
            # The trees of scikit-learn are evaluated without a check of their indices, so that a file can crash Python.
            yield from (type(one) for one in (step, *nested) if not isinstance(one, HistGradientBoostingClassifier))


def _name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
