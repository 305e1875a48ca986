"""Tests of the options that several commands share: the data summary, presets, and the cache folder."""

import pytest

from fer_features import DataInfo, FerError, Samples, make_pipeline
from fer_features.cli import run
from fer_features.cli._data_options import load_data, print_data_summary
from fer_features.cli._options import build_pipeline, cache_directory


def options(*arguments):
    return run.parser().parse_args([str(argument) for argument in arguments])


def test_the_summary_of_data_with_predefined_splits(capsys):
    info = DataInfo(dataset="toy", synthetic=True, notes=("2 files were skipped",))
    print_data_summary(Samples.from_arrays(label=[0, 1, -1], split=["train", "test", "test"], info=info))
    assert capsys.readouterr().out.splitlines() == [
        "toy (synthetic): 2 labelled samples, 1 without a label",
        "predefined splits: train 1, test 2",
        "2 files were skipped",
    ]


def test_the_summary_of_inferred_subjects_and_leakage(capsys):
    info = DataInfo(dataset="toy", subjects_from="inferred", subjects_confidence=0.625, leakage="subjects may be wrong")
    print_data_summary(Samples.from_arrays(label=[0, 1, 1], subject=[5, 5, 6], info=info))
    lines = capsys.readouterr().out.splitlines()
    assert "2 subjects inferred from the faces, confidence 0.62" in lines[1]
    assert "--subjects" in lines[2]
    assert lines[-1] == "warning: subjects may be wrong"


def test_data_are_loaded_with_a_summary_unless_quiet(labelled_clips, tmp_path, capsys):
    model = make_pipeline("hog_lda")
    loaded, X, alignment = load_data(options(*labelled_clips, "--cache", tmp_path / "cache"), model, {})
    assert loaded is model
    assert (len(X), alignment) == (24, {})
    assert X.feature_store.folder == tmp_path / "cache"
    assert "24 labelled samples" in capsys.readouterr().out
    _, X, _ = load_data(options(*labelled_clips, "--quiet"), model, {})
    assert X.feature_store.folder is None
    assert capsys.readouterr().out == ""


def test_a_preset_is_explained_unless_quiet(capsys):
    build_pipeline(options("--pipeline", "best"))
    assert capsys.readouterr().out.startswith("preset best on sequences: ")
    build_pipeline(options("--pipeline", "small"))
    assert capsys.readouterr().out.startswith("preset small: ")
    build_pipeline(options("--pipeline", "best", "--quiet"))
    build_pipeline(options("--pipeline", "hog_svm"))
    assert capsys.readouterr().out == ""


def test_a_cache_folder_is_created_and_checked(tmp_path):
    folder = cache_directory(str(tmp_path / "a" / "b"))
    assert folder.is_dir()
    assert list(folder.iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(FerError, match=r"--cache .*file cannot be written"):
        cache_directory(tmp_path / "file")
