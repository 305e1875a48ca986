"""The table on FER2013: each model is measured in a process of its own, and results are not computed again."""

import json

import pytest

from .conftest import EXPERIMENTS


@pytest.fixture
def in_process(script, monkeypatch):
    """Measure in this process instead of a new one."""
    fer2013 = script("fer2013")
    monkeypatch.setattr(fer2013, "N_TIMED_FACES", 2)
    monkeypatch.setattr(fer2013, "measure_in_subprocess", lambda path, task: json_copy(fer2013.evaluate_model(**task)))


def json_copy(value):
    return json.loads(json.dumps(value))


def test_results_are_written_and_not_computed_again(run_script, in_process, fer2013_file, tmp_path):
    out = tmp_path / "results.json"
    options = ["--data", fer2013_file, "--quick", "--only", "hog_krr", "fv_krr", "--out", out]
    run_script("fer2013", *options)
    results = json.loads(out.read_text())
    assert list(results) == ["hog_krr", "fv_krr"]
    for result in results.values():
        scores = result["splits"]["validation"]
        assert (scores["n_samples"], scores["n_duplicates"]) == (20, 5)
        assert scores["accuracy"] > 0.6
        assert set(scores["per_class"]) == {"angry", "disgust", "fear", "happy"}
        assert sum(n for _, _, n in scores["calibration_bins"]) == 20
        for key in ("peak_memory_mib", "model_mb", "ms_per_face"):
            assert result[key] > 0
    results["hog_krr"]["splits"]["validation"]["accuracy"] = 0.123
    out.write_text(json.dumps(results))
    options[-3:-2] = []  # without fv_krr
    assert "| `hog_krr` | 0.123 |" in run_script("fer2013", *options)
    assert "| `hog_krr` | 0.123 |" not in run_script("fer2013", *options, "--recompute")


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
    task = {"labels": None, "pipeline": "small", "params": {}, "quick": False}
    recorded = fer2013.recorded_task(fer2013_file, task)
    assert fer2013.is_result_of(recorded, {"task": json_copy(recorded)})
    assert not fer2013.is_result_of(recorded, {"task": {**recorded, "params": {"classifier__gamma": 1}}})


@pytest.mark.parametrize("name", ["fer2013.json", "fer2013-ferplus.json"])
def test_stored_results_can_be_printed(name, script):
    fer2013 = script("fer2013")
    for model, result in json.loads((EXPERIMENTS / "results" / name).read_text()).items():
        cells = fer2013.table_cells(model, result)
        assert cells[1] == f"{result['splits']['validation']['accuracy']:.3f}"
        pipeline, params = fer2013.MODELS[model]
        assert result["task"]["pipeline"] == pipeline
        assert result["task"]["params"] == {"align__method": "none", **params}
