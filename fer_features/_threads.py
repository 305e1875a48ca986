"""Ordered evaluation of a function in threads, with a bounded number of results in memory."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from joblib import cpu_count
from threadpoolctl import threadpool_limits

Item = TypeVar("Item")
Output = TypeVar("Output")

#: Results per thread that are computed before the first of them is used: results must not accumulate.
MAX_PENDING_PER_THREAD = 2

#: Whether `map_in_threads` uses the calling thread only.
_one_thread = False


def map_in_threads(function: Callable[[Item], Output], items: Sequence[Item]) -> Iterator[Output]:
    """Results of a function, in the order of the items.

    Parameters
    ----------
    function : callable
        Must release the interpreter lock where it takes time, as OpenCV and numpy do.
    items : sequence

    Yields
    ------
    object
        ``function(item)`` of each item.

    Notes
    -----
    `joblib.cpu_count` counts the cores that this process may use. In a container these are fewer than those of the
    machine. An exception cancels the items that have not started.
    """
    # Counting the cores takes longer than one small face.
    n_threads = min(len(items), cpu_count()) if len(items) > 1 and not _one_thread else 1
    if n_threads <= 1:
        yield from map(function, items)
        return
    pending: deque[Future[Output]] = deque()
    with ThreadPoolExecutor(n_threads) as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) >= MAX_PENDING_PER_THREAD * n_threads:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


@contextlib.contextmanager
def single_threaded_blas(enabled: bool = True) -> Iterator[None]:
    """Limit BLAS to one thread: its threads inside the threads of `map_in_threads` would wait for each other."""
    with threadpool_limits(1, user_api="blas") if enabled else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Compute in the calling thread only, in a process that is one of several on its machine."""
    global _one_thread
    before, _one_thread = _one_thread, True
    try:
        with threadpool_limits(1):
            yield
    finally:
        _one_thread = before
