"""Data augmentation: copies follow their source, depend only on it, and are never separated from it by a split."""

import numpy as np
import pytest
from sklearn.base import clone

from fer_features import FerError, Samples, make_pipeline
from fer_features.classifiers import calibration_folds as calibration_folds_module
from fer_features.classifiers.kernel_ridge.classifier import KernelRidgeClassifier
from fer_features.evaluation import evaluate_pipeline
from fer_features.extractors import Align
from fer_features.samples.augmentation import augment_samples
from fer_features.vision.geometry import MEAN_FACE

KINDS = ("mirror", "shift", "rotation", "scale", "contrast")


def faces(n=24, frames=2, n_subjects=6, subject=True, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (n, frames, 40, 36)).astype(np.uint8)
    points = MEAN_FACE * 12 + 18 + rng.normal(size=(n, frames, 68, 2))
    label = np.arange(n) % 3
    images[:, -1, :12] = (40 + 80 * label)[:, None, None]
    return Samples.from_arrays(images, points, label, np.arange(n) // (n // n_subjects) if subject else None)


class Spy(KernelRidgeClassifier):
    """A classifier that records the number of samples and the groups of each fit."""

    seen: list = []

    def fit(self, X, y, sample_weight=None, groups=None):
        Spy.seen.append((len(X), None if groups is None else np.asarray(groups)))
        return super().fit(X, y, sample_weight, groups)


@pytest.fixture
def spy():
    Spy.seen = []
    model = make_pipeline(
        "hog_krr", align__method="none", features__hog__pixels_per_cell=12, augmentation=KINDS, n_augmented_copies=2
    )
    return model.set_params(classifier=Spy(mirror_invariant=True, alpha=(0.1, 1.0)))


def test_copies_follow_their_source_and_share_its_columns():
    X = faces()[[5, 3, 20]]
    more, source_index = augment_samples(X, KINDS, 3)
    assert len(more) == 12
    assert list(source_index) == [0] * 4 + [1] * 4 + [2] * 4
    for name in ("label", "subject"):
        np.testing.assert_array_equal(more[name], X[name][source_index])
    np.testing.assert_array_equal(more["images"][::4], X["images"])
    np.testing.assert_array_equal(more["landmarks"][::4], X["landmarks"])
    assert all((more["images"][i] != X["images"][source_index[i]]).any() for i in range(12) if i % 4)


def test_copy_does_not_depend_on_other_samples_or_on_the_frames_read():
    X = faces()
    complete, _ = augment_samples(X, KINDS, 2)
    some, _ = augment_samples(X[[20, 4]], KINDS, 2)
    at = np.array([60, 61, 62, 12, 13, 14])
    np.testing.assert_array_equal(some["images"], complete[at]["images"])
    np.testing.assert_array_equal(some["landmarks"], complete[at]["landmarks"])
    for t in (0, -1):
        np.testing.assert_array_equal(some.frame("images", t), some["images"][:, t])
    assert (augment_samples(faces(), KINDS, 2, random_state=1)[0]["images"] != complete["images"]).any()


def test_pixels_are_not_copied_and_folds_share_features():
    X = faces()
    more, _ = augment_samples(X[:10], KINDS, 2)
    assert more.column("images").column.values is X.column("images")
    again, _ = augment_samples(X[5:], KINDS, 2)
    assert again.feature_store is more.feature_store
    assert augment_samples(X, KINDS, 1)[0].feature_store is not more.feature_store


def test_alignment_removes_geometric_transforms():
    X = faces()
    unmoved = Align(size=32).transform(X)["landmarks"]
    moved = Align(size=32).transform(augment_samples(X, ("shift", "rotation", "scale"))[0])["landmarks"]
    np.testing.assert_allclose(moved[1::2], unmoved, atol=1e-2)


def test_missing_landmarks_stay_missing():
    X = faces()
    points = X["landmarks"].copy()
    points[2] = np.nan
    X = X.with_columns(landmarks=points)
    more, source_index = augment_samples(X, KINDS)
    np.testing.assert_array_equal(more.missing("landmarks"), source_index == 2)


def test_leave_one_out_groups_hold_each_sample_with_its_copies(spy):
    X = faces(subject=False)
    spy.fit(X, X["label"])
    ((n, group),) = Spy.seen  # calibrated by its own leave-one-out scores
    assert n == 3 * len(X)
    np.testing.assert_array_equal(group, np.repeat(np.arange(len(X)), 3))
    assert spy.predict(X).shape == (len(X),)


def test_calibration_folds_hold_a_sample_out_with_its_copies(spy, monkeypatch):
    X, folds = faces(), []
    real = calibration_folds_module.calibration_folds
    monkeypatch.setattr(
        "fer_features.classifiers.calibrated_pipeline.calibration_folds",
        lambda *a: folds.extend(real(*a)) or list(folds),
    )
    spy.fit(X, X["label"])
    assert [n for n, _ in Spy.seen] == [3 * len(X), *[3 * len(train) for train, _ in folds]]
    for train, test in folds:
        assert not set(X["subject"][train]) & set(X["subject"][test])


def test_test_samples_are_not_augmented():
    X = faces(48)
    plain = make_pipeline("hog_svm", align__method="none", features__hog__pixels_per_cell=12)
    for model in (plain, clone(plain).set_params(augmentation=("mirror",))):
        result = evaluate_pipeline(model, X, "3fold")
        assert len(result.predictions) == len(X)
        assert [fold.n_train + fold.n_test for fold in result.scores.folds] == [48] * 3


def test_grouped_leave_one_out_scores_of_equal_copies_equal_those_without_copies():
    # Two equal copies halve the effect of the penalty: twice the penalty gives the same leave-one-out scores.
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 5)).astype(np.float32), np.arange(40) % 3
    twice, source_index = np.repeat(X, 2, 0), np.repeat(np.arange(40), 2)
    for n_inducing in (0, 1000):
        alone = KernelRidgeClassifier(alpha=0.2, store_float16=False, n_inducing=n_inducing).fit(X, y)
        # Equal copies lower the mean distance of two samples, by which the default gamma is scaled.
        model = KernelRidgeClassifier(gamma=39 / 40 * 80 / 79, alpha=0.4, store_float16=False, n_inducing=n_inducing)
        grouped = model.fit(twice, np.repeat(y, 2), groups=source_index).loo_decision_
        np.testing.assert_allclose(grouped[::2], alone.loo_decision_, atol=3e-3)
        ungrouped = model.fit(twice, np.repeat(y, 2)).loo_decision_
        assert np.abs(ungrouped[::2] - alone.loo_decision_).max() > 0.1


@pytest.mark.parametrize(
    ("kinds", "n_copies", "message"),
    [
        (("flip",), 1, "'flip' is not one of mirror, shift"),
        ("flip", 1, "'flip' is not one of mirror, shift"),
        (3, 1, "augmentation=3: some of mirror, shift"),
        (("shift",), 0, "n_augmented_copies=0"),
        (("mirror",), 2, "one copy of a face"),
    ],
)
def test_invalid_settings_are_refused(kinds, n_copies, message):
    with pytest.raises(FerError, match=message):
        augment_samples(faces(), kinds, n_copies)
    with pytest.raises(FerError, match=message):  # before any data is read
        make_pipeline("hog_svm+landmarks_svm", hog_svm__augmentation=kinds, hog_svm__n_augmented_copies=n_copies)


def test_kinds_as_text_equal_kinds_as_tuple_and_ensemble_members_have_their_own():
    X = faces(30)
    as_text, as_tuple = (augment_samples(X, kinds)[0]["images"] for kinds in ("mirror, shift", ("mirror", "shift")))
    np.testing.assert_array_equal(as_text, as_tuple)
    options = {"align__method": "none", "features__hog__pixels_per_cell": 12, "augmentation": "mirror,contrast"}
    ensemble = make_pipeline("hog_linear+geometry_linear", **{f"hog_linear__{k}": v for k, v in options.items()})
    assert (ensemble.fit(X, X["label"]).predict(X) == X["label"]).mean() > 0.8


def test_plain_array_is_refused():
    model = make_pipeline("hog_svm", align__method="none", augmentation=("mirror",))
    with pytest.raises(FerError, match=r"needs a table.*from_arrays"):
        model.fit(faces()["images"], np.arange(24) % 3)
