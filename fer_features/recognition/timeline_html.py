"""The timeline of a video as an HTML fragment, for pages of reports and for notebooks."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape

from ..evaluation.rejection import UNCERTAIN
from .frame_results import TrackSummary
from .timeline_bins import NO_FACE, Thumbnail, VideoTimeline

#: Largest numbers of faces, of thumbnails of a face, and of listed intervals of a face.
MAX_FACES, MAX_THUMBNAILS, MAX_INTERVALS = 20, 6, 60
#: Colours of the light theme; pages define the variables --c0 to --c7 for both themes.
COLOURS = ("#0b63b0", "#b35900", "#0a7a4f", "#a3317f", "#b3261e", "#5b4db8", "#5f6670", "#7a6a00")
#: Dash patterns, so that lines do not differ by colour only.
DASHES = ("none", "8 3", "2 2")
#: Title, names of the series, and limits of each chart of a face below that of probabilities.
CHARTS = (
    ("Intensity: motion from the neutral face", {"motion": "motion"}, (0.0, None)),
    ("Head pose in degrees", {"yaw": "yaw", "pitch": "pitch", "roll": "roll"}, (-30.0, 30.0)),
    ("Opening: height / width", {"eye_opening": "eyes", "mouth_opening": "mouth"}, (0.0, 0.5)),
)
STYLE = """<style>
.fer-face { margin: 1.5rem 0; max-width: 60rem; }
.fer-face figure { margin: .8rem 0; }
.fer-face figcaption { font-size: .875rem; margin: 0 0 .2rem; }
.fer-face .fer-plot { position: relative; margin-left: 2.6rem; border-left: 1px solid var(--line, #999);
  border-bottom: 1px solid var(--line, #999); }
.fer-face .fer-plot svg { display: block; width: 100%; max-width: none; height: 6rem; }
.fer-face .fer-high, .fer-face .fer-low { position: absolute; right: calc(100% + .3rem); font-size: .75rem;
  white-space: nowrap; }
.fer-face .fer-high { top: -.3rem; } .fer-face .fer-low { bottom: -.3rem; }
.fer-face .fer-strip { position: relative; height: 1.2rem; margin-left: 2.6rem; background: var(--panel, #f4f5f7); }
.fer-face .fer-strip i { position: absolute; top: 0; bottom: 0; }
.fer-face .fer-axis { position: relative; height: 1.3rem; margin-left: 2.6rem; font-size: .75rem; }
.fer-face .fer-axis span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.fer-face .fer-axis span:first-child { transform: none; }
.fer-face .fer-axis span.fer-end { transform: translateX(-100%); }
.fer-face .fer-key { display: flex; flex-wrap: wrap; gap: .2rem 1rem; list-style: none; padding: 0; margin: .3rem 0;
  font-size: .875rem; }
.fer-face .fer-key svg { display: inline-block; width: 1.6rem; height: .7rem; margin-right: .3rem; }
.fer-face .fer-key i { display: inline-block; width: 1.2rem; height: .7rem; margin-right: .3rem; }
.fer-face .fer-thumbs { display: flex; flex-wrap: wrap; gap: .6rem; }
.fer-face .fer-thumbs img { display: block; height: 6rem; width: auto; }
.fer-face .fer-thumbs figure { margin: 0; max-width: 8rem; }
.fer-face details ul { columns: 13rem; }
@media print {
  .fer-face h3, .fer-face h4 { break-after: avoid; }
  .fer-face .fer-charts { break-inside: avoid; }
  .fer-face .fer-plot svg { height: 4rem; }
}
</style>"""


def timeline_html(timeline: VideoTimeline, tracks: Sequence[TrackSummary], class_names: Sequence[str]) -> str:
    """Charts, intervals and apex thumbnails of the faces of a video.

    Parameters
    ----------
    timeline : VideoTimeline
    tracks : sequence of TrackSummary
    class_names : sequence of str

    Returns
    -------
    str
        HTML, without scripts and references to other files. The `MAX_FACES` faces that are visible for the longest
        time are shown. Its size does not grow with the length of the video.
    """

    def visible(track: TrackSummary) -> float:
        seconds: Mapping[str, float] = timeline.seconds.get(track.face_id, {})
        return sum(value for state, value in seconds.items() if state != "lost")

    shown = sorted(tracks, key=visible, reverse=True)[:MAX_FACES]
    parts = [STYLE, _frames_without_face(timeline)]
    if len(tracks) > len(shown):
        parts.append(f"<p>{len(shown)} of {len(tracks)} faces are shown: those that are visible longest.</p>")
    parts += [_face(timeline, track, class_names) for track in sorted(shown, key=lambda one: one.face_id)]
    return "\n".join(parts)


def _face(timeline: VideoTimeline, track: TrackSummary, class_names: Sequence[str]) -> str:
    face_id = track.face_id
    title = f"Face {face_id}: {track.expression or 'no expression'}"
    if track.expression in track.probabilities:
        title += f" {track.probabilities[track.expression]:.2f}"
    if track.apex is not None:
        title += f", apex at {track.apex.timestamp:.2f} s"
    intervals = list(timeline.intervals(face_id))
    parts = [f'<section class="fer-face"><h3>{escape(title)}</h3>', '<div class="fer-charts">']
    parts.append(_strip(timeline, intervals, class_names))
    names = {name: name for name in class_names}
    if timeline.series(face_id, class_names[0]) if class_names else False:
        parts.append(_chart(timeline, face_id, "Probability of each expression", names, (0.0, 1.0)))
    parts += [_chart(timeline, face_id, *chart) for chart in CHARTS]
    parts += [_axis(timeline.duration), "</div>", _thumbnails(timeline, track), _interval_list(intervals), "</section>"]
    return "\n".join(part for part in parts if part)


def _chart(
    timeline: VideoTimeline, face_id: int, title: str, names: dict[str, str], limits: tuple[float, float | None]
) -> str:
    series = {name: timeline.series(face_id, name) for name in names}
    values = [value for parts in series.values() for part in parts for _, value in part]
    if not values:
        return ""
    low = min(limits[0], *values)
    high = max(values) if limits[1] is None else max(limits[1], *values)
    span, duration = max(high - low, 1e-9), max(timeline.duration, 1e-9)
    lines = []
    for k, parts in enumerate(series.values()):
        for part in parts:
            ends = part if len(part) > 1 else [part[0], (part[0][0] + timeline.bin_seconds, part[0][1])]
            at = " ".join(f"{1000 * t / duration:.1f},{100 - 100 * (value - low) / span:.1f}" for t, value in ends)
            lines.append(f'<polyline points="{at}" {_stroke(k)} vector-effect="non-scaling-stroke"/>')
    key = "".join(
        f'<li><svg viewBox="0 0 24 8" aria-hidden="true"><path d="M0 4H24" {_stroke(k)}/></svg>{escape(label)}</li>'
        for k, label in enumerate(names.values())
    )
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>"
        + (f'<ul class="fer-key">{key}</ul>' if len(names) > 1 else "")
        + f'<div class="fer-plot"><span class="fer-high">{high:.2g}</span><span class="fer-low">{low:.2g}</span>'
        f'<svg viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" aria-label="{escape(title)} over time, '
        f'from {min(values):.2f} to {max(values):.2f}">{"".join(lines)}</svg></div></figure>'
    )


def _stroke(k: int) -> str:
    return f'fill="none" stroke="{_colour(k)}" stroke-width="2" stroke-dasharray="{DASHES[k % len(DASHES)]}"'


def _colour(k: int) -> str:
    return f"var(--c{k % len(COLOURS)}, {COLOURS[k % len(COLOURS)]})"


def _fill(state: str, class_names: Sequence[str]) -> str:
    """CSS background of a state: hatched if it is uncertain, grey at rest, and framed without a face."""
    if state in class_names:
        return f"background: {_colour(list(class_names).index(state))}"
    if state == UNCERTAIN:
        return "background: repeating-linear-gradient(45deg, var(--soft, #565d68) 0 2px, transparent 2px 6px)"
    if state == "neutral":
        return "background: var(--line, #d5d9df)"
    return "border: 1px dashed var(--fail, #a31515)"


def _strip(timeline: VideoTimeline, intervals: Sequence[tuple[float, float, str]], class_names: Sequence[str]) -> str:
    duration = max(timeline.duration, 1e-9)
    blocks = "".join(
        f'<i style="left: {100 * begin / duration:.2f}%; width: {max(100 * (end - begin) / duration, 0.1):.2f}%; '
        f'{_fill(state, class_names)}"></i>'
        for begin, end, state in intervals
    )
    states = sorted({state for _, _, state in intervals}, key=lambda one: (one not in class_names, one))
    key = "".join(f'<li><i style="{_fill(state, class_names)}"></i>{escape(state)}</li>' for state in states)
    return (
        "<figure><figcaption>Expression, or state of frames without one</figcaption>"
        f'<ul class="fer-key">{key}</ul><div class="fer-strip" aria-hidden="true">{blocks}</div></figure>'
    )


def _axis(duration: float) -> str:
    ticks = [duration * i / 4 for i in range(5)]
    spans = "".join(
        f'<span{" class=fer-end" if i == 4 else ""} style="left: {25 * i}%">{format_time(t)}</span>'
        for i, t in enumerate(ticks)
    )
    return f'<div class="fer-axis">{spans}</div>'


def _thumbnails(timeline: VideoTimeline, track: TrackSummary) -> str:
    available = timeline.thumbnails(track.face_id)
    apexes = sorted(track.apexes, key=lambda apex: -apex.neutral_distance)
    chosen = [available[apex.frame] for apex in apexes if apex.frame in available][:MAX_THUMBNAILS]
    title = "Apexes"
    if not chosen:
        chosen = sorted(available.values(), key=lambda one: -one.score)[:1]
        title = "Clearest frame"
    if not chosen:
        return ""
    figures = "".join(_figure(one) for one in sorted(chosen, key=lambda one: one.timestamp))
    return f'<h4>{title}</h4><div class="fer-thumbs">{figures}</div>'


def _figure(one: Thumbnail) -> str:
    text = escape(f"{format_time(one.timestamp)}, {one.expression}")
    source = f"data:image/jpeg;base64,{base64.b64encode(one.jpeg).decode()}"
    return f'<figure><img src="{source}" alt="face at {text}"><figcaption>{text}</figcaption></figure>'


def _interval_list(intervals: Sequence[tuple[float, float, str]]) -> str:
    if not intervals:
        return ""
    items = "".join(
        f"<li>{format_time(begin)} to {format_time(end)}: {escape(state)}</li>"
        for begin, end, state in intervals[:MAX_INTERVALS]
    )
    more = f"<li>and {len(intervals) - MAX_INTERVALS} more</li>" if len(intervals) > MAX_INTERVALS else ""
    return f"<details><summary>Intervals ({len(intervals)})</summary><ul>{items}{more}</ul></details>"


def _frames_without_face(timeline: VideoTimeline) -> str:
    gaps = [one for one in timeline.intervals(None) if one[2] == NO_FACE]
    if not gaps:
        return "<p>A face is visible in every frame.</p>"
    listed = ", ".join(f"{format_time(begin)} to {format_time(end)}" for begin, end, _ in gaps[:10])
    more = f" and {len(gaps) - 10} more intervals" if len(gaps) > 10 else ""
    n = timeline.n_frames_without_face
    return f"<p>{n} of {timeline.n_frames} frames show no face: {listed}{more}.</p>"


def format_time(seconds: float) -> str:
    """A time as text.

    Examples
    --------
    >>> format_time(3.256), format_time(75.5), format_time(3725)
    ('3.26 s', '1:15.5', '1:02:05')
    """
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds, 1), 60)
    if minutes < 60:
        return f"{int(minutes)}:{rest:04.1f}"
    return f"{int(minutes) // 60}:{int(minutes) % 60:02d}:{int(rest):02d}"
