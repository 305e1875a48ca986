"""Calibrated pipelines: pipelines in every respect, and as sure as they are right on people they have not seen."""

import pickle

import joblib
import numpy as np
import pytest
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC

from fer_features import Samples, make_pipeline
from fer_features.classifiers import CLASSIFIERS, KRR, SVM, CalibratedPipeline, LinearSVM, uncalibrated

from ..conftest import draw_clips
from .test_fusion import brier, noisy


@pytest.fixture(scope="module")
def X():
    _, landmarks, label, subject = draw_clips(n_subjects=6, seed=3)
    return Samples.from_arrays(landmarks=landmarks, label=label, subject=subject)


def of(*steps, **more):
    return CalibratedPipeline([(str(i), step) for i, step in enumerate(steps)], **more)


@pytest.mark.parametrize("classifier", CLASSIFIERS)
@pytest.mark.parametrize("k", [2, 3])
def test_probabilities_sum_to_one_and_the_largest_is_the_class_predicted(X, classifier, k):
    some = X[np.asarray(X["label"]) < k]
    train, test = some[some["subject"] < 4], some[some["subject"] >= 4]
    model = make_pipeline(f"landmarks_{classifier}").fit(train, train["label"])
    p = model.predict_proba(test)
    assert p.shape == (len(test), k)
    assert p.dtype == np.float64
    np.testing.assert_allclose(p.sum(1), 1)
    assert model.classes_[p.argmax(1)].tolist() == model.predict(test).tolist()
    np.testing.assert_allclose(np.exp(model.predict_log_proba(test)), p, atol=1e-8)


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_choices_and_scores_are_those_of_the_plain_pipeline(X, classifier):
    model = make_pipeline(f"landmarks_{classifier}").fit(X, X["label"])
    plain = Pipeline(clone(model).steps).fit(X, X["label"])
    assert plain.predict(X).tolist() == model.predict(X).tolist()
    if hasattr(plain, "decision_function"):
        np.testing.assert_array_equal(plain.decision_function(X), model.decision_function(X))
    assert list(model.named_steps) == list(plain.named_steps)
    assert set(model.get_params()) >= {*plain.get_params(), "calibration", "seed"}


@pytest.mark.parametrize("factor", [0.1, 10.0])
@pytest.mark.parametrize("k", [2, 3])
def test_what_is_too_sure_or_too_unsure_is_mended(factor, k):
    class Wrong(LogisticRegression):
        def decision_function(self, X):
            return factor * super().decision_function(X)

    X, y, _ = noisy(1200)
    X, y = X[y < 3 + 2 * k], y[y < 3 + 2 * k]
    train, test = slice(0, len(y) // 2), slice(len(y) // 2, None)
    truth = (y[test] - 3) // 2
    honest = LogisticRegression().fit(X[train], y[train]).predict_proba(X[test])
    scores = Wrong().fit(X[train], y[train]).decision_function(X[test])
    raw = softmax(np.stack([-scores / 2, scores / 2], 1) if k == 2 else scores, 1)
    mended = of(StandardScaler(), Wrong()).fit(X[train], y[train]).predict_proba(X[test])
    raw, mended, honest = (np.pad(p, ((0, 0), (0, 3 - k))) for p in (raw, mended, honest))
    assert brier(mended, truth) < brier(raw, truth) - 0.02
    assert brier(mended, truth) == pytest.approx(brier(honest, truth), abs=0.01)


class ByHeart(ClassifierMixin, BaseEstimator):
    """Knows every picture it was fitted to, and guesses on others."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.known_ = {self._key(image): int(np.searchsorted(self.classes_, code)) for image, code in self._pairs(X, y)}
        return self

    def _pairs(self, X, y):
        return zip(X["images"], y, strict=True)

    def _key(self, image):
        return image.tobytes()

    def decision_function(self, X):
        scores = np.zeros(len(X))
        for i, image in enumerate(X["images"]):
            key = self._key(image)
            scores[i] = 10 * (2 * self.known_[key] - 1) if key in self.known_ else 10 * (-1) ** (sum(key) % 2)
        return scores

    def predict(self, X):
        return self.classes_[(self.decision_function(X) > 0).astype(int)]


def people(n=30, each=10, seed=0):
    """One picture a person, many times, of one class: who has seen the person knows the class."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(n), each)
    y = rng.integers(0, 2, n)[person]
    return rng.integers(0, 256, (n, 1, 4, 4)).astype(np.uint8)[person], y, person


def test_the_factor_is_learnt_from_people_that_the_model_has_not_seen():
    images, y, person = people()
    known = Samples.from_arrays(images=images, subject=person)
    told = CalibratedPipeline([("classifier", ByHeart())]).fit(known, y)
    untold = CalibratedPipeline([("classifier", ByHeart())]).fit(Samples.from_arrays(images=images), y)
    assert (told.predict(known) == y).all()  # by heart
    assert told.predict_proba(known).max(1).mean() < 0.75  # and yet it is not believed
    assert untold.predict_proba(known).max(1).mean() > 0.99  # for rows of the same people it was right


@pytest.mark.parametrize("where", ["names", "numbers"])
def test_no_model_of_a_fold_meets_a_person_on_both_sides(where):
    images, y, person = people()
    subject = person.astype(str) if where == "names" else person
    X = Samples.from_arrays(images=images, subject=subject)
    met = []

    class Spy(ByHeart):
        def fit(self, X, y):
            self.people_ = set(X["subject"].tolist())
            return super().fit(X, y)

        def decision_function(self, X):
            met.append((self.people_, set(X["subject"].tolist())))
            return super().decision_function(X)

    CalibratedPipeline([("classifier", Spy())]).fit(X, y)
    assert len(met) == 5
    assert not any(seen & asked for seen, asked in met)
    assert set().union(*(asked for _, asked in met)) == set(subject.tolist())


def test_it_is_as_sure_as_it_is_right_on_new_people():
    X, y, person = noisy(2000, people=40)
    train = person < 20
    table = Samples.from_arrays(landmarks=np.zeros((2000, 1, 68, 2)), subject=person)
    model = of(FunctionTransformer(lambda rows: X[rows.rows]), SVM()).fit(table[train], y[train])
    p = model.predict_proba(table[~train])
    right = (model.predict(table[~train]) == y[~train]).mean()
    assert p.max(1).mean() == pytest.approx(right, abs=0.05)
    assert right < 0.8


def test_calibration_0_learns_nothing_and_has_the_classifier_s_own_probabilities(X):
    plain = make_pipeline("landmarks_logreg", calibration=0).fit(X, X["label"])
    own = plain[-1].predict_proba(plain[:-1].transform(X))
    np.testing.assert_array_equal(plain.predict_proba(X), own)
    assert plain.factor_ is None
    assert not hasattr(make_pipeline("landmarks_svm", calibration=0).fit(X, X["label"]), "predict_proba")
    assert hasattr(make_pipeline("landmarks_svm"), "predict_proba")
    assert not hasattr(of(StandardScaler()), "predict_proba")
    assert uncalibrated(make_pipeline("landmarks_svm")).calibration == 0
    assert isinstance(uncalibrated(LinearSVC()), LinearSVC)


def test_members_of_a_vote_are_not_calibrated_twice(X):
    vote = make_pipeline("landmarks_svm+geometry_linear")
    assert [member.calibration for _, member in vote.members] == [0, 0]
    vote.set_params(landmarks_svm__calibration=5).fit(X, X["label"])
    assert [member.calibration for member in vote.fitted_] == [0, 0]


def test_left_out_scores_of_kernel_ridge_serve_where_no_people_are_known(X):
    nameless = Samples.from_arrays(landmarks=X["landmarks"])
    fits = []

    class Counted(KRR):
        def fit(self, X, y):
            fits.append(len(X))
            return super().fit(X, y)

    def model():
        return make_pipeline("landmarks_krr").set_params(classifier=Counted())

    own = model().fit(nameless, X["label"])
    assert fits == [len(X)]
    assert own.factor_ is None
    np.testing.assert_array_equal(own.predict_proba(X), own[-1].predict_proba(own[:-1].transform(X)))
    assert model().fit(X, X["label"]).factor_ > 0
    assert len(fits) == 7


@pytest.mark.parametrize("y", [[0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1, 1, 1, 2]])
@pytest.mark.parametrize("last", [LinearSVM(), LogisticRegression(), SVM()])
def test_few_rows_are_fitted_without_calibration_rather_than_refused(y, last):
    X = np.random.default_rng(0).normal(size=(len(y), 2)) + np.array(y)[:, None]
    for given in (X, X.tolist()):
        p = of(StandardScaler(), last).fit(given, y).predict_proba(given)
        np.testing.assert_allclose(p.sum(1), 1)


def test_a_slice_is_a_plain_pipeline_of_the_same_steps(X):
    model = make_pipeline("landmarks_lda").fit(X, X["label"])
    assert type(model[:-1]) is type(model[1:]) is Pipeline
    assert model[:-1][0] is model[0]
    assert isinstance(model[-1], LinearDiscriminantAnalysis)
    assert model["classifier"] is model[-1]
    assert model[-1].predict(model[:-1].transform(X)).tolist() == model.predict(X).tolist()


def test_it_can_be_cloned_pickled_and_dumped(X, tmp_path):
    model = make_pipeline("landmarks_svm", seed=4, calibration=3).fit(X, X["label"])
    fresh = clone(model)
    assert (fresh.calibration, fresh.seed) == (3, 4)
    assert not hasattr(fresh, "factor_")
    p = model.predict_proba(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), p)
    joblib.dump(model, tmp_path / "m.joblib")
    np.testing.assert_array_equal(joblib.load(tmp_path / "m.joblib").predict_proba(X), p)
    np.testing.assert_array_equal(fresh.fit(X, X["label"]).predict_proba(X), p)


def test_arguments_of_fit_reach_the_folds(X):
    weights = []

    class Weighed(LogisticRegression):
        def fit(self, X, y, sample_weight=None):
            weights.append(sample_weight)
            assert len(sample_weight) == len(X)
            return super().fit(X, y, sample_weight)

    model = make_pipeline("landmarks_logreg").set_params(classifier=Weighed())
    weight = np.linspace(1, 2, len(X))
    model.fit(X, X["label"], classifier__sample_weight=weight)
    assert len(weights) == 6
    assert sorted(np.concatenate(weights[1:])) == sorted(np.repeat(weight, 4))
