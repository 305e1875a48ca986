"""Kept frames of clips: the same table without reading the clips again, and only for clips that did not change."""

import cv2
import numpy as np
import pytest

from fer_features import load_dataset
from fer_features.datasets import clips


def write_clip(folder, levels):
    folder.mkdir(parents=True, exist_ok=True)
    for t, level in enumerate(levels):
        assert cv2.imwrite(str(folder / f"{t}.png"), np.full((24, 20), level, np.uint8))


@pytest.fixture
def data(tmp_path):
    for label in ("happy", "sad"):
        for take in range(3):
            write_clip(tmp_path / "data" / label / f"{take}", range(10 + take, 80, 10))
    return tmp_path / "data"


@pytest.fixture
def reads(monkeypatch):
    found = []
    read = clips.read_clip
    monkeypatch.setattr(clips, "read_clip", lambda record, *rest: found.append(record.id) or read(record, *rest))
    return found


def load(data, **options):
    X = load_dataset(data, **{"cache": data.parent / "cache", "frames": 3, "apex": "last", **options})
    return {name: X[name].tolist() for name in X.columns}, X.info.notes


def test_clips_are_read_again_only_after_a_change(data, reads):
    first = load(data)
    assert len(reads) == 6
    reads.clear()
    assert load(data) == first
    assert reads == []
    write_clip(data / "sad" / "1", range(30, 250, 20))
    write_clip(data / "sad" / "9", range(10, 80, 10))
    changed, _ = load(data)
    assert reads == ["sad/1", "sad/9"]
    assert changed["images"][changed["id"].index("sad/1")][-1][0][0] == 230
    for options in ({"frames": 4}, {"neutral_frame": "found"}, {"apex": "found"}):
        reads.clear()
        load(data, **options)
        assert len(reads) == 7, options


def test_labels_are_never_kept(data):
    load(data)
    (data / "sad" / "1").rename(data / "happy" / "other")
    table, _ = load(data)
    assert table["label"][table["id"].index("happy/other")] == "happy"


def test_an_interrupted_reading_goes_on(data, reads, monkeypatch):
    expected = load(data, cache=None)
    reads.clear()
    read = clips.read_clip

    def interrupted(record, *rest):
        if len(reads) == 4:
            raise KeyboardInterrupt
        return read(record, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(clips, "read_clip", interrupted)
        with pytest.raises(KeyboardInterrupt):
            load(data)
    (file,) = (data.parent / "cache").glob("clips-*.jsonl")
    content = file.read_text()
    file.write_text(content + content[:40])  # as a process that was killed leaves it
    reads.clear()
    assert load(data) == expected
    assert len(reads) == 2
    assert load(data) == expected
    assert len(reads) == 2
