"""The HTTP interface: expressions in images and videos, the model, and neutral images.

The answers are those of ``fer-features predict`` with a JSON file as output, and so are the messages of errors.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import secrets
import tempfile
from collections import OrderedDict
from collections.abc import AsyncIterator, Generator, Iterator
from typing import Any

import numpy as np
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from ..exceptions import FerError
from ..recognition import FrameResult, Recognizer
from ..recognition.frames import Frame
from ..recognition.records import PredictionRecord, frame_records, summary_record
from ..recognition.sources import VideoSource
from .fair_workers import FairWorkers
from .limits import Limits
from .model_library import ModelLibrary
from .openapi import openapi_description
from .uploads import decode_upload, read_images, save_upload

#: Results of a video that are sent together at most, so that one worker is not occupied for long.
MAX_FRAMES_PER_JOB = 10


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
        file = None
        try:
            recognizer = await self._recognizer(request)
            neutral = self._neutral_image(request)
            file = tempfile.NamedTemporaryFile(prefix="fer_features-", suffix=".video")  # noqa: SIM115
            path = await save_upload(request, file, self.limits)
            frames = _iterate_records(recognizer, VideoSource(path), neutral)
            # An error of the first frames, such as that of a file that is not a video, is the status of the answer.
            first = await self.workers.run(_next_records, frames)
        except BaseException as error:
            self._n_requests -= 1
            if file is not None:
                file.close()
            if isinstance(error, FerError) and file is not None:
                raise FerError(str(error).replace(file.name, "the video")) from error
            raise

        async def lines() -> AsyncIterator[str]:
            records = first
            try:
                while records:
                    yield "".join(json.dumps(record.to_dict()) + "\n" for record in records)
                    records = await self.workers.run(_next_records, frames)
            except FerError as error:
                yield json.dumps({"error": str(error).replace(file.name, "the video")}) + "\n"
            finally:
                # A job may still run if the client has gone; the generator can be closed after it.
                await asyncio.shield(self.workers.run(frames.close))
                file.close()
                self._n_requests -= 1

        return StreamingResponse(lines(), media_type="application/x-ndjson")

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
        return frame_records(name, FrameResult(Frame(0, 0.0, image), recognizer.predict(image, neutral=neutral)))


def _iterate_records(
    recognizer: Recognizer, source: VideoSource, neutral: np.ndarray | None
) -> Generator[list[PredictionRecord], None, None]:
    """Records of each frame, and at the end those of the tracks."""
    stream = recognizer.stream(source, neutral=neutral)
    for result in stream:
        yield frame_records("video", result)
    yield [summary_record("video", summary) for summary in stream.track_summaries]


def _next_records(frames: Iterator[list[PredictionRecord]]) -> list[PredictionRecord]:
    """Records of the next frames; an empty list at the end."""
    records: list[PredictionRecord] = []
    for _, found in zip(range(MAX_FRAMES_PER_JOB), frames, strict=False):
        records += found
    return records
