"""The OpenAPI description of the HTTP interface."""

from __future__ import annotations

from typing import Any

from ..recognition.records import RECORD_COLUMNS
from ..version import __version__


def openapi_description() -> dict[str, Any]:
    """The description as a JSON object, OpenAPI 3.1.

    Examples
    --------
    >>> sorted(openapi_description()["paths"])
    ['/health', '/v1/model', '/v1/models', '/v1/neutral', '/v1/neutral/{key}', '/v1/predict', '/v1/videos']
    """
    model = _parameter("model", "name of a model of /v1/models; by default the first one")
    neutral = _parameter("neutral", "name that /v1/neutral gave to an image of the neutral face")
    images = {
        "image/*": {"schema": {"type": "string", "format": "binary"}},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"image": {"type": "array", "items": {"type": "string", "format": "binary"}}},
            }
        },
    }
    video = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    predictions = {
        "type": "object",
        "properties": {
            "classes": {"type": "array", "items": {"type": "string"}},
            "frames": {"type": "array", "items": _reference("Record")},
        },
    }
    paths: dict[str, Any] = {
        "/health": {"get": {"summary": "Whether the server answers", "security": [], **_responses("answers")}},
        "/v1/models": {"get": {"summary": "Descriptions of all models", **_responses("descriptions")}},
        "/v1/model": {"get": {"summary": "Description of one model", "parameters": [model], **_responses("model")}},
        "/v1/predict": {
            "post": {
                "summary": "Expressions in one image, or in several images of a form",
                "parameters": [model, neutral],
                "requestBody": {"required": True, "content": images},
                **_responses("a record for each face, or for an image without a face", predictions),
            }
        },
        "/v1/videos": {
            "post": {
                "summary": "Expressions in a video; the answer begins before the video is processed completely",
                "parameters": [model, neutral],
                "requestBody": {"required": True, "content": video},
                **_responses(
                    "one record per line, and at the end one with the status 'summary' per face; or a line 'error'",
                    _reference("Record"),
                    "application/x-ndjson",
                ),
            }
        },
        "/v1/neutral": {
            "post": {
                "summary": "Keep the image of a neutral face in memory",
                "requestBody": {"required": True, "content": {"image/*": images["image/*"]}},
                **_responses("its name", {"type": "object", "properties": {"neutral": {"type": "string"}}}, code=201),
            }
        },
        "/v1/neutral/{key}": {
            "delete": {
                "summary": "Remove the image of a neutral face",
                "parameters": [{"name": "key", "in": "path", "required": True, "schema": {"type": "string"}}],
                **_responses("removed", code=204),
            }
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "fer_features", "version": __version__, "license": {"name": "BSD-3-Clause"}},
        "paths": paths,
        "security": [{"token": []}],
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Record": _record_schema(), "Error": _error_schema()},
        },
    }


def _parameter(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": {"type": "string"}}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _responses(
    description: str, schema: dict[str, Any] | None = None, media_type: str = "application/json", code: int = 200
) -> dict[str, Any]:
    good: dict[str, Any] = {"description": description}
    if code != 204:
        good["content"] = {media_type: {"schema": schema or {"type": "object"}}}
    bad = {"description": "what is wrong", "content": {"application/json": {"schema": _reference("Error")}}}
    return {"responses": {str(code): good, "default": bad}}


def _record_schema() -> dict[str, Any]:
    text, number = {"type": "string"}, {"type": "number"}
    texts = ("file", "status", "expression", "id")
    return {
        "type": "object",
        "properties": {name: text if name in texts else number for name in RECORD_COLUMNS},
        "patternProperties": {"^probability_": number},
        "required": ["file", "status"],
    }


def _error_schema() -> dict[str, Any]:
    return {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
