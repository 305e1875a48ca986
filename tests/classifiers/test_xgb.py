"""The wrapper of XGBoost: labels, probabilities, parameters and one-line errors."""

import numpy as np
import pytest

from fer_features import FerError
from fer_features.classifiers import XGB

from .toy_features import CODES, separable_classes


def test_probabilities_are_valid_for_text_labels():
    X, y = separable_classes()
    names = np.array(["joy", "fear", "anger"])[np.searchsorted(CODES, y)]
    model = XGB(n_estimators=20, random_state=0).fit(X, names)
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    assert (probabilities >= 0).all()
    assert (model.predict(X) == names).mean() > 0.9
    assert model.classes_.tolist() == ["anger", "fear", "joy"]


def test_all_parameters_reach_xgboost():
    given = {
        "n_estimators": 7,
        "max_depth": 2,
        "learning_rate": 0.3,
        "max_bin": 16,
        "subsample": 0.5,
        "colsample_bytree": 0.4,
    }
    given |= {"reg_lambda": 2.0, "min_child_weight": 3.0, "random_state": 9}
    assert set(given) == set(XGB().get_params())
    model = XGB(**given).fit(*separable_classes())
    used = model.estimator_.get_params()
    assert {key: used[key] for key in given} == given
    assert used["n_jobs"] == 1
    assert len(model.estimator_.get_booster().get_dump()) == 7 * 3


@pytest.mark.parametrize(
    ("params", "message"),
    [({"n_estimators": 0}, "n_estimators=0"), ({"learning_rate": -1}, "learning_rate"), ({"max_bin": 1}, "max_bin")],
)
def test_invalid_parameters_are_refused_in_one_line(params, message):
    with pytest.raises(FerError, match=message) as raised:
        XGB(**params).fit(*separable_classes())
    assert str(raised.value).startswith("XGB: ")
    assert "\n" not in str(raised.value)


def test_weights_of_a_single_class_are_refused():
    X, y = separable_classes()
    with pytest.raises(ValueError, match="at least 2 classes"):
        XGB().fit(X, y, sample_weight=(y == 1).astype(float))
