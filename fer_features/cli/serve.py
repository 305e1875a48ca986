"""``fer-features serve``: expressions in images and videos by HTTP."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ._parser import Parser, add_common_options, command_parser, run_command
from ._server_options import add_model_options, add_server_options, make_library, run_server


def parser() -> Parser:
    """Parser of the command."""
    p = command_parser(
        "serve",
        "Answer HTTP requests: POST /v1/predict with an image or a form of images, POST /v1/videos with a video, GET "
        "/v1/model. GET /openapi.json describes them. Nothing is stored. It needs pip install 'fer_features[live]'.",
        "fer-features serve --model runs/A --token-file token.txt",
        "fer-features serve --model runs/A --host 0.0.0.0 --tls-certificate cert.pem --tls-key key.pem",
    )
    add_model_options(p, required=True)
    add_server_options(p)
    add_common_options(p)
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    return run_command(lambda: serve(options), options)


def serve(options: argparse.Namespace) -> None:
    """Run the server without pages."""
    run_server(options, make_library, path="/openapi.json", pages=False)
