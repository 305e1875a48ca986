"""Options of the commands that run a server, and the server itself."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ._options import SAVED_MODEL_HELP, add_all_faces, add_saved_rejection
from ._parser import Parser, int_between

#: Port of the servers.
DEFAULT_PORT = 8765


def add_model_options(parser: Parser, required: bool) -> None:
    """Add the options that choose models and how they are used."""
    group = parser.option_group("model")
    either = group if required else group.mutually_exclusive()
    either.add_argument(
        "--model",
        required=required,
        type=Path,
        metavar="PATH",
        help=SAVED_MODEL_HELP,
    )
    if not required:
        either.add_argument(
            "--runs", type=Path, default=Path("runs"), metavar="DIR", help="folder of runs to choose a model from"
        )
    group.add_argument(
        "--neutral",
        default="first",
        metavar="METHOD",
        help="neutral reference of each face: 'first' (its first frame), 'median' (the frame nearest to its median "
        "shape), 'none', or the path of an image of the neutral face",
    )
    add_saved_rejection(group)
    add_all_faces(group)


def add_server_options(parser: Parser) -> None:
    """Add the options of address, access and TLS."""
    group = parser.option_group("server")
    group.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="NAME",
        help="address to listen on; other ones than that of this machine need TLS",
    )
    group.add_argument(
        "--port", type=int_between(0, 65535), default=DEFAULT_PORT, metavar="N", help="port; 0 chooses a free one"
    )
    group.add_argument("--tls-certificate", type=Path, metavar="FILE", help="certificate of the server, PEM")
    group.add_argument("--tls-key", type=Path, metavar="FILE", help="private key of the certificate, PEM")
    group.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="file with the token that each request must have (default: a random one, which is printed)",
    )


def make_library(options: argparse.Namespace) -> Any:
    """The models of the options of `add_model_options`."""
    from ..live.model_library import ModelLibrary

    return ModelLibrary(
        options.model,
        getattr(options, "runs", None),
        neutral=options.neutral,
        reject_below=options.reject_below,
        faces="all" if options.all_faces else "largest",
    )


def run_server(
    options: argparse.Namespace, make_models: Callable[[argparse.Namespace], Any], path: str = "/", **parts: Any
) -> None:
    """Run a server until Ctrl-C, which is its regular end.

    Parameters
    ----------
    options : argparse.Namespace
        Of `add_server_options`.
    make_models : callable
        Returns the `ModelLibrary` for the options.
    path : str, default '/'
        Path of the page whose address is printed.
    **parts
        Parameters of `LiveServer`.
    """
    from ..live.requirements import require_live_packages

    require_live_packages()
    # These imports take long, and need these packages.
    from ..live.app import LiveServer
    from ..live.server import ServerAddress, read_token, serve
    from ..live.session_recording import check_record_folder

    address = ServerAddress(options.host, options.port, options.tls_certificate, options.tls_key)
    token = read_token(options.token_file)
    library = make_models(options)
    if parts.get("record") is not None:
        check_record_folder(parts["record"])
    server = LiveServer(library, token, **parts)

    def announce(url: str) -> None:
        shown = f"?token={token}" if options.token_file is None else "?token=TOKEN"
        print(f"{url}{path}{shown}\nCtrl-C ends the server", flush=True)

    try:
        serve(lambda hosts: server.with_hosts(hosts).app(), address, server.limits.image_bytes, announce)
    except KeyboardInterrupt:
        print("the server has ended")
