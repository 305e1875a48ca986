"""Frames and predictions of a session as files."""

from __future__ import annotations

import datetime
import itertools
import tempfile
from pathlib import Path

from ..exceptions import FerError
from ..recognition import FrameResult
from ..recognition.prediction_writer import PredictionWriter
from ..recognition.records import frame_records

#: Name of the table of predictions in the folder of a session, and of the folder of its frames.
PREDICTIONS_FILE, FRAMES_FOLDER = "predictions.csv", "frames"


def check_record_folder(folder: Path) -> None:
    """Create the folder of recordings; raise `FerError` if it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise FerError(f"record='{folder}' cannot be written: {error.strerror}") from error


class SessionRecording:
    """The frames as they arrived, and a table of predictions as that of ``fer-features predict``.

    Parameters
    ----------
    folder : Path
        Gets a folder of this session, which is named after its time.
    class_names : list of str
        Classes with probabilities.

    Raises
    ------
    FerError
        If the folder cannot be written.
    """

    def __init__(self, folder: Path, class_names: list[str]):
        now = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
        try:
            for number in itertools.count():
                self.folder = folder / (f"{now}-{number}" if number else now)
                if not self.folder.exists():
                    break
            self._frames = self.folder / FRAMES_FOLDER
            self._frames.mkdir(parents=True)
            self._file = open(self.folder / PREDICTIONS_FILE, "w", encoding="utf-8", newline="")  # noqa: SIM115
        except OSError as error:
            raise FerError(f"record='{folder}' cannot be written: {error.strerror}") from error
        self._writer = PredictionWriter(self._file, False, class_names)

    def add(self, result: FrameResult, content: bytes) -> None:
        """Store a frame, whose image file is `content`, and its predictions."""
        name = f"{result.frame.index:07d}.jpg"
        try:
            (self._frames / name).write_bytes(content)
            for record in frame_records(name, result):
                self._writer.add(record)
            self._file.flush()
        except OSError as error:
            raise FerError(f"record='{self.folder}' cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """Complete the files."""
        self._file.close()
