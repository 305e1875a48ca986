"""All classifiers pass the checks of scikit-learn for estimators."""

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import fer_features.classifiers
from fer_features.classifiers import (
    HGB,
    SVM,
    XGB,
    BlockNystroem,
    BlockRidge,
    BlockSGD,
    CalibratedPipeline,
    KernelRidgeClassifier,
    LinearSVM,
    SoftVoting,
)


def scaled(classifier, **params):
    return CalibratedPipeline([("scale", StandardScaler()), ("classifier", classifier)], **params)


#: One check demands that integer sample weights are equivalent to repeated samples, up to rounding errors: solvers
#: need a small tolerance, and boosting must not sample the data at random. liblinear stops where the objective function
#: does not decrease in double precision, which determines the coefficients to 1e-7 with C=1, and to 1e-12 with C=0.1.
ESTIMATORS = [
    KernelRidgeClassifier(),
    KernelRidgeClassifier(alpha=(0.1, 1.0), n_components_even=3, store_float16=False),
    SVM(tol=1e-12),
    LinearSVM(C=0.1, tol=1e-12, max_iter=100_000),
    XGB(n_estimators=3, subsample=1, colsample_bytree=1),
    HGB(max_iter=2),
    scaled(LinearSVM(), calibration_cv=2),
    scaled(KernelRidgeClassifier()),
    scaled(LogisticRegression(), calibration_cv=0),
    SoftVoting([("linear", LinearSVM()), ("rbf", SVM())], calibration_cv=2),
    BlockRidge(),
    BlockSGD(random_state=0),
    BlockNystroem(random_state=0),
]


def known_failures(estimator):
    """Checks that `sklearn.pipeline.Pipeline` does not pass either: it fits the estimators in `steps` themselves."""
    checks = ("check_dont_overwrite_parameters", "check_estimators_overwrite_params")
    return dict.fromkeys(checks, "a Pipeline changes `steps`") if isinstance(estimator, CalibratedPipeline) else {}


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=known_failures)
def test_check_of_scikit_learn(estimator, check):
    check(estimator)


def test_every_public_classifier_is_checked():
    public = [getattr(fer_features.classifiers, name) for name in fer_features.classifiers.__all__]
    classes = {kind for kind in public if isinstance(kind, type) and hasattr(kind, "fit")}
    assert classes == {type(estimator) for estimator in ESTIMATORS}
    assert all(is_classifier(estimator) for estimator in ESTIMATORS)


@pytest.mark.parametrize("estimator", ESTIMATORS[:5], ids=lambda e: type(e).__name__)
def test_refused_data_leave_no_fitted_classifier(estimator):
    model = clone(estimator)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        model.fit(np.full((4, 2), np.inf), [0, 1, 0, 1])
    with pytest.raises(ValueError, match="not fitted"):
        model.predict(np.zeros((4, 2)))
