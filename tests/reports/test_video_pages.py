"""Pages of videos: on a phone and a desktop, in both themes, and printed."""

import numpy as np
import pytest

from fer_features.recognition import TrackSummary
from fer_features.recognition.apex import Apex
from fer_features.recognition.timeline_html import timeline_html
from fer_features.recognition.video_summary import summarize_video
from fer_features.reports.video_timeline import video_folder_page, video_timeline_page

from ..recognition.test_timeline_bins import timeline_of
from .browser import Browser, find_browser
from .test_pages_in_browser import BACKGROUND, LOWEST_CONTRAST, SMALLEST_FONT

NAMES = ["joy", "<fear>"]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    timeline = timeline_of(
        ["neutral"] * 5 + ["joy"] * 10 + ["uncertain"] * 5 + ["no face"] * 5 + ["<fear>"] * 9 + ["lost"]
    )
    apex = Apex(7, 0.28, 0.1, np.array([0.75, 0.25]))
    track = TrackSummary(0, 24, "joy", {"joy": 0.75, "<fear>": 0.25}, apex, [apex])
    rows = summarize_video("x" * 60 + ".mp4", "a long folder/" + "x" * 60 + ".mp4", NAMES, timeline, [track])
    facts = {"Model": "runs/A", "Smoothing": "none"}
    texts = {
        "timeline": video_timeline_page(rows[0]["id"], rows, timeline_html(timeline, [track], NAMES), facts),
        "folder": video_folder_page(
            "Expressions in 2 videos",
            [("a/timeline.html", rows), ("", [{"id": "b<i>.mp4", "error": "b<i>.mp4 is empty"}])],
            3,
            facts,
        ),
    }
    for name, text in texts.items():
        assert "<fear>" not in text
        assert "b<i>" not in text
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.skipif(find_browser() is None, reason="no Chromium or Chrome is installed")
def test_pages_fit_the_screen_and_are_readable(pages):
    with Browser() as browser:
        for name in ("timeline", "folder"):
            for width, dark in ((390, False), (390, True), (1280, False), (1280, True)):
                browser.open(pages / f"{name}.html", width, dark)
                assert browser.errors() == []
                assert browser.requests() == []
                assert browser.value("document.documentElement.scrollWidth") <= width
                assert browser.value("getComputedStyle(document.body).backgroundColor") == BACKGROUND[dark]
                assert browser.value("[...document.images].every(i => i.complete && i.naturalWidth > 0 && i.alt)")
                assert browser.value(SMALLEST_FONT) >= 12
                assert browser.value(LOWEST_CONTRAST) >= 4.5
                # Labels of axes are in one line, and inside of the page.
                labels = "[...document.querySelectorAll('.fer-high, .fer-low, .fer-axis span')]"
                boxes = f"{labels}.map(e => e.getBoundingClientRect())"
                assert browser.value(f"{boxes}.every(r => r.height < 30 && r.left >= 0 && r.right <= {width})")
            assert browser.pdf().startswith(b"%PDF")
