"""Tests of the top-level command: dispatch, start-up time, completion, and the options of every command."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from fer_features import __version__
from fer_features.cli import COMMANDS, completion_script, main
from fer_features.model_selection.grids import STRATEGIES
from fer_features.model_selection.plan import SCORING
from fer_features.recognition.neutral_reference import NEUTRAL_METHODS

from ..test_public_api import HEAVY, seconds

#: Arguments that print a help text.
HELP = [["--help"], *([name, "--help"] for name in COMMANDS)]
HELP += [["landmarks", task, "--help"] for task in ("train", "evaluate")]


def output(capsys, *arguments):
    """Standard output of a command that ends the process with code 0."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def refused(capsys, *arguments):
    """The one line of a command that ends with code 2."""
    try:
        code = main(arguments)
    except SystemExit as ended:
        code = ended.code
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1), err
    return err


def test_help_lists_every_command(capsys):
    text = output(capsys, "--help")
    for name, (_, about) in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(about)}$", text, re.M)


def test_no_arguments_print_the_help_and_end_with_2(capsys):
    assert main([]) == 2
    assert "commands:" in capsys.readouterr().err


def test_version(capsys):
    assert output(capsys, "--version") == f"fer_features {__version__}\n"


@pytest.mark.parametrize(("name", "nearest"), [("rnu", "run"), ("serach", "search"), ("inspect-data", "inspect")])
def test_an_unknown_command_is_reported_with_the_nearest(capsys, name, nearest):
    assert refused(capsys, name, "--help") == (
        f"error: unknown command '{name}': did you mean '{nearest}'? (see fer-features --help)\n"
    )


def test_an_unknown_command_without_a_similar_one(capsys):
    assert refused(capsys, "xyz") == "error: unknown command 'xyz' (see fer-features --help)\n"


@pytest.mark.parametrize("arguments", HELP, ids=" ".join)
def test_every_help_text(capsys, arguments):
    text = output(capsys, *arguments)
    name = " ".join(["fer-features", *arguments[:-1]])
    assert text.startswith(f"usage: {name} ")
    assert len(arguments) == 3 or f"\n  {name} " in text  # an example
    assert "(default: None)" not in text
    assert "(default: False)" not in text
    assert text.count("(default:") == len(re.findall(r"\(default:\s[^()]+\)", text))
    if len(arguments) > 1 and arguments[:-1] != ["landmarks"]:
        for option in ("--quiet", "--verbose", "--debug", "--plugin MODULE"):
            assert option in text


@pytest.mark.parametrize("arguments", [*HELP, ["--version"]], ids=" ".join)
def test_help_and_version_are_quick(arguments):
    assert seconds("-m", "fer_features", *arguments) < 0.5


@pytest.mark.parametrize("name", COMMANDS)
def test_parsers_import_no_heavy_library(name):
    module = f"fer_features.cli.{COMMANDS[name][0]}"
    code = f"import sys, {module} as m; m.parser(); print(*(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def choices(module, option):
    (action,) = (a for a in module.parser().arguments if option in a.option_strings)
    return action.choices


def test_choices_are_those_of_the_library():
    from fer_features.cli import predict, search

    assert choices(search, "--strategy") == STRATEGIES
    assert choices(search, "--scoring") == SCORING
    (neutral,) = (a for a in predict.parser().arguments if a.dest == "neutral")
    assert all(method in neutral.help for method in NEUTRAL_METHODS)


def test_an_unknown_option_is_reported_with_the_nearest(capsys):
    assert refused(capsys, "run", "--jobs", "2") == (
        "error: unknown argument '--jobs': did you mean '--n-jobs'? (see fer-features run --help)\n"
    )


def test_an_error_is_one_line_and_a_traceback_with_debug(capsys):
    line = refused(capsys, "run", "--pipeline", "hgo_svm")
    assert line.startswith("error: ")
    assert main(["run", "--pipeline", "hgo_svm", "--debug"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("Traceback (most recent call last):")
    assert err.endswith(line)


PLUGIN = """
from fer_features import register_extractor
from fer_features.extractors import HOG

@register_extractor("brighthog")
class BrightHOG(HOG):
    "Histograms of bright gradients"
"""


@pytest.mark.parametrize("installed", [True, False])
def test_a_plugin_of_the_current_folder_adds_an_extractor(tmp_path, installed):
    (tmp_path / "my_plugin.py").write_text(PLUGIN)
    command = shutil.which("fer-features", path=os.path.dirname(sys.executable))
    if installed and command is None:
        pytest.skip("the package is not installed")
    program = [command] if installed else [sys.executable, "-m", "fer_features"]
    arguments = [*program, "list", "extractors", "--plugin", "my_plugin"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(arguments, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    assert re.search("^  brighthog +Histograms of bright gradients; ", done.stdout, re.M)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("no_such_plugin", None, "No module named 'no_such_plugin'"),
        ("faulty_plugin", "1 / 0", "ZeroDivisionError: division by zero"),
        ("my_plugin.py", "", "without .py"),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_reported(capsys, tmp_path, monkeypatch, name, content, words):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    if content is not None:
        (tmp_path / f"{name.removesuffix('.py')}.py").write_text(content)
    line = refused(capsys, "list", "--plugin", name)
    assert f"--plugin {name} cannot be imported" in line
    assert words in line


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_scripts_know_commands_and_options(capsys, shell):
    assert main(["--print-completion", shell]) == 0
    script = capsys.readouterr().out
    for word in (*COMMANDS, *STRATEGIES, "n-jobs", "target-coverage", "evaluate"):
        assert word in script


def test_bash_completes(tmp_path):
    if not shutil.which("bash"):
        pytest.skip("bash is not available")
    (tmp_path / "completion").write_text(completion_script("bash"))

    def complete(*words):
        quoted = " ".join(f"'{word}'" for word in words)
        code = f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _shtab_fer_features; echo ${{COMPREPLY[@]}}"
        done = subprocess.run(
            ["bash", "-c", f"source completion; {code}"], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        assert done.stderr == ""
        return done.stdout.split()

    assert complete("fer-features", "che") == ["check"]
    assert complete("fer-features", "check", "--n-j") == ["--n-jobs"]
    assert complete("fer-features", "check", "--split", "") == ["grouped", "random"]
    assert complete("fer-features", "landmarks", "evaluate", "--fr") == ["--frames"]
    assert complete("fer-features", "predict", "--model", "comp") == ["completion"]
