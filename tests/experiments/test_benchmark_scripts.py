"""The measurements of run time and memory: they run on little data and print what they write; no time is asserted."""

import json

import numpy as np
import pytest

from fer_features import FerError, load_dataset


def test_descriptors_are_compared_with_other_libraries(run_script, tmp_path):
    out = tmp_path / "results.json"
    printed = run_script("bench_features", "--quick", "--out", out)
    results = json.loads(out.read_text())["results"]
    for result in results:
        assert f"| {result['computation']} | {result['fer_features_us']:,.1f} us |" in printed
        assert "skimage_ratio" in result
        assert ("opencv_ratio" in result) != ("opencv_note" in result)
    for word in ("HOG", "LBP", "Gabor", "alignment", "Farneback", "DIS"):
        for size in (48, 128):
            assert any(word in result["computation"] and f"{size} px" in result["computation"] for result in results)
    assert any("Fisher" in result["computation"] for result in results)
    assert "OpenCV 5 has no HOGDescriptor" in printed


def test_files_growth_and_cores_are_measured(run_script, script, solved_fer22, tmp_path, monkeypatch):
    bench_scale, cores = script("bench_scale"), []

    def in_process(path, task, n_cores=None):
        cores.append(n_cores)
        return bench_scale.extraction_cost(**task)

    monkeypatch.setattr(bench_scale, "measure_in_subprocess", in_process)
    out = tmp_path / "results.json"
    printed = run_script("bench_scale", "--quick", "--data", solved_fer22, "--out", out)
    record = json.loads(out.read_text())
    for cost in record["files"]:
        assert f"| {cost['work']} | 24 | {cost['n_features']} | {cost['seconds']:.2f} |" in printed
        assert cost["cpu_seconds"] > 0
    first, second = record["growth"]
    assert second["n_samples"] == 2 * first["n_samples"] > 0
    assert second["table_mib"] == pytest.approx(2 * first["table_mib"])
    for cost in record["growth"]:
        assert cost["peak_mib"] > cost["columns_mib"] + cost["work_mib"] >= 0
    assert [row["extractor"] for row in record["threads"]] == ["hog", "lbp", "flow", "landmarks"]
    assert cores == [None] * 5 + [1, 2] * 4


def test_a_measurement_runs_in_a_process_of_its_own(script, solved_fer22):
    path = script("bench_scale").__file__
    task = {"folder": str(solved_fer22), "pipeline": "landmarks_svm"}
    cost = script("measurement").measure_in_subprocess(path, task, n_cores=1)
    assert cost["n_samples"] == 24
    assert 20 < cost["peak_mib"] < 2000


def test_a_failed_measurement_raises(script):
    path = script("bench_scale").__file__
    with pytest.raises(FerError, match=r"nosuch_svm.*exit code 2"):
        script("measurement").measure_in_subprocess(path, {"folder": "nowhere", "pipeline": "nosuch_svm"})


def test_speed_and_memory_of_recognition_are_measured(run_script, script, tmp_path, monkeypatch):
    bench_live = script("bench_live")
    monkeypatch.setattr(bench_live, "measure_in_subprocess", lambda path, task: bench_live.predict_video(**task))
    out = tmp_path / "results.json"
    printed = run_script("bench_live", "--quick", "--out", out)
    record = json.loads(out.read_text())
    assert "appearance, tracked (hog_linear): " in printed
    assert "    60 frames: peak " in printed
    tracked, detected, aligned, *_ = record["speeds"]
    assert {"detection", "features and classifier"} < set(tracked["ms_per_frame"])
    assert tracked["ms_per_frame"]["detection"] < detected["ms_per_frame"]["detection"]
    assert {"detection", "landmarks", "features and classifier"} < set(aligned["ms_per_frame"])
    assert "landmarks" not in tracked["ms_per_frame"]
    assert aligned["labelled_fraction"] > 0.9
    assert [row["n_faces"] for row in record["memory"]] == [30, 60]


@pytest.fixture
def bench(script, monkeypatch):
    """The script, with one round of the classifiers alone."""
    bench = script("bench")
    monkeypatch.setattr(bench, "benchmarks", lambda n_images: ())
    monkeypatch.setattr(bench, "N_ROUNDS", 1)
    return bench


def test_ratios_are_recorded_and_compared(bench, run_script, tmp_path):
    out = tmp_path / "bench.json"
    for n_records in (1, 2):
        run_script("bench", "--quick", "--record", "--out", out)
        history = json.loads(out.read_text())["history"]
        assert len(history) == n_records
    ratios = history[-1]["ratios"]
    assert len(ratios) == 2
    assert all(ratio > 0 for ratio in ratios.values())
    history[-1]["ratios"] = {key: ratio / 4 for key, ratio in ratios.items()}
    out.write_text(json.dumps({"history": history}))
    assert "no ratio is below" in run_script("bench", "--quick", "--out", out)


def test_ratios_are_compared_with_the_last_record_of_the_processor_or_loosely_with_all(bench):
    ratios = [{"a": 9.0, "b": 3.0}, {"a": 6.0, "b": 12.0}, {"a": 3.0, "b": 6.0}]
    names = ["one", "one", "other"]
    records = [{"processor": name, "ratios": one} for name, one in zip(names, ratios, strict=True)]
    assert bench.minimum_ratios(records, "one") == {"a": 4.0, "b": 8.0}
    assert bench.minimum_ratios(records, "other") == {"a": 2.0, "b": 4.0}
    assert bench.minimum_ratios(records, "new") == {"a": 1.0, "b": 2.0}
    assert bench.minimum_ratios([], "new") == {}


def test_a_fallen_ratio_of_an_unknown_processor_fails_as_well(bench, run_script, tmp_path, capsys, monkeypatch):
    out = tmp_path / "bench.json"
    run_script("bench", "--quick", "--record", "--out", out)
    history = json.loads(out.read_text())["history"]
    assert history[0]["processor"] == bench.processor_name() != ""
    history[0]["ratios"] = {key: 100 * ratio for key, ratio in history[0]["ratios"].items()}
    out.write_text(json.dumps({"history": history}))
    monkeypatch.setattr(bench, "processor_name", lambda: "new processor")
    assert bench.main(["--quick", "--out", str(out)]) == 2
    assert "permit on new processor" in capsys.readouterr().err


def test_a_ratio_that_has_fallen_is_measured_again_and_fails(bench, run_script, tmp_path, monkeypatch, capsys):
    out = tmp_path / "bench.json"
    run_script("bench", "--quick", "--record", "--out", out)
    history = json.loads(out.read_text())["history"]
    key = next(iter(history[0]["ratios"]))
    history[0]["ratios"][key] *= 100
    out.write_text(json.dumps({"history": history}))
    calls = []
    monkeypatch.setattr(bench, "cpu_seconds", lambda call: calls.append(call) or 1.0)
    assert bench.main(["--quick", "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert "slower than the records" in error
    assert key in error
    assert len(calls) > 2 * 2 * bench.N_ROUNDS


def test_every_descriptor_is_compared_except_optical_flow(script):
    bench = script("bench")
    names = [one.name for one in bench.comparisons(quick=True)]
    for word in ("HOG", "LBP", "Gabor", "alignment", "Fisher", "support vector machine"):
        assert any(word in name for name in names)
    assert not any("flow" in name for name in names)


def test_comparison_needs_a_record_of_the_same_computations(bench, tmp_path, capsys):
    out = tmp_path / "bench.json"
    assert bench.main(["--quick", "--out", str(out)]) == 2
    assert "--record" in capsys.readouterr().err
    out.write_text(json.dumps({"history": [{"quick": True, "processor": "x", "ratios": {"old": 2.0}}]}))
    assert bench.main(["--quick", "--out", str(out)]) == 2
    assert "old" in capsys.readouterr().err


def test_features_in_files_are_measured(run_script, script, tmp_path, monkeypatch):
    benchmarks = script("block_benchmarks")
    pixels = np.random.default_rng(0).integers(0, 256, (60, 48 * 48))
    usage = ["Training"] * 40 + ["PublicTest"] * 20
    rows = [f"{i % 7},{' '.join(map(str, row))},{usage[i]}" for i, row in enumerate(pixels)]
    (tmp_path / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *rows]))
    fisher = {"n_features": 2700, "seconds_per_sample": 0.004}
    overhead = {"samples_per_block": 1024.0, "client_cpu_seconds_per_task": 0.01, "client_cpu_seconds_per_block": 0.1}
    others = {"fisher_extraction": lambda data: fisher, "cluster_overhead": lambda data, shards: overhead}
    functions = {**benchmarks.MEASUREMENTS, **others}
    measured = lambda path, task, n_cores: functions[task.pop("function")](**task)  # noqa: E731
    monkeypatch.setattr(benchmarks, "measure_in_subprocess", measured)
    out, folder = tmp_path / "results.json", tmp_path / "features"
    words = ["--quick", "--fer2013", tmp_path / "fer2013.csv", "--out", out, "--folder", folder]
    printed = run_script("bench_scale", *words)
    record = json.loads(out.read_text())
    assert [record[f"extraction {n}"]["n_samples"] for n in (60, 120)] == [60, 120]
    assert record["accuracy ridge"]["equal_predictions"] == 1
    first, second = (load_dataset(folder / str(n)) for n in (60, 120))
    assert set(first["subject"]) <= set(second["subject"])  # the larger set contains the smaller
    assert record["costs"]["1e+08"]["fisher_extraction_core_hours"] == pytest.approx(1e8 * 0.004 / 3600)
    assert record["useful_cores"]["fisher_scheduler"] == pytest.approx(0.004 * 1024 / 0.01)
    assert "| xgb | " in printed
    monkeypatch.setattr(benchmarks, "MEASUREMENTS", {})
    monkeypatch.setattr(benchmarks, "measure_in_subprocess", lambda *a: pytest.fail("is computed again"))
    assert run_script("bench_scale", *words) == printed
