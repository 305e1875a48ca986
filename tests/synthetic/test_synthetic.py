"""The synthetic sequences: shapes, seeds, and correctness of the ground truth."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fer_features.synthetic import ACTION_UNITS, SyntheticSequences, generate, ground_truth_flow, make_subject
from fer_features.synthetic.action_units import LOWER_LIP, UPPER_LIP, displacement_fields
from fer_features.synthetic.face_model import sample_face
from fer_features.synthetic.motion import sample_motion
from fer_features.synthetic.warp import PIXEL_GRID
from fer_features.vision.geometry import MIRROR_INDICES

SMALL = {"n_subjects": 2, "n_test_subjects": 1, "n_repeats": 1, "n_test_repeats": 1}


@pytest.fixture(scope="module")
def sequences() -> SyntheticSequences:
    return generate(**SMALL)


@pytest.fixture(scope="module")
def clean() -> SyntheticSequences:
    """Sequences whose grey levels are constant along the ground-truth flow."""
    return generate(**SMALL, clean=True)


@pytest.fixture(scope="module")
def face():
    return sample_face(np.random.default_rng(0))


def interpolate(field: np.ndarray, points: np.ndarray) -> np.ndarray:
    p = np.asarray(points, np.float32).reshape(-1, 1, 2)
    return cv2.remap(np.asarray(field, np.float32), p[..., 0], p[..., 1], cv2.INTER_LINEAR)[:, 0]


def test_shapes_and_types(sequences: SyntheticSequences) -> None:
    n, n_frames, n_units = 18, 10, len(ACTION_UNITS)
    assert len(sequences) == n
    expected = {
        "images": ((n, n_frames, 150, 120), np.uint8),
        "landmarks": ((n, n_frames, 68, 2), np.float32),
        "label": ((n,), np.int64),
        "subject": ((n,), np.int64),
        "split": ((n,), np.dtype("<U5")),
        "intensity": ((n, n_frames), np.float32),
        "actions": ((n, n_frames, n_units, 2), np.float32),
        "pose": ((n, n_frames, 6), np.float32),
    }
    assert {name: (getattr(sequences, name).shape, getattr(sequences, name).dtype) for name in expected} == expected


def test_every_subject_shows_every_expression_and_is_in_one_split(sequences: SyntheticSequences) -> None:
    for subject in range(3):
        of_subject = sequences.subject == subject
        assert sorted(sequences.label[of_subject]) == [0, 1, 2, 3, 4, 5]
        assert set(sequences.split[of_subject]) == {"train" if subject < 2 else "test"}


def test_sequences_are_shuffled(sequences: SyntheticSequences) -> None:
    assert (np.diff(sequences.subject) < 0).any()
    assert (sequences.label[:6] != np.arange(6)).any()


def test_same_seed_gives_same_bytes_and_another_seed_others() -> None:
    one = {**SMALL, "n_subjects": 1, "n_test_subjects": 0, "n_frames": 3}
    first, second, other = generate(**one), generate(**one), generate(**one, seed=1)
    for name in ("images", "landmarks", "actions", "pose"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()
        assert getattr(first, name).tobytes() != getattr(other, name).tobytes()


def test_subject_does_not_depend_on_the_number_of_subjects() -> None:
    points = sample_face(np.random.default_rng([0, 1, 1])).points
    np.testing.assert_array_equal(make_subject(0, 1)[0].face.points, points)


def test_intensity_increases_from_zero_to_its_maximum(sequences: SyntheticSequences) -> None:
    assert (sequences.intensity[:, 0] == 0).all()
    assert (np.diff(sequences.intensity, axis=1) >= 0).all()
    assert sequences.intensity[:, -1].min() > 0.4
    assert np.ptp(sequences.intensity[:, -1]) > 0.1


def test_landmarks_are_inside_the_image(sequences: SyntheticSequences) -> None:
    assert (sequences.landmarks >= 0).all()
    assert (sequences.landmarks <= [119, 149]).all()


def test_number_of_frames_is_at_least_two() -> None:
    assert generate(1, 0, 1, n_frames=2).images.shape == (6, 2, 150, 120)
    with pytest.raises(ValueError, match="n_frames"):
        generate(1, 0, 1, n_frames=1)


def test_iris_between_the_lids_is_darker_than_the_cheek(clean: SyntheticSequences) -> None:
    for image, points in zip(clean.images[:, 0], clean.landmarks[:, 0], strict=True):
        eyes = np.stack([points[[37, 38, 40, 41]].mean(0), points[[43, 44, 46, 47]].mean(0)])
        cheeks = points[[41, 46]] + [0, 12]
        assert interpolate(image, eyes).mean() < interpolate(image, cheeks).mean()


def test_joy_widens_and_surprise_opens_the_mouth(sequences: SyntheticSequences) -> None:
    width = np.linalg.norm(sequences.landmarks[:, :, 54] - sequences.landmarks[:, :, 48], axis=-1)
    gap = np.linalg.norm(sequences.landmarks[:, :, 66] - sequences.landmarks[:, :, 62], axis=-1)
    widening, opening = width[:, -1] / width[:, 0], gap[:, -1] - gap[:, 0]
    of_class = [sequences.label == code for code in range(6)]
    means = np.array([[widening[mask].mean(), opening[mask].mean()] for mask in of_class])
    assert means[0, 0] > means[[2, 3, 5], 0].max()
    assert means[2, 1] > means[[3, 4, 5], 1].max()


def test_lip_fields_differ_between_the_corners_of_the_mouth_only(face) -> None:
    position = np.linspace(-2, 2, 41)
    x = face.mouth[0] + position * face.mouth[2]
    y = face.mouth[1] + face.mouth[3] * np.clip(position, -1.1, 1.1) ** 2
    lower, upper = (displacement_fields(face, x, y, lip) for lip in (LOWER_LIP, UPPER_LIP))
    gap = np.abs(lower - upper).sum((0, 1, 2))
    np.testing.assert_allclose(gap[np.abs(position) >= 1], 0, atol=1e-9)
    assert gap[np.abs(position) < 0.5].min() > 10


def test_mirroring_landmark_indices_twice_is_the_identity() -> None:
    np.testing.assert_array_equal(MIRROR_INDICES[MIRROR_INDICES], np.arange(68))


@pytest.mark.parametrize(("start", "end"), [(0, -1), (6, 3)])
def test_ground_truth_flow_maps_one_frame_to_another(clean: SyntheticSequences, start: int, end: int) -> None:
    lengths, residuals, differences = [], [], []
    for i in range(len(clean)):
        flow, valid = ground_truth_flow(clean, i, start, end)
        assert flow.shape == (150, 120, 2)
        assert flow.dtype == np.float32
        assert valid.sum() > 1000
        first, second = (clean.images[i, t].astype(np.float32) for t in (start, end))
        target = PIXEL_GRID + flow
        warped = cv2.remap(second, target[..., 0], target[..., 1], cv2.INTER_LINEAR)
        lengths.append(np.linalg.norm(flow[valid], axis=-1))
        residuals.append(np.abs(warped - first)[valid])
        differences.append(np.abs(second - first)[valid])
    residual = np.concatenate(residuals)
    assert np.mean(np.concatenate(lengths)) > 1  # pixels: the motion is not negligible
    assert np.median(residual) < 1.5  # grey levels, after two interpolations of a fine texture
    assert np.quantile(residual, 0.99) < 12
    assert residual.mean() < 0.4 * np.concatenate(differences).mean()


def test_flow_from_a_frame_to_itself_is_zero(clean: SyntheticSequences) -> None:
    flow, valid = ground_truth_flow(clean, 0, 4, 4)
    assert np.quantile(np.abs(flow[valid]), 0.99) < 0.15  # pixels, since the inverse is interpolated


def test_landmarks_move_with_the_ground_truth_flow(sequences: SyntheticSequences) -> None:
    errors = []
    for i in range(len(sequences)):
        flow, valid = ground_truth_flow(sequences, i)
        start, end = sequences.landmarks[i, [0, -1]]
        is_valid = interpolate(valid, start) == 1  # in all four neighbouring pixels
        errors.append((interpolate(flow, start) - (end - start))[is_valid])
    error = np.linalg.norm(np.concatenate(errors), axis=-1)
    assert len(error) > 150
    assert np.median(error) < 0.05
    assert np.quantile(error, 0.95) < 0.3


def test_pixels_of_the_mouth_show_the_points_that_move_there() -> None:
    rig, traits = make_subject(0, 11)
    disgust = sample_motion(np.random.default_rng([0, 2, 170]), traits, 4, 10)  # with a strongly raised upper lip
    warp = rig.warp(disgust.actions, disgust.pose)
    lips = warp.landmarks()[:, 48:68]
    (x0, y0), (x1, y1) = lips.min((0, 1)).astype(int) - 2, lips.max((0, 1)).astype(int) + 3
    n_wrong = 0
    for surface, is_lower in zip(warp.material_points(), (False, True), strict=True):
        points = surface[:, y0:y1, x0:x1].astype(float).reshape(10, -1, 2)
        error = warp.forward(points, np.full(points.shape[1], is_lower)) - PIXEL_GRID[y0:y1, x0:x1].reshape(-1, 2)
        seen = (rig.face.below_mouth_line(points) > 0) == is_lower
        n_wrong += (np.linalg.norm(error, axis=-1)[seen] > 1).sum()
    assert n_wrong < 100  # of 20,000; 700 after fewer steps


def test_many_frames_are_inverted_in_several_images(monkeypatch) -> None:
    def images() -> np.ndarray:
        return generate(n_subjects=1, n_test_subjects=0, n_repeats=1, n_frames=9).images.astype(int)

    together = images()
    monkeypatch.setattr("fer_features.synthetic.inversion.MAX_STACKED_FRAMES", 4)
    assert np.abs(images() - together).max() <= 1  # rounding of the rows
