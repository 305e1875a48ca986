"""The HTTP interface: expressions in images and videos, the model, and neutral images.

The answers are those of ``fer-features predict`` with a JSON file as output, and so are the messages of errors.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ..exceptions import FerError
from ..recognition import FrameResult, Recognizer
from ..recognition.frames import Frame
from ..recognition.records import PredictionRecord, frame_records
from .fair_workers import FairWorkers
from .limits import Limits
from .model_library import ModelLibrary
from .openapi import openapi_description
from .uploads import decode_upload, read_images, save_upload
from .video_job import VideoJob

#: How a request gives what a single image does not show.
NEEDS_NEUTRAL = (
    "the model compares a face with the neutral face of the same person: send an image of it to /v1/neutral, and the "
    "name in the answer as ?neutral=NAME"
)


class VideoResponse(StreamingResponse):
    """The lines of a video while it is processed; the video is removed at the end, also if the client has gone.

    Parameters
    ----------
    api : HttpApi
    job : VideoJob
    first : str
        Lines of the first frames.
    """

    def __init__(self, api: HttpApi, job: VideoJob, first: str):
        self.api, self.job = api, job
        super().__init__(self._lines(first), media_type="application/x-ndjson")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the lines."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self.api.end_video(self.job)

    async def _lines(self, first: str) -> AsyncIterator[str]:
        lines = first
        while lines:
            yield lines
            lines = await self.api.workers.run(self.job.next_lines_or_error)


class HttpApi:
    """The routes of the HTTP interface.

    Parameters
    ----------
    library : ModelLibrary
    workers : FairWorkers
    limits : Limits
    """

    def __init__(self, library: ModelLibrary, workers: FairWorkers, limits: Limits):
        self.library, self.workers, self.limits = library, workers, limits
        self._n_requests = 0
        self._neutral_images: OrderedDict[str, np.ndarray] = OrderedDict()

    def routes(self) -> list[Route]:
        """Paths and what answers them."""
        return [
            Route("/health", self.health, methods=["GET"]),
            Route("/openapi.json", self.openapi, methods=["GET"]),
            Route("/v1/models", self.models, methods=["GET"]),
            Route("/v1/model", self.model, methods=["GET"]),
            Route("/v1/predict", self.predict, methods=["POST"]),
            Route("/v1/videos", self.videos, methods=["POST"]),
            Route("/v1/neutral", self.add_neutral, methods=["POST"]),
            Route("/v1/neutral/{key}", self.remove_neutral, methods=["DELETE"]),
        ]

    async def health(self, request: Request) -> Response:
        """Whether the server answers."""
        return JSONResponse({"status": "ok"})

    async def openapi(self, request: Request) -> Response:
        """The description of this interface."""
        return JSONResponse(openapi_description())

    async def models(self, request: Request) -> Response:
        """Descriptions of all models."""
        found = await self.workers.run(self.library.descriptions)
        return JSONResponse({"models": [dataclasses.asdict(one) for one in found]})

    async def model(self, request: Request) -> Response:
        """Description of one model."""
        found = await self.workers.run(self.library.describe, request.query_params.get("model", ""))
        return JSONResponse(dataclasses.asdict(found))

    async def predict(self, request: Request) -> Response:
        """Expressions in one image or several ones."""
        self._begin_request()
        try:
            images = await read_images(request, self.limits)
            recognizer = await self._recognizer(request)
            neutral = self._neutral_image(request)
            records: list[dict[str, Any]] = []
            for name, content in images:
                try:
                    found = await self.workers.run(self._predict_image, recognizer, name, content, neutral)
                    records += [record.to_dict() for record in found]
                except FerError as error:
                    if len(images) == 1:
                        raise
                    records.append(PredictionRecord(name, status="unreadable").to_dict() | {"error": str(error)})
            return JSONResponse({"classes": recognizer.class_names, "frames": records})
        finally:
            self._n_requests -= 1

    async def videos(self, request: Request) -> Response:
        """Expressions in a video, one line of JSON for each record."""
        self._begin_request()
        job: VideoJob | None = None
        try:
            recognizer = await self._recognizer(request)
            job = VideoJob(recognizer, self._neutral_image(request), self.limits)
            await save_upload(request, job.file, self.limits)
            # An error of the first frames, such as that of a file that is not a video, is the status of the answer.
            first = await self.workers.run(job.next_lines)
        except BaseException:
            self._n_requests -= 1
            if job is not None:
                await self.workers.run(job.close)
            raise
        return VideoResponse(self, job, first)

    async def end_video(self, job: VideoJob) -> None:
        """Remove the file of a video, after its answer or after its client has gone."""
        self._n_requests -= 1
        await self.workers.run(job.close)

    async def add_neutral(self, request: Request) -> Response:
        """Keep the image of a neutral face in memory."""
        self._begin_request()
        try:
            ((name, content), *others) = await read_images(request, self.limits)
            if others:
                raise FerError("the request contains several images: one image of the neutral face is needed")
            image = await self.workers.run(decode_upload, name, content, self.limits)
            key = secrets.token_urlsafe(12)
            self._neutral_images[key] = image
            while len(self._neutral_images) > self.limits.neutral_images:
                self._neutral_images.popitem(last=False)
            return JSONResponse({"neutral": key}, 201)
        finally:
            self._n_requests -= 1

    async def remove_neutral(self, request: Request) -> Response:
        """Remove the image of a neutral face."""
        if self._neutral_images.pop(request.path_params["key"], None) is None:
            raise HTTPException(404, "there is no neutral image of this name")
        return Response(status_code=204)

    def _begin_request(self) -> None:
        if self._n_requests >= self.limits.requests:
            raise HTTPException(503, f"{self.limits.requests} requests are being answered: try again later")
        self._n_requests += 1

    async def _recognizer(self, request: Request) -> Recognizer:
        _, recognizer = await self.workers.run(self.library.recognizer, request.query_params.get("model", ""))
        return recognizer

    def _neutral_image(self, request: Request) -> np.ndarray | None:
        key = request.query_params.get("neutral")
        if key is None:
            return None
        if key not in self._neutral_images:
            raise HTTPException(404, "there is no neutral image of this name: send it to /v1/neutral first")
        self._neutral_images.move_to_end(key)
        return self._neutral_images[key]

    def _predict_image(
        self, recognizer: Recognizer, name: str, content: bytes, neutral: np.ndarray | None
    ) -> list[PredictionRecord]:
        image = decode_upload(name, content, self.limits)
        if neutral is None and recognizer.neutral != "given" and recognizer.input_spec.n_frames == 2:
            raise FerError(NEEDS_NEUTRAL)
        return frame_records(name, FrameResult(Frame(0, 0.0, image), recognizer.predict(image, neutral=neutral)))
