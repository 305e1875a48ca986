"""Tests of the figure of feature contributions: one panel per class, captions, and arrows at the landmarks."""

import numpy as np
import pytest

from fer_features import DataInfo, Samples, make_pipeline
from fer_features.plotting.importance import plot_feature_contributions
from fer_features.vision.geometry import MEAN_FACE
from fer_features.vision.landmark_names import LANDMARK_NAMES

from ..conftest import draw_clips

CORNER = LANDMARK_NAMES.index("mouth corner right")


@pytest.fixture(scope="module")
def toys():
    images, landmarks, label, subject = draw_clips(height=70, width=60)
    info = DataInfo(dataset="toy", classes=("joy", "fear", "anger"), synthetic=True)
    return Samples.from_arrays(images=images, landmarks=landmarks, label=label, subject=subject, info=info)


@pytest.mark.parametrize(
    ("pipeline", "kind"),
    [("lmp_xgb", "gain"), ("geometry_linear", "lead"), ("lpqdiff_lda", "lead"), ("hogdiff_landmarks_hgb", "gain")],
)
def test_a_panel_for_each_class_in_the_order_of_the_data_set(toys, pipeline, kind):
    settings = {"features__hogdiff__pixels_per_cell": 32} if pipeline.startswith("hogdiff") else {}
    model = make_pipeline(pipeline, **settings).fit(toys, toys["label"])
    feature = pipeline.split("_")[0]
    figure = plot_feature_contributions(model, toys, feature)
    panels = [axes for axes in figure.axes if axes.get_title()]
    titles = [axes.get_title().split("\n") for axes in panels]
    assert [lines[0] for lines in titles] == ["joy, 8 samples", "fear, 8 samples", "anger, 8 samples"]
    assert all(axes.images for axes in panels)
    assert figure.get_suptitle().startswith(f"{pipeline}: contributions of {feature}\ntoy (synthetic), 24 samples")
    assert kind in figure.get_supxlabel()
    if "landmarks" in pipeline:  # with several extractors a panel states the fraction of this one
        assert all(lines[1].startswith(f"{feature}: ") and lines[1].endswith(f" % of the {kind}") for lines in titles)


def test_landmarks_are_plotted_without_images_with_arrows_at_the_landmarks():
    rng = np.random.default_rng(0)
    label = np.arange(90) % 3
    points = np.stack([MEAN_FACE] * 2) * 60 + 100 + rng.normal(0, 0.3, (90, 2, 68, 2))
    points[:, 1, CORNER] += np.array([(-9, 0), (9, 0), (0, -9)])[label] * rng.uniform(0.8, 1.2, (90, 1))
    X = Samples.from_arrays(landmarks=points, label=label)
    model = make_pipeline("landmarks_linear").fit(X, label)
    figure = plot_feature_contributions(model, X, "landmarks")
    quivers = [c for axes in figure.axes for c in axes.collections if hasattr(c, "U")]
    assert len(quivers) == 3
    assert quivers[0].U[CORNER] < 0 < quivers[1].U[CORNER]
    np.testing.assert_allclose(np.stack([quivers[0].X, quivers[0].Y], 1), MEAN_FACE, atol=0.05)
    assert "Arrows" in figure.get_supxlabel()
