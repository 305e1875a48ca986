"""Progress of long computations on standard error: a bar on a terminal and in notebooks, plain lines in log files.

Progress is printed only within `progress_enabled`, which commands and ``verbose=True`` use.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

#: Computations shorter than this print nothing, in seconds.
DELAY_SECONDS = 1.0
#: Shortest time between two updates of a bar, in seconds.
REFRESH_SECONDS = 0.1
#: Shortest time between two plain lines, in seconds.
LOG_INTERVAL_SECONDS = 10.0

_enabled: ContextVar[bool] = ContextVar("enabled", default=False)
_timings: ContextVar[bool] = ContextVar("timings", default=False)
_stages: ContextVar[_StageCounter | None] = ContextVar("stages", default=None)
#: Displays of the running loops, the innermost last.
_running: list[_Display] = []
_lock = threading.RLock()


@contextlib.contextmanager
def progress_enabled(enabled: bool = True, *, timings: bool = False) -> Iterator[None]:
    """Print the progress of everything that runs within this context.

    Parameters
    ----------
    enabled : bool, default=True
        False leaves the setting of an outer context unchanged, so that functions can pass their ``verbose`` on.
    timings : bool, default=False
        Print the duration of every stage too.
    """
    if not enabled:
        yield
        return
    tokens = _enabled.set(True), _timings.set(timings or _timings.get())
    n_outer = len(_running)
    try:
        yield
    finally:
        # After an exception the traceback refers to the loops, so that these have not ended yet.
        for display in _running[n_outer:]:
            display.close()
        del _running[n_outer:]
        _enabled.reset(tokens[0])
        _timings.reset(tokens[1])


def progress(iterable: Iterable[T], total: int, label: str | Callable[[], str]) -> Iterator[T]:
    """Iterate and display how many items are done, and the remaining time.

    Parameters
    ----------
    iterable : iterable
    total : int
        Expected number of items.
    label : str or callable
        Short name of the computation. A callable is evaluated at each update, for a label that changes.

    Yields
    ------
    item
        The items of `iterable`, in order and one at a time.

    Notes
    -----
    Loops can be nested. One line is displayed, that of the innermost loop, preceded by the state of the outer ones.
    """
    if not _enabled.get():
        yield from iterable
        return
    display = _Bar(total, label) if _interactive() else _LogLines(total, label)
    _running.append(display)
    try:
        for item in iterable:
            yield item
            display.advance()
    finally:
        display.close()
        if display in _running:
            _running.remove(display)


def log(text: str) -> None:
    """Print a line to standard error where progress is enabled."""
    if not _enabled.get():
        return
    with _lock:
        bars = [display for display in _running if isinstance(display, _Bar)]
        for bar in bars[-1:]:
            bar.hide()
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


@contextlib.contextmanager
def stages(total: int) -> Iterator[None]:
    """Number the calls of `stage` within this context. Stages of a nested context are not printed.

    Parameters
    ----------
    total : int
        Number of stages.
    """
    counter = _StageCounter(total if _stages.get() is None else None)
    token = _stages.set(counter)
    try:
        yield
    finally:
        counter.end()
        _stages.reset(token)


def stage(name: str) -> None:
    """Begin a stage: "stage 2 of 6: NAME" is printed when it has lasted `DELAY_SECONDS`.

    Parameters
    ----------
    name : str
        What the stage does, in a few words.
    """
    counter = _stages.get()
    if counter is not None:
        counter.begin(name)


class _StageCounter:
    """Number, name and duration of the current stage; `total` None prints nothing."""

    def __init__(self, total: int | None):
        self.total, self.number = total, 0
        self.name, self.start = "", 0.0
        self.timer: threading.Timer | None = None

    def begin(self, name: str) -> None:
        self.end()
        self.number += 1
        self.name, self.start = f"stage {self.number} of {self.total}: {name}", time.monotonic()
        if self.total is None or not _enabled.get():
            return
        # A stage that prints no progress itself must be visible while it runs. The thread has a context of its own.
        self.timer = threading.Timer(DELAY_SECONDS, functools.partial(_log_enabled, self.name))
        self.timer.daemon = True
        self.timer.start()

    def end(self) -> None:
        if self.timer is None:
            return
        self.timer.cancel()
        self.timer = None
        if _timings.get():
            log(f"{self.name}: {time.monotonic() - self.start:.1f} s")


def _log_enabled(text: str) -> None:
    with progress_enabled():
        log(text)


class _Display:
    """State of one loop."""

    def __init__(self, total: int, label: str | Callable[[], str]):
        self.total, self.label, self.done = total, label, 0
        self.start = self.last = time.monotonic()

    def advance(self) -> None:
        """Count an item, and display it if enough time has passed."""
        raise NotImplementedError

    def close(self) -> None:
        """End the display."""

    def description(self) -> str:
        """Label of this loop after the states of the loops around it."""
        outer = _running[: _running.index(self)] if self in _running else []
        texts = [f"{display.text()} {display.done}/{display.total}" for display in outer]
        return ": ".join([*texts, self.text()])

    def text(self) -> str:
        return self.label if isinstance(self.label, str) else self.label()


class _Bar(_Display):
    """A bar of tqdm that disappears at the end."""

    def __init__(self, total: int, label: str | Callable[[], str]):
        super().__init__(total, label)
        # All bars use line 0: only the innermost loop advances, and its description names the outer ones.
        options = {"delay": DELAY_SECONDS, "leave": False, "dynamic_ncols": True, "mininterval": 0, "miniters": 1}
        self.bar = _tqdm()(total=total, file=sys.stderr, position=0, **options)

    def advance(self) -> None:
        self.done += 1
        now = time.monotonic()
        if now - self.last < REFRESH_SECONDS:
            return
        self.last = now
        with _lock:
            self.bar.set_description_str(self.description(), refresh=False)
            self.bar.update(self.done - self.bar.n)

    def hide(self) -> None:
        """Clear the line if the bar is visible; the next update displays it again."""
        if self.bar.last_print_t >= self.bar.start_t + DELAY_SECONDS:
            self.bar.clear()

    def close(self) -> None:
        self.bar.close()


class _LogLines(_Display):
    """Plain lines, at most one in `LOG_INTERVAL_SECONDS` seconds over all loops, and one at the end."""

    #: When any loop printed last.
    latest = -LOG_INTERVAL_SECONDS

    def __init__(self, total: int, label: str | Callable[[], str]):
        super().__init__(total, label)
        self.printed = False

    def advance(self) -> None:
        self.done += 1
        now = time.monotonic()
        due = now - max(self.start, _LogLines.latest) > LOG_INTERVAL_SECONDS
        if due or (self.printed and self.done == self.total):
            _LogLines.latest, self.printed = now, True
            left = (now - self.start) / self.done * (self.total - self.done)
            log(f"{self.description()}: {self.done} of {self.total}, about {left:.0f} s left")


def _interactive() -> bool:
    return _in_notebook() or (sys.stderr.isatty() and os.environ.get("TERM") != "dumb")


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


@functools.cache
def _tqdm() -> Any:
    """The class of tqdm for this terminal or notebook, imported at the first use."""
    if _in_notebook():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # without ipywidgets tqdm falls back to text, with a warning
            from tqdm.auto import tqdm
    else:
        from tqdm import tqdm

    # Without a lock of multiprocessing, and without the thread that refreshes bars which stand still.
    bar: Any = type("ProgressBar", (tqdm,), {"monitor_interval": 0})
    bar.set_lock(_lock)
    return bar
