"""A process that runs commands, each in a fork of its own, so that the imports are paid once.

It reads JSON lines (arguments, folder, time limit, limit of file sizes) and writes JSON lines (outcomes).
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

#: Modules that a command imports; they are imported once, here.
MODULES = (
    "fer_features.cli",
    *(f"fer_features.cli.{name}" for name in ("run", "search", "check", "compare", "inspect_data", "plot", "predict")),
    "fer_features.cli.landmarks",
    "fer_features.cli.pack",
    "fer_features.workflow",
    "fer_features.recognition",
    "fer_features.audit",
    "fer_features.reports.comparison",
    "fer_features.reports.data_profile",
    "fer_features.plotting.comparison",
    "xgboost",
)
#: Time for processes of a command to end after it, in seconds.
GRACE_SECONDS = 5.0


def main() -> None:
    """Run the cases of standard input until it ends."""
    for name in MODULES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        request = json.loads(line)
        answers.write(json.dumps(_run(**request)) + "\n")
        answers.flush()


def _run(arguments: list[str], folder: str, limit: float, max_file_size: int | None) -> dict[str, object]:
    """Run one command in a fork, in a session of its own."""
    errors = Path(f"{folder}.stderr")
    pid = os.fork()
    if pid == 0:
        _become_command(arguments, folder, errors, max_file_size)
    code, memory = _wait(pid, limit)
    left = processes_of(pid) if code is not None else {}
    deadline = time.monotonic() + GRACE_SECONDS
    while left and time.monotonic() < deadline:
        time.sleep(0.1)
        left = processes_of(pid)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    return {
        "code": code,
        "stderr": errors.read_bytes().decode(errors="backslashreplace"),
        "memory_mb": memory,
        "processes": list(left.values()),
    }


def _become_command(arguments: list[str], folder: str, errors: Path, max_file_size: int | None) -> None:
    """Never returns: the fork is the process of the command."""
    os.setsid()
    code = 99
    try:
        os.chdir(folder)
        os.environ["TMPDIR"] = tempfile.tempdir = str(Path(folder, "tmp"))
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(f"{folder}.stdout", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
        os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 2)
        sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
        if max_file_size is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writing fails with an error, as on a full disk
            resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_size, max_file_size))
        sys.argv = ["fer-features", *arguments]
        from fer_features.cli import main as command

        code = command()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            atexit._run_exitfuncs()
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _wait(pid: int, limit: float) -> tuple[int | None, float]:
    """Exit code, negative for a signal and None after the limit, and the peak memory in megabytes."""
    deadline = time.monotonic() + limit
    while True:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status), usage.ru_maxrss / 1024
        if time.monotonic() > deadline:
            os.killpg(pid, signal.SIGKILL)
            os.wait4(pid, 0)
            return None, 0.0
        time.sleep(0.005)


def processes_of(session: int) -> dict[int, str]:
    """Process ids and command lines of the processes of a session."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, of_process = stat.read_text().rpartition(")")[2].split()[:4]
            if int(of_process) == session and state != "Z":
                command = (stat.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found[int(stat.parent.name)] = command.strip()[:200]
    return found


if __name__ == "__main__":
    main()
