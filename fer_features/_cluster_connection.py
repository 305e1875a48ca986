"""Connection to the scheduler of a cluster of Dask, or to new workers on this machine."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .exceptions import FerError

#: Seconds to wait for the scheduler, and for the first worker.
CONNECT_SECONDS, WORKER_SECONDS = 15, 60
#: Largest number of workers on this machine.
MAX_LOCAL_WORKERS = 512


@contextlib.contextmanager
def connected(where: str) -> Iterator[Any]:
    """A client of a scheduler, or of new local workers; both end with the context.

    Parameters
    ----------
    where : str
        See `fer_features.cluster`.

    Yields
    ------
    distributed.Client

    Raises
    ------
    FerError
        Without the package `distributed`, and where there is no scheduler or no worker.
    """
    if importlib.util.find_spec("distributed") is None:
        raise FerError("a cluster needs the package distributed: pip install 'fer_features[cluster]'")
    from distributed import Client, LocalCluster

    with contextlib.ExitStack() as stack:
        stack.enter_context(_silent("distributed"))  # what matters is reported in one line
        if match := re.fullmatch(r"local:(\d{1,4})", where):
            n = int(match[1])
            if not 1 <= n <= MAX_LOCAL_WORKERS:
                raise FerError(f"the cluster {where}: a number of workers from 1 to {MAX_LOCAL_WORKERS} is needed")
            options = {"dashboard_address": None, "silence_logs": logging.CRITICAL + 1}
            workers = stack.enter_context(LocalCluster(n_workers=n, threads_per_worker=1, **options))
            address: dict[str, Any] = {"address": workers, "direct_to_workers": True}
        elif re.match(r"(tcp|tls|ws|wss|ucx)://", where):
            address = {"address": where}
        else:
            address = {"scheduler_file": _scheduler_file(where)}
        try:
            client = stack.enter_context(Client(**address, timeout=CONNECT_SECONDS, set_as_default=False))
        except (OSError, TimeoutError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise FerError(f"the scheduler of the cluster {where} cannot be reached: {reason}") from error
        try:
            client.wait_for_workers(1, timeout=WORKER_SECONDS)
        except TimeoutError:
            raise FerError(f"the cluster {where} has no worker after {WORKER_SECONDS} s: start some") from None
        yield client


@contextlib.contextmanager
def _silent(package: str) -> Iterator[None]:
    """Disable the loggers of a package, each of which may have a level of its own."""
    names = [name for name in logging.root.manager.loggerDict if name.split(".")[0] == package]
    loggers = [log for log in map(logging.getLogger, names) if not log.disabled]
    for log in loggers:
        log.disabled = True
    try:
        yield
    finally:
        for log in loggers:
            log.disabled = False


def _scheduler_file(where: str) -> str:
    """A scheduler file that exists and names an address."""
    try:
        if isinstance(json.loads(Path(where).read_text(encoding="utf-8"))["address"], str):
            return where
    except OSError as error:
        raise FerError(
            f"the cluster {where} is neither local:N, nor an address such as tcp://10.0.0.1:8786, nor a scheduler file "
            f"that can be read ({error.strerror})"
        ) from error
    except (ValueError, KeyError, TypeError):
        pass
    raise FerError(f"{where} is not a scheduler file: it has no address of a scheduler")
