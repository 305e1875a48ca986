"""HTTP connections that are closed if no complete header of a request arrives."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

#: Time in which the header of the next request must arrive, in seconds.
HEADER_SECONDS = 20.0


class TimedHttpProtocol(H11Protocol):
    """HTTP/1.1 of uvicorn, which by itself waits for the header of a request without a limit of time.

    Notes
    -----
    Otherwise as many silent connections as the server accepts, which need no token, would occupy it. Connections that
    became WebSockets are not affected.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to check the connection."""
        super().connection_made(transport)
        self._check_later(self.cycle)

    def _check_later(self, last_request: Any) -> None:
        self.loop.call_later(HEADER_SECONDS, self._close_if_idle, last_request)

    def _close_if_idle(self, last_request: Any) -> None:
        """Close the connection if no request has begun since the last check, and none is being answered."""
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            return
        is_idle = self.cycle is None or self.cycle.response_complete
        if is_idle and self.cycle is last_request:
            self.transport.close()
        else:
            self._check_later(self.cycle)
