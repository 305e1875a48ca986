"""Tests of the address of a server, its token, TLS, and missing packages."""

import asyncio
import contextlib
import importlib.util
import shutil
import socket
import ssl
import subprocess
import threading
import urllib.request

import pytest

from fer_features import FerError
from fer_features.live import timed_connection
from fer_features.live.model_library import ModelLibrary
from fer_features.live.requirements import require_live_packages
from fer_features.live.server import ServerAddress, is_loopback, make_server, read_token

from .conftest import TOKEN, running, send_frame


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "example.org", ""])
def test_another_host_needs_tls(host):
    assert not is_loopback(host)
    with pytest.raises(FerError, match="needs TLS"):
        ServerAddress(host)


def test_files_of_tls_are_checked(tmp_path):
    file = tmp_path / "cert.pem"
    with pytest.raises(FerError, match="needs both files"):
        ServerAddress(certificate=file)
    with pytest.raises(FerError, match=r"cert\.pem"):
        ServerAddress(certificate=file, key=file)
    file.write_text("text")
    with pytest.raises(FerError, match="not a certificate and its key"):
        make_server(None, ServerAddress("0.0.0.0", certificate=file, key=file), 1000)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed: TLS is not tested")
def test_a_server_with_tls(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    with running(ModelLibrary(), ServerAddress("0.0.0.0", 0, certificate, key)) as server:
        context = ssl.create_default_context(cafile=certificate)
        url = f"https://localhost:{server.port}/v1/models?token={TOKEN}"
        with urllib.request.urlopen(url, context=context) as answer:
            assert answer.read() == b'{"models":[]}'


def test_a_port_that_is_in_use_is_named():
    address = ServerAddress(port=0)
    with address.bind() as one:
        port = one.getsockname()[1]
        assert address.accepted_hosts(port) == (f"127.0.0.1:{port}", f"localhost:{port}")
        with pytest.raises(FerError, match=f"port {port}: .*choose another port"):
            ServerAddress(port=port).bind()


def test_tokens(tmp_path):
    assert len({read_token(None) for _ in range(10)}) == 10
    assert len(read_token(None)) >= 32
    file = tmp_path / "token"
    file.write_text(" 0123456789abcdef\n")
    assert read_token(file) == "0123456789abcdef"
    for content in (b"short", b"two words of 16 characters", b"\xff" * 20):
        file.write_bytes(content)
        with pytest.raises(FerError, match="token_file"):
            read_token(file)


def test_a_missing_package_is_named_with_its_installation(monkeypatch):
    require_live_packages()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "uvicorn" else True)
    with pytest.raises(FerError, match=r"uvicorn is not installed: pip install 'fer_features\[live\]'$"):
        require_live_packages()


def test_connections_without_a_request_are_closed(server, frames, monkeypatch):
    monkeypatch.setattr(timed_connection, "HEADER_SECONDS", 0.5)
    request = f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
    with contextlib.ExitStack() as stack:
        camera = stack.enter_context(server.connect())
        camera.recv()
        silent, partial, later = (
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10)) for _ in range(3)
        )
        partial.sendall(request[:20])
        later.sendall(request)
        answer = later.recv(10_000)
        assert answer.startswith(b"HTTP/1.1 200")
        while not answer.endswith(b"}"):  # the body may come in a packet of its own
            answer += later.recv(10_000)
        later.sendall(request[:20])
        assert [one.recv(10_000) for one in (silent, partial, later)] == [b""] * 3
        assert send_frame(camera, 0.0, frames[0])["type"] == "result"  # a WebSocket stays open


def test_a_slow_answer_is_not_cut_off(monkeypatch):
    monkeypatch.setattr(timed_connection, "HEADER_SECONDS", 0.05)

    async def app(scope, receive, send):
        await asyncio.sleep(0.3)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"late"})

    address = ServerAddress(port=0)
    with address.bind() as listener:
        server = make_server(app, address, 100)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{listener.getsockname()[1]}/", timeout=10) as answer:
                assert answer.read() == b"late"
        finally:
            server.should_exit = True
            thread.join(30)
