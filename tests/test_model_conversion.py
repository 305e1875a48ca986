"""Conversion of models between their formats: the manifest and the card are kept, and nothing is half-written."""

import json
import shutil

import numpy as np
import pytest

from fer_features import FerError, cli, convert_model, load_model, make_pipeline, save_model
from fer_features.persistence import load_saved_model

pytest.importorskip("skops", reason="the package skops, extra [safe], is not installed")


@pytest.fixture(scope="module")
def points():
    return np.random.default_rng(0).normal(size=(12, 3, 68, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def template(points, tmp_path_factory):
    """The folder of a run with a model and its card."""
    model = make_pipeline("landmarks_linear", calibration_cv=0).fit(points, np.arange(12) % 2)
    metadata = {"scores": {"accuracy": 0.5}, "data": {"dataset": "demo"}, "search": {"n": 3}, "reject_threshold": 0.4}
    folder = tmp_path_factory.mktemp("run")
    save_model(model, folder / "model.joblib", metadata)
    (folder / "MODEL_CARD.md").write_text("# A model\n")
    return folder


@pytest.fixture
def run(template, tmp_path):
    shutil.copytree(template, tmp_path / "run")
    return tmp_path / "run"


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def manifest_of(path):
    values = json.loads(path.with_suffix(".json").read_text())
    return values, values.pop("sha256")


def test_within_a_folder_both_files_share_the_manifest(run, points):
    before, digests = manifest_of(run / "model.joblib")
    assert convert_model(run, run / "model.skops") == run / "model.skops"
    after, both = manifest_of(run / "model.skops")
    assert after == before
    assert both == digests | {"skops": both["skops"]}
    for path in (run, run / "model.joblib", run / "model.skops"):
        assert load_model(path).decision_function(points).tolist() == load_model(run).decision_function(points).tolist()


def test_to_another_folder_and_back(run, tmp_path, points):
    expected = load_model(run).decision_function(points)
    before, digests = manifest_of(run / "model.joblib")
    (tmp_path / "shared").mkdir()
    path = convert_model(run / "model.joblib", tmp_path / "shared" / "faces.skops")
    assert sorted(file.name for file in path.parent.iterdir()) == ["MODEL_CARD.md", "faces.json", "faces.skops"]
    assert (path.parent / "MODEL_CARD.md").read_text() == "# A model\n"
    after, other = manifest_of(path)
    assert (after, list(other)) == (before, ["skops"])
    assert load_saved_model(path).manifest.reject_threshold == 0.4
    back = convert_model(path, tmp_path / "shared" / "back.joblib")
    assert manifest_of(back)[0] == before
    assert list(manifest_of(back)[1]) == ["joblib"]
    assert (load_model(back).decision_function(points) == expected).all()
    assert digests == manifest_of(run / "model.joblib")[1]


@pytest.mark.parametrize(
    ("target", "existing", "message"),
    [
        ("model.skops", "model.skops", r"model\.skops exists: .*overwrite=True"),
        ("other.skops", "other.json", r"other\.json exists"),
        ("new/model.skops", "new/MODEL_CARD.md", r"MODEL_CARD\.md exists"),
        ("model.npz", None, "ends in .skops or .joblib"),
        ("model", None, "ends in .skops or .joblib"),
        ("copy.joblib", None, "already has the format joblib"),
        ("absent/model.skops", None, "cannot write"),
        ("folder.skops", "folder.skops/x", "is a folder"),
    ],
)
def test_refused_conversions_change_nothing(run, target, existing, message):
    if existing:
        (run / existing).parent.mkdir(exist_ok=True)
        (run / existing).write_text("mine")
    before = contents(run)
    with pytest.raises(FerError, match=message):
        convert_model(run / "model.joblib", run / target)
    assert contents(run) == before


def test_existing_files_are_replaced_if_asked(run, points):
    (run / "model.skops").write_text("mine")
    convert_model(run / "model.joblib", run / "model.skops", overwrite=True)
    assert len(load_model(run / "model.skops").predict(points)) == 12


def test_an_error_in_the_middle_leaves_nothing(run, tmp_path, monkeypatch):
    (tmp_path / "new").mkdir()
    before = contents(tmp_path)
    monkeypatch.setattr("fer_features.persistence.write_text", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    for target in (run / "model.skops", tmp_path / "new" / "model.skops"):
        with pytest.raises(FerError, match="full"):
            convert_model(run / "model.joblib", target)
        assert contents(tmp_path) == before


def test_the_command_converts_and_protects_its_input(run, capsys):
    skops = str(run / "model.skops")
    assert cli.main(["convert", str(run / "model.joblib"), skops]) == 0
    assert "MB, written to" in capsys.readouterr().out
    assert cli.main(["convert", str(run / "model.joblib"), skops]) == 2
    assert "exists: choose another name, or use --overwrite to replace it" in capsys.readouterr().err
    assert cli.main(["convert", str(run / "model.joblib"), skops, "--overwrite"]) == 0
    before = contents(run)
    (run / "link.joblib").symlink_to(run / "model.skops")
    assert cli.main(["convert", skops, str(run / "link.joblib"), "--overwrite"]) == 2
    assert "input of this command (INPUT)" in capsys.readouterr().err
    (run / "link.joblib").unlink()
    assert contents(run) == before


def test_a_hostile_file_is_not_converted(run, capsys):
    from fer_features._skops_files import dump_skops

    (run / "model.joblib").unlink()
    content = dump_skops(np.arange(3), ())
    (run / "model.skops").write_bytes(content[:-30])
    before = contents(run)
    assert cli.main(["convert", str(run), str(run / "model.joblib")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert contents(run) == before
