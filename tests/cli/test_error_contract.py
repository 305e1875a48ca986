"""The error contract of all commands: exit codes, one line for an error, and nothing half-written or left over."""

import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_features import DataInfo, Samples, cli, make_pipeline, save_model
from fer_features.cli import COMMANDS
from fer_features.cli._guard import guard

from ..conftest import draw_clips, write_h5
from .conftest import processes_of

#: Values that no option expects.
HOSTILE_VALUES = (
    "",
    "-1",
    "0",
    "nan",
    "1e400",
    "²",
    "9" * 5000,
    "a\nb\x1b[2J",
    "$x_1$",
    "\udcff",
    "/dev/null",
    "[[",
    "=1",
)

DATA = "--data DATA --subjects SUBJECTS"
#: Valid calls with placeholders for inputs and the output.
CALLS = {
    "run": f"run --pipeline landmarks_lda --cv 2fold {DATA} --out OUT",
    "run without evaluation": f"run --pipeline landmarks_lda --cv none {DATA} --out OUT",
    "search": f"search --pipeline landmarks_lda --cv 2fold {DATA} --grid GRID --out OUT",
    "check": f"check --pipeline landmarks_lda --permutations 19 {DATA} --out OUT",
    "compare": "compare RUN RUN --out OUT",
    "evaluate landmarks": "landmarks evaluate --data DATA --out OUT",
    "convert": "convert CROPPED OUT.skops",
    "demo": "demo OUT --subjects 1 --test-subjects 1 --repeats 1 --test-repeats 1",
    "inspect": "inspect DATA --subjects SUBJECTS --out OUT.html",
    "extract": f"extract --pipeline landmarks_ridge {DATA} --out OUT",
    "pack": "pack DATA --subjects SUBJECTS OUT.h5",
    "plot": "plot landmarks DATA --out OUT.png",
    "plot importance": "plot landmarks DATA --model RUN --out OUT.png",
    "predict": "predict --model CROPPED IMAGE --out OUT.csv",
    "predict in JSON": "predict --model CROPPED IMAGE --out OUT.json",
    "annotate": "predict --model CROPPED IMAGE --annotate OUT.png",
    "train landmarks": "landmarks train --data DATA --out OUT.joblib",
    "train landmarks without pickle": "landmarks train --data DATA --out OUT.npz",
    "adapt landmarks": "landmarks adapt --data DATA --out OUT.npz",
}
#: Calls whose output is a folder.
FOLDER_CALLS = ("run", "run without evaluation", "search", "check", "compare", "evaluate landmarks", "demo", "extract")

#: Calls that would replace an input.
OVERWRITING_CALLS = (
    "inspect DATA --out DATA/data_train_labels.h5",
    "inspect DATA --out SYMBOLIC_LINK.html",
    "pack DATA DATA/data_train_labels.h5",
    "plot landmarks DATA --out DATA/image.png",
    "plot landmarks DATA --model RUN --out RUN/model.joblib",
    "convert RUN/model.joblib RUN/model.joblib --overwrite",
    "predict --model CROPPED IMAGE --annotate IMAGE",
    "predict --model CROPPED IMAGE --annotate HARD_LINK.png",
    "predict --model CROPPED IMAGE --out CROPPED/model.json",
    "predict --model CROPPED/model.joblib IMAGE --out CROPPED/model.json",
    "run --pipeline landmarks_lda --data DATA --subjects RUN/subjects.csv --out RUN --overwrite",
    "run --pipeline landmarks_lda --data DATA --out DATA",
    "compare RUN RUN --out RUN",
    "compare RUN RUN --out RUN --overwrite",
    "landmarks train --data DATA --out DATA/data_train_labels.h5",
    "demo DATA",
)


def filled(text, values):
    """Arguments of a call, with its placeholders replaced."""
    for name, value in values.items():
        text = text.replace(name, str(value))
    return text.split(" ")


def content(folder):
    """Every path below a folder, with the content of files."""
    files = sorted(folder.rglob("*"))
    return {path: path.read_bytes() if path.is_file() and not path.is_fifo() else None for path in files}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Placeholder -> path."""
    folder = tmp_path_factory.mktemp("inputs")
    names = ("DATA", "SUBJECTS.npy", "GRID.json", "RUN", "CROPPED", "IMAGE.png", "SYMBOLIC_LINK.html", "HARD_LINK.png")
    paths = {name.partition(".")[0]: folder / name.lower() for name in names}
    images, landmarks, label, subject = draw_clips()
    write_h5(paths["DATA"], "data_train_landmarks", np.rint(landmarks).astype(np.int64))
    write_h5(paths["DATA"], "data_train_labels", label.astype(float))
    cv2.imwrite(str(paths["DATA"] / "image.png"), images[0, -1])
    np.save(paths["SUBJECTS"], subject)
    paths["GRID"].write_text('{"classifier__shrinkage": [0.1, 0.9]}')
    assert cli.main(filled(CALLS["run"], {**paths, "OUT": paths["RUN"]})) == 0
    X = Samples.from_arrays(images=images[:, -1], info=DataInfo(cropped=True))
    paths["CROPPED"].mkdir()
    model = make_pipeline("lbp_linear", align__method="none", calibration_cv=0).fit(X, label)
    save_model(model, paths["CROPPED"] / "model.joblib")
    cv2.imwrite(str(paths["IMAGE"]), images[0, -1])
    paths["HARD_LINK"].hardlink_to(paths["IMAGE"])
    paths["HARD_LINK"] = paths["HARD_LINK"].with_suffix("")
    paths["SYMBOLIC_LINK"].symlink_to(paths["DATA"] / "data_train_labels.h5")
    paths["SYMBOLIC_LINK"] = paths["SYMBOLIC_LINK"].with_suffix("")
    return paths


@pytest.fixture
def run(capsys):
    """A function that runs a command, and returns its exit code and its messages; none takes long."""

    def too_long(*_):
        raise TimeoutError

    def run(arguments):
        capsys.readouterr()
        try:
            code = cli.main(arguments)
        except SystemExit as ended:  # of argparse
            code = ended.code
        return code, capsys.readouterr().err

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(60)
    yield run
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("name", COMMANDS)
def test_hostile_values_of_options_are_reported_in_one_line(name, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(f"fer_features.cli.{COMMANDS[name][0]}")
    options = [a.option_strings[-1] for a in module.parser().arguments if a.option_strings and a.nargs != 0]
    options = [option for option in options if option != "--cache"]  # creates a folder
    # The inputs do not exist, so that a valid value does not start a computation.
    required = {"compare": ["no", "no"], "inspect": ["no"], "plot": ["hog", "no"], "predict": ["no"]}.get(name, [])
    required += {"convert": ["no", "no.skops"], "extract": ["--data", "no"]}.get(name, [])
    required += {"run": ["--data", "no"], "search": ["--data", "no"], "check": ["--data", "no"]}.get(name, [])
    required += {"plot": ["--out", "x.png"], "predict": ["--model", "no"], "demo": ["/dev/null/x"]}.get(name, [])
    required += {"landmarks": ["evaluate", "--data", "no"], "list": ["nothing"]}.get(name, [])
    required += {"live": ["--model", "no"], "serve": ["--model", "no"], "teach": ["--token-file", "no"]}.get(name, [])
    for option in [*options, "--no-such-option"]:
        for value in HOSTILE_VALUES:
            code, message = run([name, *required, f"{option}={value}"])
            assert (code, message.count("\n"), message[:7]) == (2, 1, "error: "), (option, value, message)
            assert message[:-1].isprintable()
            assert len(message) < 3000
    assert list(tmp_path.iterdir()) == []


def make_strange(kind, place, suffix):
    """Make an output that cannot be written in the folder `place`, and return its path without the suffix."""
    path = place / "out"
    full = path.with_suffix(suffix)
    if kind == "occupied":
        full.write_text("a file") if not suffix else full.mkdir()
    elif kind == "loop":
        full.symlink_to(full)
    elif kind == "pipe":
        os.mkfifo(full)
    elif kind == "below a file":
        path.write_text("a file")
        return path / "out"
    elif kind == "read-only":
        return Path("/proc/out")
    elif kind == "long name":
        return place / ("x" * 300)
    return path


@pytest.mark.parametrize("kind", ["occupied", "loop", "pipe", "below a file", "read-only", "long name"])
@pytest.mark.parametrize("name", CALLS)
def test_outputs_that_cannot_be_written_are_refused_before_the_work(name, kind, run, inputs, tmp_path):
    suffix = "" if name in FOLDER_CALLS else "." + CALLS[name].rpartition("OUT.")[2]
    out = make_strange(kind, tmp_path, suffix)
    before = content(tmp_path)
    # Data that do not exist would be reported if they were read first.
    missing = {} if "predict" in CALLS[name] else {"DATA": tmp_path / "missing", "RUN RUN": "missing missing"}
    code, message = run(filled(CALLS[name], {**missing, **inputs, "OUT": out}))
    assert (code, message.count("\n")) == (2, 1), message
    assert f"{out}" in message
    assert "missing" not in message
    assert content(tmp_path) == before


@pytest.mark.parametrize("name", [name for name in FOLDER_CALLS if name != "demo"])
def test_a_folder_with_files_of_the_user_is_refused(name, run, inputs, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    code, message = run(filled(CALLS[name], {**inputs, "OUT": tmp_path}))
    assert (code, message.count("\n")) == (2, 1), message
    assert "is not empty" in message
    assert content(tmp_path) == {tmp_path / "notes.txt": b"mine"}


@pytest.mark.parametrize("name", [name for name in FOLDER_CALLS if name not in ("demo", "compare")])
def test_results_do_not_become_inputs_of_the_next_run(name, run, inputs):
    before = content(inputs["DATA"])
    arguments = filled(CALLS[name], {**inputs, "OUT": inputs["DATA"]})
    code, message = run([*arguments, "--overwrite"])
    assert (code, message.count("\n")) == (2, 1), message
    assert "holds an input (--data)" in message
    assert content(inputs["DATA"]) == before


@pytest.mark.parametrize("text", OVERWRITING_CALLS)
def test_inputs_are_not_overwritten(text, run, inputs):
    folder = inputs["DATA"].parent
    before = content(folder)
    code, message = run(filled(text, inputs))
    assert (code, message.count("\n")) == (2, 1), message
    assert content(folder) == before


def test_an_empty_command_is_unknown(run):
    assert run([""]) == (2, "error: unknown command '' (see fer-features --help)\n")


def test_an_unexpected_exception_is_reported_as_a_bug_with_its_traceback(run, monkeypatch, tmp_path):
    def fail(*_):
        raise KeyError("two\nlines")

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("fer_features.cli.list_components.component_list", fail)
    code, message = run(["list"])
    (saved,) = tmp_path.iterdir()
    assert (code, message) == (
        70,
        f"error: this is a bug of fer_features (KeyError: 'two\\nlines'); the traceback is in {saved}\n",
    )
    assert saved.read_text().startswith("Traceback")
    code, message = run(["list", "--debug"])
    assert code == 70
    assert message.startswith("Traceback")
    assert list(tmp_path.iterdir()) == [saved]


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (KeyboardInterrupt(), 130, "interrupted: nothing was written"),
        (MemoryError(), 2, "not enough memory"),
        (type("BrokenProcessPool", (RuntimeError,), {})(), 2, "a worker process was killed"),
        (RecursionError(), 70, "this is a bug"),
    ],
)
def test_exit_codes(error, code, text, capsys, monkeypatch, tmp_path):
    def work():
        raise error

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert guard(work) == code
    assert text in capsys.readouterr().err


def process(*arguments, **options):
    """A command as a process of its own, in a new session."""
    command = [sys.executable, "-m", "fer_features", *map(str, arguments)]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    return subprocess.Popen(command, start_new_session=True, **options)


def test_output_that_cannot_be_written_does_not_print_a_traceback():
    for stream, code, message in (("closed pipe", 0, ""), ("/dev/full", 2, "error: cannot write to standard output: ")):
        if stream == "closed pipe":
            one = process("--help")
            one.stdout.close()
        else:
            with open(stream, "w") as file:
                one = process("--help", stdout=file)
        assert one.stderr.read().startswith(message)
        assert one.wait() == code
    for closed in (">&-", "2>&-", "<&-"):
        command = f"{sys.executable} -m fer_features no-such-command {closed}"
        assert subprocess.run(command, shell=True, capture_output=True).returncode == 2


NOISY_PLUGIN = """
import logging, os, warnings
from fer_features.exceptions import FerWarning
os.write(2, b"libpng warning: iCCP: known incorrect sRGB profile")
warnings.warn("of another package", RuntimeWarning)
logging.getLogger("another").warning("of another package")
warnings.warn("of this package", FerWarning)
print(os.environ["MPLBACKEND"])
"""


def test_messages_of_other_packages_are_hidden_and_own_warnings_are_lines(tmp_path):
    (tmp_path / "noisy.py").write_text(NOISY_PLUGIN)
    environment = {**os.environ, "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    out, err = process("list", "presets", "--plugin", "noisy", cwd=tmp_path, env=environment).communicate(timeout=60)
    assert err == "warning: of this package\n"
    assert out.startswith("agg\n")


SLOW_MODULE = """
import os, signal, time
os.kill(os.getpid(), signal.SIGINT)
time.sleep(0.12)
"""
LATE_WORK = """
import sys, time
from fer_features.cli._guard import guard

def work():
    import interrupted_module
    end = time.monotonic() + 0.02
    while time.monotonic() < end:
        pass
    import slow_module
    print("the work was not interrupted between two imports")
    return 0

sys.exit(guard(work, is_program=True))
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="an interruption is not delayed on Windows")
def test_an_interrupted_import_is_completed_and_the_work_after_it_is_not(tmp_path):
    (tmp_path / "interrupted_module.py").write_text(SLOW_MODULE)
    (tmp_path / "slow_module.py").write_text("import time\ntime.sleep(0.2)\n")
    (tmp_path / "late.py").write_text(LATE_WORK)
    done = subprocess.run([sys.executable, "late.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted: nothing was written\n")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are listed in /proc")
@pytest.mark.parametrize(
    ("number", "n_jobs", "target", "delay"),
    [
        (signal.SIGINT, 2, os.killpg, 1.0),  # as a terminal does
        (signal.SIGTERM, 2, os.kill, 1.0),
        (signal.SIGHUP, 1, os.killpg, 1.0),
        (signal.SIGINT, 1, os.killpg, None),  # during the imports
    ],
)
def test_a_signal_ends_the_command_and_everything_that_it_started(number, n_jobs, target, delay, inputs, tmp_path):
    temporary, out = tmp_path / "tmp", tmp_path / "out"
    temporary.mkdir()
    shared = set(os.listdir("/dev/shm")) if Path("/dev/shm").exists() else set()
    arguments = filled(CALLS["run"], {**inputs, "OUT": out}) + ["--repeats", "1000", "--n-jobs", n_jobs, "--quiet"]
    one = process(*arguments, env={**os.environ, "TMPDIR": str(temporary), "OMP_NUM_THREADS": "1"})
    deadline = time.monotonic() + 60
    # The model is published before the folds are evaluated.
    while delay and not (out / "model.joblib").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    # The signal of the last case falls into the imports, however loaded the machine is.
    while not delay and "numpy" not in Path(f"/proc/{one.pid}/maps").read_text() and time.monotonic() < deadline:
        time.sleep(0.002)
    time.sleep(delay or 0)
    target(one.pid, number)
    _, message = one.communicate(timeout=60)
    kept = f"the model and its predictions are in {out}, without an evaluation" if delay else "nothing was written"
    assert (one.returncode, message) == (130 if number == signal.SIGINT else 143, f"interrupted: {kept}\n")
    assert (out / "model.joblib").exists() == bool(delay)
    assert not (out / "scores.json").exists()
    while processes_of(one.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_of(one.pid) == []
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".part")]
    assert list(temporary.iterdir()) == []
    assert not [name for name in set(os.listdir("/dev/shm")) - shared if str(one.pid) in name]
