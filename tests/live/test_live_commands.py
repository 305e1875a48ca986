"""Tests of the commands that run a server: the address that they print, their end, and their errors."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from fer_features import cli


def test_a_server_ends_with_ctrl_c(run_folder, tmp_path):
    token_file = tmp_path / "token.txt"
    token_file.write_text("0123456789abcdef")
    command = [sys.executable, "-m", "fer_features", "serve", "--model", run_folder, "--port", "0"]
    process = subprocess.Popen(
        [*command, "--token-file", token_file],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    address = process.stdout.readline().strip()
    assert address.endswith("/openapi.json?token=TOKEN")
    with urllib.request.urlopen(address.replace("TOKEN", token_file.read_text())) as answer:
        assert b"/v1/predict" in answer.read()
    with pytest.raises(urllib.error.HTTPError, match="404"):  # there are no pages
        urllib.request.urlopen(address.replace("openapi.json?token=TOKEN", f"?token={token_file.read_text()}"))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out.endswith("the server has ended\n"), err) == (0, True, "")
    assert list(tmp_path.iterdir()) == [token_file]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["live", "--host", "0.0.0.0"], "needs TLS: give --tls-certificate FILE and --tls-key FILE"),
        (["live", "--model", "no"], "there is no model at no"),
        (["live", "--model", "no", "--runs", "no"], "not allowed with"),
        (["serve"], "--model"),
        (["serve", "--model", "RUN", "--neutral", "none"], "--neutral first"),
        (["teach", "--tls-key", "x"], "TLS needs both files"),
        (["teach", "--token-file", "no"], "no"),
        (["live", "--model", "RUN", "--record", "/dev/null/x"], "--record /dev/null/x cannot be written"),
    ],
)
def test_errors_before_the_server_starts(arguments, text, run_folder, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    try:
        code = cli.main([str(run_folder) if one == "RUN" else one for one in arguments])
    except SystemExit as ended:
        code = ended.code
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert text in err
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_is_reported_in_one_line(capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert cli.main(["teach"]) == 2
    message = capsys.readouterr().err
    assert message == "error: starlette, uvicorn, websockets are not installed: pip install 'fer_features[live]'\n"
