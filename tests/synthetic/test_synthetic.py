"""The synthetic data set: what it promises of shapes and seeds, and that its ground truth is true."""

from __future__ import annotations

import cv2
import h5py
import numpy as np
import pytest

from fer_features import synthetic as drawn
from fer_features.cli.demo import NAMES, main
from fer_features.synthetic.actions import LOWER, UPPER, fields
from fer_features.synthetic.faces import MIRROR, draw_face
from fer_features.synthetic.warp import PIXELS

SMALL = {"n_subjects": 2, "n_test_subjects": 1, "repeats": 1, "test_repeats": 1}


@pytest.fixture(scope="module")
def demo() -> drawn.Demo:
    return drawn.generate(**SMALL)


@pytest.fixture(scope="module")
def clean() -> drawn.Demo:
    """Motion only: grey levels are constant along the true flow."""
    return drawn.generate(**SMALL, clean=True)


def _sample(field: np.ndarray, points: np.ndarray) -> np.ndarray:
    p = np.asarray(points, np.float32).reshape(-1, 1, 2)
    return cv2.remap(np.asarray(field, np.float32), p[..., 0], p[..., 1], cv2.INTER_LINEAR)[:, 0]


def test_shapes_and_types(demo: drawn.Demo) -> None:
    n, frames, units = 18, 10, len(drawn.ACTION_UNITS)
    assert len(demo) == n
    expected = {
        "images": ((n, frames, 150, 120), np.uint8),
        "landmarks": ((n, frames, 68, 2), np.float32),
        "label": ((n,), np.int64),
        "subject": ((n,), np.int64),
        "split": ((n,), np.dtype("<U5")),
        "intensity": ((n, frames), np.float32),
        "actions": ((n, frames, units, 2), np.float32),
        "pose": ((n, frames, 6), np.float32),
    }
    assert {k: (getattr(demo, k).shape, getattr(demo, k).dtype) for k in expected} == expected


def test_every_subject_shows_every_expression_and_is_in_one_split(demo: drawn.Demo) -> None:
    for subject in range(3):
        rows = demo.subject == subject
        assert sorted(demo.label[rows]) == [0, 1, 2, 3, 4, 5]
        assert set(demo.split[rows]) == {"train" if subject < 2 else "test"}


def test_rows_are_shuffled(demo: drawn.Demo) -> None:
    assert (np.diff(demo.subject) < 0).any()
    assert (demo.label[:6] != np.arange(6)).any()


def test_same_seed_same_bytes_other_seed_other_bytes(demo: drawn.Demo) -> None:
    again, other = drawn.generate(**SMALL), drawn.generate(**SMALL, seed=1)
    assert again.images.tobytes() == demo.images.tobytes()
    assert again.landmarks.tobytes() == demo.landmarks.tobytes()
    assert other.images.tobytes() != demo.images.tobytes()
    assert other.landmarks.tobytes() != demo.landmarks.tobytes()


def test_a_person_does_not_depend_on_how_many_there_are() -> None:
    one = draw_face(np.random.default_rng([0, 1, 1])).points
    np.testing.assert_array_equal(drawn._cast(0, 1)[0].face.points, one)


def test_intensity_starts_at_zero_and_ends_at_its_peak(demo: drawn.Demo) -> None:
    assert (demo.intensity[:, 0] == 0).all()
    assert (np.diff(demo.intensity, axis=1) >= 0).all()
    assert demo.intensity[:, -1].min() > 0.4
    assert np.ptp(demo.intensity[:, -1]) > 0.1


def test_landmarks_are_inside_the_picture(demo: drawn.Demo) -> None:
    assert (demo.landmarks >= 0).all()
    assert (demo.landmarks <= [119, 149]).all()


def test_frames_of_any_number_and_no_fewer_than_two() -> None:
    demo = drawn.generate(1, 0, 1, n_frames=2)
    assert demo.images.shape == (6, 2, 150, 120)
    with pytest.raises(ValueError, match="n_frames"):
        drawn.generate(1, 0, 1, n_frames=1)


def test_iris_is_darker_than_the_cheek_and_between_the_lids(clean: drawn.Demo) -> None:
    for row in range(len(clean)):
        image, points = clean.images[row, 0], clean.landmarks[row, 0]
        eyes = np.stack([points[[37, 38, 40, 41]].mean(0), points[[43, 44, 46, 47]].mean(0)])
        cheeks = points[[41, 46]] + [0, 12]
        assert _sample(image, eyes).mean() < _sample(image, cheeks).mean()


def test_joy_widens_the_mouth_and_surprise_opens_it(demo: drawn.Demo) -> None:
    width = np.linalg.norm(demo.landmarks[:, :, 54] - demo.landmarks[:, :, 48], axis=-1)
    gap = np.linalg.norm(demo.landmarks[:, :, 66] - demo.landmarks[:, :, 62], axis=-1)
    wider, opener = width[:, -1] / width[:, 0], gap[:, -1] - gap[:, 0]
    means = np.array([[wider[demo.label == k].mean(), opener[demo.label == k].mean()] for k in range(6)])
    assert means[0, 0] > means[[2, 3, 5], 0].max()
    assert means[2, 1] > means[[3, 4, 5], 1].max()


def test_skin_parts_between_the_corners_of_the_mouth_only() -> None:
    face = draw_face(np.random.default_rng(0))
    across = np.linspace(-2, 2, 41)
    x = face.mouth[0] + across * face.mouth[2]
    y = face.mouth[1] + face.mouth[3] * np.clip(across, -1.1, 1.1) ** 2
    gap = np.abs(fields(face, np.c_[x, y], LOWER) - fields(face, np.c_[x, y], UPPER)).sum((0, 1, 3))
    np.testing.assert_allclose(gap[np.abs(across) >= 1], 0, atol=1e-9)
    assert gap[np.abs(across) < 0.5].min() > 10


def test_mirroring_landmark_indices_twice_is_the_identity() -> None:
    np.testing.assert_array_equal(MIRROR[MIRROR], np.arange(68))


@pytest.mark.parametrize(("a", "b"), [(0, -1), (6, 3)])
def test_true_flow_carries_one_frame_onto_another(clean: drawn.Demo, a: int, b: int) -> None:
    left, by_flow, by_nothing = [], [], []
    for row in range(len(clean)):
        flow, valid = drawn.true_flow(clean, row, a, b)
        assert flow.shape == (150, 120, 2)
        assert flow.dtype == np.float32
        assert valid.sum() > 1000
        first, second = (clean.images[row, t].astype(np.float32) for t in (a, b))
        there = PIXELS + flow
        warped = cv2.remap(second, there[..., 0], there[..., 1], cv2.INTER_LINEAR)
        left.append(np.linalg.norm(flow[valid], axis=-1))
        by_flow.append(np.abs(warped - first)[valid])
        by_nothing.append(np.abs(second - first)[valid])
    error = np.concatenate(by_flow)
    assert np.mean(np.concatenate(left)) > 1  # there is motion to explain
    assert np.median(error) < 1.5  # grey levels: two interpolations of fine-grained skin
    assert np.quantile(error, 0.99) < 12
    assert error.mean() < 0.4 * np.concatenate(by_nothing).mean()


def test_flow_from_a_frame_to_itself_is_zero(clean: drawn.Demo) -> None:
    flow, valid = drawn.true_flow(clean, 0, 4, 4)
    assert np.quantile(np.abs(flow[valid]), 0.99) < 0.15  # pixels: the inverse is interpolated


def test_landmarks_move_by_the_true_flow(demo: drawn.Demo) -> None:
    errors = []
    for row in range(len(demo)):
        flow, valid = drawn.true_flow(demo, row)
        start, end = demo.landmarks[row, [0, -1]]
        sure = _sample(valid, start) == 1  # all four pixels around it
        errors.append((_sample(flow, start) - (end - start))[sure])
    error = np.linalg.norm(np.concatenate(errors), axis=-1)
    assert len(error) > 150
    assert np.median(error) < 0.05
    assert np.quantile(error, 0.95) < 0.3


def test_command_writes_fer22_files(tmp_path, capsys) -> None:
    arguments = [
        str(tmp_path / "new"),
        "--subjects=1",
        "--test-subjects=1",
        "--repeats=1",
        "--test-repeats=1",
    ]
    assert main(arguments) == 0
    assert "synthetic" in capsys.readouterr().out
    expected = {
        "data_train_images": ((6, 10, 150, 120), np.uint8),
        "data_train_landmarks": ((6, 10, 68, 2), np.float32),
        "data_train_labels": ((6,), np.float64),
        "data_test_images": ((6, 10, 150, 120), np.uint8),
        "data_test_landmarks": ((6, 10, 68, 2), np.float32),
        "solution/data_train_subjects": ((6,), np.int64),
        "solution/data_test_subjects": ((6,), np.int64),
        "solution/data_test_labels": ((6,), np.float64),
    }
    assert set(expected) == set(NAMES)
    found = sorted(str(p.relative_to(tmp_path / "new")) for p in (tmp_path / "new").rglob("*") if p.is_file())
    assert found == sorted(f"{name}.h5" for name in expected)
    for name, (shape, dtype) in expected.items():
        with h5py.File(tmp_path / "new" / f"{name}.h5") as file:
            key = name.split("/")[-1]
            assert list(file) == [key]
            assert (file[key].shape, file[key].dtype) == (shape, dtype)

    assert main(arguments) == 2
    assert "--force" in capsys.readouterr().err
    assert main([*arguments, "--force"]) == 0


def test_unwritable_folder_is_told_in_one_line(tmp_path, capsys) -> None:
    (tmp_path / "file").write_text("in the way")
    assert main([str(tmp_path / "file" / "folder")]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "cannot write" in err


@pytest.mark.parametrize("argument", ["--seed=-1", "--subjects=0", "--repeats=x"])
def test_nonsense_arguments_exit_with_2(tmp_path, argument: str) -> None:
    with pytest.raises(SystemExit) as stop:
        main([str(tmp_path), argument])
    assert stop.value.code == 2
