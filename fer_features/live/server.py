"""A server process: its address, its token, TLS, and the single-threaded libraries of its workers."""

from __future__ import annotations

import dataclasses
import ipaddress
import secrets
import socket
from collections.abc import Callable
from pathlib import Path

import cv2
import uvicorn
from starlette.types import ASGIApp
from threadpoolctl import threadpool_limits

from .._files import regular_file
from ..exceptions import FerError
from .timed_connection import TimedHttpProtocol

#: Address of this machine, which no other machine can reach, and the names by which a browser on it may call it.
LOOPBACK, LOOPBACK_NAMES = "127.0.0.1", ("127.0.0.1", "localhost")
#: Fewest characters of a token that is read from a file.
MIN_TOKEN_LENGTH = 16
#: Open connections, including those that send no request; further ones get the status 503.
MAX_OPEN_CONNECTIONS = 200
#: Time for the end of connections when the server is stopped, in seconds.
SHUTDOWN_SECONDS = 2


@dataclasses.dataclass(frozen=True)
class ServerAddress:
    """Where a server listens.

    Parameters
    ----------
    host : str, default '127.0.0.1'
        Address or name of a network interface. Other ones than that of the loopback need TLS: token and images would
        be readable in the network, and browsers give no camera to a page without TLS.
    port : int, default 8765
        0 chooses a free one.
    certificate, key : Path, optional
        Files of TLS in the PEM format.

    Raises
    ------
    FerError
        For another host without TLS, a certificate without key, and files that cannot be read.
    """

    host: str = LOOPBACK
    port: int = 8765
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise FerError("TLS needs both files: give tls_certificate='FILE' and tls_key='FILE'")
        if self.certificate is None and not is_loopback(self.host):
            raise FerError(
                f"host='{self.host}' can be reached by other machines, which needs TLS: give tls_certificate='FILE' "
                "and tls_key='FILE', or use the default host"
            )
        for file in (self.certificate, self.key):
            if file is not None:
                regular_file(file)

    @property
    def scheme(self) -> str:
        """Of the address in the browser."""
        return "http" if self.certificate is None else "https"

    def bind(self) -> socket.socket:
        """Open the port.

        Raises
        ------
        FerError
            If it is in use, or the host is unknown.
        """
        try:
            family = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0][0]
            one = socket.create_server((self.host, self.port), family=family, backlog=64)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise FerError(f"cannot listen on {self.host}, port {self.port}: {reason}; choose another port") from error
        return one

    def accepted_hosts(self, port: int) -> tuple[str, ...]:
        """Values of the header Host, on this port; empty with TLS, which certifies the name itself."""
        names = {self.host, *LOOPBACK_NAMES} if self.certificate is None else set()
        return tuple(sorted(f"[{name}]:{port}" if ":" in name else f"{name}:{port}" for name in names))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address.

    Examples
    --------
    >>> is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0"), is_loopback("127.evil.org")
    (True, True, False, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_token(file: Path | None) -> str:
    """The token in a file, or a random one.

    Raises
    ------
    FerError
        If the file cannot be read, or its token is too short.
    """
    if file is None:
        return secrets.token_urlsafe(24)
    try:
        token = regular_file(file).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise FerError(f"token_file='{file}' cannot be read, or is not ASCII text") from error
    if len(token) < MIN_TOKEN_LENGTH or any(c.isspace() for c in token):
        raise FerError(f"token_file='{file}': a token of at least {MIN_TOKEN_LENGTH} characters is needed")
    return token


def make_server(app: ASGIApp, address: ServerAddress, max_message_bytes: int) -> uvicorn.Server:
    """A server for an application; its access log, which would contain the token, is off.

    Raises
    ------
    FerError
        If the files of TLS are not valid.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        http=TimedHttpProtocol,
        ws="websockets-sansio",
        ws_max_size=max_message_bytes,
        ws_per_message_deflate=False,  # images do not shrink
        limit_concurrency=MAX_OPEN_CONNECTIONS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        h11_max_incomplete_event_size=32_768,
        ssl_certfile=address.certificate,
        ssl_keyfile=address.key,
    )
    try:
        config.load()
    except OSError as error:  # ssl.SSLError
        raise FerError(f"the files of TLS are not a certificate and its key: {error}") from error
    return uvicorn.Server(config)


def serve(
    make_app: Callable[[tuple[str, ...]], ASGIApp],
    address: ServerAddress,
    max_message_bytes: int,
    announce: Callable[[str], None],
) -> None:
    """Run a server until the process is interrupted.

    Parameters
    ----------
    make_app : callable
        Returns the application for the accepted values of the header Host.
    address : ServerAddress
    max_message_bytes : int
        Largest message of a WebSocket.
    announce : callable
        Called with the address in the browser, without token, once the port is open.

    Raises
    ------
    FerError
        If the port cannot be opened, or the files of TLS are not valid.
    """
    with address.bind() as listener, threadpool_limits(1):
        port = listener.getsockname()[1]
        server = make_server(make_app(address.accepted_hosts(port)), address, max_message_bytes)
        cv2.setNumThreads(1)  # the workers are the threads
        name = f"[{address.host}]" if ":" in address.host else address.host
        announce(f"{address.scheme}://{name}:{port}")
        server.run(sockets=[listener])
