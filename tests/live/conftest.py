"""A model of rendered faces, and servers that run in threads of the tests."""

import contextlib
import http.client
import json
import struct
import threading
import time
from collections import namedtuple

import cv2
import numpy as np
import pytest
from websockets.sync.client import connect

from fer_features import DataInfo, Samples, make_pipeline
from fer_features.expressions import FER22_CLASSES
from fer_features.live.app import LiveServer
from fer_features.live.limits import Limits
from fer_features.live.model_library import ModelLibrary
from fer_features.live.server import ServerAddress, make_server
from fer_features.synthetic import generate
from fer_features.trained_model import TrainedModel, fit_on_training_samples

TOKEN = "a-token-of-the-tests"
Answer = namedtuple("Answer", "status headers content")


@pytest.fixture(scope="session")
def sequences():
    """Rendered sequences of 4 training subjects and a test subject."""
    return generate(n_subjects=4, n_test_subjects=1, n_repeats=2, n_test_repeats=1)


@pytest.fixture(scope="session")
def run_folder(sequences, tmp_path_factory):
    """The run folder of a model that compares faces with the neutral face."""
    train = sequences.split == "train"
    info = DataInfo(dataset="rendered", classes=FER22_CLASSES, subjects_from="dataset", synthetic=True)
    columns = {name: getattr(sequences, name)[train] for name in ("images", "landmarks", "label", "subject")}
    X = Samples.from_arrays(**columns, info=info)
    model = fit_on_training_samples(make_pipeline("hogdiff_landmarks_linear", calibration_cv=2), X)
    folder = tmp_path_factory.mktemp("runs") / "rendered"
    TrainedModel(model, X, "hogdiff_landmarks_linear").save(folder)
    return folder


def place_in_scene(image):
    """A rendered face in front of a grey wall, (480, 640) uint8."""
    scene = np.full((480, 640), 90, np.uint8)
    scene[60:420, 176:464] = cv2.resize(image, (288, 360))
    return scene


def as_jpeg(image):
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


#: Expressions that are taught.
EXPRESSIONS = ("joy", "surprise", "anger", "sadness")
#: A rendered person of this seed is in no training data.
UNSEEN_SEED = 101


@pytest.fixture(scope="session")
def taught_subject():
    """Five rendered sequences of each expression of one person."""
    return generate(n_subjects=1, n_test_subjects=0, n_repeats=5, n_frames=6, seed=UNSEEN_SEED)


def clip_frames(subject, expression, number, n_frames=3):
    """The last frames of a sequence in front of a wall, each (480, 640)."""
    sequences = np.flatnonzero(subject.label == FER22_CLASSES.index(expression))
    return [place_in_scene(image) for image in subject.images[sequences[number], -n_frames:]]


def neutral_frames(subject, number):
    """First frames of sequences in front of a wall."""
    return [place_in_scene(image) for image in subject.images[3 * number : 3 * number + 3, 0]]


@pytest.fixture(scope="session")
def frames(sequences):
    """JPEG files of the strongest expression of the test subject: neutral to apex and back."""
    test = np.flatnonzero(sequences.split == "test")
    clip = sequences.images[test[sequences.intensity[test, -1].argmax()]]
    return [as_jpeg(place_in_scene(image)) for image in [*clip, *clip[::-1]]]


class RunningServer:
    """A server in a thread."""

    def __init__(self, port, server):
        self.port, self.server = port, server
        self.url = f"http://127.0.0.1:{port}"

    def request(self, method, path, body=None, token=TOKEN, **headers):
        """Send a request; the names of headers have _ for -."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())

    def json(self, *arguments, status=200, **options):
        """The JSON content of an answer with this status."""
        answer = self.request(*arguments, **options)
        assert answer.status == status, answer
        return json.loads(answer.content)

    def connect(self, path="live", query="", token=TOKEN, **options):
        """Open a WebSocket."""
        return connect(f"ws://127.0.0.1:{self.port}/{path}?token={token}{query}", max_size=None, **options)

    def drop_connections(self):
        """End all connections without a handshake, as a network does."""
        for one in list(self.server.server_state.connections):
            one.loop.call_soon_threadsafe(one.transport.abort)


@contextlib.contextmanager
def running(library, address=None, **parts):
    """A server on a free port, until the end of the context."""
    address = address or ServerAddress(port=0)
    parts = {"limits": Limits(), "n_threads": 2, **parts}
    with address.bind() as listener:
        port = listener.getsockname()[1]
        app = LiveServer(library, TOKEN, address.accepted_hosts(port), **parts).app()
        server = make_server(app, address, parts["limits"].image_bytes)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.005)
        try:
            yield RunningServer(port, server)
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()


@pytest.fixture(scope="session")
def library(run_folder):
    return ModelLibrary(run_folder)


@pytest.fixture(scope="session")
def server(library):
    """A server with the model of `run_folder`."""
    with running(library) as one:
        yield one


def send_frame(socket, seconds, content):
    """Send a frame; returns the answer."""
    socket.send(struct.pack("<d", seconds) + content)
    return json.loads(socket.recv(timeout=30))
