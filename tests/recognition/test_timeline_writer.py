"""Timelines are read back as ELAN and WebVTT define them, whatever the names of classes are."""

import html
import re

import pytest

from fer_features import FerError
from fer_features.recognition.records import PredictionRecord
from fer_features.recognition.timeline import FRAME_TIER
from fer_features.recognition.timeline_writer import TimelineWriter

TIME = re.compile(r"(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})")


def read_elan(path):
    """Read as ELAN's DelimitedTextReader: detect the delimiter by its count in 10 lines, then split."""
    lines = path.read_text("utf-8").splitlines()
    counts = {delimiter: sum(line.count(delimiter) for line in lines[:10]) for delimiter in "\t;:,|"}
    delimiter = max(counts, key=counts.get)
    rows = [line.split(delimiter) for line in lines if line]
    for column in (1, 2, 3):  # seconds and milliseconds, not milliseconds or hours
        assert all("." in row[column] and ":" not in row[column] for row in rows)
    for row in rows:
        begin, end, duration = map(float, row[1:4])
        assert end - begin == pytest.approx(duration)
        assert duration > 0
    return [(row[0], round(1000 * float(row[1])), round(1000 * float(row[2])), row[4]) for row in rows if len(row) == 5]


def read_webvtt(path):
    """Read as the parser of the W3C specification: blocks between blank lines, of which the second part is text."""
    header, *blocks = path.read_text("utf-8").split("\n\n")
    assert header == "WEBVTT"
    found = []
    for block in blocks:
        if not block.strip():
            continue
        timing, *text = block.split("\n")
        begin, end = timing.split(" --> ")
        assert len(text) == 1
        assert not re.search("[<>]|-->", text[0])
        ms = []
        for clock in (begin, end):
            hours, minutes, seconds, fraction = map(int, TIME.fullmatch(clock).groups())
            ms.append(((hours * 60 + minutes) * 60 + seconds) * 1000 + fraction)
        tier, _, value = html.unescape(text[0]).rpartition(": ")
        found.append((tier or FRAME_TIER, *ms, value))
    assert [begin for _, begin, _, _ in found] == sorted(begin for _, begin, _, _ in found)
    return found


READERS = {"elan": (".txt", read_elan), "webvtt": (".vtt", read_webvtt)}
NAMES = [
    "joy",
    "a & b",
    "<b>x</b>",
    "--> x",
    "tab\there",
    "two\nlines",
    "déjà vu",
    "&amp;",
    'quo"te',
    "=1+1",
    "笑",
    "\udce9",
]


def frames_with(names, step=3600.5):
    return [[PredictionRecord("a", i, i * step, 0, expression=name)] for i, name in enumerate(names)]


def write(name, path, frames, source="clip.mp4"):
    writer = TimelineWriter(name, path)
    writer.check([source], are_streams=True)
    with writer.open(source, lambda: 25.0) as file:
        for records in frames:
            file.add(records)


@pytest.mark.parametrize("name", READERS)
def test_segments_are_read_back(tmp_path, name):
    suffix, read = READERS[name]
    frames = [*frames_with(NAMES), [PredictionRecord("a", 99, 100_000.0, status="no face")]]
    write(name, tmp_path / f"a{suffix}", frames)
    one_line = [" ".join(value.split()).replace("\udce9", r"\udce9") for value in NAMES]
    begins = [3_600_500 * i for i in range(len(NAMES))]
    expected = [
        ("face 0", begin, end, value)
        for begin, end, value in zip(begins, [*begins[1:], 100_000_000], one_line, strict=True)
    ]
    assert read(tmp_path / f"a{suffix}") == [*expected, (FRAME_TIER, 100_000_000, 100_000_040, "no face")]


@pytest.mark.parametrize("name", READERS)
def test_inputs_of_the_same_name_get_different_files(tmp_path, name):
    suffix, read = READERS[name]
    writer = TimelineWriter(name, tmp_path / "out")
    writer.check(["a/clip.mp4", "b/clip.mp4"], are_streams=True)
    for source in ("a/clip.mp4", "b/clip.avi"):
        with writer.open(source, lambda: 25.0) as file:
            file.add(frames_with([source])[0])
    assert [read(tmp_path / "out" / f"clip{end}{suffix}")[0][3] for end in ("", "-2")] == ["a/clip.mp4", "b/clip.avi"]


@pytest.mark.parametrize("name", READERS)
def test_faults_are_refused(tmp_path, name):
    suffix, _ = READERS[name]
    with pytest.raises(FerError, match=rf"{name}='.*a\.csv': a name that ends in {suffix}, or a folder, is needed"):
        TimelineWriter(name, tmp_path / "a.csv")
    writer = TimelineWriter(name, tmp_path / f"a{suffix}")
    with pytest.raises(FerError, match="is one file, for 2 inputs: a folder is needed"):
        writer.check(["a.mp4", "b.mp4"], are_streams=True)
    with pytest.raises(FerError, match="needs videos or sequences: images have no timeline"):
        writer.check(["a.png"], are_streams=False)
    (tmp_path / "file").write_text("")
    with pytest.raises(FerError, match="cannot be written"):
        TimelineWriter(name, tmp_path / "file").check(["a.mp4"], are_streams=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


@pytest.mark.parametrize("name", READERS)
def test_a_file_is_complete_or_absent(tmp_path, name):
    suffix, _ = READERS[name]
    path = tmp_path / f"a{suffix}"
    path.write_text("earlier")
    writer = TimelineWriter(name, path)

    def fail():
        with writer.open("a.mp4", lambda: 25.0) as file:
            file.add(frames_with(["joy"])[0])
            assert path.read_text() == "earlier"
            raise KeyError("stop")

    with pytest.raises(KeyError, match="stop"):
        fail()
    assert path.read_text() == "earlier"
    with writer.open("a.mp4", lambda: 25.0):
        pass  # no frame
    assert path.read_text() == "earlier"
    assert sorted(tmp_path.iterdir()) == [path]
