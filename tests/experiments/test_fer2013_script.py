"""The table on FER2013: each model is measured in a process of its own, and results are not computed again."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from fer_features import FerError, Samples, load_dataset
from fer_features.faces import default_landmarker
from fer_features.vision.geometry import MEAN_FACE
from fer_features.workflow import landmark_cross_fitting

from .conftest import EXPERIMENTS


@pytest.fixture
def in_process(script, monkeypatch):
    """Measure in this process instead of a new one."""
    fer2013 = script("fer2013")
    monkeypatch.setattr(fer2013, "N_TIMED_FACES", 2)
    monkeypatch.setattr(fer2013, "measure_in_subprocess", lambda path, task: json_copy(fer2013.evaluate_model(**task)))


def json_copy(value):
    return json.loads(json.dumps(value))


@pytest.fixture
def landmarks_file(tmp_path):
    """Landmarks of the images of `fer2013_file`; two images have none."""
    landmarks = 10 * MEAN_FACE + [24, 18] + np.random.default_rng(0).normal(0, 0.3, (80, 68, 2))
    landmarks[[3, 70]] = np.nan
    np.savez(tmp_path / "landmarks.npz", landmarks68=landmarks.astype(np.float16))
    return tmp_path / "landmarks.npz"


def test_results_are_written_and_not_computed_again(run_script, in_process, fer2013_file, landmarks_file, tmp_path):
    out = tmp_path / "results.json"
    names = ["fv_krr, no landmarks", "stills, given landmarks"]
    options = ["--data", fer2013_file, "--landmarks", landmarks_file, "--quick", "--out", out, "--only"]
    run_script("fer2013", *options, *names)
    results = json.loads(out.read_text())
    assert list(results) == names
    for result in results.values():
        scores = result["splits"]["validation"]
        assert (scores["n_samples"], scores["n_duplicates"]) == (20, 5)
        assert scores["accuracy"] > 0.6
        assert set(scores["per_class"]) == {"angry", "disgust", "fear", "happy"}
        assert sum(n for _, _, n in scores["calibration_bins"]) == 20
        for key in ("peak_memory_mib", "model_mb", "ms_per_face"):
            assert result[key] > 0
    assert [result["n_landmarks_filled"] for result in results.values()] == [0, 2]
    results[names[0]]["splits"]["validation"]["accuracy"] = 0.123
    out.write_text(json.dumps(results))
    assert f"| `{names[0]}` | 0.123 |" in run_script("fer2013", *options, names[0])
    assert f"| `{names[0]}` | 0.123 |" not in run_script("fer2013", *options, names[0], "--recompute")


def test_landmarkers_are_fitted_on_training_images_with_landmarks_only(
    script, fer2013_file, landmarks_file, monkeypatch
):
    fer2013, frames = script("fer2013"), []

    def train(annotated, random_state, faces, report):
        assert faces == "crop"
        frames.append(annotated)
        return default_landmarker(), None

    monkeypatch.setattr(landmark_cross_fitting, "train_landmarker", train)
    X, points = load_dataset(fer2013_file), np.load(landmarks_file)["landmarks68"]
    located, faces, n_filled = fer2013.prepare_faces(X, "fitted", points)
    assert located["landmarks"].shape == (80, 1, 68, 2)
    assert located.info.landmarks_located  # the step 'faces' of the pipeline keeps them
    assert (faces["faces__method"], n_filled) == ("crop", 0)
    assert faces["faces__landmarker"] is default_landmarker()
    expected = np.flatnonzero((np.asarray(X["split"]) == "train") & np.isfinite(points).all((1, 2)))
    *parts, last = [frame.landmarks for frame in frames]
    np.testing.assert_array_equal(last, points[expected])
    assert [len(part) for part in parts] == pytest.approx([2 * len(expected) / 3] * 3, abs=6)


def test_missing_landmarks_and_those_of_other_images_are_refused(script, fer2013_file, tmp_path, capsys):
    fer2013 = script("fer2013")
    options = ["--data", str(fer2013_file), "--only", "stills, given landmarks", "--out", str(tmp_path / "out.json")]
    assert fer2013.main(options) == 2
    assert "needs --landmarks NPZ" in capsys.readouterr().err
    np.savez(tmp_path / "other.npz", landmarks68=np.zeros((7, 68, 2)))
    task = {"data": str(fer2013_file), "pipeline": "stills", "landmarks": "fitted", "params": {}}
    with pytest.raises(FerError, match=r"shape \(7, 68, 2\), but \(80, 68, 2\)"):
        fer2013.evaluate_model(**task, landmarks_file=str(tmp_path / "other.npz"))


def test_time_per_face_is_measured_where_located_landmarks_lie_outside_of_the_image(script):
    class Model:
        named_steps = {"faces": SimpleNamespace(method_="crop")}
        with_landmarks = []

        def predict_proba(self, X):
            self.with_landmarks.append("landmarks" in X)

    columns = {"images": np.zeros((1, 1, 48, 48), np.uint8), "landmarks": np.full((1, 1, 68, 2), 60, np.float32)}
    times = script("fer2013").milliseconds_per_face(Model(), Samples(columns, check_input=False))
    assert set(times) == {"ms_per_face", "ms_per_face_with_location"}
    assert Model.with_landmarks == [True, False]


def test_ferplus_labels_replace_the_labels(run_script, in_process, fer2013_file, tmp_path):
    out = tmp_path / "results.json"
    options = ["--data", fer2013_file, "--quick", "--only", "small", "--out", out]
    run_script("fer2013", *options, "--labels", "ferplus")
    result = json.loads(out.read_text())["small"]
    assert result["task"]["labels"] == "ferplus"
    assert set(result["splits"]["validation"]["per_class"]) == {"neutral", "happiness", "surprise"}
    assert result["loo_accuracy"] is not None


def test_results_of_other_settings_are_computed_again(script, fer2013_file):
    fer2013 = script("fer2013")
    task = {"labels": None, "pipeline": "small", "landmarks": "located", "params": {}, "quick": False}
    recorded = fer2013.recorded_task(fer2013_file, task)
    assert fer2013.is_result_of(recorded, {"task": json_copy(recorded)})
    assert not fer2013.is_result_of(recorded, {"task": {**recorded, "params": {"classifier__gamma": 1}}})


@pytest.mark.parametrize("name", ["fer2013.json", "fer2013-ferplus.json"])
def test_stored_results_can_be_printed(name, script):
    fer2013 = script("fer2013")
    for model, result in json.loads((EXPERIMENTS / "results" / name).read_text()).items():
        cells = fer2013.table_cells(model, result)
        assert cells[1] == f"{result['splits']['validation']['accuracy']:.3f}"
        assert (result["task"]["pipeline"], result["task"]["landmarks"]) == fer2013.MODELS[model]
        assert result["task"]["params"] == {}
