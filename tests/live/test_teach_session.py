"""Tests of the connection of the page that teaches: from camera frames to a saved run, and hostile commands."""

import contextlib
import json
from urllib.parse import quote

import pytest

from fer_features import load_dataset
from fer_features.live.model_library import ModelLibrary

from .conftest import EXPRESSIONS, as_jpeg, clip_frames, neutral_frames, running, send_frame


@pytest.fixture
def teaching(tmp_path):
    """A server without models, which saves lessons in a folder."""
    with running(ModelLibrary(runs=tmp_path / "runs"), runs=tmp_path / "runs") as server:
        yield server


def command(socket, **values):
    socket.send(json.dumps(values))
    return json.loads(socket.recv(timeout=60))


def record(socket, expression, frames, subject="me"):
    """Record a clip; returns the answer to its end."""
    answer = command(socket, type="begin", subject=subject, expression=expression)
    if answer["type"] == "error":
        return answer
    for i, frame in enumerate(frames):
        send_frame(socket, i / 25, as_jpeg(frame))
    return command(socket, type="end")


def test_a_lesson_from_consent_to_deletion(teaching, taught_subject, tmp_path):
    with teaching.connect("lesson") as socket:
        hello = json.loads(socket.recv())
        assert (hello["type"], hello["has_consent"], hello["clips"]) == ("hello", False, [])
        assert "consent is missing" in record(socket, "neutral", [])["error"]
        command(socket, type="consent", given=True)
        assert "neutral face of me is needed" in record(socket, "joy", clip_frames(taught_subject, "joy", 0))["error"]
        for number in range(2):
            record(socket, "neutral", neutral_frames(taught_subject, number))
        for name in EXPRESSIONS:
            for number in range(2):
                answer = record(socket, name, clip_frames(taught_subject, name, number))
        assert [clip["number"] for clip in answer["clips"]] == list(range(1, 11))
        assert not (tmp_path / "runs").exists()

        fitted = command(socket, type="fit")
        assert fitted["estimate"]["n_clips"] == 10
        assert fitted["seconds"] > 0
        found = []
        for name in EXPRESSIONS:
            for frame in clip_frames(taught_subject, name, 3):
                found.append(send_frame(socket, 0, as_jpeg(frame))["faces"][0]["expression"] == name)
        assert sum(found) >= 0.8 * len(found)
        # The model is offered to the live page, and answers requests.
        assert [one["name"] for one in teaching.json("GET", "/v1/models")["models"]] == [fitted["model"]]

        key = hello["session"]
        saved = command(socket, type="save", name="mine")
        assert saved["saved"] == ["mine"]
        assert len(load_dataset(tmp_path / "runs" / "mine" / "faces.h5")) == 30
        assert {one["name"] for one in teaching.json("GET", "/v1/models")["models"]} == {fitted["model"], "mine"}
        assert "not empty" in command(socket, type="save", name="mine")["error"]
    with teaching.connect("lesson", f"&session={key}") as socket, contextlib.ExitStack() as stack:
        hello = json.loads(socket.recv())
        assert (len(hello["clips"]), hello["has_consent"], hello["estimate"]["n_clips"]) == (10, True, 10)
        # Other tabs show the model, in memory and as it was saved.
        tabs = [
            stack.enter_context(teaching.connect(query=f"&model={quote(name)}")) for name in (fitted["model"], "mine")
        ]
        frame = as_jpeg(clip_frames(taught_subject, "joy", 0)[0])
        for tab in tabs:
            tab.recv()
            assert send_frame(tab, 0, frame)["type"] == "result"
        deleted = command(socket, type="delete")
        for tab in tabs:
            assert "was deleted" in send_frame(tab, 1, frame)["error"]
        assert (deleted["clips"], deleted["is_fitted"], deleted["saved"]) == ([], False, [])
        assert list((tmp_path / "runs").iterdir()) == []
        assert teaching.json("GET", "/v1/models") == {"models": []}
        assert send_frame(socket, 0, as_jpeg(neutral_frames(taught_subject, 0)[0]))["faces"][0]["expression"] == ""


@pytest.mark.parametrize("name", ["../x", "a/b", "..", ".hidden", "x" * 41, "a\x00", "/tmp/x", 5, ["x"]])
def test_a_run_has_a_name_within_the_folder(teaching, name, tmp_path):
    with teaching.connect("lesson") as socket:
        socket.recv()
        assert command(socket, type="save", name=name)["type"] == "error"
    assert list(tmp_path.iterdir()) == []


def test_hostile_commands(teaching):
    with teaching.connect("lesson") as socket:
        socket.recv()
        command(socket, type="consent", given=True)
        for values, text in [
            ({}, "unknown command"),
            ({"type": ["begin"]}, "unknown command"),
            ({"type": "__class__"}, "unknown command"),
            ({"type": "begin"}, "name of the person"),
            ({"type": "begin", "subject": "me"}, "name of the expression"),
            ({"type": "begin", "subject": {}, "expression": "joy"}, "name of the person"),
            ({"type": "end"}, "no clip was begun"),
            ({"type": "remove", "clip": "1"}, "there is no clip"),
            ({"type": "remove", "clip": True}, "there is no clip"),
            ({"type": "fit"}, "0 expressions"),
            ({"type": "save"}, "no model yet"),
            ({"type": "subject"}, "name of the person"),
        ]:
            answer = command(socket, **values)
            assert (answer["type"], text in answer["error"]) == ("error", True), answer
        # A clip without a face.
        assert "visible in 0 frames" in record(socket, "neutral", [])["error"]
        assert command(socket, type="consent", given="yes")["type"] == "consent"
        assert "consent is missing" in command(socket, type="begin", subject="me", expression="neutral")["error"]
