"""Commands as processes of their own: interrupted ones, and ones in odd environments."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from .contract import Case, Outcome
from .templates import QUICK, copy_template
from .worker import GRACE_SECONDS, processes_of

ROOT = Path(__file__).parents[2]
#: Signals that end a command.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: Longer commands count as hanging, in seconds.
TIME_LIMIT = 60.0
#: Values of environment variables that a user may have.
ENVIRONMENTS: tuple[dict[str, str], ...] = (
    {"MPLBACKEND": "module://matplotlib_inline.backend_inline"},
    {"MPLBACKEND": "qt5agg", "DISPLAY": ":99"},
    {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    {"TMPDIR": "/absent", "HOME": "/absent"},
    {"COLUMNS": "0", "TERM": "dumb"},
    {"PYTHONWARNINGS": "error"},
    {"OMP_NUM_THREADS": "x", "OPENBLAS_NUM_THREADS": "-1"},
    {"LOKY_MAX_CPU_COUNT": "0"},
    {"PYTHONOPTIMIZE": "1", "PYTHONDONTWRITEBYTECODE": "1"},
)


def interrupted_command(rng: np.random.Generator, folder: Path, templates: Path) -> tuple[Case, Outcome]:
    """A long command that gets a signal after a random time, which may be during the imports."""
    arguments = _prepare(rng, folder, templates, is_long=True)
    with _started(arguments, folder, {"OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL) as process:
        time.sleep(float(rng.uniform(0.1, 6)))
        number = SIGNALS[rng.integers(len(SIGNALS))]
        # A terminal sends a signal to the whole process group; `kill` sends it to one process.
        send = os.kill if number == signal.SIGTERM else os.killpg
        with contextlib.suppress(ProcessLookupError):
            send(process.pid, number)
        return Case(arguments, kept=("out", "out.csv")), _outcome(process, folder)


def odd_environment(rng: np.random.Generator, folder: Path, templates: Path) -> tuple[Case, Outcome]:
    """A valid command with odd environment variables, or whose output cannot be written."""
    arguments = _prepare(rng, folder, templates, is_long=False)
    environment = ENVIRONMENTS[rng.integers(len(ENVIRONMENTS))] if rng.random() < 0.6 else {}
    kind = rng.integers(4)
    with contextlib.ExitStack() as stack:
        stdout: Any = subprocess.DEVNULL
        if kind == 0:
            stdout = stack.enter_context(open("/dev/full", "w"))
        elif kind == 1:
            stdout = subprocess.PIPE
        process = stack.enter_context(_started(arguments, folder, environment, stdout=stdout))
        if process.stdout is not None:
            process.stdout.close()  # as `head` does
            process.stdout = None
        return Case(arguments, kept=("out", "out.csv")), _outcome(process, folder)


def _prepare(rng: np.random.Generator, folder: Path, templates: Path, is_long: bool) -> list[str]:
    for name in ("fer22", "subjects.csv", "media", "S", "A", "B"):
        copy_template(templates, name, folder)
    data = ["--data", "fer22", "--subjects", "subjects.csv", "--quiet", "--out", "out"]
    long_commands = [
        ["run", "--pipeline", "hog_svm", *data, "--n-jobs", "2", "--cv", "4fold", "--repeats", "50"],
        ["search", "--pipeline", "hog_svm", *data, "--n-jobs", "2", "--cv", "4fold", "--nested", "4fold"],
        ["check", "--pipeline", "hog_svm", *data, "--n-jobs", "2", "--permutations", "1000"],
        ["predict", "--model", "S", *["media/clip.avi"] * 200, "--quiet", "--out", "out.csv"],
        ["demo", "out", "--quiet"],
    ]
    commands = [
        ["run", "--pipeline", "landmarks_lda", *data, *QUICK[1:]],
        ["check", "--pipeline", "landmarks_lda", *data, "--permutations", "19"],
        ["compare", "A", "B", "--quiet", "--out", "out"],
        ["inspect", "fer22", "--quiet", "--out", "out"],
        ["predict", "--model", "S", "media/photo.png", "--quiet", "--out", "out.csv"],
        ["list"],
        ["run", "--help"],
        ["--version"],
    ]
    chosen = long_commands if is_long else commands
    return chosen[rng.integers(len(chosen))]


def _started(arguments: list[str], folder: Path, environment: dict[str, str], stdout: Any) -> Any:
    """A process in a session of its own, whose standard error is written beside the folder."""
    with open(f"{folder}.stderr", "wb") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", "fer_features", *arguments],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder / "tmp")} | environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=errors,
            start_new_session=True,
        )


def _outcome(process: Any, folder: Path) -> Outcome:
    """Wait for the process and for those that it started; what is left is killed."""
    try:
        code: int | None = process.wait(TIME_LIMIT)
    except subprocess.TimeoutExpired:
        code = None
    deadline = time.monotonic() + GRACE_SECONDS
    left = processes_of(process.pid)
    while code is not None and left and time.monotonic() < deadline:
        time.sleep(0.1)
        left = processes_of(process.pid)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    text = Path(f"{folder}.stderr").read_bytes().decode(errors="backslashreplace")
    if code is not None and -code in map(int, SIGNALS) and not text:
        code = 128 - code  # the signal came before the first line of Python
    return Outcome(code, text, processes=tuple(left.values()) if code is not None else ())
