"""Parallel computation in worker processes."""

from __future__ import annotations

import numbers
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import joblib
from joblib.externals.loky import get_reusable_executor

from ._cluster import active_cluster
from ._cluster_tasks import SentOnce
from ._threads import map_in_threads
from .exceptions import FerError

Item = TypeVar("Item")
Output = TypeVar("Output")

#: Seconds between two checks of a worker whether its parent still exists.
PARENT_CHECK_SECONDS = 1.0
#: Batches that a worker of a cluster computes in one task.
BATCHES_PER_TASK = 8

#: Whether there can be worker processes.
_workers_started = False


def parallel(calls: Iterable[Any], n_calls: int, n_jobs: int = 1, **options: Any) -> Iterator[Any]:
    """Results of calls in order, as soon as they are available, computed in worker processes or on a cluster.

    Parameters
    ----------
    calls : iterable
        Of `joblib.delayed`.
    n_calls : int
        Their number; there are at most as many processes.
    n_jobs : int, default 1
        Number of worker processes; -1 for all cores, 1 for none. A cluster (`fer_features.cluster`) uses all of its
        workers.
    **options
        Further parameters of `joblib.Parallel`.

    Yields
    ------
    object

    Raises
    ------
    FerError
        For another number of jobs.

    Notes
    -----
    A terminal sends Ctrl-C to the workers too. Only the parent process handles it, and ends the workers: otherwise each
    of them prints a traceback. Workers whose parent was killed end by themselves.
    """
    global _workers_started
    if not isinstance(n_jobs, numbers.Integral) or not (n_jobs >= 1 or n_jobs == -1):
        raise FerError(f"n_jobs is {n_jobs}: a number of processes of at least 1 is needed, or -1 for all cores")
    if (workers := active_cluster()) is not None:
        return workers.map(calls)
    n_processes = min(joblib.cpu_count() if n_jobs == -1 else n_jobs, max(n_calls, 1))
    _workers_started |= n_processes > 1
    pool = joblib.Parallel(
        n_jobs=n_processes, return_as="generator", initializer=_start_worker, initargs=(os.getpid(),), **options
    )
    return pool(calls)


def map_batches(function: Callable[[Item], Output], items: Sequence[Item]) -> Iterator[Output]:
    """Results of a function, in the order of the items: in threads, or on the cluster that is in use.

    Parameters
    ----------
    function : callable
        See `map_in_threads`.
    items : sequence
        Such as batches of samples.

    Yields
    ------
    object
        ``function(item)`` of each item.
    """
    workers = active_cluster()
    if workers is None:
        yield from map_in_threads(function, items)
        return
    shared = SentOnce(function)
    starts = range(0, len(items), BATCHES_PER_TASK)
    for outputs in workers.map(joblib.delayed(_run_batches)(shared, items[i : i + BATCHES_PER_TASK]) for i in starts):
        yield from outputs


def _run_batches(shared: SentOnce, items: Sequence[Any]) -> list[Any]:
    return [shared.value(item) for item in items]


def shutdown_workers() -> None:
    """End all worker processes, also those that are computing."""
    global _workers_started
    if _workers_started:
        get_reusable_executor(reuse=True).shutdown(wait=True, kill_workers=True)
        _workers_started = False


def _start_worker(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECONDS)
    os._exit(1)
