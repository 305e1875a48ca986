"""Cascades of regression trees: hand-computed results, equivariance, and the confidence."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone

from fer_features.exceptions import FerError
from fer_features.faces import MIN_CONFIDENCE, RegressionTreeLandmarker
from fer_features.faces.regression_trees import DISPLACEMENT, FRAME_SHIFT, FRAME_SIDE, TreeStage, fit_by_trees
from fer_features.vision.geometry import MEAN_FACE

#: Initial shape in the unit square.
INITIAL_SHAPE = (((MEAN_FACE + [1.4, 0.8]) / 3) @ [1, 1j]).astype(np.complex64)
BLACK = np.zeros((60, 80), np.uint8)


def make_stage(anchors, offsets, pixels, thresholds, moves):
    """A stage whose leaves move all points alike; moves (n_trees, n_leaves)."""
    pixels, thresholds = np.array(pixels, np.intp), np.array(thresholds, np.float32)
    leaves = np.repeat(np.array(moves, np.complex64)[..., None], 68, 2)
    return TreeStage(np.array(anchors), np.array(offsets, np.complex64), pixels, thresholds, leaves)


def random_stages(n_stages=3, n_trees=20, n_pixels=30):
    """Stages of random trees with 7 splits, whose leaves also deform the shape."""
    rng = np.random.default_rng(0)

    def plane(*shape):
        return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)

    return tuple(
        TreeStage(
            rng.integers(0, 68, n_pixels),
            0.1 * plane(n_pixels),
            rng.integers(0, n_pixels, (2, n_trees, 7)),
            rng.normal(0, 20, (n_trees, 7)).astype(np.float32),
            0.005 * plane(n_trees, 8, 68),
        )
        for _ in range(n_stages)
    )


def reference_fit(image, stages, scale, origin):
    """The same in plain loops, after the paper: rotation and scale of the pixels by least squares."""
    z = INITIAL_SHAPE.astype(complex)
    for stage in stages:
        design = np.stack([INITIAL_SHAPE, np.ones(68)], 1).astype(complex)
        similarity = np.linalg.lstsq(design, z, rcond=None)[0][0]
        values = []
        for anchor, offset in zip(stage.anchors, stage.offsets, strict=True):
            point = scale * (z[anchor] + similarity * offset) + origin
            x, y = round(point.real), round(point.imag)
            inside = 0 <= x < image.shape[1] and 0 <= y < image.shape[0]
            values.append(float(image[y, x]) if inside else 0.0)
        moved = z.copy()
        for tree, thresholds in enumerate(stage.thresholds):
            node = 0
            while node < len(thresholds):
                first, second = stage.pixels[:, tree, node]
                node = 2 * node + (1 if values[first] - values[second] > thresholds[node] else 2)
            moved += stage.leaves[tree, node - len(thresholds)]
        z = moved
    return scale * z + origin


def test_leaves_of_both_sides_and_of_the_second_level_are_reached():
    # Pixel 0 lies on point 0, pixel 1 outside of the image and is therefore black.
    moves = [[0.01, 0.02, 0.03, 0.04]]
    stage = make_stage([0, 0], [0, 100], [[[0, 0, 0]], [[1, 1, 1]]], [[50, 90, 10]], moves)
    x, y = np.rint([40 * INITIAL_SHAPE[0].real + 20, 40 * INITIAL_SHAPE[0].imag + 10]).astype(int)
    for grey, move in ((100, 0.01), (90, 0.02), (51, 0.02), (50, 0.03), (11, 0.03), (10, 0.04), (0, 0.04)):
        image = BLACK.copy()
        image[y, x] = grey
        found = fit_by_trees(image, INITIAL_SHAPE, (stage,), 40, 20 + 10j)
        assert np.allclose(found, 40 * (INITIAL_SHAPE + move) + 20 + 10j, atol=1e-4)


def test_pixels_follow_the_rotation_and_scale_of_the_shape():
    # The first stage turns the shape by 90 degrees and doubles it; the pixel of the second stage turns with it.
    mean = INITIAL_SHAPE.mean()
    turn = TreeStage(
        np.array([0]),
        np.zeros(1, np.complex64),
        np.zeros((2, 1, 1), np.intp),
        np.zeros((1, 1), np.float32),
        np.repeat(((2j - 1) * (INITIAL_SHAPE - mean)).astype(np.complex64)[None, None], 2, 1),
    )
    look = make_stage([30, 30], [0.1, 100], [[[0]], [[1]]], [[50]], [[0.5, 0]])
    target = 50 * (mean + 2j * (INITIAL_SHAPE[30] - mean + 0.1))
    image = np.zeros((80, 80), np.uint8)
    image[round(target.imag), round(target.real)] = 200
    turned = 50 * (mean + 2j * (INITIAL_SHAPE - mean))
    assert np.allclose(fit_by_trees(image, INITIAL_SHAPE, (turn, look), 50, 0), turned + 25, atol=1e-3)
    assert np.allclose(fit_by_trees(np.zeros_like(image), INITIAL_SHAPE, (turn, look), 50, 0), turned, atol=1e-3)


@pytest.mark.parametrize("frame", [(40, 20 + 10j), (55 + 12j, 10 + 3j), (90, -30 - 20j)])
def test_equal_to_plain_loops(frame):
    image = np.random.default_rng(1).integers(0, 256, (60, 80), dtype=np.uint8)
    stages = random_stages()
    assert np.allclose(
        fit_by_trees(image, INITIAL_SHAPE, stages, *frame), reference_fit(image, stages, *frame), atol=1e-3
    )


def test_strided_images_are_read_as_their_copies():
    image = np.random.default_rng(1).integers(0, 256, (120, 160), dtype=np.uint8)[::2, ::-2]
    found = [fit_by_trees(i, INITIAL_SHAPE, random_stages(), 40, 20 + 10j) for i in (image, image.copy())]
    assert np.array_equal(*found)


def test_frame_of_a_box_and_of_previous_landmarks():
    landmarker = RegressionTreeLandmarker(INITIAL_SHAPE, (make_stage([0], [0], [[[0]], [[0]]], [[0]], [[0, 0]]),))
    points, _ = landmarker.detect_landmarks(BLACK, [[10, 5, 40, 40]])
    centre = np.array([30, 25 + 40 * FRAME_SHIFT])
    unit = np.stack([INITIAL_SHAPE.real, INITIAL_SHAPE.imag], 1)
    assert np.allclose(points[0], (unit - 0.5) * 40 * FRAME_SIDE + centre, atol=1e-4)
    # Trees that move nothing reproduce a shape that is similar to the initial shape, with its roll.
    turned = points @ np.array([[0.6, 0.8], [-0.8, 0.6]]) + [3, 9]
    assert np.allclose(landmarker.track(BLACK, turned)[0], turned, atol=1e-3)
    # The frame of a box that is not square has the same area.
    wide = landmarker.detect_landmarks(BLACK, [[-10, 15, 80, 20]])[0]
    assert np.allclose(wide[0] - points[0], np.array([0, 0]), atol=1e-4)


def converging_stage():
    """A stage that moves the shape to an edge between dark pixels at the left and bright ones at the right."""
    return make_stage([30, 30], [0, 100], [[[0]], [[1]]], [[50]], [[-DISPLACEMENT, DISPLACEMENT]])


def test_confidence_is_high_where_displaced_frames_converge():
    landmarker = RegressionTreeLandmarker(INITIAL_SHAPE, (converging_stage(),))
    box = np.array([[20, 10, 40, 40.0]])
    edge = BLACK.copy()
    edge[:, 40:] = 255
    assert landmarker.detect_landmarks(edge, box)[1][0] == pytest.approx(1, abs=1e-4)
    # Without the edge both shapes move alike, and with an edge of opposite contrast they diverge.
    assert landmarker.detect_landmarks(BLACK, box)[1][0] == pytest.approx(0, abs=1e-4)
    assert landmarker.detect_landmarks(255 - edge, box)[1][0] == 0
    assert (
        landmarker.track(edge, landmarker.detect_landmarks(BLACK, box)[0] - [32 * DISPLACEMENT, 0])[1][0]
        > MIN_CONFIDENCE
    )


def test_lost_and_diverged_faces_have_no_confidence():
    landmarker = RegressionTreeLandmarker(INITIAL_SHAPE, (converging_stage(),))
    good = landmarker.detect_landmarks(BLACK, [[20, 10, 40, 40]])[0][0]
    lost = [good * np.nan, good * 1e-3, good * 0]
    assert landmarker.track(BLACK, np.array(lost))[1].tolist() == [0, 0, 0]
    huge = make_stage([0], [0], [[[0]], [[0]]], [[0]], [[3e38, 3e38], [3e38, 3e38]][:1])
    diverging = RegressionTreeLandmarker(INITIAL_SHAPE, (huge, huge, huge))
    points, confidence = diverging.detect_landmarks(BLACK, [[20, 10, 40, 40]])
    assert np.isfinite(points).all()
    assert confidence[0] == 0


def test_several_faces_and_none():
    landmarker = RegressionTreeLandmarker(INITIAL_SHAPE, random_stages())
    image = np.random.default_rng(1).integers(0, 256, (60, 80), dtype=np.uint8)
    boxes = np.array([[10, 5, 40, 40], [30, 10, 30, 45.0]])
    points, confidence = landmarker.detect_landmarks(image, boxes)
    assert (points.shape, points.dtype, confidence.shape, confidence.dtype) == ((2, 68, 2), "float32", (2,), "float32")
    for i in range(2):
        alone = landmarker.detect_landmarks(image, boxes[i])
        assert np.array_equal(alone[0][0], points[i])
        assert alone[1][0] == confidence[i]
    for found in (landmarker.detect_landmarks(image, []), landmarker.track(image, np.empty((0, 68, 2)))):
        assert (found[0].shape, found[1].shape) == ((0, 68, 2), (0,))


def test_invalid_arguments_are_refused():
    landmarker = RegressionTreeLandmarker(INITIAL_SHAPE, random_stages())
    with pytest.raises(FerError, match="grey image"):
        landmarker.detect_landmarks(np.zeros((9, 9, 3), np.uint8), [[0, 0, 9, 9]])
    with pytest.raises(FerError, match=r"points of shape \(68, 2\)"):
        landmarker.track(BLACK, np.zeros((68, 2)))
    with pytest.raises(FerError, match="boxes"):
        landmarker.detect_landmarks(BLACK, [[0, 0, -9, 9]])


def test_clones_are_the_landmarker_itself_and_pickles_are_equal():
    landmarker = RegressionTreeLandmarker(INITIAL_SHAPE, random_stages())
    assert clone(landmarker) is landmarker
    image = np.random.default_rng(1).integers(0, 256, (60, 80), dtype=np.uint8)
    expected = landmarker.detect_landmarks(image, [[10, 5, 40, 40]])[0]
    for restored in (copy.deepcopy(landmarker), pickle.loads(pickle.dumps(landmarker))):
        assert np.array_equal(restored.detect_landmarks(image, [[10, 5, 40, 40]])[0], expected)
    assert repr(landmarker) == "<RegressionTreeLandmarker of 3 stages>"
