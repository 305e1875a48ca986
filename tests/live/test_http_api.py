"""Tests of the HTTP interface: its answers are those of the command `predict`."""

import contextlib
import json
import socket
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_features import FerError, cli
from fer_features.live.limits import Limits
from fer_features.live.openapi import openapi_description
from fer_features.live.video_job import VideoJob
from fer_features.media.decoding import decode_image_content
from fer_features.recognition.frame_results import FrameResult
from fer_features.recognition.frames import Frame

from .conftest import TOKEN, running


@pytest.fixture(scope="module")
def files(frames, sequences, tmp_path_factory):
    """Neutral image, apex image and video of a sequence."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "neutral.jpg").write_bytes(frames[0])
    (folder / "apex.jpg").write_bytes(frames[9])
    writer = cv2.VideoWriter(str(folder / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (640, 480))
    for frame in frames:
        writer.write(cv2.imdecode(np.frombuffer(frame, np.uint8), cv2.IMREAD_COLOR))
    writer.release()
    return folder


def predicted(run_folder, out, *arguments):
    """Content of the JSON file of `fer-features predict`."""
    call = ["predict", "--model", str(run_folder), *map(str, arguments), "--out", str(out), "--quiet"]
    assert cli.main(call) == 0
    return json.loads(out.read_text())


def without_name(records):
    return [{name: value for name, value in one.items() if name not in ("file", "id")} for one in records]


def test_images_have_the_results_of_the_command(server, run_folder, files, tmp_path):
    key = server.json("POST", "/v1/neutral", (files / "neutral.jpg").read_bytes(), status=201)["neutral"]
    answer = server.json("POST", f"/v1/predict?neutral={key}", (files / "apex.jpg").read_bytes())
    expected = predicted(run_folder, tmp_path / "x.json", files / "apex.jpg", "--neutral", files / "neutral.jpg")
    assert answer["classes"] == expected["classes"]
    assert without_name(answer["frames"]) == without_name(expected["frames"])
    assert answer["frames"][0]["expression"]

    assert server.request("DELETE", f"/v1/neutral/{key}").status == 204
    assert "neutral image" in server.json("POST", f"/v1/predict?neutral={key}", b"x", status=404)["error"]


def test_a_video_has_the_results_of_the_command(server, run_folder, files, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    answer = server.request("POST", "/v1/videos", (files / "clip.avi").read_bytes())
    end = time.monotonic() + 10
    while list(tmp_path.iterdir()) and time.monotonic() < end:  # the upload is removed after the last line was sent
        time.sleep(0.01)
    assert list(tmp_path.iterdir()) == []
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    records = [json.loads(line) for line in answer.content.splitlines()]
    expected = predicted(run_folder, tmp_path / "x.json", files / "clip.avi")
    assert without_name(records) == without_name([*expected["frames"], *expected["tracks"]])


def form(*files):
    """Content type and body of a form of files (name, content)."""
    parts = [
        f'--B\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\n'.encode() + content + b"\r\n"
        for name, content in files
    ]
    return b"".join([*parts, b"--B--\r\n"]), {"Content_Type": "multipart/form-data; boundary=B"}


def test_several_images_in_a_form(server, frames):
    key = server.json("POST", "/v1/neutral", frames[0], status=201)["neutral"]
    body, headers = form(("a.jpg", frames[9]), ("../../b.txt", b"text"), ("c.jpg", frames[5]))
    first, second, third = server.json("POST", f"/v1/predict?neutral={key}", body, **headers)["frames"]
    assert (first["file"], first["status"], third["file"]) == ("a.jpg", "ok", "c.jpg")
    assert second == {
        "file": "b.txt",
        "status": "unreadable",
        "error": "b.txt is not an image, or is damaged or truncated",
    }


def test_errors_are_json_with_the_words_of_the_package(server, frames):
    message = server.json("POST", "/v1/predict", frames[9], status=400)["error"]
    assert message.startswith("the model compares a face with the neutral face of the same person: send an image of it")
    name = server.json("POST", "/v1/neutral", frames[0], status=201)["neutral"]
    assert server.json("POST", f"/v1/predict?neutral={name}", frames[9])["frames"][0]["status"] == "ok"
    for body, text in [
        (b"", "the request contains no image"),
        (b"text", "request is not an image, or is damaged or truncated"),
        (frames[0][:2000], "request is not an image, or is damaged or truncated"),
    ]:
        assert text in server.json("POST", "/v1/predict", body, status=400)["error"]
    assert "no video" in server.json("POST", "/v1/videos", b"", status=400)["error"]
    message = server.json("POST", "/v1/videos", b"text" * 100, status=400)["error"]
    assert message == "the video cannot be opened: it is not a video of a known format"
    assert "no model 'x'" in server.json("GET", "/v1/model?model=x", status=400)["error"]
    assert server.json("GET", "/v1/nothing", status=404)["error"]
    assert server.json("GET", "/v1/predict", status=405)["error"]
    body, _ = form(("a.jpg", frames[0]))
    for kind in ("multipart/form-data", "multipart/form-data; boundary=C"):
        assert "form is not valid" in server.json("POST", "/v1/predict", body, status=400, Content_Type=kind)["error"]


def test_limits_of_bytes_pixels_and_images(library, frames, tmp_path):
    limits = Limits(
        image_bytes=len(frames[0]), image_pixels=640 * 480, images=2, video_bytes=100_000, upload_seconds=0.5
    )
    with running(library, limits=limits) as small:
        large = cv2.imencode(".png", np.zeros((481, 640), np.uint8))[1].tobytes()
        assert "307,200 pixels" in small.json("POST", "/v1/neutral", large, status=400)["error"]
        assert small.json("POST", "/v1/neutral", frames[0], status=201)
        message = small.json("POST", "/v1/predict", frames[0] + b"x", status=413)["error"]
        assert message == f"the request has more than {len(frames[0]):,} bytes"
        assert "100,000 bytes" in small.json("POST", "/v1/videos", bytes(100_001), status=413)["error"]
        video = cv2.VideoWriter(str(tmp_path / "x.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (656, 480))
        video.write(np.zeros((480, 656, 3), np.uint8))
        video.release()
        message = small.json("POST", "/v1/videos", (tmp_path / "x.avi").read_bytes(), status=400)["error"]
        assert message == "the video has frames of 656 x 480: at most 307,200 pixels"
        body, headers = form(*[("a", b"x")] * 3)
        assert "at most 2" in small.json("POST", "/v1/predict", body, status=400, **headers)["error"]
        # A body that does not arrive.
        assert "to arrive" in small.json("POST", "/v1/predict", None, status=408, Content_Length="10")["error"]


def test_an_error_within_a_video_is_its_last_line(frames):
    class Faulty:
        def stream(self, source, neutral=None):
            def results():
                image = decode_image_content(frames[0])
                yield from (FrameResult(Frame(i, i / 25, image), []) for i in range(12))
                raise FerError(f"{source.name} is damaged")

            return results()

    job = VideoJob(Faulty(), None, Limits())
    try:
        steps = [job.next_lines_or_error() for _ in range(4)]
    finally:
        job.close()
    assert [step.count("no face") for step in steps] == [10, 2, 0, 0]
    assert steps[2:] == ['{"error": "the video is damaged"}\n', ""]


def test_health_model_and_description(server):
    assert server.json("GET", "/health", token=None) == {"status": "ok"}
    model = server.json("GET", "/v1/model")
    assert (model["name"], model["pipeline"], model["needs_neutral"]) == (
        "rendered",
        "hogdiff_landmarks_linear",
        True,
    )
    assert [one["name"] for one in server.json("GET", "/v1/models")["models"]] == ["rendered"]
    description = server.json("GET", "/openapi.json")
    assert description == openapi_description()
    references = {text.split('"')[0] for text in json.dumps(description).split("#/components/schemas/")[1:]}
    assert references <= set(description["components"]["schemas"])
    # Every path that is described is answered, with the methods that are described.
    for path, methods in description["paths"].items():
        for method in methods:
            status = server.request(method.upper(), path, b"x" if method == "post" else None).status
            assert status not in (404, 405) or method == "delete"


def test_requests_that_cannot_be_answered_now_are_refused(library, frames):
    with running(library, limits=Limits(requests=0)) as busy:
        assert "try again later" in busy.json("POST", "/v1/predict", frames[0], status=503)["error"]
        assert busy.json("GET", "/health", token=None)


def test_the_server_has_no_temporary_files_after_lost_requests(server, files, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    content = (files / "clip.avi").read_bytes()
    header = f"POST /v1/videos HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAuthorization: Bearer {TOKEN}\r\n"
    header += f"Content-Length: {len(content)}\r\n\r\n"
    for sent in (content[:5000], content):
        with socket.create_connection(("127.0.0.1", server.port)) as one:
            one.sendall(header.encode() + sent)
            if sent is content:
                one.recv(10)
    assert server.json("GET", "/v1/model")
    wait_until_empty(tmp_path)


def test_connections_that_send_nothing_do_not_stop_the_server(server):
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(100)]
        for one in silent[::2]:
            one.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: 127.0.0.1")
        assert server.json("GET", "/health") == {"status": "ok"}


def wait_until_empty(folder: Path):
    limit = time.monotonic() + 10
    while list(folder.iterdir()):
        assert time.monotonic() < limit
        time.sleep(0.02)
