"""Tests of the pages in a browser with a fake camera: content, accessibility, screens, and a lost connection."""

import base64
import csv
import json
import time
import urllib.parse
from pathlib import Path

import pytest

from fer_features import Recognizer
from fer_features.live.limits import Limits
from fer_features.live.model_library import ModelLibrary
from fer_features.recognition.sources import SequenceSource

from ..reports.browser import Browser, find_browser
from ..reports.test_pages_in_browser import LOWEST_CONTRAST
from .conftest import TOKEN, as_jpeg, clip_frames, neutral_frames, running

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
def neutral_file(frames, tmp_path_factory):
    """The neutral face: the camera of the browser can begin at any frame."""
    path = tmp_path_factory.mktemp("neutral") / "neutral.jpg"
    path.write_bytes(frames[0])
    return path


@pytest.fixture(scope="module")
def live(run_folder, neutral_file, recording):
    with running(ModelLibrary(run_folder, neutral=neutral_file), record=recording) as one:
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


def test_what_the_page_shows_and_records_is_what_predict_gives(page, recording, run_folder, neutral_file, tmp_path):
    click(page, "record")
    first = page.value("Number(document.getElementById('expression').dataset.frame)")
    page.wait(f"document.getElementById('expression').dataset.frame > {first} + 10")
    page.wait("document.querySelectorAll('#bars li.first').length")
    click(page, "record")
    page.wait("document.querySelectorAll('#downloads a').length == 2")
    page.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    page.value("document.querySelectorAll('#downloads a').forEach(link => link.click())")
    files = wait_for_files(tmp_path, ".csv", ".webm")
    assert files[".webm"].read_bytes().startswith(b"\x1a\x45\xdf\xa3")
    shown = list(csv.DictReader(files[".csv"].read_text().splitlines()))
    (session,) = recording.iterdir()
    results = Recognizer(run_folder, neutral=neutral_file).stream(SequenceSource(session / "frames"))
    expected = {result.frame.index: result for result in results}
    assert len(shown) > 5
    for row in shown:
        (face,) = expected[int(row["frame"])].faces
        assert (row["status"], row["expression"]) == (face.status, face.expression)
        for name, value in face.probabilities.items():
            assert float(row[f"probability_{name}"]) == pytest.approx(value, abs=1e-4)
    assert {row["expression"] for row in shown} - {""}


def test_the_expression_on_the_page_is_that_of_its_frame(page, recording, run_folder, neutral_file):
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
    for result in Recognizer(run_folder, neutral=neutral_file).stream(SequenceSource(session / "frames")):
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


#: Two messages while a connection is lost: the first is in progress, and the second waits for it.
LOST_WHILE_WAITING = """(async () => {
    const { Connection } = await import(new URL("static/connection.js", location.href));
    const token = new URLSearchParams(location.search).get("token"), nothing = () => {};
    const handlers = { hello: nothing, lost: nothing, refused: nothing };
    const connection = new Connection("live", { token, model: "" }, handlers);
    await connection.ready;
    connection.socket.send = nothing;
    const first = connection.command({}).catch(error => error.message), second = connection.command({ type: "x" });
    await new Promise(resolve => setTimeout(resolve));
    connection.socket.close();
    const late = new Promise(resolve => setTimeout(resolve, 10000, { error: "no answer" }));
    const answers = [await first, (await Promise.race([second, late])).error];
    connection.close();
    return answers;
})()"""


def test_a_message_that_waits_while_the_connection_is_lost_is_sent_again(page):
    first, second = page.value(LOST_WHILE_WAITING)
    assert first == "the connection was lost"
    assert second.startswith("unknown command")


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


def check_screens(page):
    """Check a page on a phone and a desktop, in both themes."""
    page.value(AXE + "; undefined")
    for width in (390, 1280):
        for dark in (False, True):
            page.show(width, dark)
            assert page.value("innerWidth") == width
            assert page.value("document.documentElement.scrollWidth") <= width
            assert page.value(LOWEST_CONTRAST) >= 4.5
            assert serious_violations(page) == []


def test_the_page_fits_screens_and_is_accessible(page):
    check_screens(page)


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


#: A camera that shows the images of `show(files)` again and again, instead of that of the browser.
CONTROLLED_CAMERA = """
navigator.mediaDevices.getUserMedia = async () => {
    const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
    let images = [], position = 0;
    [canvas.width, canvas.height] = [640, 480];
    window.show = async (files) => {
        const blobs = files.map(text => new Blob([Uint8Array.from(atob(text), c => c.charCodeAt(0))]));
        images = await Promise.all(blobs.map(blob => createImageBitmap(blob)));
    };
    setInterval(() => {
        if (images.length) context.drawImage(images[position++ % images.length], 0, 0);
        else context.fillRect(0, 0, 640, 480);
    }, 30);
    return canvas.captureStream();
};
"""


@pytest.fixture
def teach_page(browser, tmp_path):
    """The page that teaches, with a controlled camera, and clips that are short."""
    limits = Limits(clip_seconds=0.2, pause_seconds=0.06)
    script = browser.call("Page.addScriptToEvaluateOnNewDocument", source=CONTROLLED_CAMERA)["identifier"]
    with running(ModelLibrary(), runs=tmp_path / "runs", limits=limits) as server:
        browser.open(f"{server.url}/teach?token={TOKEN}", 1280)
        yield browser
        assert browser.errors() == []
        assert {urllib.parse.urlsplit(url).netloc for url in browser.requests()} == {f"127.0.0.1:{server.port}"}
    browser.call("Page.removeScriptToEvaluateOnNewDocument", identifier=script)


def show_frames(page, frames):
    """Show images to the controlled camera, and wait until the page has processed one of them."""
    page.value(f"show({json.dumps([base64.b64encode(as_jpeg(one)).decode() for one in frames])})")
    before = page.value("document.getElementById('expression').dataset.frame ?? -1")
    page.wait(f"document.getElementById('expression').dataset.frame > {before} + 2")


def record_clips(page, name, clips):
    """Click the buttons that record clips of an expression; each clip shows other frames."""
    items = f"[...document.querySelectorAll('.expressions li')].find(li => li.textContent.startsWith('{name}'))"
    page.value(f"{items}.querySelector('button').click()")
    for number, clip in enumerate(clips):
        show_frames(page, clip)
        page.wait(f"{items}.textContent.includes('{number + 1} clip')")
    page.wait("!document.getElementById('fit').disabled")
    assert text(page, "status") == ""


def test_expressions_are_taught_and_deleted_on_the_page(teach_page, taught_subject, tmp_path):
    page = teach_page
    assert page.value("document.getElementById('start').disabled")
    click(page, "agree")
    click(page, "start")
    page.wait("!document.getElementById('consent').offsetParent && !!window.show")
    page.wait("!document.getElementById('hint').hidden")  # the camera shows nothing yet
    assert text(page, "hint").startswith("No face is found. Look straight at the camera")
    show_frames(page, neutral_frames(taught_subject, 0))
    assert text(page, "expression") == "face found"
    assert text(page, "hint") == ""
    record_clips(page, "neutral", [neutral_frames(taught_subject, number) for number in range(4)])
    for name in ("joy", "anger"):
        page.value(f"document.getElementById('name').value = '{name}'")
        page.value("document.getElementById('add').requestSubmit()")
        record_clips(page, name, [clip_frames(taught_subject, name, number) for number in range(4)])
    click(page, "fit")
    page.wait("document.getElementById('status').textContent.startsWith('The model was fitted in')")
    assert " of 12 clips are recognized (leave-one-clip-out)" in text(page, "headline")
    assert page.value("document.querySelectorAll('#confusion td').length") == 9
    for name in ("joy", "anger"):
        show_frames(page, clip_frames(taught_subject, name, 4))
        page.wait(f"document.getElementById('expression').textContent == '{name}'")
    check_screens(page)

    page.value("document.getElementById('run').value = 'mine'")
    page.value("document.getElementById('save').requestSubmit()")
    page.wait("document.getElementById('saved').textContent == 'Saved: mine'")
    assert (tmp_path / "runs" / "mine" / "model.joblib").exists()
    page.value("setTimeout(() => document.getElementById('delete').click())")
    page.wait_for_event("Page.javascriptDialogOpening")
    page.call("Page.handleJavaScriptDialog", accept=True)
    page.wait("document.getElementById('status').textContent == 'Everything was deleted.'")
    assert list((tmp_path / "runs").iterdir()) == []
