"""The guard around a command: exit codes, one line for an error, and signals.

It imports little, so that it covers all other imports.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from contextvars import ContextVar
from types import FrameType

from ..exceptions import FerError
from ._streams import one_line, replace_standard_streams

#: Exit code of an error of the user, and of an unexpected exception, which is an error of this package.
USER_ERROR, INTERNAL_ERROR = 2, 70

#: Signals that end a command.
ENDING_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
#: Both ask for the end of the process, so that scripts need to know one exit code.
EXIT_SIGNALS: dict[int, int] = {signal.SIGHUP: signal.SIGTERM} if hasattr(signal, "SIGHUP") else {}
#: The signal of a timer; absent on Windows.
ALARM = getattr(signal, "SIGALRM", None)

#: An interruption waits this long for the end of an import, in seconds: a module whose import is interrupted can print
#: a traceback, or hide the interruption. The checks are frequent, since only moments may pass between two imports.
IMPORT_GRACE_SECONDS, IMPORT_CHECK_SECONDS = 5.0, 0.002

_current: ContextVar[Guard | None] = ContextVar("current", default=None)


def guard(
    work: Callable[[], int],
    *,
    is_program: bool = False,
    debug: bool = False,
    kept: Callable[[], str] = lambda: "nothing was written",
) -> int:
    """Run a command, and turn whatever happens into an exit code and at most one line on standard error.

    Within `work` further calls only change `debug` and `kept`: the outermost call handles everything.

    Parameters
    ----------
    work : callable
        Returns the exit code.
    is_program : bool, default=False
        Whether the process is the command. Then signals are handled, messages of other libraries are hidden, and an
        error of standard output does not stop the work.
    debug : bool, default=False
        Print the traceback of an error.
    kept : callable
        Returns which results exist after an interruption.

    Returns
    -------
    int
        Exit code of `work`; 2 after an error of the user; 130 after SIGINT, 143 after SIGTERM and SIGHUP; 70 after any
        other exception.
    """
    outer = _current.get()
    if outer is not None:
        outer.debug, outer.kept = debug, kept
        outer.raise_waiting()
        return work()
    one = Guard(debug, kept)
    token = _current.set(one)
    try:
        return one.run_program(work) if is_program else one.run(work)
    finally:
        _current.reset(token)


class Guard:
    """State of a call of `guard`, whose parameters are described there."""

    def __init__(self, debug: bool, kept: Callable[[], str]):
        self.debug, self.kept = debug, kept
        self._signal: int | None = None
        self._deadline: float | None = None
        self._is_running = False
        self._handled: list[int] = []

    def run_program(self, work: Callable[[], int]) -> int:
        """Run a command as the process."""
        # Signals that are ignored stay so: nohup ignores SIGHUP.
        for number in (*ENDING_SIGNALS, ALARM):
            if number is not None and signal.getsignal(number) != signal.SIG_IGN:
                self._handled.append(number)
                signal.signal(number, self._interrupt)
        os.environ["MPLBACKEND"] = "agg"  # that of a notebook cannot be used here
        output = replace_standard_streams(is_quiet="--debug" not in sys.argv)
        try:
            code = self.run(work)
        except SystemExit as ended:  # of argparse
            code = ended.code if isinstance(ended.code, int) else 0
        self._ignore_signals()
        _end_workers()
        output.flush()
        if output.error is None or isinstance(output.error, BrokenPipeError):
            return code
        print(f"error: cannot write to standard output: {output.error.strerror}", file=sys.stderr)
        return code or USER_ERROR

    def run(self, work: Callable[[], int]) -> int:
        """Run a command, and report its exception."""
        try:
            self._is_running = True
            return work()
        except SystemExit:
            raise
        except BaseException as error:
            self._ignore_signals()
            code, message = self._outcome(error)
            if self.debug:
                _print_traceback(error)
            elif code == INTERNAL_ERROR:
                message += f"; the traceback is in {_save_traceback(error)}"
            print(one_line(message), file=sys.stderr)
            return code

    def _outcome(self, error: BaseException) -> tuple[int, str]:
        """Exit code and message."""
        if isinstance(error, FerError):
            return USER_ERROR, f"error: {error}"
        # An interruption can cause other exceptions.
        number = self._signal or (signal.SIGINT if isinstance(error, KeyboardInterrupt) else None)
        if number is not None:
            return 128 + EXIT_SIGNALS.get(number, number), f"interrupted: {self.kept()}"
        if isinstance(error, MemoryError):
            reason = "not enough memory for this data and these settings; use smaller crops or fewer features"
            return USER_ERROR, f"error: {reason}"
        if any(kind.__name__ == "BrokenProcessPool" for kind in type(error).__mro__):
            reason = "a worker process was killed, probably for lack of memory; use a smaller --n-jobs"
            return USER_ERROR, f"error: {reason}"
        if isinstance(error, OSError) and error.strerror:  # of the operating system, such as a name that is too long
            return USER_ERROR, f"error: {': '.join(str(part) for part in (error.filename, error.strerror) if part)}"
        return INTERNAL_ERROR, f"error: this is a bug of fer_features ({type(error).__name__}: {error})"

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if number != ALARM:
            self._signal = number
        if self._deadline is None:
            self._deadline = time.monotonic() + IMPORT_GRACE_SECONDS
        is_early = not self._is_running or _is_importing(frame)
        if ALARM is not None and is_early and time.monotonic() < self._deadline:
            signal.setitimer(signal.ITIMER_REAL, IMPORT_CHECK_SECONDS)
            return
        raise KeyboardInterrupt

    def raise_waiting(self) -> None:
        """Interrupt where no import is in progress, if a signal waits for the end of one."""
        if self._signal is not None:
            if ALARM is not None:
                signal.setitimer(signal.ITIMER_REAL, 0)
            raise KeyboardInterrupt

    def _ignore_signals(self) -> None:
        """The command ends. A further signal would only interrupt the removal of temporary files."""
        for number in self._handled:
            signal.signal(number, signal.SIG_IGN)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _end_workers() -> None:
    if "fer_features._parallel" in sys.modules:  # otherwise there are none
        from .._parallel import shutdown_workers

        shutdown_workers()


def _print_traceback(error: BaseException) -> None:
    import traceback

    traceback.print_exception(error, file=sys.stderr)


def _save_traceback(error: BaseException) -> str:
    """Path of a file with the traceback."""
    import tempfile
    import traceback

    try:
        descriptor, path = tempfile.mkstemp(prefix="fer_features-", suffix=".txt")
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            traceback.print_exception(error, file=file)
    except OSError:
        return "no file, because the temporary folder cannot be written; use --debug"
    return path
