"""Tests of the documents: their commands can be parsed, their Python code runs, and the files that they name exist."""

import dataclasses
import functools
import importlib
import re
import shlex
import shutil
import textwrap
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

import fer_features
from fer_features import FerError, Samples, make_pipeline, save_model
from fer_features.classifiers import CLASSIFIERS
from fer_features.cli import COMMANDS, main, parser
from fer_features.cli._parser import import_plugins
from fer_features.cli.search import parse_values
from fer_features.datasets import DATASETS
from fer_features.evaluation import EvaluationResult
from fer_features.evaluation.scores import Scores
from fer_features.experiment import RUN_OUTPUTS
from fer_features.expressions import FER22_CLASSES
from fer_features.extractors import EXTRACTORS
from fer_features.pipelines import parse_setting, set_parameters
from fer_features.presets import PRESETS

from .conftest import draw_clips, write_h5
from .test_layers import LEVEL

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.md") if "_build" not in path.parts)
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md", *PAGES)

#: How commands of other programs begin whose options are not those of this package.
OTHER_PROGRAMS = ("dask ", "srun ", "pip ", "args: [dask")
#: How a command of this package begins, and the arguments of `fer_features.cli.main` for it.
COMMAND_STARTS = {"fer-features": [], "python -m fer_features": [], "python -m fer_features.run": ["run"]}


@functools.cache
def text_of(document):
    return (ROOT / document).read_text(encoding="utf-8")


@functools.cache
def code_blocks(document):
    """Language and code of each fenced block, without its indentation."""
    found = re.findall(r"^( *)```(\w*)\n(.*?)^\1```$", text_of(document), re.M | re.S)
    return [(language, textwrap.dedent(code)) for _, language, code in found]


@functools.cache
def inline_code(document):
    """Text of each span of inline code, outside of the fenced blocks."""
    prose = re.sub(r"^ *```.*?^ *```$", "", text_of(document), flags=re.M | re.S)
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose)]


def command_lines(document):
    """Each line of the fenced blocks without a language, with its continuation lines, and each span of inline code."""
    for language, code in code_blocks(document):
        if not language:
            yield from code.replace("\\\n", " ").splitlines()
    yield from inline_code(document)


def arguments_of(line):
    """Arguments of a command of this package, without its comment; None for any other line."""
    match = re.fullmatch(r"(fer-features|python -m fer_features(?:\.run)?)( .*)?", line)
    if match is None:
        return None
    words = shlex.split(match[2] or "", comments=True)
    return COMMAND_STARTS[match[1]] + (words[: words.index(">")] if ">" in words else words)


#: Arguments of the commands with options, without placeholders for a command.
EXAMPLES = {
    line: arguments
    for document in DOCUMENTS
    for line in command_lines(document)
    if (arguments := arguments_of(line)) and "COMMAND" not in arguments
}
#: Names of commands alone, such as `fer-features run` and `fer-features landmarks train`, are not examples.
COMPLETE_EXAMPLES = {line: words for line, words in EXAMPLES.items() if len(words) > 1 + (words[0] == "landmarks")}
#: Arguments of the scripts in `experiments`.
SCRIPT_LINES = [
    line for document in DOCUMENTS for line in command_lines(document) if line.startswith("python experiments/")
]
#: Document -> its blocks of Python code.
PYTHON_BLOCKS = {
    document: blocks
    for document in DOCUMENTS
    if (blocks := [code for language, code in code_blocks(document) if language == "python"])
}


def command_parser(name):
    return importlib.import_module(f"fer_features.cli.{COMMANDS[name][0]}").parser()


def parsed(arguments):
    """Options of a command line."""
    p, rest = (command_parser(arguments[0]), arguments[1:]) if arguments[0] in COMMANDS else (parser(), arguments)
    return p.parse_args(rest)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with tiny files under the names that the documents use: DIR, runs/A, photo.jpg, clip.mp4 and others."""
    folder = tmp_path_factory.mktemp("readme")
    images, landmarks, label, subject = draw_clips(n_subjects=6)
    write_h5(folder / "DIR", "data_train_images", images)
    write_h5(folder / "DIR", "data_train_landmarks", np.rint(landmarks).astype(np.int64))
    write_h5(folder / "DIR", "data_train_labels", label.astype(float))
    shutil.copytree(folder / "DIR", folder / "data" / "demo")
    np.savez(folder / "faces.npz", images=images[:, -1], labels=label, subjects=subject)
    crops = Samples.from_arrays(images=images[:, -1])
    model = make_pipeline("lbp_linear", align__method="none", calibration_cv=0).fit(crops, label)
    for run in ("A", "hog"):
        (folder / "runs" / run).mkdir(parents=True)
        save_model(model, folder / "runs" / run / "model.joblib")
    photograph = cv2.cvtColor(skimage.data.astronaut()[:300], cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(folder / "photo.jpg"), photograph)
    video = cv2.VideoWriter(str(folder / "clip.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 25, (512, 300))
    for _ in range(3):
        video.write(photograph)
    video.release()
    return folder


@pytest.fixture(scope="module")
def namespace(folder, tmp_path_factory):
    """Variables of the Python blocks after all of them ran, in their order, each document in a copy of `folder`.

    A block that begins with the name of a file is written to this file, which is imported as a plugin.
    """
    images, landmarks, label, subject = draw_clips(n_subjects=6)
    found = {}
    registries = [(registry, dict(registry)) for registry in (EXTRACTORS, CLASSIFIERS, DATASETS)]
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("error")
        patch.syspath_prepend(str(folder))
        patch.setenv("MPLBACKEND", "Agg")
        for document, blocks in PYTHON_BLOCKS.items():
            copy = shutil.copytree(folder, tmp_path_factory.mktemp("page") / "copy")
            patch.chdir(copy)
            variables = {"clips": images, "points": landmarks, "labels": label}
            variables |= {"subjects": subject, "sessions": subject % 2}
            for i, code in enumerate(blocks):
                file = re.match(r"# (\w+)\.py\n", code)
                if "fer_features.cluster(" in code:
                    compile(code, document, "exec")  # it would start processes
                elif file:
                    (folder / f"{file[1]}.py").write_text(code)
                    import_plugins([file[1]])
                else:
                    exec(compile(code, f"{document}, block {i}", "exec"), variables)
            found |= variables
        yield found
    for registry, saved in registries:
        registry.clear()
        registry.update(saved)


def test_the_python_example_of_the_readme_runs_on_folders_of_photographs(folder, tmp_path, monkeypatch):
    copy = shutil.copytree(folder, tmp_path / "copy")
    shutil.rmtree(copy / "DIR")
    images, _, label, subject = draw_clips(n_subjects=6)
    for i, (frames, expression, person) in enumerate(zip(images, label, subject, strict=True)):
        path = copy / "DIR" / FER22_CLASSES[expression] / f"S{person}_{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), frames[-1])
    monkeypatch.chdir(copy)
    (code,) = PYTHON_BLOCKS["README.md"]
    variables = {}
    exec(compile(code, "README.md", "exec"), variables)
    assert isinstance(variables["result"], EvaluationResult)


def test_examples_are_found():
    assert len(COMPLETE_EXAMPLES) > 20
    assert len(PYTHON_BLOCKS) > 5
    assert len(SCRIPT_LINES) > 10
    assert {words[0] for words in COMPLETE_EXAMPLES.values()} >= set(COMMANDS) - {"demo"}


@pytest.mark.parametrize("line", COMPLETE_EXAMPLES)
def test_commands_can_be_parsed(line):
    parsed(COMPLETE_EXAMPLES[line])


@pytest.mark.parametrize("line", sorted(set(EXAMPLES) - set(COMPLETE_EXAMPLES)))
def test_names_of_commands_exist(line):
    assert EXAMPLES[line][0] in COMMANDS


def test_every_command_is_on_the_start_page():
    rows = dict(re.findall(r"^\| `fer-features ([\w-]+)` \| (.+) \|$", text_of("docs/start.md"), re.M))
    assert list(rows) == list(COMMANDS)


def test_pipelines_and_parameters_exist(namespace):
    for words in COMPLETE_EXAMPLES.values():
        options = parsed(words)
        if not hasattr(options, "pipeline"):
            continue
        model = make_pipeline(options.pipeline)
        for setting in options.set:
            name, values = parse_values(setting)
            for value in values if words[0] == "search" else [parse_setting(setting)[1]]:
                set_parameters(model, {name: value})
    for document in DOCUMENTS:
        for code in inline_code(document):
            is_pipeline = re.fullmatch(r"[a-z0-9_+]+", code) and code.rpartition("_")[2] in CLASSIFIERS and "_" in code
            if is_pipeline or code in PRESETS:
                make_pipeline(code)


def test_inline_settings_exist():
    single, voting = make_pipeline("hog_svm"), make_pipeline("hog_svm+lbp_svm")
    for document in DOCUMENTS:
        for code in inline_code(document):
            for setting in re.findall(r"--set (\w+=\S*)", code):
                name, value = parse_setting(setting)
                model = single if "__" in name or name in single.get_params() else voting
                if value != "":
                    set_parameters(model, {name: value})
                assert name in model.get_params()


def test_options_exist():
    parsers = [parser(), *(command_parser(name) for name in COMMANDS)]
    known = {option for p in parsers for action in p.arguments for option in action.option_strings} | script_options()
    for document in DOCUMENTS:
        for code in inline_code(document):
            if not code.startswith(OTHER_PROGRAMS):
                assert set(re.findall(r"(?<!\S)--[a-z][a-z0-9-]*", code)) <= known | {"--help"}, code


def script_options(name=None):
    """Options in the sources of one script and its helper modules, or of all."""
    folder = ROOT / "experiments"
    helpers = [folder / "command_line.py", folder / "grid_search.py"]
    files = folder.glob("*.py") if name is None else [folder / name, *helpers]
    return {option for file in files for option in re.findall(r'"(--[a-z0-9-]+)"', file.read_text())}


@pytest.mark.parametrize("line", SCRIPT_LINES)
def test_scripts_and_their_options_exist(line):
    _, script, *arguments = shlex.split(line, comments=True)
    assert (ROOT / script).is_file()
    assert {word for word in arguments if word.startswith("--")} <= script_options(Path(script).name)


def test_files_exist():
    for document in set(DOCUMENTS) - {"data/README.md"}:
        for code in inline_code(document):
            path = re.fullmatch(r"(?:fer_features|experiments|tests|data)/[\w./]*|[A-Z]+\.md", code)
            if path and "NAME" not in code and code not in ("MODEL_CARD.md", "data/demo"):
                assert (ROOT / code).exists(), code


def test_names_are_in_the_files_that_are_given_with_them():
    text = " ".join(text_of("CONTRIBUTING.md").split())
    found = re.findall(r"((?:`\w+` and )?`\w+`) \(`(fer_features/[\w/.]+)`\)", text)
    assert len(found) > 5
    for names, path in found:
        for name in re.findall(r"\w+", names.replace(" and ", " ")):
            assert re.search(rf"^(?:def |class )?{name}\b", (ROOT / path).read_text(), re.M), f"{name} in {path}"


def test_layers_are_those_of_the_tests():
    table = text_of("CONTRIBUTING.md").split("## Layers\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.+?) \|", table, re.M)
    levels = [LEVEL[name] for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert levels == sorted(levels)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(LEVEL) - {"run", "__main__"}


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", *PAGES])
def test_links_to_files_exist(document):
    folder = (ROOT / document).parent
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text_of(document))
    made = ("docs/gallery/", "docs/api/generated/")  # by the build of the site, which checks links to them
    for link in links:
        target = (folder / link).resolve()
        assert target.exists() or target.relative_to(ROOT).as_posix().startswith(made), link


def test_the_readme_is_short():
    assert len(text_of("README.md").split()) <= 900


def test_every_file_of_a_run_is_documented():
    section = text_of("docs/howto/output.md")
    files = [cell for row in re.findall(r"^\| (`.+?) \|", section, re.M) for cell in re.findall(r"`(.+?)`", row)]
    assert sorted(files) == sorted(RUN_OUTPUTS)


def test_the_blocks_of_the_scores_exist():
    (row,) = re.findall(r"^\| `scores.json` \|(.*)$", text_of("docs/howto/output.md"), re.M)
    blocks = re.findall(r"`(\w+)`", row)
    assert len(blocks) > 5
    assert set(blocks) <= {field.name for field in dataclasses.fields(Scores)}


def test_public_names_of_the_package_are_in_the_documents():
    names = set(fer_features.__all__) - {"EvaluationResult", "FacePrediction", "FerError", "__version__", "save_model"}
    names -= {"cluster"}  # in docs/howto/cluster.md: it starts processes
    code = " ".join(code for blocks in PYTHON_BLOCKS.values() for code in blocks)
    assert {name for name in names if not re.search(rf"\b{name}\b", code)} == set()


def test_every_check_is_documented(namespace):
    text = " ".join(text_of("docs/howto/checks.md").split())
    assert {one.name for one in namespace["checks"] if one.name not in text} == set()


def test_python_code_runs(namespace):
    assert namespace["result"].scores.metrics.n_subjects == 6
    assert namespace["found"].nested is not None
    assert namespace["face"].expression
    assert namespace["frame_result"].frame.index == 2


def test_the_plugin_works_in_a_command(namespace, folder, capsys):
    (line,) = (line for line in COMPLETE_EXAMPLES if "--pipeline brightness" in line)
    # `namespace` has imported the plugin already; importing it twice has no effect.
    assert main([*COMPLETE_EXAMPLES[line], "--out", str(folder / "plugin"), "--quiet"]) == 0
    assert "brightness_hog_knn on npz" in capsys.readouterr().out
    assert (folder / "plugin" / "model.joblib").is_file()


def test_an_unknown_name_is_an_error():
    with pytest.raises(FerError):
        make_pipeline("hog_svn")
    with pytest.raises(SystemExit):
        parsed(["run", "--jobs", "2"])
