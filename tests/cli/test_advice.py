"""Advice for Python as advice for the command line."""

import pytest

from fer_features.cli import run
from fer_features.cli._advice import RUN_OPTIONS, as_options


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("use cv='loso' or cv='10fold'", "use --cv loso or --cv 10fold"),
        ("a parameter: align__method='none'", "a parameter: --set align__method=none"),
        ("as they are by faces__method='crop'", "as they are by --faces crop"),
        ("(classifier__n_inducing=5000)", "(--set classifier__n_inducing=5000)"),
        ("or use overwrite=True to", "or use --overwrite to"),
        ("exclude them with on_error='skip'", "exclude them with --on-error skip"),
        ("with subjects=FILE, or", "with --subjects FILE, or"),
        ("holdout=0.2: no split", "--holdout 0.2: no split"),
        ("landmarker='a b.joblib'", "landmarker='a b.joblib'"),
        ("SVM(C=3, cv=5), x.cv=5, data/cv=5, 'NAME=VALUE'", "SVM(C=3, --cv 5), x.cv=5, data/cv=5, 'NAME=VALUE'"),
        ("--set align__size=1 does not work", "--set align__size=1 does not work"),
    ],
)
def test_parameters_with_an_option_are_printed_as_option(text, expected):
    assert as_options(text) == expected


def test_options_of_the_command_are_known_besides_those_of_run():
    assert set(RUN_OPTIONS) < {action.dest for action in run.parser().arguments}
    text = "nested='5fold' or train_landmarker=True"
    assert as_options(text) == "nested='5fold' or --train-landmarker"
    assert as_options(text, ["nested"]) == "--nested 5fold or --train-landmarker"


def test_errors_and_results_of_commands_name_options(labelled_clips, tmp_path, capsys):
    options = ["--pipeline", "landmarks_lda", *labelled_clips, "--out", str(tmp_path / "out")]
    assert run.main([*options, "--cv", "9fold"]) == 2
    assert "use --cv 4fold or fewer, or --cv loso" in capsys.readouterr().err
    assert run.main([*options, "--cv", "2fold"]) == 0
    assert run.main([*options, "--cv", "2fold"]) == 2
    assert "or use --overwrite to replace" in capsys.readouterr().err
