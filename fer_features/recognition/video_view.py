"""A video with its timeline, as notebooks show it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .frame_results import TrackSummary
from .timeline_bins import VideoTimeline
from .timeline_html import timeline_html


class VideoView:
    """The timeline of a video; Jupyter displays it as HTML.

    Parameters
    ----------
    name : str
        Name of the video.
    timeline : VideoTimeline
    tracks : sequence of TrackSummary
    class_names : sequence of str

    Attributes
    ----------
    name, timeline, tracks, class_names
        The parameters.
    """

    def __init__(self, name: str, timeline: VideoTimeline, tracks: Sequence[TrackSummary], class_names: Sequence[str]):
        self.name, self.timeline, self.tracks, self.class_names = name, timeline, tracks, class_names

    def __repr__(self) -> str:
        faces = ", ".join(f"face {track.face_id}: {track.expression or 'no expression'}" for track in self.tracks)
        return f"{self.name}: {self.timeline.duration:.2f} s, {self.timeline.n_frames} frames, {faces or 'no face'}"

    def _repr_html_(self) -> str:
        return f"<h3>{escape(self.name)}</h3>{timeline_html(self.timeline, self.tracks, self.class_names)}"
