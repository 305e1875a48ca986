"""Sessions by a random name, which outlive a lost connection for a while."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from ..exceptions import FerError


class SupportsSession(Protocol):
    """Interface of sessions, see `fer_features.live.recognition_session.RecognitionSession`."""

    keep_seconds: float

    def hello(self) -> dict[str, Any]:
        """What the page shows before the first frame."""

    def answer_frame(self, message: bytes) -> dict[str, Any]:
        """Process a frame."""

    def answer_command(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Execute a command."""

    def close(self) -> None:
        """Release what the session uses."""


class StoredSession:
    """A session and its connection.

    Attributes
    ----------
    key : str
        Random name.
    kind : str
        What the session does, with which model: another connection resumes it only for the same.
    session : SupportsSession
    n_attached : int
        Number of the last connection; earlier ones may not use the session any more.
    lost_at : float or None
        Time at which the connection was lost.
    """

    def __init__(self, kind: str, session: SupportsSession):
        self.key, self.kind, self.session = secrets.token_urlsafe(16), kind, session
        self.n_attached = 0
        self.lost_at: float | None = None


class SessionStore:
    """Sessions of a server.

    Parameters
    ----------
    max_connections : int
        Number of sessions with a connection.
    """

    def __init__(self, max_connections: int):
        self.max_connections = max_connections
        self._sessions: dict[str, StoredSession] = {}
        self._n_created = 0

    def __len__(self) -> int:
        return len(self._sessions)

    def resume(self, key: str, kind: str) -> StoredSession | None:
        """Attach a connection to an existing session; None if there is none."""
        self.remove_expired()
        one = self._sessions.get(key)
        if one is None or one.kind != kind:
            return None
        one.n_attached, one.lost_at = one.n_attached + 1, None
        return one

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Reserve a place for a session while it is created.

        Raises
        ------
        FerError
            If too many sessions have a connection.
        """
        n_connected = sum(one.lost_at is None for one in self._sessions.values())
        if n_connected + self._n_created >= self.max_connections:
            raise FerError(f"{self.max_connections} cameras are connected, which is the limit: try again later")
        self._n_created += 1
        try:
            yield
        finally:
            self._n_created -= 1

    def add(self, kind: str, session: SupportsSession) -> StoredSession:
        """Attach a connection to a new session."""
        one = StoredSession(kind, session)
        one.n_attached = 1
        self._sessions[one.key] = one
        return one

    def detach(self, one: StoredSession, number: int) -> None:
        """The connection `number` was lost; without effect if another one has resumed its session."""
        if one.n_attached == number:
            one.lost_at = time.monotonic()

    def remove_expired(self) -> None:
        """Remove sessions that were not resumed in time, and the oldest of too many."""
        now = time.monotonic()
        lost = sorted((one.lost_at, one.key) for one in self._sessions.values() if one.lost_at is not None)
        n_too_many = len(lost) - self.max_connections
        for i, (lost_at, key) in enumerate(lost):
            if i < n_too_many or now - lost_at > self._sessions[key].session.keep_seconds:
                self._sessions.pop(key).session.close()

    def close(self) -> None:
        """Remove all sessions."""
        while self._sessions:
            self._sessions.popitem()[1].session.close()
