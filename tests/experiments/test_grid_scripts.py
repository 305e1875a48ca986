"""The grid searches: parameters exist, results are written, and interrupted searches continue."""

import json

import pytest

from fer_features import make_pipeline

from .conftest import EXPERIMENTS

SCRIPTS = sorted(path.stem for path in EXPERIMENTS.glob("grid_*.py") if path.stem != "grid_search")


def test_a_search_is_written_and_continues(run_script, solved_fer22, tmp_path):
    out, journals = tmp_path / "results.json", tmp_path / "journals"
    data = ["--data", solved_fer22, "--subjects", solved_fer22 / "solution" / "data_train_subjects.h5"]
    options = [*data, "--only", "landmarks_svm", "--strategy", "random", "--n-iter", 2]
    options += ["--cv", "2fold", "--nested", "2fold", "--out", out, "--journals", journals]
    results = []
    for _ in range(2):
        printed = run_script("grid_landmarks", *options)
        (result,) = json.loads(out.read_text())["searches"].values()
        assert f"{result['nested']['score']:.3f}" in printed
        results.append({key: value for key, value in result.items() if key != "seconds"})
    assert results[0] == results[1]
    assert len(list(journals.iterdir())) == 1


@pytest.mark.parametrize("name", SCRIPTS)
def test_parameters_of_grids_and_stored_results_exist(name, script):
    grids = script(name).GRIDS
    stored = json.loads((EXPERIMENTS / "results" / f"{name}-fer22.json").read_text())["searches"]
    assert set(stored) <= set(grids)
    for pipeline, grid in grids.items():
        assert set(grid) <= set(make_pipeline(pipeline).get_params())
    for pipeline, found in stored.items():
        assert found["grid"] == json.loads(json.dumps(grids[pipeline]))
        assert set(found["best_params"]) == set(grids[pipeline])
