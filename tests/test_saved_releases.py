"""Models that were saved by releases of the package are loaded, or one line says what to do.

``python -m tests.test_saved_releases`` writes the model of the present release; those of earlier ones are kept.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fer_features import FerError, __version__, convert_model, load_model, make_pipeline, save_model
from fer_features.version import versions

DATA = Path(__file__).parent / "data"
RELEASES = sorted(path.name for path in DATA.iterdir() if path.name.startswith("model-"))
FILES = ("model.joblib", "model.skops")


def make_release(folder):
    """Write a small ensemble in both formats, with landmarks and its probabilities."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    label = np.repeat(["anger", "fear", "joy"], 6)
    points = rng.normal(size=(18, 3, 68, 2)) + np.arange(18)[:, None, None, None] // 6 * np.linspace(0, 1, 68)[:, None]
    points = np.round(points, 2).astype(np.float16)
    model = make_pipeline("landmarks_svm+geometry_lda", calibration_cv=2).fit(points, label)
    convert_model(save_model(model, folder / FILES[0]), folder / FILES[1])
    np.savez_compressed(folder / "expected.npz", points=points[::3], probabilities=model.predict_proba(points[::3]))


@pytest.fixture
def release(request, tmp_path):
    """A copy of the folder of a release."""
    return shutil.copytree(DATA / request.param, tmp_path / request.param)


def change_manifest(folder, **changes):
    path = folder / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("release", RELEASES, indirect=True)
def test_the_model_of_a_release_gives_its_predictions(release, file):
    if file.endswith("skops"):
        pytest.importorskip("skops", reason="the package skops, extra [safe], is not installed")
    saved, present = json.loads((release / "model.json").read_text())["versions"], versions()
    numbers = {"fer_features": 2, "sklearn": 2, "cv2": 1}
    if any(saved[name].split(".")[:n] != present[name].split(".")[:n] for name, n in numbers.items()):
        with pytest.raises(FerError, match=r"was saved with .*: install \S+ or train again") as error:
            load_model(release / file)
        assert "\n" not in str(error.value)
        return
    model = load_model(release / file)
    with np.load(release / "expected.npz") as expected:
        points, probabilities = expected["points"], expected["probabilities"]
    assert model.classes_.tolist() == ["anger", "fear", "joy"]
    np.testing.assert_allclose(model.predict_proba(points), probabilities, rtol=1e-5)
    assert (model.predict(points) == model.classes_[probabilities.argmax(1)]).all()


def test_loading_a_file_of_joblib_does_not_import_skops():
    pytest.importorskip("skops", reason="the package skops, extra [safe], is not installed")
    code = "import sys, fer_features\nfor p in sys.argv[1:]: fer_features.load_model(p); print('skops' in sys.modules)"
    command = [sys.executable, "-c", code, *(DATA / f"model-{__version__}" / file for file in FILES)]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() == ["False", "True"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 99}, "'format' is 99, and 2 is needed: install a later version of fer_features"),
        ({"format": 1, "sha256": "0" * 64}, "'format' is 1, and 2 is needed: train again, or install the version"),
        ({"versions": {**versions(), "fer_features": "9.9.9"}}, "fer_features 9.9.9, .* install 9.9.9 or train again"),
    ],
)
@pytest.mark.parametrize("release", RELEASES[-1:], indirect=True)
def test_other_layouts_and_versions_say_what_to_do(release, changes, message):
    change_manifest(release, **changes)
    for file in FILES:
        with pytest.raises(FerError, match=message) as error:
            load_model(release / file)
        assert "\n" not in str(error.value)


def test_the_present_release_has_a_model_that_is_small(tmp_path):
    pytest.importorskip("skops", reason="the package skops, extra [safe], is not installed")
    assert f"model-{__version__}" in RELEASES, f"run python -m {__name__}"
    make_release(tmp_path / "model")
    for folder in (tmp_path / "model", DATA / f"model-{__version__}"):
        assert sum(path.stat().st_size for path in folder.iterdir()) < 100_000


if __name__ == "__main__":
    make_release(DATA / f"model-{__version__}")
