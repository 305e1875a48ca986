"""Measurements of time and memory in processes of their own."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

from fer_features import FerError

#: Bytes per MiB.
MIB = 2**20


def peak_memory_mib() -> float:
    """Peak resident memory of this process in MiB."""
    # On Linux, ru_maxrss of a new process starts with the peak of the process that started it.
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) / 1024 for line in status.open() if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (MIB if sys.platform == "darwin" else 1024)


def measure_in_subprocess(script: str, task: dict[str, Any], n_cores: int | None = None) -> dict[str, Any]:
    """Run ``script --measure TASK`` in a new process.

    Parameters
    ----------
    script : str
        Path of the script. With ``--measure`` it prints its result as one line of JSON, which is the last one.
    task : dict
        Passed as JSON.
    n_cores : int, optional
        Number of cores that the process may use.

    Returns
    -------
    dict
        The result.

    Raises
    ------
    FerError
        If the process fails.
    """
    # Where the affinity of a process cannot be set, at least the threads of the extractors are limited.
    environment = {**os.environ, **({"LOKY_MAX_CPU_COUNT": str(n_cores)} if n_cores else {})}
    set_affinity = None
    if n_cores and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))[:n_cores]
        set_affinity = lambda: os.sched_setaffinity(0, cores)  # noqa: E731
    done = subprocess.run(
        [sys.executable, script, "--measure", json.dumps(task)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=set_affinity,
        check=False,
    )
    if done.returncode or not done.stdout:
        raise FerError(f"the process for {json.dumps(task)} ended with exit code {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])
