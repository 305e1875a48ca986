"""Experiments and pages that several tests of reports share; they must not be changed."""

import numpy as np
import pytest

from fer_features.cli import check, compare, run, search

from ..conftest import draw_clips, write_h5
from .toy_reports import make_toys, page_of, run_toy


@pytest.fixture(scope="session")
def toys():
    """36 clips of 6 subjects."""
    return make_toys()


@pytest.fixture(scope="session")
def hog(toys):
    """An `Experiment` with images."""
    return run_toy("hog_svm", toys)


@pytest.fixture(scope="session")
def hog_page(hog):
    return page_of(hog)


@pytest.fixture(scope="session")
def command_folders(tmp_path_factory):
    """Results of a run, another run, a search, a check and a comparison, by name."""
    out = tmp_path_factory.mktemp("reports")
    images, landmarks, label, subject = draw_clips(height=70, width=60)
    write_h5(out / "fer22", "data_train_images", images)
    write_h5(out / "fer22", "data_train_landmarks", np.rint(landmarks).astype(np.int64))
    write_h5(out / "fer22", "data_train_labels", label.astype(float))
    np.save(out / "subjects.npy", subject)
    data = ["--data", str(out / "fer22"), "--subjects", str(out / "subjects.npy")]
    folders = {name: out / name for name in ("run", "search", "check", "compare", "other")}

    def call(command, name, *arguments):
        code = command.main([*data, "--quiet", "--out", str(folders[name]), *arguments])
        assert code in ((0, 1) if command is check else (0,))

    call(run, "run", "--pipeline", "landmarks_lda", "--learning-curve", "2")
    call(run, "other", "--pipeline", "geometry_lda")
    grid = ["--set", "classifier__C=1,10", "--cv", "2fold", "--nested", "2fold"]
    call(search, "search", "--pipeline", "landmarks_linear", *grid)
    call(check, "check", "--pipeline", "landmarks_lda", "--permutations", "19")
    runs = [str(folders[name]) for name in ("run", "other")]
    assert compare.main([*runs, "--quiet", "--n-bootstrap", "200", "--out", str(folders["compare"])]) == 0
    return folders
