"""Hiding places of faces: cells tile the face, head motion alone is not hidden, what is looked at is found."""

import numpy as np
import pytest

from fer_features import FerError, Samples, make_pipeline
from fer_features.explain.occlusion import COLUMNS, EACH, ROWS, aligner, hidden, occlusion
from fer_features.samples.table import Info

from ..conftest import draw_clips


@pytest.fixture(scope="module")
def X():
    images, landmarks, label, subject = draw_clips()
    return Samples.from_arrays(images, landmarks, label, subject, info=Info(classes=("joy", "fear", "surprise")))


def test_cells_of_pictures_taken_whole_tile_them():
    rng = np.random.default_rng(0)
    X = Samples.from_arrays(images=rng.integers(0, 255, (1, 1, 60, 50), np.uint8), label=np.zeros(1, int))
    table = hidden(X, make_pipeline("hog_svm", align__method="none"))
    images = np.asarray(table["images"])[:, 0].astype(int)
    assert len(images) == 1 + ROWS * COLUMNS
    np.testing.assert_array_equal(images[0], X["images"][0, 0])
    mean = int(X["images"].mean())
    covered = np.zeros((60, 50), int)
    for cell in range(ROWS * COLUMNS):
        row, column = divmod(cell, COLUMNS)
        changed = images[1 + cell] != images[0]
        covered += images[1 + cell] == mean
        y, x = np.nonzero(changed)
        # A polygon's edge may take its neighbours with it.
        assert y.min() >= 10 * row - 1
        assert y.max() <= 10 * (row + 1)
        assert x.min() >= 10 * column - 1
        assert x.max() <= 10 * (column + 1)
        assert changed[10 * row + 1 : 10 * row + 9, 10 * column + 1 : 10 * column + 9].mean() > 0.95
    assert (covered >= 1).all()


def test_cells_follow_the_face_in_every_frame(X):
    model = make_pipeline("hog_svm")
    table = hidden(X[[0]], model)
    whole = aligner(model, X).transform(X[[0]])
    aligned = aligner(model, X).transform(
        Samples.from_arrays(
            images=np.asarray(table["images"]),
            landmarks=np.repeat(X[[0]]["landmarks"], len(table), 0),
            label=np.zeros(len(table), int),
        )
    )
    height, width = aligned.column("images").shape[2:]
    cell = 2 * COLUMNS + 1  # third row, second column
    for t in range(3):
        changed = aligned.frame("images", t)[1 + cell].astype(int) - whole.frame("images", t)[0].astype(int)
        y, x = np.nonzero(np.abs(changed) > 8)
        assert height * 2 / ROWS - 3 <= y.min() <= y.max() <= height * 3 / ROWS + 3
        assert width / COLUMNS - 3 <= x.min() <= x.max() <= width * 2 / COLUMNS + 3


def test_landmarks_that_only_move_with_the_head_have_nothing_to_hide(X):
    points = X["landmarks"][:1, 0].astype(float)
    turn = np.deg2rad(7)
    matrix = 1.1 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    moved = np.stack([points[0], points[0] @ matrix.T + (4, -3)])[None]
    table = hidden(Samples.from_arrays(landmarks=moved, label=np.zeros(1, int)), make_pipeline("landmarks_svm"))
    np.testing.assert_allclose(table["landmarks"], np.repeat(moved, len(table), 0), atol=1e-3)


def test_each_landmark_is_hidden_in_one_cell_at_least(X):
    one = X[[1]]
    table = hidden(Samples.from_arrays(landmarks=one["landmarks"], label=one["label"]), make_pipeline("landmarks_svm"))
    points = np.asarray(table["landmarks"])
    moves = np.abs(points[0, -1] - points[0, 0]).max(1) > 0.5
    changed = (np.abs(points[1:] - points[0]).max((1, 3)) > 1e-6).any(0)
    assert changed[moves].all()


def test_finds_the_place_that_tells_the_class(small_faces):
    rng = np.random.default_rng(1)
    images = np.kron(rng.choice(small_faces, 48), np.ones((1, 3, 3), np.uint8))[:, :60, :70].copy()
    label = np.arange(48) % 2
    stripes = np.where(np.arange(14) // 2 % 2, 250, 5).astype(np.uint8)
    # Stripes across or along in the fourth row and the second column of cells.
    images[label == 0, 30:40, 14:28] = stripes
    images[label == 1, 30:40, 14:28] = stripes[:10, None]
    X = Samples.from_arrays(images=images, label=label, info=Info(classes=("a", "b"), cropped=True))
    model = make_pipeline("hog_svm", align__method="none").fit(X[:36], label[:36])
    found = occlusion(model, X[36:])
    assert found.rows == {0: 6, 1: 6}
    assert np.unravel_index(sum(found.fall.values()).argmax(), (ROWS, COLUMNS)) == (3, 1)


def test_the_same_rows_again_and_one_of_each_class_where_time_is_short(X):
    model = make_pipeline("hog_landmarks_svm").fit(X, X["label"])
    a, b = occlusion(model, X), occlusion(model, X)
    for code in a.fall:
        np.testing.assert_allclose(a.fall[code], b.fall[code], atol=1e-9)
    assert max(a.rows.values()) <= EACH
    assert set(occlusion(model, X, seconds=0).rows.values()) == {1}


def test_a_model_without_probabilities_is_asked_for_scores(X):
    model = make_pipeline("hog_svm", calibration=0).fit(X, X["label"])
    assert occlusion(model, X, seconds=0).kind == "score"


def test_what_cannot_be_hidden_is_said(X):
    stills = Samples.from_arrays(landmarks=X["landmarks"][:, -1:], label=X["label"])
    with pytest.raises(FerError, match="single picture"):
        occlusion(make_pipeline("geometry_svm"), stills)
    with pytest.raises(FerError, match="others of its subject"):
        occlusion(make_pipeline("hogdiff_svm", neutral__method="subject"), X)
