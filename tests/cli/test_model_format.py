"""The option ``--format`` of the commands that write models."""

import joblib
import pytest

from fer_features import FerError, load_model, run_experiment
from fer_features.cli import main
from fer_features.trained_model import MODEL_OUTPUTS

from ..conftest import files_in

pytest.importorskip("skops", reason="the package skops, extra [safe], is not installed")


@pytest.fixture
def data(fer22_folder, subjects_file):
    return ["--data", str(fer22_folder), "--subjects", str(subjects_file), "--quiet"]


@pytest.mark.parametrize(
    "command",
    [
        ["run", "--pipeline", "landmarks_lda", "--cv", "none"],
        ["run", "--pipeline", "landmarks_lda", "--cv", "2fold"],
        ["search", "--pipeline", "landmarks_lda", "--cv", "2fold", "--set", "classifier__shrinkage=0.1"],
    ],
    ids=["none", "run", "search"],
)
def test_commands_write_the_model_in_the_format_of_skops(data, command, tmp_path, monkeypatch):
    out = tmp_path / "out"
    assert main([*command, *data, "--out", str(out), "--format", "skops"]) == 0
    assert set(MODEL_OUTPUTS) - set(files_in(out)) == {"model.joblib"}
    monkeypatch.setattr(joblib, "load", lambda *_: pytest.fail("something was unpickled"))
    assert load_model(out).classes_.size == 3
    plot = ["plot", "landmarks", data[1], "--quiet", "--out", str(tmp_path / "plot.png")]
    assert main([*plot, "--model", str(out)]) == 0


def test_a_later_run_replaces_the_model_of_the_other_format(data, tmp_path):
    command = ["run", "--pipeline", "landmarks_lda", "--cv", "none", *data, "--out", str(tmp_path / "out")]
    for options, absent in ([], "model.skops"), (["--overwrite", "--format", "skops"], "model.joblib"):
        assert main([*command, *options]) == 0
        assert set(MODEL_OUTPUTS) - set(files_in(tmp_path / "out")) == {absent}
    assert load_model(tmp_path / "out") is not None


@pytest.mark.parametrize("command", ["run", "search"])
def test_without_skops_nothing_is_read_or_written(command, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    out = tmp_path / "out"
    code = main([command, "--pipeline", "landmarks_lda", "--data", "absent", "--out", str(out), "--format", "skops"])
    assert code == 2
    assert capsys.readouterr().err.startswith("error: files in the format skops need the package skops: pip install")
    assert not out.exists()


def test_results_of_functions_are_saved_in_both_formats(fer22_folder, subjects_file, tmp_path):
    result = run_experiment("landmarks_lda", fer22_folder, "2fold")
    result.save(tmp_path / "out", format="skops")
    assert load_model(tmp_path / "out" / "model.skops") is not None
    with pytest.raises(FerError, match="format='zip': one of skops, joblib is needed"):
        result.save(tmp_path / "other", format="zip")
    assert not (tmp_path / "other").exists()
