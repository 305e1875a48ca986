"""Fixtures of the tests of commands."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ..conftest import draw_clips, write_h5


@pytest.fixture(scope="session")
def labelled_clips(tmp_path_factory):
    """Options ``--data`` and ``--subjects`` for 24 labelled clips of 4 subjects; do not change the files."""
    folder = tmp_path_factory.mktemp("labelled_clips")
    images, landmarks, label, subject = draw_clips()
    write_h5(folder / "fer22", "data_train_images", images)
    write_h5(folder / "fer22", "data_train_landmarks", np.rint(landmarks).astype(np.int64))
    write_h5(folder / "fer22", "data_train_labels", label.astype(float))
    np.save(folder / "subjects.npy", subject)
    return ["--data", str(folder / "fer22"), "--subjects", str(folder / "subjects.npy")]


@pytest.fixture
def refused(capsys):
    """A function that runs a command, which must end with exit code 2 and one line that contains some texts."""

    def refused(main, arguments, *texts):
        capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = ended.code
        message = capsys.readouterr().err
        assert (code, message.count("\n")) == (2, 1), message
        for text in ("error: ", *map(str, texts)):
            assert text in message, message

    return refused


def processes_of(session):
    """Ids of the processes of a session that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def signalled(script, words, log, signal_number, is_ready, pause=0.0):
    """Exit code and messages of a Python script in a session of its own that gets a signal when it `is_ready`.

    All of its processes must end: those whose parent was killed end by themselves. The signal comes `pause` seconds
    after `is_ready()` is true, or after the script has ended.
    """
    with open(log, "w") as file:
        command = [sys.executable, "-c", script, *words]
        process = subprocess.Popen(command, stdout=file, stderr=file, start_new_session=True)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None and not is_ready():
        time.sleep(0.01)
    time.sleep(pause)
    if signal_number == signal.SIGINT:
        os.killpg(process.pid, signal_number)  # as a terminal does
    else:
        process.send_signal(signal_number)
    while time.monotonic() < deadline and processes_of(process.pid):
        time.sleep(0.1)
    assert processes_of(process.pid) == []
    return process.wait(timeout=60), log.read_text()
