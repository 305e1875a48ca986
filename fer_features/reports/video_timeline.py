"""Pages of predictions: the timeline of one video, and the summary of a folder of videos."""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from ..recognition.timeline_html import format_time
from ..version import __version__
from .html import render

#: Largest number of videos on the page of a folder; `summary.csv` has all of them.
MAX_VIDEOS = 500


def video_timeline_page(title: str, rows: Sequence[Mapping[str, Any]], timeline: str, facts: Mapping[str, str]) -> str:
    """The page of a video.

    Parameters
    ----------
    title : str
        Name of the video.
    rows : sequence of mapping
        Summary of its faces, see `fer_features.recognition.video_summary.summarize_video`.
    timeline : str
        HTML of `fer_features.recognition.timeline_html.timeline_html`.
    facts : mapping of str to str
        How the predictions were made.

    Returns
    -------
    str
        HTML.
    """
    from markupsafe import Markup

    return render(
        "video_timeline.html",
        title=PurePath(title).name or title,
        path=title,
        version=__version__,
        duration=format_time(rows[0]["duration"]),
        n_frames=rows[0]["frames"],
        shares=[_shares(row) for row in rows if "face_id" in row],
        timeline=Markup(timeline),  # its texts are escaped where it is made
        facts=facts,
    )


def video_folder_page(
    title: str, videos: Sequence[tuple[str, Sequence[Mapping[str, Any]]]], n_images: int, facts: Mapping[str, str]
) -> str:
    """The page of a folder of videos.

    Parameters
    ----------
    title : str
    videos : sequence of (str, sequence of mapping)
        Path of the timeline relative to the page, empty for a video that failed, and rows of the summary.
    n_images : int
        Number of images, whose predictions are in ``images/predictions.csv``.
    facts : mapping of str to str

    Returns
    -------
    str
        HTML.
    """
    rows = [
        dict(row)
        | {
            "link": urllib.parse.quote(os.fsencode(link)) if link else "",
            "time": format_time(row["apex_time"]) if "apex_time" in row else "",
            "shares": _shares(row)["shares"],
        }
        for link, found in videos[:MAX_VIDEOS]
        for row in found
    ]
    failed = [found[0] for link, found in videos if not link]
    return render(
        "video_folder.html",
        title=title,
        version=__version__,
        rows=rows,
        failed=failed,
        n_videos=len(videos),
        n_omitted=max(0, len(videos) - MAX_VIDEOS),
        n_images=n_images,
        facts=facts,
    )


def _shares(row: Mapping[str, Any]) -> dict[str, Any]:
    """The shares of expressions above 0 in the order of their size."""
    shares = [(name.removeprefix("share_"), row[name]) for name in row if name.startswith("share_") and row[name] > 0]
    return {"face_id": row.get("face_id"), "shares": sorted(shares, key=lambda one: -one[1])}
