"""Tests of feature contributions: they add up, and the only informative cell or landmark has the largest fraction."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from fer_features import DataInfo, FerError, Samples, make_pipeline
from fer_features.explain.contributions import (
    LINEAR_CLASSIFIERS,
    TREE_CLASSIFIERS,
    class_codes,
    contributions_by_location,
    displacement_patterns,
    feature_contributions,
)
from fer_features.explain.locations import feature_locations
from fer_features.extractors.features import named_extractors
from fer_features.vision.geometry import MEAN_FACE
from fer_features.vision.landmark_names import LANDMARK_NAMES

from ..conftest import draw_clips

every_classifier = pytest.mark.parametrize("classifier", [*LINEAR_CLASSIFIERS, *TREE_CLASSIFIERS])
CORNER = LANDMARK_NAMES.index("mouth corner right")


def extractor_of(model, feature):
    return dict(named_extractors(model))[feature]


def score_leads(model, X):
    """Mean score of each class for its samples minus the mean for all samples; scores relative to their mean."""
    scores, label = model.decision_function(X), X["label"]
    scores = scores - scores.mean(1, keepdims=True)
    return [scores[label == k, k].mean() - scores[:, k].mean() for k in range(scores.shape[1])]


@pytest.fixture(scope="module")
def toys():
    images, landmarks, label, subject = draw_clips(per_class=4, height=70, width=60)
    return Samples.from_arrays(images=images, landmarks=landmarks, label=label, subject=subject)


@pytest.fixture(scope="module")
def one_cell():
    """Noise of 64 x 64 pixels, with a grating in the cell of row 1 and column 2; its direction depends on the class."""
    rng = np.random.default_rng(0)
    label = np.arange(60) % 3
    images = rng.normal(128, 10, (60, 1, 64, 64))
    y, x = np.mgrid[:16, :16]
    for i, code in enumerate(label):
        angle = code * np.pi / 3
        images[i, 0, 16:32, 32:48] += 60 * np.sin(0.8 * (x * np.cos(angle) + y * np.sin(angle)) + rng.uniform(0, 6))
    return Samples.from_arrays(images=images.clip(0, 255).astype(np.uint8), label=label)


@pytest.fixture(scope="module")
def one_landmark():
    """Faces with jitter, whose right mouth corner moves left, right or up, by class."""
    rng = np.random.default_rng(0)
    label = np.arange(90) % 3
    points = np.stack([MEAN_FACE] * 2) * 60 + 100 + rng.normal(0, 0.3, (90, 2, 68, 2))
    points[:, 1, CORNER] += np.array([(-9, 0), (9, 0), (0, -9)])[label] * rng.uniform(0.8, 1.2, (90, 1))
    return Samples.from_arrays(landmarks=points, label=label)


@every_classifier
def test_the_only_informative_cell_has_the_largest_fraction(one_cell, classifier):
    settings = {"align__method": "none", "align__size": 64, "features__hog__cells_per_block": 1}
    model = make_pipeline(f"hog_{classifier}", **settings).fit(one_cell, one_cell["label"])
    locations = feature_locations(extractor_of(model, "hog"))
    fractions = contributions_by_location(feature_contributions(model, one_cell, "hog"), locations)
    assert fractions.shape == (3, 16)
    for fraction in fractions:
        np.testing.assert_allclose(locations.boxes[fraction.argmax()], [0.5, 0.25, 0.75, 0.5])
        assert fraction.max() > 0.5


@every_classifier
def test_the_only_informative_landmark_has_the_largest_fraction(one_landmark, classifier):
    model = make_pipeline(f"landmarks_{classifier}").fit(one_landmark, one_landmark["label"])
    locations = feature_locations(extractor_of(model, "landmarks"))
    fractions = contributions_by_location(feature_contributions(model, one_landmark, "landmarks"), locations)
    corner = [points == (CORNER,) for points, *_ in locations.landmarks].index(True)
    # Measures such as the mouth width belong to both corners: trees that only use these give equal fractions to both.
    assert (fractions[:, corner] > 0.9 * fractions.max(1)).all()
    other_corner = LANDMARK_NAMES.index("mouth corner left")
    assert (np.delete(fractions, [corner, other_corner], 1).max(1) < fractions[:, corner]).all()


@pytest.mark.parametrize("classifier", LINEAR_CLASSIFIERS)
@pytest.mark.parametrize("feature", ["landmarks", "trajectory"])
def test_patterns_are_the_displacement_of_the_landmark_in_each_class(one_landmark, feature, classifier):
    model = make_pipeline(f"{feature}_{classifier}").fit(one_landmark, one_landmark["label"])
    patterns = displacement_patterns(model, one_landmark, feature)
    assert patterns.shape == (3, 68, 2)
    assert (np.linalg.norm(patterns, axis=-1).argmax(1) == CORNER).all()
    left, right, up = patterns[:, CORNER]
    assert left[0] < -0.05
    assert right[0] > 0.05
    assert up[1] < -0.05


def test_trees_and_other_features_have_no_patterns(one_landmark, toys):
    model = make_pipeline("landmarks_xgb").fit(one_landmark, one_landmark["label"])
    assert displacement_patterns(model, one_landmark, "landmarks") is None
    model = make_pipeline("hog_lda").fit(toys, toys["label"])
    assert displacement_patterns(model, toys, "hog") is None


@every_classifier
@pytest.mark.parametrize("n_classes", [2, 3])
def test_fractions_are_not_negative_and_sum_to_1_or_0(toys, classifier, n_classes):
    X = toys[toys["label"] < n_classes]
    model = make_pipeline(f"geometry_landmarks_{classifier}").fit(X, X["label"])
    every = feature_contributions(model, X)
    by_feature = [feature_contributions(model, X, feature) for feature in ("geometry", "landmarks")]
    np.testing.assert_array_equal(np.concatenate(by_feature, 1), every)
    for feature, contributions in zip(("geometry", "landmarks"), by_feature, strict=True):
        fractions = contributions_by_location(contributions, feature_locations(extractor_of(model, feature)))
        assert fractions.shape[0] == n_classes
        assert (fractions >= 0).all()
        total = fractions.sum(1)
        assert (np.isclose(total, 1) | (total == 0)).all()
    assert (every.sum(1) > 0).all()


@pytest.mark.parametrize("classifier", LINEAR_CLASSIFIERS)
def test_contributions_add_up_to_the_lead_of_the_class(toys, classifier):
    model = make_pipeline(f"hogdiff_landmarks_{classifier}").fit(toys, toys["label"])
    np.testing.assert_allclose(feature_contributions(model, toys).sum(1), score_leads(model, toys), rtol=1e-3)


@pytest.mark.parametrize("settings", [{"reduce__whiten": True}, {"reduce": "passthrough"}])
def test_contributions_add_up_with_whitening_and_without_pca(toys, settings):
    model = make_pipeline("landmarks_lda", **settings).fit(toys, toys["label"])
    np.testing.assert_allclose(feature_contributions(model, toys).sum(1), score_leads(model, toys), rtol=1e-3)


def test_contributions_to_two_classes_are_equal(toys):
    X = toys[toys["label"] < 2]
    model = make_pipeline("landmarks_linear").fit(X, X["label"])
    first, second = feature_contributions(model, X)
    np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("classifier", TREE_CLASSIFIERS)
def test_gains_are_those_of_the_trees_of_each_class(one_landmark, classifier):
    """Left and right differ from the other classes in x, and up differs in y."""
    model = make_pipeline(f"landmarks_{classifier}").fit(one_landmark, one_landmark["label"])
    gains = feature_contributions(model, one_landmark)
    names = extractor_of(model, "landmarks").get_feature_names_out()
    # Trees choose arbitrarily between a displacement and a measure that separate the classes equally well.
    x, y = (
        gains[
            :, [name.startswith(f"displacement[mouth corner right, {axis}") or measure in name for name in names]
        ].sum(1)
        for axis, measure in (("x", "[mouth width"), ("y", "[mouth corners below"))
    )
    assert (x[:2] > y[:2]).all()
    assert y[2] > x[2]


def test_a_feature_that_only_cancels_noise_has_a_weight_and_no_contribution():
    """The example of Haufe et al.: the second feature is unrelated to the class, and its weight is not small."""
    rng = np.random.default_rng(0)
    label, noise = np.arange(400) % 2, np.repeat(rng.normal(0, 1, 200), 2)
    points = np.stack([MEAN_FACE] * 2) * 60 + 100 + np.zeros((400, 2, 68, 2))
    points[:, 1, 57, 1] += 3 * label + 3 * noise
    points[:, 1, 8, 1] += 3 * noise
    X = Samples.from_arrays(landmarks=points, label=label)
    model = make_pipeline("landmarks_linear").fit(X, label)
    weights = np.abs(model.named_steps["classifier"].coef_[0])
    names = list(extractor_of(model, "landmarks").get_feature_names_out())
    contributions = feature_contributions(model, X, "landmarks")[1]
    lip, chin = (names.index(f"displacement[{point}, y]") for point in ("lower lip centre", "jaw 9"))
    assert weights[chin] > 0.3 * weights[lip]
    assert abs(contributions[chin]) < 0.1 * contributions[lip]


def test_class_names_do_not_change_the_contributions(one_landmark):
    """Classes stay in the order of the data set, which is not the alphabetical order of ``model.classes_``."""
    info = DataInfo(classes=("left", "right", "a name"))
    named = Samples.from_arrays(landmarks=one_landmark["landmarks"], label=one_landmark["label"], info=info)
    by_code, by_name = (make_pipeline("landmarks_lda").fit(X, X["label"]) for X in (one_landmark, named))
    assert list(by_name.classes_) == ["a name", "left", "right"]
    assert class_codes(by_name, named).tolist() == [0, 1, 2]
    np.testing.assert_array_equal(feature_contributions(by_name, named), feature_contributions(by_code, one_landmark))
    # Codes are those of the data, also where the data set of the model lists its classes in another order.
    other = DataInfo(classes=("a name", "right", "left"))
    reordered = Samples.from_arrays(landmarks=named["landmarks"], label=[2, 1, 0] * 30, info=other)
    assert class_codes(by_name, reordered).tolist() == [2, 1, 0]
    np.testing.assert_array_equal(
        feature_contributions(by_name, reordered), feature_contributions(by_code, one_landmark)
    )
    unnamed = Samples.from_arrays(landmarks=named["landmarks"], label=one_landmark["label"])
    with pytest.raises(FerError, match=r"the model has the class\(es\) a name, left, right, which the data lack"):
        feature_contributions(by_name, unnamed)


@pytest.mark.parametrize(
    ("pipeline", "feature", "text"),
    [
        ("landmarks_svm", "landmarks", "landmarks_svm has no feature contributions.* linear, logreg, lda, xgb, hgb"),
        ("geometry_landmarks_lda", "hog", "no features 'hog': geometry_landmarks_lda has geometry, landmarks"),
    ],
)
def test_unsupported_models_and_absent_features_are_refused_in_one_line(toys, pipeline, feature, text):
    model = make_pipeline(pipeline).fit(toys, toys["label"])
    with pytest.raises(FerError, match=text) as error:
        feature_contributions(model, toys, feature)
    assert "\n" not in str(error.value)


def test_other_models_steps_classes_and_columns_are_refused(toys):
    y = toys["label"]
    with pytest.raises(FerError, match="PCA has no feature contributions"):
        feature_contributions(PCA(), toys, "hog")
    lda = make_pipeline("landmarks_lda").fit(toys, y)
    with pytest.raises(FerError, match="StandardScaler before its classifier"):
        feature_contributions(Pipeline([*lda.steps[:-1], ("more", StandardScaler()), lda.steps[-1]]), toys, "landmarks")
    with pytest.raises(FerError, match=r"the model has the class\(es\) 2, which the data lack"):
        feature_contributions(lda, toys[y < 2], "landmarks")
    two = make_pipeline("landmarks_lda").fit(toys[y < 2], y[y < 2])
    with pytest.raises(FerError, match=r"the data have the class\(es\) 2, which the model lacks"):
        feature_contributions(two, toys, "landmarks")
    with pytest.raises(FerError, match="'label' is needed"):
        feature_contributions(lda, Samples.from_arrays(landmarks=toys["landmarks"]), "landmarks")
