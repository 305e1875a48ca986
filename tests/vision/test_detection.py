"""Detection as laws on a photograph that comes with scikit-image: what moves the picture moves the box."""

import cv2
import numpy as np
import pytest
import skimage.data

from fer_features.vision.detection import detect_faces, group, overlap, suppress

#: The astronaut's face in her photograph, x, y, width, height, read off by eye.
FACE = np.array([176, 68, 104, 110.0])


@pytest.fixture(scope="module")
def astronaut():
    return cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2GRAY)


def test_the_one_face_of_a_photograph_is_found(astronaut):
    boxes, confidence = detect_faces(astronaut)
    assert boxes.shape == (1, 4)
    assert boxes.dtype == np.float32
    assert confidence.shape == (1,)
    assert confidence.dtype == np.float32
    assert overlap(boxes, FACE[None])[0][0, 0] > 0.7
    assert 0.5 < confidence[0] < 1


@pytest.mark.parametrize("factor", [0.5, 1.5, 3.0])
def test_the_box_scales_with_the_picture(astronaut, factor):
    box = detect_faces(astronaut, 0.15)[0][0]
    scaled = detect_faces(cv2.resize(astronaut, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), 0.15)[0][0]
    assert overlap(scaled[None] / factor, box[None])[0][0, 0] > 0.85


@pytest.mark.parametrize("shift", [(40, 0), (0, 25), (60, 60)])
def test_the_box_moves_with_the_picture(astronaut, shift):
    dx, dy = shift
    crop = astronaut[:300, 60:360]
    moved = np.pad(crop, ((dy, 60 - dy), (dx, 60 - dx)), mode="edge")
    still = np.pad(crop, ((0, 60), (0, 60)), mode="edge")
    first, then = detect_faces(still, 0.2)[0][0], detect_faces(moved, 0.2)[0][0]
    assert overlap(then[None] - [dx, dy, 0, 0], first[None])[0][0, 0] > 0.8


def test_a_face_cut_by_the_edge_is_found(astronaut):
    cut = np.ascontiguousarray(astronaut[70:300, 190:400])
    boxes, _ = detect_faces(cut, 0.2)
    assert overlap(boxes + [190, 70, 0, 0], FACE[None])[0].max() > 0.6


def test_a_mirrored_picture_has_the_mirrored_box(astronaut):
    box = detect_faces(astronaut, 0.15)[0][0]
    mirrored = detect_faces(np.ascontiguousarray(astronaut[:, ::-1]), 0.15)[0][0]
    mirrored[0] = astronaut.shape[1] - mirrored[0] - mirrored[2]
    assert overlap(mirrored[None], box[None])[0][0, 0] > 0.8


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_flat_picture_has_no_face(level):
    assert len(detect_faces(np.full((120, 160), level, np.uint8))[0]) == 0


def test_textures_have_no_face():
    for name in ("brick", "grass", "coins"):
        assert len(detect_faces(getattr(skimage.data, name)(), 0.2)[0]) == 0, name


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (7, 5), (24, 24), (25, 400)])
def test_pictures_of_any_size_are_searched(shape):
    picture = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    boxes, confidence = detect_faces(picture)
    assert boxes.shape == (len(confidence), 4)


def test_faces_smaller_than_asked_for_are_left_out(astronaut):
    assert len(detect_faces(astronaut, 0.6)[0]) == 0


def test_the_threshold_only_leaves_out(astronaut):
    every, sure = detect_faces(astronaut, 0.1, threshold=0.0)
    assert (np.diff(sure) <= 0).all()
    assert ((sure >= 0) & (sure <= 1)).all()
    for threshold in (0.2, 0.5, 0.9):
        kept, confidence = detect_faces(astronaut, 0.1, threshold=threshold)
        assert np.array_equal(kept, every[sure >= threshold])
        assert (confidence >= threshold).all()


@pytest.fixture
def windows():
    rng = np.random.default_rng(1)
    corners = rng.uniform(0, 200, (60, 2))
    return np.hstack([corners, np.repeat(rng.uniform(10, 80, (60, 1)), 2, 1)]).astype(np.float32)


def test_suppression_is_idempotent_and_leaves_nothing_that_overlaps(windows):
    confidence = np.random.default_rng(2).random(len(windows))
    kept = suppress(windows, confidence)
    assert 1 < len(kept) < len(windows)
    assert np.array_equal(suppress(windows[kept], confidence[kept]), np.arange(len(kept)))
    assert overlap(windows[kept], windows[kept])[1][~np.eye(len(kept), dtype=bool)].max() < 0.5
    assert kept[0] == confidence.argmax()


def test_grouping_counts_every_window_once(windows):
    boxes, hits = group(windows)
    assert hits.sum() == len(windows)
    assert len(boxes) == len(hits)
    same, counted = group(np.repeat(windows[:1], 5, axis=0))
    assert np.allclose(same, windows[:1])
    assert counted.tolist() == [5]


def test_overlap_of_known_boxes():
    union, share = overlap([[0, 0, 2, 2]], [[1, 0, 2, 2], [0, 0, 1, 1], [5, 5, 1, 1], [0, 0, 2, 2]])
    assert np.allclose(union, [[1 / 3, 1 / 4, 0, 1]])
    assert np.allclose(share, [[1 / 2, 1, 0, 1]])
