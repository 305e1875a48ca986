"""Progress of long work: a bar on a terminal, plain lines otherwise, nothing unless a command asks for it."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")
_shown: ContextVar[bool] = ContextVar("shown", default=False)

#: Work that ends sooner than this says nothing, in seconds.
PATIENCE = 1.0
#: Seconds between plain lines.
INTERVAL = 10.0


@contextlib.contextmanager
def shown() -> Iterator[None]:
    """Within this, `progress` prints to standard error."""
    token = _shown.set(True)
    try:
        yield
    finally:
        _shown.reset(token)


def progress(items: Iterable[T], total: int, label: str | Callable[[], str]) -> Iterator[T]:
    """Pass items on, saying how many of `total` have come.

    Parameters
    ----------
    items : iterable
    total : int
        How many are expected.
    label : str or callable
        What is being done, in a few words; asked anew each time where it changes.
    """
    if not _shown.get():
        yield from items
        return
    bar = sys.stderr.isatty()
    start = last = time.monotonic()
    written = False
    for done, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if now - start > PATIENCE and (now - last > (0.1 if bar else INTERVAL) or (done == total and written)):
            last, written = now, True
            _write(label if isinstance(label, str) else label(), done, total, now - start, bar)
    if bar and written:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def _write(label: str, done: int, total: int, seconds: float, bar: bool) -> None:
    left = seconds / done * (total - done)
    if bar:
        filled = int(24 * done / total)
        sys.stderr.write(f"\r\x1b[K{label} [{'#' * filled}{'.' * (24 - filled)}] {done}/{total} {left:.0f} s left")
    else:
        sys.stderr.write(f"{label}: {done} of {total}, about {left:.0f} s left\n")
    sys.stderr.flush()


def say(text: str) -> None:
    """Print a line where `progress` would print."""
    if _shown.get():
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
