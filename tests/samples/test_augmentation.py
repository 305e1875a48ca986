"""Copies of training rows: made when read, beside their row, and never on two sides of a split."""

import numpy as np
import pytest
from sklearn.base import clone

from fer_features import FerError, Samples, evaluate, make_pipeline
from fer_features.classifiers import calibration_folds as held_out
from fer_features.classifiers.kernel_ridge.estimator import KRR
from fer_features.extractors import Align
from fer_features.samples.augmentation import augmented
from fer_features.samples.columns import frame
from fer_features.vision.geometry import MEAN_FACE

KINDS = ("mirror", "shift", "rotation", "scale", "contrast")


def faces(n=24, frames=2, people=6, subject=True, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (n, frames, 40, 36)).astype(np.uint8)
    points = MEAN_FACE * 12 + 18 + rng.normal(size=(n, frames, 68, 2))
    label = np.arange(n) % 3
    images[:, -1, :12] = (40 + 80 * label)[:, None, None]
    return Samples.from_arrays(images, points, label, np.arange(n) // (n // people) if subject else None)


class Spy(KRR):
    """Notes what it is given."""

    seen: list = []

    def fit(self, X, y, group=None):
        Spy.seen.append((len(X), None if group is None else np.asarray(group)))
        return super().fit(X, y, group)


@pytest.fixture
def spy():
    Spy.seen = []
    model = make_pipeline("hog_krr", align__method="none", features__hog__cell=12, augment=KINDS, copies=2)
    return model.set_params(classifier=Spy(mirror=True, ridge=(0.1, 1.0)))


def test_each_row_is_followed_by_its_copies_with_all_that_is_said_of_it():
    X = faces()[[5, 3, 20]]
    more, origin = augmented(X, KINDS, 3)
    assert len(more) == 12
    assert list(origin) == [0] * 4 + [1] * 4 + [2] * 4
    for name in ("label", "subject"):
        np.testing.assert_array_equal(more[name], X[name][origin])
    np.testing.assert_array_equal(more["images"][::4], X["images"])
    np.testing.assert_array_equal(more["landmarks"][::4], X["landmarks"])
    assert all((more["images"][i] != X["images"][origin[i]]).any() for i in range(12) if i % 4)


def test_a_copy_hangs_neither_on_other_rows_nor_on_frames_read():
    X = faces()
    whole, _ = augmented(X, KINDS, 2)
    some, _ = augmented(X[[20, 4]], KINDS, 2)
    at = np.array([60, 61, 62, 12, 13, 14])
    np.testing.assert_array_equal(some["images"], whole[at]["images"])
    np.testing.assert_array_equal(some["landmarks"], whole[at]["landmarks"])
    for t in (0, -1):
        np.testing.assert_array_equal(frame(some.column("images"), some.rows, t), some["images"][:, t])
    assert (augmented(faces(), KINDS, 2, seed=1)[0]["images"] != whole["images"]).any()


def test_no_pixel_is_held_and_folds_share_what_was_described():
    X = faces()
    more, _ = augmented(X[:10], KINDS, 2)
    assert more.column("images").column is X.column("images")
    again, _ = augmented(X[5:], KINDS, 2)
    assert again.store is more.store
    assert augmented(X, KINDS, 1)[0].store is not more.store


def test_alignment_takes_out_again_what_moved_with_the_landmarks():
    X = faces()
    still = Align(size=32).transform(X)["landmarks"]
    moved = Align(size=32).transform(augmented(X, ("shift", "rotation", "scale"))[0])["landmarks"]
    np.testing.assert_allclose(moved[1::2], still, atol=1e-2)


def test_missing_landmarks_stay_missing():
    X = faces()
    points = X["landmarks"].copy()
    points[2] = np.nan
    X = X.with_columns(landmarks=points)
    more, origin = augmented(X, KINDS)
    np.testing.assert_array_equal(more.missing("landmarks"), origin == 2)


def test_only_training_rows_have_copies_and_they_are_left_out_together(spy):
    X = faces(subject=False)
    spy.fit(X, X["label"])
    ((n, group),) = Spy.seen  # its own left-out scores calibrate it
    assert n == 3 * len(X)
    np.testing.assert_array_equal(group, np.repeat(np.arange(len(X)), 3))
    assert spy.predict(X).shape == (len(X),)


def test_folds_within_training_hold_a_row_out_with_its_copies(spy, monkeypatch):
    X, folds = faces(), []
    real = held_out.calibration_folds
    monkeypatch.setattr(
        "fer_features.classifiers.calibrated.calibration_folds", lambda *a: folds.extend(real(*a)) or list(folds)
    )
    spy.fit(X, X["label"])
    assert [n for n, _ in Spy.seen] == [3 * len(X), *[3 * len(train) for train, _ in folds]]
    for train, test in folds:
        assert not set(X["subject"][train]) & set(X["subject"][test])


def test_judged_rows_are_as_they_are():
    X = faces(48)
    plain = make_pipeline("hog_svm", align__method="none", features__hog__cell=12)
    for model in (plain, clone(plain).set_params(augment=("mirror",))):
        result = evaluate(model, X, "3fold")
        assert len(result.predictions) == len(X)
        assert [fold["n_train"] + fold["n_test"] for fold in result.scores["folds"]] == [48] * 3


def test_left_out_scores_of_rows_with_equal_copies_are_those_of_rows_alone():
    # With copies that are equal, the ridge of a row is shared out; what is left out must be the same.
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 5)).astype(np.float32), np.arange(40) % 3
    twice, origin = np.repeat(X, 2, 0), np.repeat(np.arange(40), 2)
    for landmarks in (0, 1000):
        alone = KRR(ridge=0.2, half=False, landmarks=landmarks).fit(X, y)
        # The mean distance of two rows is less where some are equal.
        model = KRR(gamma=39 / 40 * 80 / 79, ridge=0.4, half=False, landmarks=landmarks)
        grouped = model.fit(twice, np.repeat(y, 2), origin).left_out_
        np.testing.assert_allclose(grouped[::2], alone.left_out_, atol=3e-3)
        cheating = model.fit(twice, np.repeat(y, 2)).left_out_
        assert np.abs(cheating[::2] - alone.left_out_).max() > 0.1


@pytest.mark.parametrize(
    ("kinds", "copies", "words"),
    [
        (("flip",), 1, "'flip' is none of mirror, shift"),
        ("flip", 1, "'flip' is none of mirror, shift"),
        (3, 1, "augment=3: some of mirror, shift"),
        (("shift",), 0, "copies=0"),
        (("mirror",), 2, "one copy of a face"),
    ],
)
def test_wrong_settings_are_told(kinds, copies, words):
    with pytest.raises(FerError, match=words):
        augmented(faces(), kinds, copies)
    with pytest.raises(FerError, match=words):  # before anything is read
        make_pipeline("hog_svm+landmarks_svm", hog_svm__augment=kinds, hog_svm__copies=copies)


def test_kinds_may_be_typed_and_members_of_a_vote_have_their_own():
    X = faces(30)
    typed, given = (augmented(X, kinds)[0]["images"] for kinds in ("mirror, shift", ("mirror", "shift")))
    np.testing.assert_array_equal(typed, given)
    options = {"align__method": "none", "features__hog__cell": 12, "augment": "mirror,contrast"}
    vote = make_pipeline("hog_linear+geometry_linear", **{f"hog_linear__{k}": v for k, v in options.items()})
    assert (vote.fit(X, X["label"]).predict(X) == X["label"]).mean() > 0.8


def test_a_plain_array_is_refused():
    model = make_pipeline("hog_svm", align__method="none", augment=("mirror",))
    with pytest.raises(FerError, match=r"needs a table.*from_arrays"):
        model.fit(faces()["images"], np.arange(24) % 3)
