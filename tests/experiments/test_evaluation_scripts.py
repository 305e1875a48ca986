"""The scripts behind the tables of accuracies: they print what they write, and do not compute results again."""

import argparse
import json

import numpy as np
import pytest

from fer_features import evaluate, make_pipeline
from fer_features.vision.geometry import MEAN_FACE

from ..conftest import write_h5
from .conftest import EXPERIMENTS


def training_options(folder):
    """Options for the data and the subjects of a fer22 folder with 'solution'."""
    return ["--data", folder, "--subjects", folder / "solution" / "data_train_subjects.h5"]


def test_baselines_evaluate_both_splits(run_script, solved_fer22, tmp_path):
    solution, out = solved_fer22 / "solution", tmp_path / "results.json"
    test = ["--test-labels", solution / "data_test_labels.h5", "--test-subjects", solution / "data_test_subjects.h5"]
    options = [*training_options(solved_fer22), *test, "--inferred-subjects", "--only", "landmarks_svm", "--out", out]
    printed = run_script("baselines", *options)
    record = json.loads(out.read_text())
    (result,) = record["results"]
    assert (record["dataset"], result["pipeline"], result["n_samples"]) == ("fer22", "landmarks_svm", 24)
    assert (result["test"]["n_samples"], result["test"]["n_subjects"]) == (6, 1)
    assert f"| `landmarks_svm` | {result['accuracy']:.3f} |" in printed
    assert f"| {result['accuracy_inferred_subjects']:.3f} | {result['test']['accuracy']:.3f} (" in printed


def test_random_folds_leak_subjects(run_script, tmp_path):
    """Where each subject shows each class in a different way, only random folds seem to classify well."""
    rng = np.random.default_rng(0)
    subject, label = (np.repeat(codes.ravel(), 6) for codes in np.mgrid[:8, :3])
    neutral = MEAN_FACE * 22 + [60, 60] + rng.normal(0, 0.3, (len(label), 68, 2))
    apex = neutral + 2 * rng.normal(size=(8, 3, 68, 2))[subject, label]
    write_h5(tmp_path, "data_train_landmarks", np.stack([neutral, apex], 1).astype(np.float32))
    write_h5(tmp_path, "data_train_labels", label.astype(float))
    write_h5(tmp_path / "solution", "data_train_subjects", subject)
    printed = run_script("leakage", *training_options(tmp_path), "--pipelines", "landmarks_svm", "--folds", 4)
    *_, random, grouped, loso, _ = printed.strip().splitlines()[-1].split("|")
    assert float(random) > 0.95
    assert max(float(grouped), float(loso)) < 0.7


def test_compare_fusions_shifts_the_camera_and_holds_out_subjects(run_script, solved_fer22, tmp_path):
    out = tmp_path / "results.json"
    name = "landmarks_geometry_svm"
    run_script("compare_fusions", "--data", solved_fer22, "--held-out", solved_fer22, "--only", name, "--out", out)
    record = json.loads(out.read_text())
    (result,) = record["results"]
    assert (record["n_samples"], record["n_held_out"]) == (24, 6)
    assert result["camera_shift"] <= result["loso"]
    assert result["held_out_subjects"] > 0.5


def test_fusions_are_evaluated_as_by_evaluate(script, solved_fer22):
    """Without a shift of the camera, both accuracies are that of `evaluate`."""
    X, compare_fusions = script("experiment_data").fer22_training_samples(solved_fer22), script("compare_fusions")
    scores = compare_fusions.evaluate_fusion(compare_fusions.fusion_pipeline("hog_svm"), X, X, [])
    expected = evaluate(make_pipeline("hog_svm", calibration_cv=0), X, "loso").accuracy
    assert scores == {"loso": expected, "camera_shift": expected}


def test_the_simulated_camera_shift_changes_images_and_landmarks_only(script, solved_fer22):
    X = script("experiment_data").fer22_training_samples(solved_fer22)
    shifted = script("compare_fusions").simulate_camera_shift(X)
    assert shifted["images"].std() < X["images"].std()
    shift = np.linalg.norm(shifted["landmarks"] - X["landmarks"], axis=-1)
    assert 0 < shift.mean() < 3
    for column in ("label", "subject"):
        assert np.array_equal(shifted[column], X[column])


def test_fusions_have_the_parameters_of_best(script):
    compare_fusions = script("compare_fusions")
    assert compare_fusions.fusion_pipeline("mbh_svm").get_params()["classifier__gamma"] == 0.3
    params = compare_fusions.fusion_pipeline("hogdiff_svm+mbh_lmp_svm").get_params()
    assert params["mbh_lmp_svm__classifier__gamma"] == 0.3
    assert params["hogdiff_svm__classifier__gamma"] != 0.3


def test_calibration_results_are_written_and_not_computed_again(run_script, script, solved_fer22, kdef_file, tmp_path):
    out = tmp_path / "results.json"
    options = ["--standin", solved_fer22, "--kdef", kdef_file, "--only", "landmarks_logreg", "--out", out]
    printed = run_script("calibration", *options)
    results = json.loads(out.read_text())
    assert list(results) == ["stand-in: landmarks_logreg", "KDEF pairs: landmarks_logreg"]
    for result in results.values():
        assert result["ece_uncalibrated"] is not None
        assert f"| {result['accuracy']:.3f} | {result['ece']:.3f} |" in printed
    results["stand-in: landmarks_logreg"]["ece"] = 0.123
    out.write_text(json.dumps(results))
    printed = run_script("calibration", *options)
    assert "| 0.123 |" in printed
    assert "ECE above 0.065: stand-in: landmarks_logreg" in printed
    assert "| 0.123 |" not in run_script("calibration", *options, "--recompute")


def test_stored_calibration_errors_are_small(script):
    """All stored ECEs are below the bound of the script."""
    results = json.loads((EXPERIMENTS / "results" / "calibration.json").read_text())
    assert max(result["ece"] for result in results.values()) < script("calibration").MAX_ECE


def test_compare_features_selects_and_does_not_compute_results_again(run_script, solved_fer22, tmp_path):
    out = tmp_path / "results.json"
    options = ["--standin", solved_fer22, "--only", "landmarks", "geometry", "--out", out]
    printed = run_script("compare_features", *options)
    assert "selected: " in printed
    results = json.loads(out.read_text())
    alone, (both,) = (
        {result["pipeline"] for result in results.values() if (result["pipeline"] in options) == is_alone}
        for is_alone in (True, False)
    )
    assert alone == {"landmarks", "geometry"}
    assert both in ("landmarks_geometry", "geometry_landmarks")
    key = next(key for key in results if key.endswith(": geometry"))
    results[key]["accuracy"] = 0.123
    out.write_text(json.dumps(results))
    assert "| `geometry` | 0.123 |" in run_script("compare_features", *options)


@pytest.mark.parametrize("names", [["landmarks"], ["hog", "landmarks"], ["vlad"]], ids="_".join)
def test_kernel_evaluation_equals_the_pipeline(names, script, solved_fer22, monkeypatch):
    """Also with an extractor that is fitted in each fold."""
    module = script("kernel_evaluation")
    small = {"n_words": 4, "n_pca": 8, "n_train_descriptors": 500}
    params = {f"features__vlad__{key}": value for key, value in small.items()} if "vlad" in names else {}
    monkeypatch.setattr(module, "make_pipeline", lambda name: make_pipeline(name, **params))
    X = script("experiment_data").fer22_training_samples(solved_fer22)
    predicted = module.KernelEvaluation(X, "2fold", names[0]).predict(names)
    table = evaluate(make_pipeline("_".join([*names, "svm"]), **params, calibration_cv=0), X, "2fold").predictions
    assert [X.info.classes[code] for code in predicted] == table["predicted"].tolist()


def test_complete_pipelines_count_the_features_of_all_members(script, kdef_file):
    compare_features, data = script("compare_features"), script("experiment_data")
    X = data.kdef_pairs(data.read_kdef(kdef_file))
    task = compare_features.Task("KDEF pairs", X, "2fold", ["landmarks"])
    one, other, both = (
        compare_features.evaluate_complete_pipeline(name, task)["n_features"]
        for name in ("landmarks_svm", "geometry_svm", "landmarks_svm+geometry_svm")
    )
    assert both == one + other


def test_tasks_have_the_extractors_that_the_data_allow(script, kdef_file, bu4dfe_file):
    compare_features = script("compare_features")
    options = argparse.Namespace(standin=None, kdef=kdef_file, bu4dfe=bu4dfe_file)
    pairs, apex, landmarks = compare_features.tasks(options)
    assert "hogdiff" in pairs.extractors
    assert not {"lbptop", "trajectory"} & set(pairs.extractors)
    assert "hog" in apex.extractors
    assert not {"hogdiff", "landmarks", "flow"} & set(apex.extractors)
    assert landmarks.extractors == ["landmarks", "trajectory", "geometry"]
    assert [len(task.X) for task in (pairs, apex, landmarks)] == [30, 60, 30]


def test_transfer_between_data_sets(run_script, script, solved_fer22, bu4dfe_file, tmp_path, monkeypatch):
    """Complete pipelines and landmark models; the lists of extractors and pipelines are shortened."""
    compare_features = script("compare_features")
    monkeypatch.setattr(compare_features, "N_SUBSETS", 2)
    monkeypatch.setattr(compare_features, "landmark_extractors", lambda: ["landmarks"])
    monkeypatch.setattr(compare_features, "tasks", lambda options: [])
    monkeypatch.setattr(compare_features, "evaluate_test_split", lambda folder, name: fake_result(name))
    out = tmp_path / "results.json"
    run_script("compare_features", "--standin", solved_fer22, "--bu4dfe", bu4dfe_file, "--out", out)
    results = json.loads(out.read_text())
    assert {result["task"] for result in results.values()} == {
        "stand-in, 22 test subjects",
        "trained on stand-in, evaluated on BU-4DFE",
        "trained on BU-4DFE, evaluated on stand-in",
        "trained on 4 subjects of BU-4DFE, evaluated on its others",
    }
    assert all(0 <= result["accuracy"] <= 1 for result in results.values())


def fake_result(name):
    return {"pipeline": name, "accuracy": 0.5, "subject_sd": 0.1, "seconds": 0.0}
