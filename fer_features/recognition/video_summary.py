"""Summary of a video: a row of numbers for each face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..evaluation.rejection import UNCERTAIN
from .frame_results import TrackSummary
from .timeline_bins import VideoTimeline

#: Columns of the summary before the shares of expressions.
SUMMARY_COLUMNS = (
    "file",
    "id",
    "face_id",
    "status",
    "expression",
    "probability",
    "apex_frame",
    "apex_time",
    "apex_distance",
    "n_apexes",
    "duration",
    "frames",
    "frames_without_face",
    "seconds_visible",
    "share_neutral",
    "share_uncertain",
)


def summarize_video(
    file: str, identifier: str, class_names: Sequence[str], timeline: VideoTimeline, tracks: Sequence[TrackSummary]
) -> list[dict[str, Any]]:
    """Rows of a video, one for each face in the order of their numbers; one without a face if there is none.

    Parameters
    ----------
    file, identifier : str
        Name of the input, and its path relative to the folder that was given.
    class_names : sequence of str
    timeline : VideoTimeline
    tracks : sequence of TrackSummary

    Returns
    -------
    list of dict
        By column: `SUMMARY_COLUMNS`, where 'probability' is that of the expression and times are in seconds;
        and 'share_NAME', the fraction of the time in which the face is visible that has this expression. Values that
        do not apply are absent.
    """
    base = {
        "file": file,
        "id": identifier,
        "status": "ok",
        "duration": round(timeline.duration, 3),
        "frames": timeline.n_frames,
        "frames_without_face": timeline.n_frames_without_face,
    }
    rows = []
    for track in sorted(tracks, key=lambda one: one.face_id):
        seconds: Mapping[str, float] = timeline.seconds.get(track.face_id, {})
        visible = sum(value for state, value in seconds.items() if state != "lost")
        row = base | {"face_id": track.face_id, "expression": track.expression, "n_apexes": len(track.apexes)}
        row |= {"seconds_visible": round(visible, 3)}
        if track.expression in track.probabilities:
            row["probability"] = round(track.probabilities[track.expression], 4)
        elif track.probabilities:
            row["probability"] = round(max(track.probabilities.values()), 4)
        if track.apex is not None:
            row |= {"apex_frame": track.apex.frame, "apex_time": round(track.apex.timestamp, 3)}
            row |= {"apex_distance": round(track.apex.neutral_distance, 4)}
        for name in dict.fromkeys(["neutral", UNCERTAIN, *class_names]):
            row[f"share_{name}"] = round(seconds.get(name, 0.0) / visible, 4) if visible else 0.0
        rows.append(row)
    return rows or [base | {"status": "no face"}]
