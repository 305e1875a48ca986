"""Tests of the pages in a browser with a fake camera: content, accessibility, screens, and a lost connection."""

import csv
import json
import time
import urllib.parse
from pathlib import Path

import pytest

from fer_features import Recognizer
from fer_features.recognition.sources import SequenceSource

from ..reports.browser import Browser, find_browser
from ..reports.test_pages_in_browser import LOWEST_CONTRAST
from .conftest import TOKEN, running

pytestmark = pytest.mark.skipif(
    find_browser() is None, reason="no Chromium or Chrome is installed: pages are not tested in a browser"
)


@pytest.fixture(scope="module")
def browser(frames, tmp_path_factory):
    """A browser whose camera shows the frames again and again."""
    video = tmp_path_factory.mktemp("camera") / "camera.mjpeg"
    video.write_bytes(b"".join(frames))
    with Browser(
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={video}",
    ) as browser:
        yield browser


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return tmp_path_factory.mktemp("record")


@pytest.fixture(scope="module")
def live(library, recording):
    with running(library, record=recording) as one:
        yield one


@pytest.fixture
def page(browser, live):
    """The page with results, without console errors and requests to other hosts."""
    browser.open(f"{live.url}/?token={TOKEN}", 1280)
    browser.wait("Number(document.getElementById('fps').textContent) > 0")
    yield browser
    assert browser.errors() == []
    assert {urllib.parse.urlsplit(url).netloc for url in browser.requests()} == {f"127.0.0.1:{live.port}"}


def text(page, name):
    return page.value(f"document.getElementById('{name}').textContent")


def click(page, name):
    page.value(f"document.getElementById('{name}').click()")


def wait_for_files(folder, *suffixes):
    """Suffix -> path of complete downloads."""
    limit = time.monotonic() + 10
    while sorted(path.suffix for path in folder.iterdir()) != sorted(suffixes):
        assert time.monotonic() < limit
        time.sleep(0.02)
    return {path.suffix: path for path in folder.iterdir()}


def test_what_the_page_shows_and_records_is_what_predict_gives(page, recording, run_folder, tmp_path):
    click(page, "record")
    page.wait("document.getElementById('recorded').textContent.startsWith('1 s')")
    click(page, "record")
    page.wait("document.querySelectorAll('#downloads a').length == 2")
    page.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    page.value("document.querySelectorAll('#downloads a').forEach(link => link.click())")
    files = wait_for_files(tmp_path, ".csv", ".webm")
    assert files[".webm"].read_bytes().startswith(b"\x1a\x45\xdf\xa3")
    shown = list(csv.DictReader(files[".csv"].read_text().splitlines()))
    (session,) = recording.iterdir()
    results = Recognizer(run_folder).stream(SequenceSource(session / "frames"))
    expected = {result.frame.index: result for result in results}
    assert len(shown) > 5
    for row in shown:
        (face,) = expected[int(row["frame"])].faces
        assert (row["status"], row["expression"]) == (face.status, face.expression)
        for name, value in face.probabilities.items():
            assert float(row[f"probability_{name}"]) == pytest.approx(value, abs=1e-4)
    assert {row["expression"] for row in shown} - {""}


def test_the_expression_on_the_page_is_that_of_its_frame(page, recording, run_folder):
    seen = page.value(
        """new Promise(resolve => {
            const found = {}, label = document.getElementById('expression');
            new MutationObserver(() => {
                found[label.dataset.frame] = label.textContent;
                if (Object.keys(found).length >= 15) resolve(found);
            }).observe(label, {attributes: true});
        })"""
    )
    session = max(recording.iterdir())
    for result in Recognizer(run_folder).stream(SequenceSource(session / "frames")):
        (face,) = result.faces
        assert seen.pop(str(result.frame.index), face.expression or face.status) == (face.expression or face.status)
    assert seen == {}
    assert text(page, "model-line") == "Model: rendered"
    assert page.value("[...document.querySelectorAll('#bars li span:first-child')].length") == 6


def test_the_neutral_face_mirror_and_landmarks(page):
    click(page, "neutral")
    page.wait("document.getElementById('status').textContent.startsWith('Your neutral face is set')")
    assert page.value("document.getElementById('view').classList.contains('mirrored')")
    click(page, "mirror")
    assert not page.value("document.getElementById('view').classList.contains('mirrored')")
    assert page.value("document.getElementById('camera').options.length") == 1
    assert page.value("document.getElementById('timeline').getAttribute('aria-label')").startswith("Last 60 seconds")


def test_a_lost_connection_is_resumed_by_the_page(page, live, recording):
    n_sessions = len(list(recording.iterdir()))
    frame = int(page.value("document.getElementById('expression').dataset.frame"))
    live.drop_connections()
    page.wait("document.getElementById('status').textContent.startsWith('The connection was lost')")
    page.wait(f"document.getElementById('expression').dataset.frame > {frame + 3}")
    assert len(list(recording.iterdir())) == n_sessions
    assert page.wait("document.getElementById('status').hidden")


#: Rules of WCAG 2 A and AA, and good practice.
AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def serious_violations(browser):
    """Violations that axe-core finds on the page, and the elements."""
    found = json.loads(browser.value("axe.run().then(JSON.stringify)"))
    assert len(found["passes"]) > 15
    return [
        (one["id"], [node["html"] for node in one["nodes"]])
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


def test_the_page_fits_screens_and_is_accessible(page):
    page.value(AXE + "; undefined")
    for width in (390, 1280):
        for dark in (False, True):
            page.show(width, dark)
            assert page.value("innerWidth") == width
            assert page.value("document.documentElement.scrollWidth") <= width
            assert page.value(LOWEST_CONTRAST) >= 4.5
            assert serious_violations(page) == []


def test_the_page_is_used_by_the_keyboard(page):
    focused = []
    for _ in range(8):
        for kind in ("keyDown", "keyUp"):
            page.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        focused.append(page.value("document.activeElement.id"))
        outline = page.value("getComputedStyle(document.activeElement).outlineStyle")
        assert focused[-1] in ("", "teach") or outline == "solid"
    assert [name for name in focused if name][:5] == ["neutral", "camera", "mirror", "landmarks", "record"]
    page.value("document.getElementById('record').focus()")
    for kind in ("keyDown", "char", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key=" ", code="Space", text=" " if kind == "char" else "")
    page.wait("document.getElementById('record').getAttribute('aria-pressed') == 'true'")
