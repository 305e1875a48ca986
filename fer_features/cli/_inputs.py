"""Inputs of a command, which it does not overwrite."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

#: Options that name files.
FILE_OPTIONS = ("subjects", "grid", "neutral", "openface_in", "landmarker", "tls_certificate", "tls_key", "token_file")
#: Options that name files or folders of files, and suffixes that are not read in these folders.
FOLDER_OPTIONS = {"data": (".html",), "landmarks": (".html",), "inputs": (".csv", ".json", ".html", ".txt", ".vtt")}
#: Name without suffix of the table of files in a folder of images, which results must not replace.
TABLE_NAME = "metadata"
#: Options of ``predict`` that name folders of results. Files in them are not read if they are within the inputs.
RESULT_OPTIONS = ("out", "annotate", "elan", "webvtt")
#: Options that name a model whose manifest the command extends.
CONVERTED_OPTIONS = ("source",)
#: Options that name the folder of a run, or a file in it.
RUN_OPTIONS = ("model", "runs")
#: Files that are read in the folder of a run.
RUN_FILES = ("model.joblib", "model.skops", "model.json", "scores.json", "predictions.csv")


def input_at(options: Mapping[str, Any], path: Path) -> str:
    """The option that names a file, or a folder with it, as input of a command, or an empty text.

    Parameters
    ----------
    options : mapping
        Options of the command.
    path : Path
        Absolute, without links.
    """
    for name in FILE_OPTIONS:
        if any(_is_same(path, file) for given in _paths(options, name) for file in _with_manifest(given)):
            return _title(name)
    for name in CONVERTED_OPTIONS:
        if any(_is_same(path, file) for file in _paths(options, name)):
            return _title(name)
    for name in RUN_OPTIONS:
        for given in _paths(options, name):
            files = [given / file for file in RUN_FILES] if given.is_dir() else _with_manifest(given)
            if any(_is_same(path, file) for file in files):
                return _title(name)
    for name, unread in FOLDER_OPTIONS.items():
        for given in _paths(options, name):
            may_be_read = path.suffix.lower() not in unread or path.stem == TABLE_NAME
            if name == "inputs" and is_result(options, path):
                continue
            is_within = may_be_read and given.is_dir() and path.is_relative_to(given.resolve())
            if is_within or _is_same(path, given):
                return _title(name)
    return ""


def is_result(options: Mapping[str, Any], path: Path) -> bool:
    """Whether a file is in a folder of results that is within an input of ``predict``, which reads the rest of it."""
    # os.path.realpath accepts loops of links, in contrast to Path.resolve.
    folders = [_real(folder) for name in RESULT_OPTIONS for folder in _paths(options, name)]
    inputs = [_real(given) for given in _paths(options, "inputs")]
    parents = _real(path).parents
    return any(folder in parents and given in folder.parents for folder in folders for given in inputs)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _paths(options: Mapping[str, Any], name: str) -> Iterator[Path]:
    value = options.get(name)
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str | Path):
            yield Path(one)


def _with_manifest(path: Path) -> tuple[Path, Path]:
    """A file, and the manifest that belongs to it if it is a model."""
    return path, path.with_suffix(".json") if path.name else path


def _is_same(path: Path, other: Path) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return os.path.samefile(path, other)
    return False


def _title(name: str) -> str:
    if name in CONVERTED_OPTIONS:
        return "INPUT"
    return name.upper() if name in ("inputs", "runs") else f"--{name.replace('_', '-')}"
