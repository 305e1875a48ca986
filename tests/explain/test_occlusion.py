"""Tests of occlusion sensitivity: cells tile the face, head motion is kept, and an informative cell is found."""

import numpy as np
import pytest

from fer_features import DataInfo, FerError, Samples, make_pipeline
from fer_features.explain.occlusion import (
    MAX_SAMPLES_PER_CLASS,
    N_COLUMNS,
    N_ROWS,
    alignment_of,
    occlude_cells,
    occlusion_sensitivity,
)

from ..conftest import draw_clips


@pytest.fixture(scope="module")
def X():
    images, landmarks, label, subject = draw_clips()
    return Samples.from_arrays(images, landmarks, label, subject, info=DataInfo(classes=("joy", "fear", "surprise")))


def test_cells_tile_images_without_alignment():
    rng = np.random.default_rng(0)
    X = Samples.from_arrays(images=rng.integers(0, 255, (1, 1, 60, 50), np.uint8), label=np.zeros(1, int))
    table = occlude_cells(X, make_pipeline("hog_svm", align__method="none"))
    images = np.asarray(table["images"])[:, 0].astype(int)
    assert len(images) == 1 + N_ROWS * N_COLUMNS
    np.testing.assert_array_equal(images[0], X["images"][0, 0])
    mean = int(X["images"].mean())
    covered = np.zeros((60, 50), int)
    for cell in range(N_ROWS * N_COLUMNS):
        row, column = divmod(cell, N_COLUMNS)
        changed = images[1 + cell] != images[0]
        covered += images[1 + cell] == mean
        y, x = np.nonzero(changed)
        # A filled polygon includes the pixels on its edges.
        assert y.min() >= 10 * row - 1
        assert y.max() <= 10 * (row + 1)
        assert x.min() >= 10 * column - 1
        assert x.max() <= 10 * (column + 1)
        assert changed[10 * row + 1 : 10 * row + 9, 10 * column + 1 : 10 * column + 9].mean() > 0.95
    assert (covered >= 1).all()


def test_cells_follow_the_aligned_face_in_every_frame(X):
    model = make_pipeline("hog_svm")
    table = occlude_cells(X[[0]], model)
    align = alignment_of(model, X)
    original = align.transform(X[[0]])
    landmarks = np.repeat(X[[0]]["landmarks"], len(table), 0)
    occluded = align.transform(Samples.from_arrays(images=np.asarray(table["images"]), landmarks=landmarks))
    height, width = occluded.column("images").shape[2:]
    cell = 2 * N_COLUMNS + 1  # third row, second column
    for t in range(3):
        changed = occluded.frame("images", t)[1 + cell].astype(int) - original.frame("images", t)[0].astype(int)
        y, x = np.nonzero(np.abs(changed) > 8)
        assert height * 2 / N_ROWS - 3 <= y.min() <= y.max() <= height * 3 / N_ROWS + 3
        assert width / N_COLUMNS - 3 <= x.min() <= x.max() <= width * 2 / N_COLUMNS + 3


def test_landmarks_that_follow_the_head_motion_do_not_change(X):
    points = X["landmarks"][:1, 0].astype(float)
    angle = np.deg2rad(7)
    rotation = 1.1 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = np.stack([points[0], points[0] @ rotation.T + (4, -3)])[None]
    table = occlude_cells(Samples.from_arrays(landmarks=moved, label=np.zeros(1, int)), make_pipeline("landmarks_svm"))
    np.testing.assert_allclose(table["landmarks"], np.repeat(moved, len(table), 0), atol=1e-3)


def test_each_moving_landmark_is_occluded_in_at_least_one_cell(X):
    sample = Samples.from_arrays(landmarks=X[[1]]["landmarks"], label=X[[1]]["label"])
    points = np.asarray(occlude_cells(sample, make_pipeline("landmarks_svm"))["landmarks"])
    moves = np.abs(points[0, -1] - points[0, 0]).max(1) > 0.5
    changed = (np.abs(points[1:] - points[0]).max((1, 3)) > 1e-6).any(0)
    assert moves.any()
    assert changed[moves].all()


def test_the_only_informative_cell_has_the_largest_decrease(small_faces):
    rng = np.random.default_rng(1)
    images = np.kron(rng.choice(small_faces, 48), np.ones((1, 3, 3), np.uint8))[:, :60, :70].copy()
    label = np.arange(48) % 2
    stripes = np.where(np.arange(14) // 2 % 2, 250, 5).astype(np.uint8)
    # Vertical or horizontal stripes in the fourth row and the second column of cells.
    images[label == 0, 30:40, 14:28] = stripes
    images[label == 1, 30:40, 14:28] = stripes[:10, None]
    X = Samples.from_arrays(images=images, label=label, info=DataInfo(classes=("a", "b"), cropped=True))
    model = make_pipeline("hog_svm", align__method="none").fit(X[:36], X[:36]["label"])
    found = occlusion_sensitivity(model, X[36:])
    assert found.n_samples == {0: 6, 1: 6}
    assert np.unravel_index(sum(found.score_drop.values()).argmax(), (N_ROWS, N_COLUMNS)) == (3, 1)


@pytest.fixture(scope="module")
def model(X):
    return make_pipeline("geometry_landmarks_svm", calibration_cv=0).fit(X, X["label"])


def test_results_are_reproducible_and_use_at_most_some_samples_of_each_class(X, model):
    a, b = occlusion_sensitivity(model, X), occlusion_sensitivity(model, X)
    for code in a.score_drop:
        np.testing.assert_allclose(a.score_drop[code], b.score_drop[code], atol=1e-9)
    assert max(a.n_samples.values()) <= MAX_SAMPLES_PER_CLASS


def test_one_sample_of_each_class_is_used_after_the_time_limit(X, model):
    found = occlusion_sensitivity(model, X, time_limit=0)
    assert set(found.n_samples.values()) == {1}
    assert found.kind == "score"  # of a model without calibration


def test_class_names_and_label_codes_give_equal_results(X, model):
    by_code = make_pipeline("geometry_landmarks_svm", calibration_cv=0).fit(X, X.label_codes)
    a, b = (occlusion_sensitivity(one, X, time_limit=0) for one in (model, by_code))
    for code in a.score_drop:
        np.testing.assert_array_equal(a.score_drop[code], b.score_drop[code])


def test_models_and_samples_that_cannot_be_occluded_are_refused(X):
    stills = Samples.from_arrays(landmarks=X["landmarks"][:, -1:], label=X["label"])
    with pytest.raises(FerError, match="still images have no neutral position"):
        occlusion_sensitivity(make_pipeline("geometry_svm"), stills)
    with pytest.raises(FerError, match="samples of the same subject"):
        occlusion_sensitivity(make_pipeline("hogdiff_svm", neutral__method="subject"), X)
