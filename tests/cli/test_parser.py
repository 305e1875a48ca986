"""Tests of what all commands share: argument types, reproduced commands, exit codes and messages."""

import argparse
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from fer_features._progress import log
from fer_features.cli import run
from fer_features.cli._options import fraction_or_zero, recorded_options
from fer_features.cli._parser import Parser, format_command, fraction, int_at_least, n_jobs, run_command
from fer_features.exceptions import FerError


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (int_at_least(2), "2", 2),
        (int_at_least(0), "0", 0),
        (n_jobs, "-1", -1),
        (n_jobs, "3", 3),
        (fraction, "0.25", 0.25),
        (fraction_or_zero, "0", 0.0),
        (fraction_or_zero, "1e-3", 0.001),
    ],
)
def test_argument_types(read, text, value):
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [(int_at_least(2), text) for text in ("1", "-3", "2.0", "two", "")]
    + [(n_jobs, text) for text in ("0", "-2", "all")]
    + [(read, text) for read in (fraction, fraction_or_zero) for text in ("1", "-0.1", "1.5", "nan", "inf", "half")]
    + [(fraction, "0")],
)
def test_argument_types_refuse_other_values(read, text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"'{text}' is not"):
        read(text)


def test_help_shows_defaults():
    p = Parser(prog="x")
    group = p.option_group("numbers")
    group.add_argument("--n", type=int, default=0, help="a number")
    group.mutually_exclusive().add_argument("--flag", action="store_true", help="a flag")
    p.add_argument("--name", help="a name")
    p.add_argument("--list", action="append", default=[], help="a list")
    text = p.format_help()
    assert "a number (default: 0)" in text
    assert text.count("default") == 1
    assert [action.dest for action in p.arguments] == ["help", "n", "flag", "name", "list"]


def test_the_reproduced_command_parses_to_the_same_options():
    arguments = ["--pipeline", "hog_svm", "--data", "my data", "--cv", "loso", "--n-jobs", "2", "--out", "x", "--quiet"]
    arguments += ["--set", "a__b=1", "--set", "c='d e'", "--drop-duplicates", "--seed", "3", "--plugin", "mine"]
    options = run.parser().parse_args(arguments)
    words = shlex.split(format_command(run.parser(), options))
    assert words[:2] == ["fer-features", "run"]
    again = run.parser().parse_args(words[2:])
    assert recorded_options(again) == recorded_options(options)
    for name in ("out", "n_jobs", "quiet"):
        assert name not in recorded_options(options)
        assert getattr(again, name) == run.parser().get_default(name)


def test_the_reproduced_command_leaves_defaults_out():
    options = run.parser().parse_args([])
    assert format_command(run.parser(), options) == "fer-features run --pipeline hog_svm --data demo"


def raising(error):
    def work():
        raise error

    return work


def test_exit_codes_and_messages(capsys):
    assert run_command(lambda: None) == 0
    assert capsys.readouterr() == ("", "")
    assert run_command(raising(FerError("two\n lines"))) == 2
    assert capsys.readouterr().err == "error: two lines\n"
    assert run_command(raising(MemoryError())) == 2
    assert "not enough memory" in capsys.readouterr().err
    assert run_command(raising(KeyboardInterrupt()), interrupted=lambda: "results are in x") == 130
    assert capsys.readouterr().err == "interrupted: results are in x\n"
    assert run_command(raising(KeyError("a defect is not an error of the user"))) == 70
    message = capsys.readouterr().err
    assert message.startswith("error: this is a bug of fer_features (KeyError: ")
    path = Path(message.split()[-1])
    assert path.read_text().startswith("Traceback")
    path.unlink()


def test_quiet_disables_messages(capsys):
    for arguments, expected in (([], "message\n"), (["--quiet"], ""), (["--verbose"], "message\n")):
        assert run_command(lambda: log("message"), run.parser().parse_args(arguments)) == 0
        assert capsys.readouterr().err == expected


def test_a_closed_pipe_ends_quietly():
    command = [sys.executable, "-m", "fer_features", "list"]
    pipe = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    pipe.stdout.close()
    assert pipe.stderr.read() == b""
    assert pipe.wait(timeout=60) == 0
