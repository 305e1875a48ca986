"""Access to a server: token, Host and Origin of each request, and the headers of each answer."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Headers of every answer. Scripts, styles and connections come from this server only, without any exception.
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
#: Paths without secrets, which need no token.
PUBLIC_PATHS = ("/health", "/static/")
#: Code with which a WebSocket is refused.
POLICY_VIOLATION = 1008


class AccessControl:
    """ASGI middleware that refuses requests without the token, or from other pages.

    Parameters
    ----------
    app : ASGI application
    token : str
        Must be in the query as ``token``, or in the header ``Authorization: Bearer``.
    hosts : collection of str
        Accepted values of the header Host, with port. Empty: all, where TLS certifies the name of the server.

    Notes
    -----
    The check of Host prevents other pages from reaching a server on the loopback interface by a name that they resolve
    to it (DNS rebinding); the check of Origin prevents them from opening a WebSocket.
    """

    def __init__(self, app: ASGIApp, token: str, hosts: Collection[str]):
        self.app, self.token, self.hosts = app, token, frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        is_socket = scope["type"] == "websocket"

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
            await send(message)

        status, reason = self._refusal(scope)
        if not reason:
            await self.app(scope, receive, send_with_headers)
        elif is_socket:
            await receive()
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": reason})
        else:
            headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
            await JSONResponse({"error": reason}, status, headers)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> tuple[int, str]:
        """Status and reason; the reason is empty for an accepted request."""
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if self.hosts and host not in self.hosts:
            return 403, "the header Host does not name this server"
        if origin is not None and origin.partition("://")[2] != host:
            return 403, "the request comes from a page of another origin"
        if not scope["path"].startswith(PUBLIC_PATHS) and not self._has_token(scope, headers):
            return 401, "the token is missing or wrong: use the address that the command printed"
        return 200, ""

    def _has_token(self, scope: Scope, headers: Headers) -> bool:
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        return secrets.compare_digest(given.encode(), self.token.encode())
