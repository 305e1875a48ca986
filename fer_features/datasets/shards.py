"""Extracted features as a folder of array files, which `write_shards` writes and `load_dataset` reads.

    manifest.jsonl     JSON lines: a description of the extraction, then a line per block when it is complete, then
                       {"complete": n}
    block-000000.npy   (m, d) float16 or float32: features of the next m samples
    block-000000.npz   their columns: label (codes), subject, split, id, and usable: whether the features could be
                       extracted

Features stay on disk and are read when they are needed.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from ..exceptions import FerError
from ..samples.feature_blocks import ShardColumn
from ..samples.table import DataInfo, Samples
from .dataset import Dataset

#: Name of the file that describes the extraction and its blocks.
MANIFEST = "manifest.jsonl"
#: Version of the format.
SHARD_FORMAT = 1
#: Columns that are kept with the features.
SHARD_COLUMNS = ("label", "subject", "split", "id")


def read_manifest(path: Path) -> list[dict[str, Any]]:
    """The complete lines of a manifest; an incomplete last one was left by a process that was killed.

    Raises
    ------
    FerError
        If it is damaged.
    """
    try:
        text = path.read_bytes()
        lines = [json.loads(line) for line in text[: text.rfind(b"\n") + 1].splitlines()]
        if any(not isinstance(line, dict) for line in lines) or (lines and lines[0]["format"] != SHARD_FORMAT):
            raise ValueError("another format")
    except OSError as error:
        raise FerError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError) as error:
        raise FerError(f"{path} is not the manifest of extracted features, or damaged ({error})") from error
    return lines


def load_shards(path: Path) -> Samples:
    """Read the table of a folder of extracted features; the features stay on disk.

    Parameters
    ----------
    path : Path

    Raises
    ------
    FerError
        For an extraction that is not complete, and a damaged folder.
    """
    header, *lines = read_manifest(path / MANIFEST) or [{}]
    blocks = [line for line in lines if "complete" not in line]
    if len(blocks) == len(lines):
        raise FerError(
            f"{path}: the extraction is not complete ({len(blocks)} of {header.get('n_blocks', 0)} blocks): give the "
            "same command again"
        )
    try:
        info = header["info"]
        info = DataInfo(**{**info, "classes": tuple(info["classes"]), "notes": tuple(info["notes"])})
        parts: dict[str, list[np.ndarray]] = {}
        for block in blocks:
            with np.load(path / f"{block['name']}.npz", allow_pickle=False) as file:
                for name in file.files:
                    parts.setdefault(name, []).append(file[name])
        columns = {name: np.concatenate(values) for name, values in parts.items()}
        usable = columns.pop("usable")
        stops = np.cumsum([block["n"] for block in blocks])
        if stops[-1] != header["n_samples"] or len(usable) != stops[-1]:
            raise ValueError("numbers of samples differ")
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise FerError(f"{path} is damaged ({error}): extract the features again") from error
    digest = hashlib.blake2b("".join(block["digest"] for block in blocks).encode(), digest_size=16).hexdigest()
    files = [f"{block['name']}.npy" for block in blocks]
    size = None if header["image_size"] is None else tuple(header["image_size"])
    features = ShardColumn(
        path, files, stops.tolist(), usable, header["extractors"], header["face_method"], digest, size
    )
    return Samples({"features": features, **columns}, info)


SHARDS = Dataset(
    name="shards",
    description="extracted features of any data set, as 'fer-features extract' writes them",
    layout=f"a folder with the file {MANIFEST}",
    can_load=lambda path: (path / MANIFEST).is_file(),
    load=load_shards,
    reference="that of the data set",
)
