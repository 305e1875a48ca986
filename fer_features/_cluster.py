"""Computation on a cluster of Dask: connection, comparison of its workers with this process, and ordered tasks."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ._cluster_connection import WORKER_SECONDS, connected
from ._cluster_tasks import Task, TaskPacker, run_task
from .exceptions import FerError
from .version import versions

#: Seconds between two checks of a task that is not done: whether scheduler and workers exist.
CHECK_SECONDS = 2.0
#: Tasks per worker that are sent before the result of the first of them is used.
PENDING_PER_WORKER = 3
#: How often a task is sent again whose data were lost with a worker.
MAX_ATTEMPTS = 5

_active: Cluster | None = None


def active_cluster() -> Cluster | None:
    """The cluster of the surrounding ``with cluster(...)``, or None."""
    return _active


@contextlib.contextmanager
def cluster(where: str | Path, paths: Iterable[str | Path] = ()) -> Iterator[Cluster]:
    """Compute on the workers of a Dask cluster what is inside of the ``with`` statement.

    Folds, fits of searches and checks, location of faces and extraction of features run on the workers; results are
    those of one process. The number of jobs of the functions is ignored.

    Parameters
    ----------
    where : str or Path
        ``'local:N'`` for N new worker processes on this machine, the address of a scheduler such as
        ``'tcp://10.0.0.1:8786'`` or ``'tls://...'``, or the scheduler file that ``dask scheduler`` writes.
    paths : iterable of str or Path, default=()
        Files and folders of data that every worker must be able to read under the same name.

    Yields
    ------
    Cluster

    Raises
    ------
    FerError
        Without the package `distributed`; if there is no scheduler or no worker; if a worker has other versions, other
        source code of this package, or more than one thread, or cannot read `paths`; and, later, if the scheduler is
        lost.

    Notes
    -----
    Dask has no authentication: whoever reaches the scheduler runs code on the workers. Use a private network or TLS.
    A script needs ``if __name__ == "__main__":`` around its code, since the local workers import it.

    Examples
    --------
    >>> import fer_features
    >>> with fer_features.cluster("local:2"):  # doctest: +SKIP
    ...     result = fer_features.evaluate("hog_svm", "demo", cv=5)
    """
    global _active
    if _active is not None:
        raise FerError(f"the cluster {_active.where} is in use: leave its 'with' before another one is used")
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(connected(str(where)))
        _active = Cluster(client, str(where), [str(path) for path in paths])
        try:
            _active.check_workers()
            yield _active
        finally:
            _active = None


class Cluster:
    """A connection to a scheduler and its workers; made by `cluster`.

    Parameters
    ----------
    client : distributed.Client
    where : str
        For messages.
    paths : list of str
        Data that workers must be able to read.
    """

    def __init__(self, client: Any, where: str, paths: list[str]):
        self.client, self.where, self.paths = client, where, paths
        self._checked: set[str] = set()
        self._sent: dict[str, Any] = {}  # content hash -> future of a part on the workers

    def check_workers(self) -> None:
        """Compare every worker that is new with this process.

        Raises
        ------
        FerError
            Names the first worker that differs and in what.
        """
        threads = self.client.nthreads()
        new = sorted(set(threads) - self._checked)
        if not new:
            return
        here = process_state(())
        found = self.client.run(process_state, self.paths, workers=new, on_error="return")
        for address in new:
            state = found.get(address)
            if state is None:  # it has ended since
                continue
            if isinstance(state, ModuleNotFoundError):
                raise FerError(f"the worker {address} cannot import {state.name}: install this package there")
            if isinstance(state, BaseException):
                raise FerError(f"the worker {address} does not answer: {type(state).__name__}: {state}")
            if differences := compare_states(here, state, threads[address]):
                raise FerError(f"the worker {address} {'; '.join(differences)}")
        self._checked.update(new)

    def map(self, calls: Iterable[Any]) -> Iterator[Any]:
        """Results of calls in order, computed on the workers.

        Parameters
        ----------
        calls : iterable
            Of `joblib.delayed`.

        Yields
        ------
        object

        Raises
        ------
        FerError
            If the scheduler or all workers are lost, or a task ends its worker again and again.

        Notes
        -----
        A task of a worker that ended runs again on another one, by the scheduler. Parts that were on no other worker
        are sent again, with the tasks that need them.
        """
        packer, pending = TaskPacker(), deque[tuple[Task, Any]]()
        used: set[str] = set()
        self._guarded(self.check_workers)
        limit = PENDING_PER_WORKER * max(1, len(self._checked))
        try:
            for function, args, kwargs in calls:
                task = packer.pack(function, args, kwargs)
                used.update(task.large)
                pending.append((task, self._guarded(self._submit, task, packer)))
                if len(pending) >= limit:
                    yield self._result(*pending.popleft(), packer)
            while pending:
                yield self._result(*pending.popleft(), packer)
        finally:
            with contextlib.suppress(Exception):  # the scheduler may be lost
                self.client.cancel([future for _, future in pending])
            for key in set(self._sent) - used:
                del self._sent[key]

    def _submit(self, task: Task, packer: TaskPacker) -> Any:
        for key in task.large:
            if key not in self._sent or self._sent[key].status in ("cancelled", "error", "lost"):
                # Every worker needs it, and a copy on another one survives the end of a worker.
                (self._sent[key],) = self.client.scatter([packer.parts[key]], hash=False, broadcast=True)
        parts = [self._sent[key] for key in task.large]
        return self.client.submit(run_task, task.call, task.small, task.large, parts, pure=False)

    def _result(self, task: Task, future: Any, packer: TaskPacker) -> Any:
        from distributed import CancelledError, KilledWorker

        for _ in range(MAX_ATTEMPTS):
            self._wait(future)
            try:
                return self._guarded(future.result)
            except KilledWorker as error:
                raise FerError(
                    f"a task ended its worker {error.allowed_failures + 1} times on {self.where}, probably because "
                    "memory is short: use workers with more"
                ) from error
            except CancelledError:
                self._check_alive()
                time.sleep(CHECK_SECONDS / 4)  # for the scheduler to notice all that is lost
                future = self._guarded(self._submit, task, packer)
        raise FerError(f"the workers of {self.where} end before they have computed a task: see their log")

    def _wait(self, future: Any) -> None:
        from distributed import CancelledError, TimeoutError, wait

        idle_since = None
        while not future.done():
            try:
                with self.client.as_current():
                    wait([future], timeout=CHECK_SECONDS)
            except CancelledError:
                return
            except TimeoutError:
                self._check_alive()
                if self._guarded(self.client.nthreads):
                    idle_since = None
                    continue
                idle_since = idle_since or time.monotonic()
                if time.monotonic() - idle_since > WORKER_SECONDS:
                    raise FerError(f"{self.where} has had no worker for {WORKER_SECONDS} s: start workers") from None

    def _check_alive(self) -> None:
        if self.client.status != "running":
            raise FerError(
                f"the scheduler of {self.where} was lost: start it and its workers, and give the same command again; "
                "what is in the cache or in the journal of a search is not computed again"
            )

    def _guarded(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function that speaks with the scheduler."""
        try:
            return function(*args)
        except (OSError, TimeoutError):
            self._check_alive()
            raise


def process_state(paths: Sequence[str]) -> dict[str, Any]:
    """Versions, source code and readable data of this process; compared between client and workers.

    Parameters
    ----------
    paths : sequence of str

    Returns
    -------
    dict
        With the keys 'versions', 'source' and 'unreadable'.
    """
    import distributed

    unreadable = [path for path in paths if not os.access(path, os.R_OK)]
    found = versions() | {"distributed": distributed.__version__}
    return {"versions": found, "source": package_digest(), "unreadable": unreadable}


def compare_states(here: dict[str, Any], there: dict[str, Any], n_threads: int) -> list[str]:
    """What is wrong with a worker, as ends of a sentence.

    Parameters
    ----------
    here, there : dict
        States of this process and of the worker.
    n_threads : int
        Number of threads of the worker.
    """
    found = [
        f"has {name} {there['versions'].get(name, 'of no version')}, but this process {version}"
        for name, version in here["versions"].items()
        if there["versions"].get(name) != version
    ]
    if there["source"] != here["source"] and not found:
        found.append("has other source code of fer_features under the same version")
    found += [f"cannot read {path}: every worker needs the data under this name" for path in there["unreadable"]]
    if n_threads != 1:
        found.append(f"has {n_threads} threads: start it with one (nthreads=1)")
    return found


@functools.cache
def package_digest() -> str:
    """Hash of the source code of this package."""
    digest, package = hashlib.blake2b(digest_size=16), Path(__file__).parent
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
