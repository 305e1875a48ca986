"""Segments are the runs of equal values of each face, in the order of their beginnings."""

import itertools

import numpy as np
import pytest

from fer_features.recognition.records import PredictionRecord
from fer_features.recognition.timeline import FRAME_TIER, Segment, Timeline


def record(timestamp, face_id=None, expression="", status="ok"):
    return PredictionRecord("a.mp4", 0, timestamp, face_id, status=status, expression=expression)


def segments_of(frames, frame_duration=0.04):
    found = []
    timeline = Timeline(found.append)
    for records in frames:
        timeline.add(records)
    timeline.close(frame_duration)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_segments_cover_the_records_of_each_face(seed):
    """At each frame, each face is in one segment with its value; its neighbouring segments differ or are apart."""
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.integers(1, 60, 40)) / 1000
    frames = []
    for t in times.tolist():
        faces = [record(t, i, str(rng.choice(["joy", "fear"]))) for i in range(3) if rng.random() < 0.7]
        frames.append(faces or [record(t, None, status="no face")])
    segments = segments_of(frames)
    assert [segment.begin for segment in segments] == sorted(segment.begin for segment in segments)
    for records in frames:
        now = round(1000 * records[0].timestamp)
        covering = {segment.tier: segment.value for segment in segments if segment.begin <= now < segment.end}
        expected = {FRAME_TIER if r.face_id is None else f"face {r.face_id}": r.expression or r.status for r in records}
        assert covering == expected
    for tier in {segment.tier for segment in segments}:
        own = [segment for segment in segments if segment.tier == tier]
        for first, second in itertools.pairwise(own):
            assert first.end < second.begin or (first.end == second.begin and first.value != second.value)
    assert max(segment.end for segment in segments) == round(1000 * times[-1]) + 40


def test_statuses_are_values_as_in_the_table():
    frames = [
        [record(0.0, 0, status="neutral")],
        [record(0.1, 0, "joy")],
        [record(0.2, 0, "uncertain")],
        [record(0.3, 0, status="lost")],
        [record(0.4, status="no face")],
        [record(0.5, 1, "joy")],
    ]
    assert segments_of(frames) == [
        Segment(0, 100, "face 0", "neutral"),
        Segment(100, 200, "face 0", "joy"),
        Segment(200, 300, "face 0", "uncertain"),
        Segment(300, 400, "face 0", "lost"),
        Segment(400, 500, FRAME_TIER, "no face"),
        Segment(500, 540, "face 1", "joy"),
    ]


def test_a_segment_ends_where_a_face_is_not_in_the_next_frame():
    frames = [[record(t / 10, 0, "joy"), *([record(t / 10, 1, "joy")] if t != 2 else [])] for t in range(4)]
    assert segments_of(frames) == [
        Segment(0, 200, "face 1", "joy"),
        Segment(0, 340, "face 0", "joy"),
        Segment(300, 340, "face 1", "joy"),
    ]


def test_segments_are_passed_on_while_the_video_is_processed():
    found = []
    timeline = Timeline(found.append)
    for t in range(1000):
        timeline.add([record(t / 10, 0, f"class {t}")])
        assert len(found) == t  # all but the last one, which has not ended


@pytest.mark.parametrize("rate", [1000, 5000])
def test_no_segment_is_empty(rate):
    segments = segments_of([[record(round(t / rate, 3), 0, f"class {t}")] for t in range(20)], 0.0)
    assert all(segment.end > segment.begin for segment in segments)
    assert all(first.end == second.begin for first, second in itertools.pairwise(segments))
