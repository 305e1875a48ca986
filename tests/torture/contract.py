"""The error contract of the commands, and what a case is."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from pathlib import Path

#: Exit codes: success, error of the user, Ctrl-C, SIGTERM and SIGHUP. Only `check` has exit code 1: a check failed.
EXIT_CODES = {0, 2, 130, 143}
#: Beginnings of the lines that a command may write to standard error.
MESSAGES = ("error: ", "warning: ", "interrupted: ")
#: Memory of a case in megabytes, for inputs of a few kilobytes.
MAX_MEMORY_MB = 1500


@dataclasses.dataclass(frozen=True)
class Case:
    """One command line on prepared files.

    Attributes
    ----------
    arguments : list of str
        The command line without the program; relative paths are below the folder of the case.
    must_fail : bool
        Whether success would be a silent wrong result.
    outputs : tuple of str
        Files and folders in the folder of the case that the command may create on success.
    kept : tuple of str
        Those that it may create and change in any case, such as a cache.
    n_inputs : int
        Inputs that are reported independently, one line each.
    max_file_size : int, optional
        Larger files cannot be written, as on a full disk; in bytes.
    """

    arguments: list[str]
    must_fail: bool = False
    outputs: tuple[str, ...] = ("out",)
    kept: tuple[str, ...] = ()
    n_inputs: int = 1
    max_file_size: int | None = None


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a command did.

    Attributes
    ----------
    code : int or None
        Exit code, negative for a signal; None after the time limit.
    stderr : str
    memory_mb : float
    processes : tuple of str
        Command lines of processes that it left.
    """

    code: int | None
    stderr: str
    memory_mb: float = 0.0
    processes: tuple[str, ...] = ()


def snapshot(folder: Path) -> dict[str, str]:
    """Content hash of each file in a folder, and the kind of everything else, by relative path."""
    found = {}
    for root, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(root, name)
            relative = os.path.relpath(path, folder)
            if path.is_symlink():
                found[relative] = f"link to {os.readlink(path)}"
            elif path.is_file():
                found[relative] = hashlib.md5(path.read_bytes()).hexdigest()
            else:
                found[relative] = "folder" if path.is_dir() else "special file"
    return found


def violations(case: Case, outcome: Outcome, before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Kinds of violations of the contract, each with its reason after a colon.

    Parameters
    ----------
    case : Case
    outcome : Outcome
    before, after : dict of str to str
        Results of `snapshot`; the folder 'tmp' is that of temporary files.
    """
    if outcome.code is None:
        return ["hang: the time limit was reached"]
    lines = [line for line in outcome.stderr.replace("\r", "\n").split("\n") if line.strip()]
    errors = [line for line in lines if line.startswith("error: ")]
    found = []
    if outcome.code < 0:
        found.append(f"crash: signal {-outcome.code}")
    elif outcome.code == 70 or "Traceback (most recent call last)" in outcome.stderr:
        found.append(f"internal error: {(errors or lines or ['no message'])[-1]}")
    elif outcome.code not in EXIT_CODES | ({1} if case.arguments[0] == "check" else set()):
        found.append(f"exit code: {outcome.code}")
    if not found:
        found += _message_violations(case, outcome.code, lines, errors)
    found += _file_violations(case, outcome.code, before, after)
    if outcome.processes:
        found.append(f"process left: {outcome.processes[0]}")
    if outcome.memory_mb > MAX_MEMORY_MB:
        found.append(f"memory: {outcome.memory_mb:.0f} MB")
    return found


def _message_violations(case: Case, code: int, lines: list[str], errors: list[str]) -> list[str]:
    found = []
    stray = [line for line in lines if not line.startswith(MESSAGES)]
    if stray:
        found.append(f"stray output: {stray[0]}")
    n_allowed = range(1, case.n_inputs + 1) if code == 2 else range(1)
    if len(errors) not in n_allowed:
        found.append(f"error lines: {len(errors)} with exit code {code}")
    if case.must_fail and code in (0, 1):
        found.append("accepted: success where the input is wrong")
    return found


def _file_violations(case: Case, code: int, before: dict[str, str], after: dict[str, str]) -> list[str]:
    found = []
    changed = [name for name in before if after.get(name) != before[name] and name.split("/")[0] not in case.kept]
    if changed:
        found.append(f"input changed: {changed[0]}")
    new = [name for name in after if name not in before]
    temporary = [name for name in new if name.startswith("tmp/") or ".part" in name]
    if temporary and code != 70:  # the traceback is in a temporary file
        found.append(f"temporary file left: {temporary[0]}")
    allowed = case.kept + (case.outputs if code in (0, 1) else ())
    other = [name for name in new if name.split("/")[0] not in {"tmp", *allowed} and name not in temporary]
    if other:
        found.append(f"unexpected file: {other[0]}")
    return found
