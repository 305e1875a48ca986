"""Timelines of videos as files for annotation tools: tab-delimited text for ELAN, and WebVTT.

**ELAN** imports delimited text (File, Import, CSV / Tab-delimited Text File); the user assigns the columns. A line has
the tier, begin time, end time, duration and annotation. There is no header, since ELAN would import it. ELAN splits
lines at tabs and knows no quotes, so that tabs and line ends in names become blanks. Times are in seconds with
milliseconds: ELAN guesses the delimiter by its frequency, and three times hh:mm:ss have more colons than the line has
tabs. The encoding is UTF-8.

**WebVTT** has a cue for each segment, in the order of their beginnings, with the text 'face N: expression'. The
characters &, < and > are escaped.

References
----------
ELAN manual, "Importing CSV / Tab-delimited Text Files",
https://mpi.nl/tools/elan/docs/manual/Sec_Importing_CSV_Tab-delimited_Text_Files.html; `DelimitedTextReader.java` of
ELAN (detection of the delimiter and of the time format).

W3C, "WebVTT: The Web Video Text Tracks Format", https://www.w3.org/TR/webvtt1/
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .._atomic import atomic_write, check_writable
from .._csv import utf8_text
from ..exceptions import FerError
from .output_names import unused_name
from .records import PredictionRecord
from .timeline import FRAME_TIER, Segment, Timeline


@dataclass(frozen=True)
class TimelineFormat:
    """A format of timelines: the suffix of its files, their first lines, and the lines of a segment."""

    suffix: str
    header: str
    lines: Callable[[Segment], str]


def elan_line(segment: Segment) -> str:
    r"""A line of the delimited text that ELAN imports.

    Examples
    --------
    >>> elan_line(Segment(0, 1500, "face 0", "joy"))
    'face 0\t0.000\t1.500\t1.500\tjoy\n'
    """
    times = [f"{ms / 1000:.3f}" for ms in (segment.begin, segment.end, segment.end - segment.begin)]
    return "\t".join([_one_line(segment.tier), *times, _one_line(segment.value)]) + "\n"


def webvtt_cue(segment: Segment) -> str:
    r"""A cue of WebVTT.

    Examples
    --------
    >>> webvtt_cue(Segment(0, 3_600_040, "face 0", "joy & <fear>"))
    '00:00:00.000 --> 01:00:00.040\nface 0: joy &amp; &lt;fear&gt;\n\n'
    """
    text = segment.value if segment.tier == FRAME_TIER else f"{segment.tier}: {segment.value}"
    for character, reference in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(character, reference)
    return f"{_clock(segment.begin)} --> {_clock(segment.end)}\n{_one_line(text)}\n\n"


def _clock(ms: int) -> str:
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}.{ms:03d}"


def _one_line(text: str) -> str:
    return utf8_text(" ".join(text.split()))


#: Name, which is also that of an option of ``fer-features predict`` -> format.
TIMELINE_FORMATS = {
    "elan": TimelineFormat(".txt", "", elan_line),
    "webvtt": TimelineFormat(".vtt", "WEBVTT\n\n", webvtt_cue),
}


class TimelineWriter:
    """Write the timelines of videos.

    Parameters
    ----------
    name : str
        Key of `TIMELINE_FORMATS`.
    out : Path
        A folder, in which each input gets a file named after it; or a file for a single input.

    Raises
    ------
    FerError
        For the name of a file of another type.
    """

    def __init__(self, name: str, out: Path):
        self.name, self.out, self.format = name, out, TIMELINE_FORMATS[name]
        self.is_file = out.suffix.lower() == self.format.suffix and not out.is_dir()
        if out.suffix and not self.is_file and not out.is_dir():
            raise FerError(f"{name}='{out}': a name that ends in {self.format.suffix}, or a folder, is needed")
        self._used_names: set[str] = set()

    def check(self, names: Sequence[str], are_streams: bool) -> None:
        """Check that the output fits the inputs and can be written, and create the folder.

        Parameters
        ----------
        names : sequence of str
            Names of the inputs.
        are_streams : bool
            Whether all inputs are videos or sequences.

        Raises
        ------
        FerError
            For images, one file and several inputs, and a file or folder that cannot be written.
        """
        if not are_streams:
            raise FerError(f"{self.name}='{self.out}' needs videos or sequences: images have no timeline")
        if not self.is_file:
            try:
                self.out.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise FerError(f"{self.name}='{self.out}' cannot be written: {error.strerror}") from error
        elif len(names) != 1:
            raise FerError(f"{self.name}='{self.out}' is one file, for {len(names)} inputs: a folder is needed")
        else:
            check_writable(self.out)

    @contextlib.contextmanager
    def open(self, name: str, fps: Callable[[], float]) -> Iterator[TimelineFile]:
        """Open the file of an input. It appears under its name when it is complete, and not without any frame.

        Parameters
        ----------
        name : str
            Name of the input.
        fps : callable
            Returns the number of frames per second, which is known at the end.
        """
        path = self.out
        if not self.is_file:
            path /= unused_name(Path(name).stem or "frames", self.format.suffix, self._used_names)
        with contextlib.ExitStack() as stack:
            file = TimelineFile(
                lambda: stack.enter_context(
                    open(stack.enter_context(atomic_write(path)), "w", encoding="utf-8", newline="")
                ),
                self.format,
            )
            yield file
            file.close(1 / fps())


class TimelineFile:
    """The timeline of one video, written while it is processed.

    Parameters
    ----------
    create : callable
        Opens the file. It is called for the first frame.
    timeline_format : TimelineFormat
    """

    def __init__(self, create: Callable[[], IO[str]], timeline_format: TimelineFormat):
        self._create, self._format = create, timeline_format
        self._file: IO[str] | None = None
        self._timeline = Timeline(self._write)

    def add(self, records: Sequence[PredictionRecord]) -> None:
        """Add the records of the next frame."""
        if self._file is None:
            self._file = self._create()
            self._file.write(self._format.header)
        self._timeline.add(records)

    def close(self, frame_duration: float) -> None:
        """Write the end, `frame_duration` seconds after the beginning of the last frame."""
        self._timeline.close(frame_duration)

    def _write(self, segment: Segment) -> None:
        assert self._file is not None
        self._file.write(self._format.lines(segment))
