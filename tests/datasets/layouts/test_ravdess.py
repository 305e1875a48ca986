"""RAVDESS: codes of the names, and one of the recordings with and without sound."""

import pytest

from fer_features.datasets.layouts.ravdess import RAVDESS
from fer_features.datasets.record_versions import one_version_each

from .trees import found_in, touch, write_video

EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fear", "disgust", "surprise")
NAMES = [
    f"Actor_{actor:02}/{modality}-{channel}-{emotion:02}-01-{statement}-01-{actor:02}"
    for actor in (1, 24)
    for modality in ("01", "02", "03")
    for channel in ("01", "02")
    for emotion in range(1, 9)
    for statement in (["01"] if actor == 1 else ["02"])
]
VIDEOS = [f"{name}.mp4" for name in NAMES if "/03-" not in name]


def write_tree(root):
    for name in VIDEOS:
        write_video(root / name)
    touch(root, [f"{name}.wav" for name in NAMES if "/03-" in name])


def test_names_are_read_as_documented(tmp_path):
    touch(tmp_path, VIDEOS)
    found = found_in(RAVDESS, tmp_path)
    assert sorted(found) == sorted(VIDEOS)
    record = found["Actor_24/01-02-06-01-02-01-24.mp4"]
    assert (record.subject, record.label) == ("24", "fear")
    assert record.extra == {
        **{"modality": "audio and video", "channel": "song", "intensity": "normal"},
        **{"statement": "dogs", "repetition": "01"},
    }
    for name, record in found.items():
        assert EMOTIONS[int(name.split("-")[2]) - 1] == record.label


@pytest.mark.parametrize("absent", [(), ("Actor_01/02-01-03-01-01-01-01.mp4",)])
def test_each_recording_is_used_once(tmp_path, absent):
    touch(tmp_path, [name for name in VIDEOS if name not in absent])
    notes = []
    used = one_version_each(list(found_in(RAVDESS, tmp_path).values()), RAVDESS.versions, notes)
    expected = {name for name in VIDEOS if "/02-" in name} - set(absent) | {
        name.replace("/02-", "/01-") for name in absent
    }
    assert {record.id for record in used} == expected
    assert notes == [
        f"{32 - len(absent)} sample(s) with modality=audio and video are other versions of samples that are used; "
        "where='modality=audio and video' uses them"
    ]
