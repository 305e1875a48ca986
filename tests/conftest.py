"""Fixtures of several test modules: real data where they are available, and small synthetic data."""

import fcntl
import functools
import os
import pickle
import subprocess
import sys
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
import skimage.data

import fer_features
from fer_features._result_folder import MARKER
from fer_features.synthetic import generate
from fer_features.synthetic.portraits import sample_photos
from fer_features.vision.geometry import MEAN_FACE

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session", autouse=True)
def no_stage_messages():
    """Stages and loops print nothing, so that tests can compare standard error on a slow machine too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fer_features._progress.DELAY_SECONDS", 600.0)
        patch.setattr("fer_features._progress.LOG_INTERVAL_SECONDS", 600.0)
        yield


@pytest.fixture(scope="session")
def shared_by_processes(tmp_path_factory):
    """A function that computes a value by a function in one process of pytest-xdist and reads it in the others."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # that of all processes

    def compute_once(name, compute):
        path = folder / f"{name}.pickle"
        with open(folder / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                path.write_bytes(pickle.dumps(compute()))
        return pickle.loads(path.read_bytes())

    return compute_once


@pytest.fixture(scope="session", autouse=True)
def demo_rendered_once(shared_by_processes):
    """The rendered data set 'demo' is shared: each process would take ten seconds to render it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "fer_features.datasets.demo.generate",
            lambda seed: shared_by_processes(f"demo-{seed}", lambda: generate(seed=seed)),
        )
        yield


@pytest.fixture(scope="session")
def portrait_photos(shared_by_processes):
    """Two photographs of each of 90 rendered portraits, one after the other."""
    return shared_by_processes("portraits", lambda: sample_photos(90, 2, seed=1))


@pytest.fixture(scope="session")
def kdef():
    """Real faces: frontal photographs of KDEF with landmarks; tests are skipped where they are not available."""
    path = SHARED / "data" / "kdef_frontal.npz"
    if not path.exists():
        pytest.skip("the KDEF photographs are not available; tests on real faces are skipped")
    return dict(np.load(path))  # read once: the archive decompresses an array at each access


@pytest.fixture(scope="session")
def photographs():
    """Photographs of scikit-image, (H, W) uint8: a face, the eye of a cat, a man with a camera, the moon."""
    colour = [skimage.data.astronaut()[20:190, 150:290], skimage.data.chelsea()[20:210, 60:260]]
    grey = [cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY) for picture in colour]
    return [*grey, skimage.data.camera()[60:233, 150:330], skimage.data.moon()[100:250, 200:333]]


@pytest.fixture(scope="session")
def small_faces():
    """40 faces of scikit-image, cropped from press photographs, (40, 25, 25) uint8."""
    return np.rint(255 * skimage.data.lfw_subset()[:80:2]).astype(np.uint8)


@pytest.fixture(scope="session")
def standin(tmp_path_factory):
    """fer22 files of real faces: 6 training and 2 test subjects; skipped where their source is not at hand."""
    maker = SHARED / "tools" / "make_fer22_standin.py"
    faces = SHARED / "data" / "kdef_frontal.npz"
    if not (maker.exists() and faces.exists()):
        pytest.skip("the stand-in for fer22 cannot be made: its source is not beside the project")
    out = tmp_path_factory.mktemp("standin")
    subprocess.run(
        [sys.executable, maker, faces, out, "--train-subjects", "6", "--test-subjects", "2"],
        check=True,
        capture_output=True,
    )
    return out


def draw_clips(**options):
    """Toy clips, see `_draw_clips`; drawn once for the same options, and copied because tests change them."""
    return tuple(column.copy() for column in _draw_clips(**options))


@functools.lru_cache(maxsize=16)
def _draw_clips(n_subjects=4, per_class=2, n_classes=3, n_frames=3, height=100, width=90, seed=0):
    """Toy clips: images (n, T, H, W) uint8, landmarks (n, T, 68, 2), label, subject; easy to tell apart.

    Each subject is a smooth texture with its own offset; class c pulls the mouth and shades the crop differently.
    """
    rng = np.random.default_rng(seed)
    images, landmarks, label, subject = [], [], [], []
    for s in range(n_subjects):
        face = MEAN_FACE * [1 + 0.1 * rng.normal(), 1 + 0.05 * rng.normal()] + 0.02 * rng.normal(size=(68, 2))
        skin = cv2.GaussianBlur(rng.normal(size=(height, width)), (0, 0), 4)
        for c in range(n_classes):
            for _ in range(per_class):
                clip, points = [], []
                for t in range(n_frames):
                    a = t / max(n_frames - 1, 1)
                    moved = face.copy()
                    moved[48:, 0] *= 1 + 0.25 * a * (c - 1)
                    moved[48:, 1] += 0.12 * a * c
                    moved[17:27, 1] -= 0.12 * a * (c == 2)
                    xy = moved * 22 + [width / 2 - 0.5, 32] + rng.normal(0, 0.15, 2)
                    picture = 128 + 250 * skin + rng.normal(0, 2, skin.shape)
                    mouth = xy[48:60].round().astype(np.int32)
                    cv2.fillPoly(picture, [mouth], 40.0 + 60 * c * a)
                    cv2.polylines(picture, [xy[17:22].round().astype(np.int32)], False, 30.0, 2)
                    cv2.polylines(picture, [xy[22:27].round().astype(np.int32)], False, 30.0, 2)
                    clip.append(np.clip(picture, 0, 255).astype(np.uint8))
                    points.append(xy)
                images.append(clip)
                landmarks.append(points)
                label.append(c)
                subject.append(s)
    order = rng.permutation(len(label))
    return tuple(np.array(column)[order] for column in (images, landmarks, label, subject))


def write_h5(folder, stem, data, key=None, **options):
    """Write one dataset under a file's stem, or another key."""
    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(folder / f"{stem}.h5", "w") as file:
        file.create_dataset(key or stem, data=data, **options)


def files_in(folder):
    """Names of the files in a folder of results, sorted; without the marker, which is hidden."""
    return sorted(path.name for path in folder.iterdir() if path.name != MARKER)


def names_with_joblib(outputs):
    """Names of files that a command can write, sorted; without the model in the other format."""
    return sorted(set(outputs) - {"model.skops"})


@pytest.fixture
def clips():
    """images, landmarks, label, subject of 24 toy clips of 4 subjects and 3 classes."""
    return draw_clips()


@pytest.fixture
def fer22_folder(tmp_path):
    """A tiny folder of fer22 files: 24 training clips of 4 subjects, 6 test clips; and subjects.npy beside it."""
    images, landmarks, label, subject = draw_clips()
    folder = tmp_path / "fer22"
    write_h5(folder, "data_train_images", images)
    write_h5(folder, "data_train_landmarks", np.rint(landmarks).astype(np.int64))
    write_h5(folder, "data_train_labels", label.astype(float))
    test_images, test_landmarks, _, _ = draw_clips(n_subjects=1, seed=1)
    write_h5(folder, "data_test_images", test_images)
    write_h5(folder, "data_test_landmarks", np.rint(test_landmarks).astype(np.int64))
    np.save(tmp_path / "subjects.npy", subject)
    return folder


@pytest.fixture
def subjects_file(fer22_folder):
    """Subject ids of `fer22_folder`."""
    return fer22_folder.parent / "subjects.npy"


@pytest.fixture
def defective_images(small_faces):
    """34 still images in two splits: copies of training images in test, one with another label, and a blank image."""
    blank = np.full_like(small_faces[:1], 7)
    images = np.concatenate([small_faces[:30], small_faces[[0, 1, 2]], blank])
    label = np.arange(34) % 3
    label[[30, 31, 32]] = label[0], (label[1] + 1) % 3, label[2]
    split = np.array(["train"] * 26 + ["test"] * 5 + ["train"] * 3)
    info = fer_features.DataInfo(dataset="toy", classes=("angry", "<b>fear</b>", "happy", "sad"), cropped=True)
    return fer_features.Samples.from_arrays(images=images, label=label, split=split, info=info)
