"""Bins of videos: bounded memory, exact times, intervals, and the HTML of a timeline."""

import numpy as np
import pytest

from fer_features.recognition import FacePrediction, FrameResult, TrackSummary
from fer_features.recognition.frames import Frame
from fer_features.recognition.timeline_bins import MAX_BINS, VideoTimeline
from fer_features.recognition.timeline_html import timeline_html
from fer_features.recognition.video_summary import summarize_video
from fer_features.vision.geometry import MEAN_FACE

IMAGE = np.full((40, 40), 90, np.uint8)


def result(t, expression="joy", fps=25, motion=0.1):
    if expression == "no face":
        return FrameResult(Frame(t, t / fps, IMAGE), [])
    named = {"joy": 0.75, "<fear>": 0.25} if expression in ("joy", "<fear>") else {}
    landmarks = np.float32(8 * MEAN_FACE + 20)
    status = "ok" if named else expression
    face = FacePrediction(
        np.float32([5, 5, 30, 30]), landmarks, expression if named else "", named, 1.0, 0, status, motion
    )
    return FrameResult(Frame(t, t / fps, IMAGE), [face])


def timeline_of(states, fps=25):
    timeline = VideoTimeline()
    for t, state in enumerate(states):
        timeline.add(result(t, state, fps))
    timeline.close(1 / fps)
    return timeline


def test_intervals_and_times_are_exact_in_a_short_video():
    timeline = timeline_of(["neutral"] * 5 + ["joy"] * 10 + ["no face"] * 5 + ["<fear>"] * 5)
    found = [(round(begin, 3), round(end, 3), state) for begin, end, state in timeline.intervals(0)]
    assert [state for *_, state in found] == ["neutral", "joy", "<fear>"]
    assert found[1][0] == 0.2
    assert found[2] == (0.8, 1.0, "<fear>")
    assert timeline.seconds[0]["joy"] == pytest.approx(0.4)
    ((begin, end, _),) = timeline.intervals(None)
    assert (begin, end) == pytest.approx((0.6, 0.8))
    assert (timeline.n_frames, timeline.n_frames_without_face, timeline.duration) == (25, 5, 1.0)
    assert len(timeline.series(0, "joy")) == 2  # the gap without a face


def test_memory_does_not_grow_with_the_length_of_a_video():
    timeline, sizes = VideoTimeline(), []
    for t in range(1500):
        timeline.add(result(t, motion=0.1))
        sizes.append(len(timeline.faces[0]))
    timeline.close(0.04)
    assert max(sizes) <= MAX_BINS
    assert timeline.seconds[0]["joy"] == pytest.approx(60)
    assert sum(one.n_probabilities for one in timeline.faces[0].values()) == 1500
    assert np.mean([one.mean("joy") for one in timeline.faces[0].values()]) == pytest.approx(0.75)
    assert len(timeline_html(timeline, [TrackSummary(0, 1500, "joy", {"joy": 0.75}, None, [])], ["joy"])) < 100_000


def test_summary_and_html_of_a_video():
    timeline = timeline_of(["neutral"] * 5 + ["<fear>"] * 15)
    track = TrackSummary(0, 15, "<fear>", {"joy": 0.2, "<fear>": 0.8}, None, [])
    (row,) = summarize_video("a.mp4", "a.mp4", ["joy", "<fear>"], timeline, [track])
    assert (row["share_<fear>"], row["share_neutral"], row["share_joy"]) == (0.75, 0.25, 0)
    assert (row["probability"], row["duration"]) == (0.8, 0.8)
    html = timeline_html(timeline, [track], ["joy", "<fear>"])
    assert "<fear>" not in html
    for text in ("&lt;fear&gt; 0.80", "Head pose", "Intensity", "Clearest frame", "0.00 s to 0.20 s: neutral"):
        assert text in html


def test_video_without_a_face_has_one_row():
    (row,) = summarize_video("a", "a", ["joy"], timeline_of(["no face"] * 3), [])
    assert (row["status"], row["frames_without_face"]) == ("no face", 3)
