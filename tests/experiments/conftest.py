"""Fixtures of the tests of experiment scripts: running a script within this process, and tiny data sets."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from fer_features.expressions import FER22_CLASSES

from ..conftest import draw_clips, write_h5

EXPERIMENTS = Path(__file__).resolve().parents[2] / "experiments"


@pytest.fixture(scope="session", autouse=True)
def _experiments_on_path():
    """Scripts import each other from their own folder."""
    sys.path.insert(0, str(EXPERIMENTS))
    yield
    sys.path.remove(str(EXPERIMENTS))


@pytest.fixture(scope="session")
def script(_experiments_on_path):
    """A function that imports a script by name."""
    return importlib.import_module


@pytest.fixture
def run_script(script, capsys):
    """A function that runs a script, which must succeed, and returns what it prints."""

    def run_script(name, *arguments):
        capsys.readouterr()
        code = script(name).main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert code == 0, printed.err
        return printed.out

    return run_script


def write_solution(folder, subject, test_label, test_subject):
    """The subfolder with the subjects of both splits and the labels of the test split."""
    write_h5(folder / "solution", "data_train_subjects", subject)
    write_h5(folder / "solution", "data_test_labels", test_label)
    write_h5(folder / "solution", "data_test_subjects", test_subject)


@pytest.fixture(scope="session")
def solved_fer22(tmp_path_factory):
    """A fer22 folder with 'solution': 24 training clips of 4 subjects and 6 test clips of another one."""
    folder = tmp_path_factory.mktemp("solved") / "fer22"
    images, landmarks, label, subject = draw_clips()
    write_h5(folder, "data_train_images", images)
    write_h5(folder, "data_train_landmarks", landmarks)
    write_h5(folder, "data_train_labels", label.astype(float))
    images, landmarks, test_label, test_subject = draw_clips(n_subjects=1, seed=1)
    write_h5(folder, "data_test_images", images)
    write_h5(folder, "data_test_landmarks", landmarks)
    write_solution(folder, subject, test_label, test_subject + 10)
    return folder


@pytest.fixture(scope="session")
def ten_subjects():
    """Clips (neutral and apex) of ten subjects, enough for ten folds grouped by subject."""
    return draw_clips(n_subjects=10, per_class=1, n_frames=2)


@pytest.fixture(scope="session")
def kdef_file(ten_subjects, tmp_path_factory):
    """An NPZ file in the layout of KDEF: each clip is a session with a neutral and an apex photograph."""
    images, landmarks, label, subject = ten_subjects
    n = len(label)
    path = tmp_path_factory.mktemp("kdef") / "kdef.npz"
    np.savez(
        path,
        images=np.concatenate([images[:, 0], images[:, 1]]),
        landmarks68=np.concatenate([landmarks[:, 0], landmarks[:, 1]]),
        labels=np.array(["neutral"] * n + [FER22_CLASSES[code] for code in label]),
        subjects=np.tile([f"S{one}" for one in subject], 2),
        session=np.tile([f"{i}" for i in range(n)], 2),
    )
    return path


@pytest.fixture(scope="session")
def bu4dfe_file(ten_subjects, tmp_path_factory):
    """An NPZ file in the layout of the landmarks of BU-4DFE."""
    _, landmarks, label, subject = ten_subjects
    path = tmp_path_factory.mktemp("bu4dfe") / "bu4dfe.npz"
    np.savez(path, landmarks68=landmarks, labels=label, subjects=[f"F{one}" for one in subject])
    return path


@pytest.fixture(scope="session")
def fer2013_file(tmp_path_factory):
    """fer2013.csv and fer2013new.csv: four classes of gratings with noise, 60 training and 20 public samples.

    Five images of PublicTest are duplicates of training images. Without a majority are the first six samples.
    """
    folder = tmp_path_factory.mktemp("fer2013")
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:48, :48]
    samples = []
    for i in range(80):
        label = i % 4
        wave = np.sin(0.5 * (x * np.cos(label) + y * np.sin(label)) + rng.uniform(0, 6))
        pixels = np.clip(128 + 60 * wave + 25 * rng.normal(size=x.shape), 0, 255).astype(int)
        samples.append((label, " ".join(map(str, pixels.ravel()))))
    samples[60:65] = samples[:5]
    usage = ["Training"] * 60 + ["PublicTest"] * 20
    lines = [f"{label},{pixels},{use}" for (label, pixels), use in zip(samples, usage, strict=True)]
    (folder / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *lines]) + "\n")
    votes = np.zeros((80, 10), int)
    votes[np.arange(80), np.arange(80) % 3] = 9  # neutral, happiness, surprise
    votes[:6] = 1
    names = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF"]
    lines = [",".join([use, f"fer{i}.png", *map(str, v)]) for i, (use, v) in enumerate(zip(usage, votes, strict=True))]
    (folder / "fer2013new.csv").write_text("\n".join([",".join(["Usage", "Image name", *names]), *lines]) + "\n")
    return folder / "fer2013.csv"
