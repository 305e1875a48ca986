"""What a model leans on: shares are shares, and the one place where classes differ has most of them."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from fer_features import FerError, Samples, make_pipeline
from fer_features.explain.contributions import LINEAR, TREES, by_place, contributions, directions, leaning
from fer_features.explain.locations import places_of
from fer_features.extractors import EXTRACTORS
from fer_features.extractors.features import extractors_of
from fer_features.plotting.importance import draw_leaning
from fer_features.vision.geometry import MEAN_FACE
from fer_features.vision.landmark_names import POINTS

from ..conftest import draw_clips

every_classifier = pytest.mark.parametrize("classifier", [*LINEAR, *TREES])
CORNER = POINTS.index("mouth corner right")


def places(model, feature):
    return places_of(dict(extractors_of(model))[feature])


@pytest.fixture(scope="module")
def toys():
    images, landmarks, label, subject = draw_clips(per_class=4)
    return Samples.from_arrays(images=images, landmarks=landmarks, label=label, subject=subject)


@pytest.fixture(scope="module")
def one_cell():
    """Noise of 64 x 64 pixels; in the cell of row 1 and column 2 a grating whose direction is the class's."""
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
    """Faces that jitter; the right mouth corner goes left, right or up."""
    rng = np.random.default_rng(0)
    label = np.arange(90) % 3
    points = np.stack([MEAN_FACE] * 2) * 60 + 100 + rng.normal(0, 0.3, (90, 2, 68, 2))
    points[:, 1, CORNER] += np.array([(-9, 0), (9, 0), (0, -9)])[label] * rng.uniform(0.8, 1.2, (90, 1))
    return Samples.from_arrays(landmarks=points, label=label)


@every_classifier
def test_the_one_cell_that_differs_has_the_largest_share(one_cell, classifier):
    settings = {"align__method": "none", "align__size": 64, "features__hog__block": 1}
    model = make_pipeline(f"hog_{classifier}", **settings).fit(one_cell, one_cell["label"])
    where = places(model, "hog")
    shares = by_place(leaning(model, one_cell, "hog"), where)
    assert shares.shape == (3, 16)
    for share in shares:
        np.testing.assert_allclose(where.boxes[share.argmax()], [0.5, 0.25, 0.75, 0.5])
        assert share.max() > 0.5


@every_classifier
def test_the_one_landmark_that_differs_has_the_largest_share(one_landmark, classifier):
    model = make_pipeline(f"landmarks_{classifier}").fit(one_landmark, one_landmark["label"])
    where = places(model, "landmarks")
    shares = by_place(leaning(model, one_landmark, "landmarks"), where)
    assert [where.spots[k][0] for k in shares.argmax(1)] == [(CORNER,)] * 3


@pytest.mark.parametrize("classifier", LINEAR)
@pytest.mark.parametrize("feature", ["landmarks", "trajectory"])
def test_arrows_are_how_the_landmark_moves_for_the_class(one_landmark, feature, classifier):
    model = make_pipeline(f"{feature}_{classifier}").fit(one_landmark, one_landmark["label"])
    arrows = directions(model, one_landmark, feature)
    assert arrows.shape == (3, 68, 2)
    assert (np.linalg.norm(arrows, axis=-1).argmax(1) == CORNER).all()
    left, right, up = arrows[:, CORNER]
    assert left[0] < -0.05
    assert right[0] > 0.05
    assert up[1] < -0.05


def test_trees_and_other_features_have_no_arrows(one_landmark, toys):
    model = make_pipeline("landmarks_xgb").fit(one_landmark, one_landmark["label"])
    assert directions(model, one_landmark, "landmarks") is None
    model = make_pipeline("flow_linear").fit(toys, toys["label"])
    assert directions(model, toys, "flow") is None


@every_classifier
@pytest.mark.parametrize("n_classes", [2, 3])
def test_shares_are_shares(toys, classifier, n_classes):
    X = toys[toys["label"] < n_classes]
    model = make_pipeline(f"flow_landmarks_{classifier}").fit(X, X["label"])
    whole = contributions(model, X)
    parts = [leaning(model, X, feature) for feature in ("flow", "landmarks")]
    np.testing.assert_array_equal(np.concatenate(parts, 1), whole)
    for feature, part in zip(("flow", "landmarks"), parts, strict=True):
        shares = by_place(part, places(model, feature))
        assert shares.shape[0] == n_classes
        assert (shares >= 0).all()
        total = shares.sum(1)
        assert (np.isclose(total, 1) | (total == 0)).all()
    assert (whole.sum(1) > 0).all()


@pytest.mark.parametrize("classifier", LINEAR)
def test_contributions_add_up_to_the_lead_of_the_class(toys, classifier):
    model = make_pipeline(f"hogdiff_landmarks_{classifier}").fit(toys, toys["label"])
    scores, label = model.decision_function(toys), toys["label"]
    scores = scores - scores.mean(1, keepdims=True)
    lead = [scores[label == k, k].mean() - scores[:, k].mean() for k in range(3)]
    np.testing.assert_allclose(contributions(model, toys).sum(1), lead, rtol=1e-3)


def test_of_two_classes_what_speaks_for_one_speaks_for_the_other(toys):
    X = toys[toys["label"] < 2]
    model = make_pipeline("landmarks_linear").fit(X, X["label"])
    first, second = contributions(model, X)
    np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("classifier", ["xgb", "hgb"])
def test_gains_are_those_of_each_class_own_trees(one_landmark, classifier):
    """A feature that no tree of a class splits by has no gain for it; a model that guesses from it has."""
    model = make_pipeline(f"landmarks_{classifier}").fit(one_landmark, one_landmark["label"])
    gains = contributions(model, one_landmark)
    names = list(dict(extractors_of(model))["landmarks"].get_feature_names_out())
    x, y = (gains[:, names.index(f"displacement[mouth corner right, {axis}]")] for axis in "xy")
    assert (x[:2] > y[:2]).all()  # left and right are told by x
    assert y[2] > x[2]  # and up by y


def test_a_feature_that_only_cancels_noise_has_a_weight_and_no_share():
    """The example of Haufe et al.: the second feature knows nothing of the class, and its weight is not small."""
    rng = np.random.default_rng(0)
    label, noise = np.arange(400) % 2, np.repeat(rng.normal(0, 1, 200), 2)
    points = np.stack([MEAN_FACE] * 2) * 60 + 100 + np.zeros((400, 2, 68, 2))
    points[:, 1, 57, 1] += 3 * label + 3 * noise
    points[:, 1, 8, 1] += 3 * noise
    X = Samples.from_arrays(landmarks=points, label=label)
    model = make_pipeline("landmarks_linear").fit(X, label)
    weights = np.abs(model.named_steps["classifier"].coef_[0])
    names = list(dict(extractors_of(model))["landmarks"].get_feature_names_out())
    leans = leaning(model, X, "landmarks")[1]
    lip, chin = (names.index(f"displacement[{point}, y]") for point in ("lower lip centre", "jaw 9"))
    assert weights[chin] > 0.3 * weights[lip]
    assert abs(leans[chin]) < 0.1 * leans[lip]


@pytest.mark.parametrize("name", EXTRACTORS)
def test_every_feature_of_every_extractor_has_a_place(toys, name):
    kind, given = EXTRACTORS[name]
    extractor = kind(**given)
    if name in ("fv", "vlad"):
        extractor.set_params(words=2, components=4, step=8)
    where = places_of(extractor.fit(make_pipeline("hog_svm").named_steps["align"].transform(toys)))
    assert where.spread.shape[0] == len(extractor.get_feature_names_out())
    np.testing.assert_allclose(where.spread.sum(1), 1)
    if where.spots:
        at = where.positions(MEAN_FACE)
        assert at.shape == (where.spread.shape[1], 2)
        assert np.abs(at).max() < 2
    else:
        assert where.boxes.min() >= 0
        assert where.boxes.max() <= 1
        assert (where.boxes[:, 2:] > where.boxes[:, :2]).all()


def test_cells_of_several_sizes_and_grids_have_their_own_places(toys):
    X = make_pipeline("hog_svm").named_steps["align"].transform(toys)
    hog = EXTRACTORS["hog"][0](cell=(16, 32), block=1).fit(X)
    where = places_of(hog)
    assert len(where.boxes) == 8 * 10 + 4 * 5
    np.testing.assert_allclose(where.boxes[[0, 80]], [(0, 0, 1 / 8, 1 / 10), (0, 0, 1 / 4, 1 / 5)])
    lbp = EXTRACTORS["lbp"][0](grid=(2, 4), radius=(1, 2)).fit(X)
    assert len(places_of(lbp).boxes) == 4 + 16


def test_a_measure_lies_at_its_points(toys):
    landmarks = EXTRACTORS["landmarks"][0]().fit(toys)
    where = places_of(landmarks)
    names = list(landmarks.get_feature_names_out())
    row = where.spread[names.index("change[mouth width]")]
    assert {where.spots[k][0]: row[k] for k in np.flatnonzero(row)} == {(48,): 0.5, (54,): 0.5}


@pytest.mark.parametrize(
    ("pipeline", "feature", "words"),
    [
        ("landmarks_svm", "landmarks", "landmarks_svm does not say .* linear, logreg, lda, xgb, hgb"),
        ("flow_landmarks_linear", "hog", "no features 'hog'; flow_landmarks_linear has flow, landmarks"),
    ],
)
def test_what_cannot_be_asked_is_told(toys, pipeline, feature, words):
    model = make_pipeline(pipeline).fit(toys, toys["label"])
    with pytest.raises(FerError, match=words) as said:
        leaning(model, toys, feature)
    assert "\n" not in str(said.value)


def test_other_models_steps_classes_and_columns_are_told(toys):
    y = toys["label"]
    with pytest.raises(FerError, match="PCA does not say"):
        leaning(PCA(), toys, "hog")
    linear = make_pipeline("landmarks_linear").fit(toys, y)
    with pytest.raises(FerError, match="StandardScaler before its classifier"):
        leaning(Pipeline([*linear.steps[:-1], ("more", StandardScaler()), linear.steps[-1]]), toys, "landmarks")
    with pytest.raises(FerError, match=r"the model has the class\(es\) 2, which the data lack"):
        leaning(linear, toys[y < 2], "landmarks")
    two = make_pipeline("landmarks_xgb").fit(toys[y < 2], y[y < 2])
    with pytest.raises(FerError, match=r"the data have the class\(es\) 2, which the model does not know"):
        leaning(two, toys, "landmarks")
    with pytest.raises(FerError, match="'label' is needed"):
        leaning(linear, Samples.from_arrays(landmarks=toys["landmarks"]), "landmarks")


@pytest.mark.parametrize("settings", [{"reduce__whiten": True}, {"reduce": "passthrough"}])
def test_a_pca_is_led_back_through_also_where_it_whitens_or_is_left_out(toys, settings):
    model = make_pipeline("landmarks_lda", **settings).fit(toys, toys["label"])
    scores, label = model.decision_function(toys), toys["label"]
    scores = scores - scores.mean(1, keepdims=True)
    lead = [scores[label == k, k].mean() - scores[:, k].mean() for k in range(3)]
    np.testing.assert_allclose(contributions(model, toys).sum(1), lead, rtol=1e-3)


@pytest.mark.parametrize(
    ("pipeline", "words"),
    [("lmp_xgb", "gain"), ("geometry_linear", "lead"), ("lpqdiff_lda", "lead"), ("hogdiff_landmarks_hgb", "gain")],
)
def test_a_panel_a_class_and_what_it_shows(toys, pipeline, words):
    model = make_pipeline(pipeline).fit(toys, toys["label"])
    feature = pipeline.split("_")[0]
    figure = draw_leaning(model, toys, feature)
    shown = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title().split("\n")[0] for axes in shown] == ["0, 16 rows", "1, 16 rows", "2, 16 rows"]
    assert all(axes.images for axes in shown)
    assert pipeline in figure.get_suptitle()
    assert words in figure.get_supxlabel()


def test_landmarks_are_drawn_without_images_arrows_from_where_points_are(one_landmark):
    model = make_pipeline("landmarks_linear").fit(one_landmark, one_landmark["label"])
    figure = draw_leaning(model, one_landmark, "landmarks")
    quivers = [c for axes in figure.axes for c in axes.collections if hasattr(c, "U")]
    assert len(quivers) == 3
    assert quivers[0].U[CORNER] < 0 < quivers[1].U[CORNER]
    np.testing.assert_allclose(np.stack([quivers[0].X, quivers[0].Y], 1), MEAN_FACE, atol=0.05)
    assert "Arrows" in figure.get_supxlabel()
