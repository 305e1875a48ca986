"""Worker threads that requests and connections share fairly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from joblib import cpu_count

Output = TypeVar("Output")


class FairWorkers:
    """Threads that run jobs in the order of their arrival.

    Each connection and each request has at most one job at a time, one frame or image, and gives the next one after the
    answer. The queue is therefore as short as their number, which `Limits` bounds, and they get equal shares.

    Parameters
    ----------
    n_threads : int, optional
        By default the number of cores that the process may use.
    """

    def __init__(self, n_threads: int | None = None):
        self._pool = ThreadPoolExecutor(n_threads or cpu_count(), thread_name_prefix="recognition")

    async def run(self, function: Callable[..., Output], *arguments: Any) -> Output:
        """Result of a function that a worker calls."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)

    def close(self) -> None:
        """End the threads after their present jobs."""
        self._pool.shutdown(wait=True, cancel_futures=True)
