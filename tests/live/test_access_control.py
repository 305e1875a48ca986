"""Tests of access: token, Host, Origin, and the headers of every answer."""

import pytest
from websockets.exceptions import InvalidStatus

from fer_features.live.access_control import SECURITY_HEADERS

from .conftest import TOKEN


@pytest.mark.parametrize("token", [None, "", "x", TOKEN[:-1], TOKEN + "x", "é"])
def test_requests_without_the_token_are_refused(server, token):
    headers = {} if token is None else {"Authorization": f"Bearer {token}".encode("latin-1")}
    for method, path in [("GET", "/"), ("GET", "/v1/model"), ("POST", "/v1/predict"), ("GET", "/openapi.json")]:
        answer = server.request(method, path, token=None, **headers)
        assert answer.status == 401
        assert b'"error"' in answer.content
    with pytest.raises(InvalidStatus) as refused:
        server.connect(token="x")
    assert refused.value.response.status_code == 403


def test_the_token_is_accepted_in_the_address(server):
    assert server.request("GET", f"/?token={TOKEN}", token=None).status == 200
    assert server.request("GET", f"/?token=x&token={TOKEN}", token=None).status == 401


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example"])
def test_requests_by_another_name_are_refused(server, host):
    assert server.request("GET", "/health", Host=host).status == 403


def test_requests_from_pages_of_other_origins_are_refused(server):
    own = f"http://127.0.0.1:{server.port}"
    assert server.request("GET", "/v1/model", Origin=own).status == 200
    for origin in ("http://evil.example", "null", "", "http://127.0.0.1:1", f"http://localhost:{server.port}"):
        assert server.request("POST", "/v1/predict", Origin=origin).status == 403
        with pytest.raises(InvalidStatus):
            server.connect(additional_headers={"Origin": origin})
    with server.connect(origin=own) as socket:
        assert "hello" in socket.recv()


def test_every_answer_has_the_security_headers(server):
    for path in (f"/?token={TOKEN}", "/static/live.js", "/static/no", "/health", "/no", "/v1/model"):
        headers = server.request("GET", path, token=None).headers
        assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
        assert "server" not in headers
    assert "unsafe" not in SECURITY_HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/static/"])
def test_only_static_files_are_public(server, path):
    assert server.request("GET", path).status == 404
