"""Standard streams of a command: output that never stops the work, and no messages of other libraries."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any, TextIO

from ..exceptions import FerWarning

#: Longer messages are cut.
MAX_MESSAGE_LENGTH = 2000


class OutputStream:
    """A text stream that keeps its first error instead of raising it, and then discards everything.

    Parameters
    ----------
    stream : text file

    Attributes
    ----------
    error : OSError or None
    """

    def __init__(self, stream: TextIO):
        self.stream = stream
        self.error: OSError | None = None

    def write(self, text: str) -> int:
        """Write text."""
        self._try(self.stream.write, text)
        return len(text)

    def flush(self) -> None:
        """Write what is buffered."""
        self._try(self.stream.flush)

    def _try(self, function: Any, *arguments: Any) -> None:
        if self.error is None:
            try:
                function(*arguments)
            except OSError as error:
                self.error = error
                # What is still buffered must not fail again when the process ends.
                os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def replace_standard_streams(is_quiet: bool) -> OutputStream:
    """Replace standard output and standard error of this process, until it ends.

    Parameters
    ----------
    is_quiet : bool
        Hide messages of other libraries. They write to the file descriptor of standard error, as worker processes do,
        or issue warnings, or log.

    Returns
    -------
    OutputStream
        The new standard output.
    """
    _open_closed_descriptors()
    descriptor = os.dup(2)
    sys.stdout = OutputStream(_text_stream(1))
    sys.stderr = OutputStream(_text_stream(descriptor))
    if is_quiet:
        import faulthandler
        import logging

        faulthandler.enable(descriptor)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        warnings.showwarning = _print_own_warning
        logging.getLogger().addHandler(logging.NullHandler())
    return sys.stdout


def one_line(message: str) -> str:
    r"""A message without line breaks, control characters and text that is not UTF-8.

    Examples
    --------
    >>> one_line("two\n lines")
    'two lines'
    """
    words = " ".join(message.split())
    if len(words) > MAX_MESSAGE_LENGTH:
        words = f"{words[: MAX_MESSAGE_LENGTH // 2]} ... {words[-MAX_MESSAGE_LENGTH // 2 :]}"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)


def _open_closed_descriptors() -> None:
    """Otherwise a file that is opened later would receive what is written to a standard stream."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free descriptor, which is this one


def _text_stream(descriptor: int) -> TextIO:
    encoding = sys.stdout.encoding if sys.stdout is not None else "utf-8"
    return open(descriptor, "w", encoding=encoding, errors="backslashreplace", buffering=1, closefd=False)


def _print_own_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    if issubclass(category, FerWarning):
        print(f"warning: {one_line(str(message))}", file=sys.stderr)
