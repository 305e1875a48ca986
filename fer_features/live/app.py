"""The application: pages, connections of cameras, and the HTTP interface."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from ..exceptions import FerError
from .access_control import AccessControl
from .fair_workers import FairWorkers
from .frame_socket import TRY_LATER, run_session
from .http_api import HttpApi
from .limits import Limits
from .model_library import ModelLibrary
from .recognition_session import RecognitionSession
from .session_recording import SessionRecording
from .session_store import SessionStore, SupportsSession
from .teach_session import TeachSession

STATIC_FOLDER = Path(__file__).parent / "static"


@dataclasses.dataclass(frozen=True)
class LiveServer:
    """What the parts of an application share, and what they are made of.

    Parameters
    ----------
    library : ModelLibrary
    token : str
        Every request must have it, see `AccessControl`.
    hosts : collection of str
        Accepted values of the header Host.
    limits : Limits
    pages : bool, default True
        Whether there are pages and connections of cameras, or the HTTP interface alone.
    runs : Path, default 'runs'
        Folder in which lessons are saved.
    record : Path, optional
        Folder to which frames and predictions of all cameras are written. By default nothing is stored.
    n_threads : int, optional
        Threads of recognition; by default the number of cores.
    """

    library: ModelLibrary
    token: str
    hosts: Collection[str] = ()
    limits: Limits = dataclasses.field(default_factory=Limits)
    pages: bool = True
    runs: Path = Path("runs")
    record: Path | None = None
    n_threads: int | None = None

    def app(self) -> ASGIApp:
        """The ASGI application."""
        workers, store = FairWorkers(self.n_threads), SessionStore(self.limits.connections)

        @contextlib.asynccontextmanager
        async def lifespan(app: Starlette) -> AsyncIterator[None]:
            yield
            store.close()
            workers.close()

        routes: list[BaseRoute] = [*HttpApi(self.library, workers, self.limits).routes()]
        if self.pages:
            routes += [
                Route("/", _page("index.html")),
                Mount("/static", StaticFiles(directory=STATIC_FOLDER)),
                WebSocketRoute("/live", self._socket("live", self._recognition_session, workers, store)),
                Route("/teach", _page("teach.html")),
                WebSocketRoute("/lesson", self._socket("lesson", self._teach_session, workers, store)),
            ]
        handlers: dict[Any, Any] = {
            FerError: _answer_user_error,
            HTTPException: _answer_http_error,
            Exception: _answer_bug,
        }
        app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)
        return AccessControl(app, self.token, self.hosts)

    def with_hosts(self, hosts: Collection[str]) -> LiveServer:
        """The same server with other accepted hosts."""
        return dataclasses.replace(self, hosts=hosts)

    def _socket(
        self, kind: str, create: Callable[[str], SupportsSession], workers: FairWorkers, store: SessionStore
    ) -> Callable[[WebSocket], Any]:
        async def connect(socket: WebSocket) -> None:
            await socket.accept()
            model = socket.query_params.get("model", "")
            try:
                one = store.resume(socket.query_params.get("session", ""), f"{kind} {model}")
                if one is None:
                    with store.place():
                        session = await workers.run(create, model)
                        one = store.add(f"{kind} {model}", session)
            except FerError as error:
                await socket.send_json({"type": "refused", "error": str(error)})
                await socket.close(TRY_LATER)
                return
            await run_session(socket, one, store, workers, self.limits)

        return connect

    def _teach_session(self, model: str) -> SupportsSession:
        return TeachSession(self.library, self.runs, self.limits)

    def _recognition_session(self, model: str) -> SupportsSession:
        name, recognizer = self.library.recognizer(model)
        classes = recognizer.class_names if recognizer.has_probabilities else []
        recording = SessionRecording(self.record, classes) if self.record is not None else None
        return RecognitionSession(name, recognizer, self.limits, recording, lambda: self.library.is_removed(recognizer))


def _page(name: str) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        return FileResponse(STATIC_FOLDER / name, media_type="text/html; charset=utf-8")

    return answer


async def _answer_user_error(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)


async def _answer_http_error(request: Request, error: HTTPException) -> Response:
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def _answer_bug(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": f"this is a bug of fer_features ({type(error).__name__}: {error})"}, 500)
