"""The command lines of all scripts: help, and errors in one line with exit code 2."""

import subprocess
import sys

import pytest

from .conftest import EXPERIMENTS

#: Scripts, as opposed to the modules that they share.
SCRIPTS = sorted(path.stem for path in EXPERIMENTS.glob("*.py") if "__main__" in path.read_text())


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_shows_the_docstring(name, script, capsys):
    module = script(name)
    with pytest.raises(SystemExit) as ended:
        module.main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert module.__doc__.splitlines()[0] in shown
    assert f"python experiments/{name}.py" in shown


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("augmentation", [], "no data"),
        ("augmentation", ["--settings", "flip"], "mirror"),
        ("baselines", ["--data", "/nowhere"], "/nowhere"),
        ("bench_features", ["--n-images", "0"], "at least 1"),
        ("bench_live", ["--landmarker", "nowhere.joblib"], "nowhere.joblib"),
        ("bench_scale", ["--data", "/nowhere"], "/nowhere"),
        ("bench_scale", ["--rounds", "0"], "at least 1"),
        ("calibration", ["--kdef", "nowhere.npz"], "nowhere.npz"),
        ("compare_features", ["--only", "hgo"], "hgo"),
        ("compare_fusions", ["--data", "/nowhere"], "/nowhere"),
        ("detection_recall", ["--kdef", "nowhere.npz"], "nowhere.npz"),
        ("fer2013", [], "fer2013.csv"),
        ("fer2013", ["--only", "smal"], "small"),
        ("grid_hog", ["--only", "hog"], "hogdiff_svm"),
        ("in_the_wild", [], "--kdef"),
        ("in_the_wild", ["--kdef", "nowhere.npz"], "nowhere.npz"),
        ("landmarks_kdef", ["--kdef", "nowhere.npz"], "nowhere.npz"),
        ("leakage", ["--dta", "demo"], "--data"),
    ],
)
def test_an_error_is_printed_in_one_line(name, arguments, words, script, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    if name == "bench_live":  # the landmarker is read after the frames are drawn
        monkeypatch.setattr(script(name), "moving_face", lambda n: [])
    try:
        code = script(name).main(arguments)
    except SystemExit as ended:
        code = ended.code
    message = capsys.readouterr().err
    assert code == 2, message
    assert message.startswith("error: ")
    assert message.count("\n") == 1
    assert words in message


def test_a_script_runs_from_any_folder(tmp_path):
    command = [sys.executable, EXPERIMENTS / "leakage.py", "--data", tmp_path / "nowhere"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
