"""Parallel computation in worker processes."""

from __future__ import annotations

import signal
from typing import Any

import joblib


def parallel(n_jobs: int, **options: Any) -> joblib.Parallel:
    """`joblib.Parallel` that yields results in order as soon as they are available, and whose workers ignore Ctrl-C.

    Parameters
    ----------
    n_jobs : int
        Number of worker processes; -1 for all cores, 1 for none.
    **options
        Further parameters of `joblib.Parallel`.

    Returns
    -------
    joblib.Parallel

    Notes
    -----
    A terminal sends Ctrl-C to the workers too. Only the parent process handles it, and ends the workers: otherwise each
    of them prints a traceback.
    """
    return joblib.Parallel(n_jobs=n_jobs, return_as="generator", initializer=_ignore_interrupts, **options)


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
