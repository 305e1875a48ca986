"""Tests of connections of cameras: results, neutral face, resumption, fair shares, recording, and hostile messages."""

import contextlib
import json
import struct
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.exceptions import ConnectionClosed

from fer_features import Recognizer, cli
from fer_features.live.limits import Limits
from fer_features.media.decoding import decode_image_content
from fer_features.recognition.frames import Frame

from .conftest import running, send_frame


def hello_of(socket):
    return json.loads(socket.recv(timeout=30))


def predictions(run_folder, frames):
    """Status, expression and probabilities of each frame by `Recognizer.stream`."""
    stream = Recognizer(run_folder).stream(Frame(i, i / 25, decode_image_content(one)) for i, one in enumerate(frames))
    return [values_of(face) for result in stream for face in result.faces]


def values_of(face):
    get = face.get if isinstance(face, dict) else lambda name: getattr(face, name)
    probabilities = {name: round(value, 4) for name, value in get("probabilities").items()}
    return get("status"), get("expression"), probabilities


@pytest.fixture(scope="module")
def expected(run_folder, frames):
    return predictions(run_folder, frames)


def test_a_camera_has_the_results_of_a_stream(server, frames, expected):
    with server.connect() as socket:
        hello = hello_of(socket)
        assert (hello["type"], hello["model"], hello["needs_neutral"]) == ("hello", "rendered", True)
        answers = [send_frame(socket, i / 25, frame) for i, frame in enumerate(frames)]
    assert [values_of(one["faces"][0]) for one in answers] == expected
    assert {one["size"] == [640, 480] for one in answers} == {True}
    assert answers[3]["frame"] == 3
    assert answers[3]["time"] == pytest.approx(3 / 25)
    assert len(answers[0]["faces"][0]["landmarks"]) == 68
    assert any(expression for _, expression, _ in expected)


def test_the_neutral_face_is_set(server, frames):
    with server.connect() as socket:
        hello_of(socket)
        socket.send('{"type": "neutral"}')
        assert "no face is visible" in json.loads(socket.recv())["error"]
        at_apex = [send_frame(socket, i, frame) for i, frame in enumerate(frames[:10])][-1]["faces"][0]
        assert at_apex["neutral_distance"] > 0.02
        socket.send('{"type": "neutral"}')
        assert json.loads(socket.recv()) == {"type": "neutral"}
        (face,) = send_frame(socket, 10, frames[10])["faces"]
        assert (face["status"], face["neutral_distance"] < 0.01) == ("neutral", True)


def test_a_lost_connection_is_resumed(server, frames, expected):
    with server.connect() as socket:
        key = hello_of(socket)["session"]
        for i, frame in enumerate(frames[:6]):
            send_frame(socket, i, frame)
        socket.socket.close()  # without the handshake of the end
    with server.connect(query=f"&session={key}") as socket:
        assert hello_of(socket)["session"] == key
        answer = send_frame(socket, 6, frames[6])
        assert answer["frame"] == 6
        assert values_of(answer["faces"][0]) == expected[6]
        # A connection takes a session over, also from one that still seems to be open.
        with server.connect(query=f"&session={key}") as other:
            hello_of(other)
            assert send_frame(other, 7, frames[7])["frame"] == 7
            with pytest.raises(ConnectionClosed) as closed:
                send_frame(socket, 8, frames[8])
            assert closed.value.rcvd.code == 4001
    with server.connect(query="&session=unknown") as socket:
        assert hello_of(socket)["session"] not in (key, "unknown")


def test_four_cameras_get_fair_shares_and_their_own_results(server, frames, expected):
    counts, stop, wrong = Counter(), threading.Event(), []

    def show(number):
        with server.connect() as socket:
            hello_of(socket)
            while not stop.is_set():
                i = counts[number] % len(frames)
                answer = send_frame(socket, counts[number], frames[i])
                if counts[number] < len(frames) and values_of(answer["faces"][0]) != expected[i]:
                    wrong.append((number, i))
                counts[number] += 1

    threads = [threading.Thread(target=show, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    while min(counts[number] for number in range(4)) == 0:
        time.sleep(0.01)
    before = Counter(counts)  # cameras that are connected first have answers before the last one is
    while min(counts[number] - before[number] for number in range(4)) < 15:
        time.sleep(0.05)
    shares = [counts[number] - before[number] for number in range(4)]
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert max(shares) <= 1.3 * min(shares), shares


def test_hostile_messages_are_answered_and_the_connection_goes_on(server, frames):
    header = struct.pack("<d", 1.0)
    with server.connect() as socket:
        hello_of(socket)
        for message, text in [
            (b"", "too short"),
            (header, "too short"),
            (struct.pack("<d", float("nan")) + frames[0], "not a number of seconds"),
            (header + b"text", "the frame is not an image"),
            (header + frames[0][:3000], "the frame is not an image, or is damaged"),
            ("text", "not a JSON object"),
            ("[" * 50_000, "not a JSON object"),
            ("{" + " " * 200_000 + "}", "not a JSON object"),
            ('{"type": "no such"}', "unknown command"),
            ('{"type": ' + "9" * 5000 + "}", "not a JSON object"),
        ]:
            socket.send(message)
            answer = json.loads(socket.recv(timeout=30))
            assert answer["type"] == "error", message[:50]
            assert text in answer["error"]
        assert send_frame(socket, 2, frames[0])["faces"]


def test_frames_that_are_too_large_end_the_connection_and_not_the_server(library, frames):
    with running(library, limits=Limits(image_bytes=50_000, connections=2, idle_seconds=0.5)) as small:
        with small.connect() as socket:
            hello_of(socket)
            with pytest.raises(ConnectionClosed) as closed:
                send_frame(socket, 0, bytes(60_000))
            assert closed.value.rcvd.code == 1009
        # Connections that are lost do not count as connected.
        with small.connect() as first, small.connect() as second:
            assert (hello_of(first)["type"], hello_of(second)["type"]) == ("hello", "hello")
            with small.connect() as third:
                refused = json.loads(third.recv())
                assert refused["type"] == "refused"
                assert "2 cameras are connected" in refused["error"]
            with pytest.raises(ConnectionClosed) as closed:
                first.recv(timeout=10)
            assert closed.value.rcvd.code == 4002
        with small.connect(query="&model=../../x") as socket:
            assert "no model" in json.loads(socket.recv())["error"]


def test_recorded_frames_have_the_recorded_predictions(library, run_folder, frames, tmp_path):
    with running(library, record=tmp_path / "record") as server, server.connect() as socket:
        assert hello_of(socket)["is_recorded"]
        for i, frame in enumerate(frames):
            send_frame(socket, i / 25, frame)
    (session,) = (tmp_path / "record").iterdir()
    recorded = (session / "predictions.csv").read_text().splitlines()
    out = tmp_path / "again.csv"
    call = ["predict", "--model", str(run_folder), "--sequence", str(session / "frames"), "--out", str(out)]
    assert cli.main([*call, "--quiet"]) == 0
    again = [line for line in out.read_text().splitlines() if ",summary," not in line]
    columns = recorded[0].split(",")
    same = [columns.index(name) for name in columns if name not in ("file", "id")]
    assert len(recorded) == len(frames) + 1
    assert [[line.split(",")[i] for i in same] for line in recorded] == [
        [line.split(",")[i] for i in same] for line in again
    ]


def test_nothing_is_stored_without_a_recording(server, frames, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with server.connect() as socket:
        hello_of(socket)
        send_frame(socket, 0, frames[0])
    assert list(tmp_path.iterdir()) == []


def test_connections_at_the_same_time_do_not_exceed_the_limit(library):
    with running(library, limits=Limits(connections=2)) as small, contextlib.ExitStack() as stack:
        with ThreadPoolExecutor(8) as pool:
            cameras = [stack.enter_context(one) for one in pool.map(lambda _: small.connect(), range(8))]
        kinds = [json.loads(one.recv(timeout=30))["type"] for one in cameras]
    assert sorted(kinds) == ["hello"] * 2 + ["refused"] * 6
