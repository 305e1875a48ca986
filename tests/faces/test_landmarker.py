"""The landmarker on drawn faces: it finds what it learned, follows what moves, and says where there is nothing."""

import json
import pickle

import cv2
import numpy as np
import pytest
import skimage.data
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score

from fer_features.datasets import load_dataset
from fer_features.exceptions import FerError
from fer_features.faces import LOST, FaceDetector, Landmarker, load_landmarker, save_landmarker
from fer_features.faces.framing import find_boxes, right_boxes, sensible_smallest
from fer_features.faces.landmark_augmentation import shuffled, varied
from fer_features.faces.landmark_evaluation import Pictures, part, pictures_of, point_errors
from fer_features.vision.geometry import transform


@pytest.fixture(scope="session")
def pictures():
    X = load_dataset("demo")
    people = np.unique(X["subject"])
    return pictures_of(X[np.isin(X["subject"], people[:8])][::4], frames=2)


@pytest.fixture(scope="session")
def halves(pictures):
    people = np.unique(pictures.subject)
    new = np.isin(pictures.subject, people[-2:])
    return part(pictures, np.flatnonzero(~new)), part(pictures, np.flatnonzero(new))


@pytest.fixture(scope="session")
def landmarker(halves):
    return Landmarker(axes=20).fit(halves[0].images, halves[0].landmarks)


@pytest.fixture(scope="session")
def found(landmarker, halves):
    """Pictures of people who were not learned from, their true shapes, boxes, and what was found."""
    _, new = halves
    boxes = find_boxes(new.images, new.landmarks)
    rows = np.flatnonzero(np.isfinite(boxes).all(1))
    points = [landmarker.locate(new.images[i], boxes[i : i + 1]) for i in rows]
    shapes, sure = (np.concatenate(column) for column in zip(*points, strict=True))
    return [new.images[i] for i in rows], new.landmarks[rows], boxes[rows], shapes, sure


def test_it_finds_the_landmarks_of_new_faces(found):
    images, truth, _boxes, shapes, sure = found
    assert len(images) > 10
    assert shapes.shape == truth.shape
    assert shapes.dtype == np.float32
    assert sure.dtype == np.float32
    assert point_errors(shapes, truth).mean() < 0.05
    assert (sure >= LOST).mean() > 0.9
    assert ((sure >= 0) & (sure <= 1)).all()


def test_landmarks_move_and_scale_with_the_picture(landmarker, found):
    images, _truth, boxes, shapes, _ = found
    picture, box = images[0], boxes[:1]
    moved = np.pad(picture, ((30, 0), (50, 0)), mode="edge")
    points, _ = landmarker.locate(moved, box + [50, 30, 0, 0])
    assert point_errors(points - [50, 30], shapes[:1])[0] < 0.02
    twice = cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    points, _ = landmarker.locate(twice, 2 * box + [0.5, 0.5, 0, 0])
    assert point_errors((points + 0.5) / 2 - 0.5, shapes[:1])[0] < 0.02


def test_the_fit_does_not_hang_on_the_box(landmarker, found):
    images, _, boxes, shapes, _ = found
    far = []
    for picture, box, shape in list(zip(images, boxes, shapes, strict=True))[:10]:
        off = np.array([box + [0.04 * box[2], -0.03 * box[2], 0, 0], box * [1, 1, 1.05, 1.05]])
        points, _ = landmarker.locate(picture, off)
        far.append(point_errors(points, shape))
    # The boxes are off by 8 % of the eye distance.
    assert np.median(far) < 0.03


def test_tracking_from_the_truth_stays_and_from_nearby_returns(landmarker, found):
    images, truth, *_ = found
    for step, bound in ((0.0, 0.05), (0.05, 0.06)):
        far = []
        for picture, shape in zip(images, truth, strict=True):
            width = np.ptp(shape[:, 0])
            points, _sure = landmarker.track(picture, shape[None] + [step * width, step * width])
            far.append(point_errors(points, shape[None])[0])
        assert np.mean(far) < bound


@pytest.mark.parametrize("speed", [0, 1])
def test_tracking_does_not_drift(landmarker, found, speed):
    """After 200 frames of noise, and of a face that sways, turns and grows too, errors are those of the start."""
    images, truth, _, shapes, _ = found
    rng = np.random.default_rng(0)
    points, far, sure = shapes[:1], [], []
    for t in range(200):
        sway, turn, size = speed * np.sin([t / 11, t / 17, t / 23]) * [12, 10, 0.15]
        matrix = cv2.getRotationMatrix2D(tuple(map(float, truth[0].mean(0))), turn, 1 + size)
        matrix[:, 2] += sway + rng.normal(0, 0.2, 2)
        frame = cv2.warpAffine(images[0], matrix, images[0].shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        frame = np.clip(frame + rng.normal(0, 3, frame.shape), 0, 255).astype(np.uint8)
        points, confidence = landmarker.track(frame, points)
        far.append(point_errors(points, transform(matrix, truth[:1]))[0])
        sure.append(confidence[0])
    assert np.mean(far[-50:]) < np.mean(far[:50]) + 0.005
    assert max(far) < point_errors(shapes[:1], truth[:1])[0] + 0.05  # what is lost is at 0.2 and more
    assert min(sure) >= LOST


def test_confidence_tells_faces_from_what_is_none(landmarker, found):
    *_, sure = found
    rng = np.random.default_rng(0)
    none = []
    for name in ("brick", "grass", "gravel", "coins", "text", "page"):
        picture = getattr(skimage.data, name)()
        width = rng.uniform(40, 120, 8)
        limit = np.array(picture.shape[::-1]) - width[:, None]
        none.append(landmarker.locate(picture, np.column_stack([rng.random((8, 2)) * limit, width, width]))[1])
    none = np.concatenate(none)
    assert roc_auc_score(np.r_[np.ones(len(sure)), np.zeros(len(none))], np.r_[sure, none]) > 0.97


def test_a_face_that_has_gone_is_lost(landmarker, found):
    images, truth, *_ = found
    flat = np.full_like(images[0], 128)
    assert landmarker.track(flat, truth[:1])[1][0] < LOST


@pytest.mark.parametrize(
    "box", [(-500, -500, 50, 50), (0, 0, 0.01, 0.01), (-1e4, -1e4, 3e4, 3e4), (1e7, 1e7, 9, 9), (140, 100, 60, 60)]
)
def test_any_box_is_safe(landmarker, found, box):
    points, sure = landmarker.locate(found[0][0], np.array([box]))
    assert points.shape == (1, 68, 2)
    assert np.isfinite(points).all()
    assert 0 <= sure[0] <= 1


def test_no_boxes_no_points(landmarker, found):
    points, sure = landmarker.locate(found[0][0], np.empty((0, 4)))
    assert points.shape == (0, 68, 2)
    assert sure.shape == (0,)


def test_points_that_were_lost_stay_lost(landmarker, found):
    _points, sure = landmarker.track(found[0][0], np.full((1, 68, 2), np.nan))
    assert sure.tolist() == [0]
    with pytest.raises(FerError, match="68"):
        landmarker.track(found[0][0], np.zeros((5, 2)))


def test_faces_do_not_know_of_each_other(landmarker, found):
    images, _, boxes, shapes, sure = found
    many = np.vstack([boxes[:1], boxes[:1] + 9, boxes[:1]])
    points, confidence = landmarker.locate(images[0], many)
    assert np.array_equal(points[0], shapes[0])
    assert np.array_equal(points[0], points[2])
    assert confidence[0] == confidence[2] == sure[0]


def test_equal_seeds_equal_models_and_pickles(landmarker, found, tmp_path):
    images, _, boxes, shapes, _ = found
    path = save_landmarker(landmarker, tmp_path / "landmarks.joblib", {"dataset": "demo"})
    assert np.array_equal(load_landmarker(path).locate(images[0], boxes[:1])[0], shapes[:1])
    assert np.array_equal(pickle.loads(pickle.dumps(landmarker)).locate(images[0], boxes[:1])[0], shapes[:1])
    assert json.loads(path.with_suffix(".json").read_text())["dataset"] == "demo"
    assert path.stat().st_size < 30e6


def test_clone_is_unfitted(landmarker, found):
    with pytest.raises(NotFittedError):
        clone(landmarker).locate(found[0][0], found[2][:1])


def test_damaged_files_are_refused(landmarker, tmp_path):
    path = save_landmarker(landmarker, tmp_path / "landmarks.joblib", {})
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FerError, match="damaged"):
        load_landmarker(path)
    path.with_suffix(".json").unlink()
    with pytest.raises(FerError, match="missing"):
        load_landmarker(path)
    with pytest.raises(FerError, match="no file"):
        load_landmarker(tmp_path / "other.joblib")


def test_pictures_without_a_face_are_left_out_and_counted(halves):
    train, _ = halves
    rows = np.arange(12)
    some = part(train, rows)
    images = [*some.images, np.full_like(some.images[0], 100)]
    landmarks = np.concatenate([some.landmarks, some.landmarks[:1]])
    landmarks[1, 4] = np.nan
    boxes = np.vstack([find_boxes(some.images, some.landmarks), np.full((1, 4), np.nan)])
    missed = int((~np.isfinite(boxes).all(1)).sum() + np.isfinite(boxes[1]).all())
    assert missed >= 2
    fitted = Landmarker(cells=(8,), starts=1).fit(images, landmarks, boxes)
    assert fitted.n_missed_ == missed
    assert fitted.n_faces_ == 13 - missed


@pytest.mark.parametrize("wrong", ["landmarks", "boxes", "few"])
def test_arrays_that_do_not_fit_are_refused(halves, wrong):
    train, _ = halves
    images, landmarks, boxes = train.images[:12], train.landmarks[:12], np.tile([1.0, 1, 50, 50], (12, 1))
    if wrong == "landmarks":
        landmarks = landmarks[:5]
    elif wrong == "boxes":
        boxes = boxes[:5]
    else:
        boxes[3:] = np.nan
    with pytest.raises(FerError, match="needed"):
        Landmarker().fit(images, landmarks, boxes)


def test_right_boxes_hold_the_middle_and_most_of_the_shape():
    shape = np.stack(np.meshgrid(np.linspace(10, 50, 17), np.linspace(20, 60, 4)), -1).reshape(68, 2)
    boxes = np.array([[10, 20, 40, 40], [5, 15, 55, 55], [60, 60, 40, 40], [25, 35, 10, 10], [0, 0, 400, 400.0]])
    assert right_boxes(boxes, shape).tolist() == [True, True, False, False, False]
    assert sensible_smallest(np.zeros((80, 100), np.uint8), shape) == 0.25


def test_variation_keeps_the_face_and_changes_the_rest(pictures):
    rng = np.random.default_rng(0)
    picture, shape = pictures.images[0], pictures.landmarks[0]
    other = varied(picture, shape, pictures.images[-1], rng)
    assert other.shape == picture.shape
    assert other.dtype == np.uint8
    mouth, corner = np.s_[int(shape[48:, 1].min()) : int(shape[48:, 1].max())], np.s_[:10, :10]
    inner = np.s_[mouth, int(shape[48:, 0].min()) : int(shape[48:, 0].max())]
    assert np.corrcoef(picture[inner].ravel(), other[inner].ravel())[0, 1] > 0.8
    assert np.abs(other[corner].astype(int) - picture[corner]).mean() > 3


def test_shuffling_moves_pixels_and_makes_none():
    rng = np.random.default_rng(0)
    picture = np.arange(100 * 100).reshape(100, 100) % 251
    pieces = shuffled(picture.astype(np.uint8), 50.0, rng)
    whole = pieces.shape[0] * pieces.shape[1]
    assert whole > 5000
    assert not np.array_equal(pieces, picture[: pieces.shape[0], : pieces.shape[1]])


def test_frames_are_spread_over_the_clip_and_missing_ones_left_out(clips):
    from fer_features import Samples

    images, landmarks, label, subject = clips
    landmarks = landmarks.copy()
    landmarks[0] = np.nan
    X = Samples.from_arrays(images=images, landmarks=landmarks, label=label, subject=subject)
    pictures = pictures_of(X, frames=2)
    assert isinstance(pictures, Pictures)
    assert len(pictures) == 2 * len(X) - 2
    assert pictures.grouped
    assert np.array_equal(pictures.images[0], images[1, 0])
    assert np.array_equal(pictures.images[-1], images[-1, 2])
    assert len(pictures_of(X, frames=9)) == 3 * len(X) - 3
    with pytest.raises(FerError, match="landmarks"):
        pictures_of(Samples.from_arrays(images=images))


def test_the_default_detector_finds_drawn_faces(pictures):
    boxes = find_boxes(pictures.images, pictures.landmarks, FaceDetector(smallest=0.3))
    assert np.isfinite(boxes).all(1).mean() > 0.8
