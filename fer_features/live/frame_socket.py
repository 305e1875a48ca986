"""The connection of a page: a frame or a command, its answer, and then the next one."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from ..exceptions import FerError
from .fair_workers import FairWorkers
from .limits import Limits
from .session_store import SessionStore, StoredSession

#: Codes with which a connection is closed: the session goes on elsewhere, nothing arrived, an error, too many.
TAKEN_OVER, IDLE, INTERNAL_ERROR, TRY_LATER = 4001, 4002, 1011, 1013
#: Longest command in characters.
MAX_COMMAND_LENGTH = 100_000

logger = logging.getLogger(__name__)


async def run_session(
    socket: WebSocket, one: StoredSession, store: SessionStore, workers: FairWorkers, limits: Limits
) -> None:
    """Answer the messages of a connection until it ends.

    Parameters
    ----------
    socket : WebSocket
        Accepted.
    one : StoredSession
    store : SessionStore
    workers : FairWorkers
    limits : Limits

    Notes
    -----
    The next message is received after the answer to the last one was sent, so that nothing queues: a slow machine
    processes fewer frames, each of them completely.
    """
    number = one.n_attached
    try:
        await socket.send_json({"type": "hello", "session": one.key, **one.session.hello()})
        while True:
            async with asyncio.timeout(limits.idle_seconds):
                message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if one.n_attached != number:
                await socket.close(TAKEN_OVER, "the session was resumed by another connection")
                return
            await socket.send_json(await _answer(message, one, workers))
    except TimeoutError:
        await socket.close(IDLE, "no frames arrived")
    except WebSocketDisconnect:
        pass  # while an answer was sent
    finally:
        store.detach(one, number)
        asyncio.get_running_loop().call_later(one.session.keep_seconds + 1, store.remove_expired)


async def _answer(message: Any, one: StoredSession, workers: FairWorkers) -> dict[str, Any]:
    content, text = message.get("bytes"), message.get("text")
    try:
        if content is not None:
            return await workers.run(one.session.answer_frame, content)
        return await workers.run(one.session.answer_command, _command(text or ""))
    except FerError as error:
        return {"type": "error", "error": str(error)}
    except Exception as error:
        logger.exception("a message was not answered")
        return {"type": "error", "error": f"this is a bug of fer_features ({type(error).__name__}: {error})"}


def _command(text: str) -> dict[str, Any]:
    try:
        command = json.loads(text) if len(text) <= MAX_COMMAND_LENGTH else None
    except (ValueError, RecursionError):
        command = None
    if not isinstance(command, dict):
        raise FerError("a command is not a JSON object")
    return command
