"""Extracted features as a folder of array files, which `write_shards` writes and `load_dataset` reads.

    manifest.jsonl     JSON lines: what was asked for; then how it is extracted, with sizes; then a line per block when
                       it is complete; then {"complete": n}
    fitted.npz         arrays that extractors and principal components were fitted to, if there are any
    block-000000.npy   (m, d) float16 or float32: features of the next m samples
    block-000000.npz   their columns: label (codes), subject, split, id, and usable: whether the features could be
                       extracted

Features stay on disk and are read when they are needed.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from .._files import read_npz
from .._model_files import version_differences
from ..exceptions import FerError
from ..samples.feature_blocks import Extraction, ShardColumn, content_digest
from ..samples.table import DataInfo, Samples
from .dataset import Dataset

#: Name of the file that describes the extraction and its blocks.
MANIFEST = "manifest.jsonl"
#: Version of the format.
SHARD_FORMAT = 2
#: Columns that are kept with the features.
SHARD_COLUMNS = ("label", "subject", "split", "id")
#: Largest size of the columns of a block; those of 1,024 samples with long ids have 1 MB.
MAX_COLUMN_BYTES = 100_000_000
#: File with what was fitted before the extraction.
STATE_FILE = "fitted.npz"
#: Packages on which features depend.
EXTRACTION_PACKAGES = ("fer_features", "cv2")

#: What values of other types and sizes than expected raise.
_DAMAGES = (ValueError, KeyError, TypeError, AttributeError, IndexError, EOFError)


def block_name(number: int) -> str:
    """Name of the files of a block, without suffix."""
    return f"block-{number:06d}"


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
    except (ValueError, KeyError, RecursionError) as error:
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
    lines = read_manifest(path / MANIFEST)
    blocks = sorted((line for line in lines if "name" in line), key=lambda line: str(line["name"]))
    if not any("complete" in line for line in lines):
        n_blocks = lines[0].get("n_blocks", 0) if lines else 0
        raise FerError(
            f"{path}: the extraction is not complete ({len(blocks)} of {n_blocks} blocks): give the same command again"
        )
    saved = lines[0].get("versions")
    saved = saved if isinstance(saved, dict) else {}
    for package, version, installed in version_differences(saved, EXTRACTION_PACKAGES):
        raise FerError(
            f"{path} was extracted with {package} {version}, but {installed} is installed: install {version}, or "
            "extract the features again"
        )
    try:
        header, described = lines[0], lines[1]["extraction"]
        info = header["info"]
        info = DataInfo(**{**info, "classes": tuple(info["classes"]), "notes": tuple(info["notes"])})
        size = described["image_size"]
        extraction = Extraction(**{**described, "image_size": None if size is None else tuple(size)})
        parts: dict[str, list[np.ndarray]] = {}
        for block in blocks:
            columns = read_npz(path / f"{block['name']}.npz", MAX_COLUMN_BYTES)
            if content_digest(*columns.values()) != block["columns"] or set(map(len, columns.values())) != {block["n"]}:
                raise ValueError(f"{block['name']}.npz has other values than the manifest says")
            for name, values in columns.items():
                parts.setdefault(name, []).append(values)
        columns = {name: np.concatenate(values) for name, values in parts.items()}
        usable = columns.pop("usable")
        stops = np.cumsum([block["n"] for block in blocks])
        if stops[-1] != header["n_samples"] or any(len(values) != stops[-1] for values in columns.values()):
            raise ValueError("numbers of samples differ")
        if extraction.state and content_digest((path / STATE_FILE).read_bytes()) != lines[1]["state"]:
            raise ValueError(f"{STATE_FILE} has another content than the manifest says")
        files, digests = [f"{block['name']}.npy" for block in blocks], [block["features"] for block in blocks]
        if files != [f"{block_name(i)}.npy" for i in range(header["n_blocks"])]:
            raise ValueError("blocks are missing, or there are further ones")
        features = ShardColumn(path, files, digests, stops.tolist(), usable, extraction)
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        EOFError,
        zipfile.BadZipFile,
    ) as error:
        raise FerError(f"{path} is damaged ({error}): extract the features again") from error
    return Samples({"features": features, **columns}, info)


SHARDS = Dataset(
    name="shards",
    description="extracted features of any data set, as 'fer-features extract' writes them",
    layout=f"a folder with the file {MANIFEST}",
    can_load=lambda path: (path / MANIFEST).is_file(),
    load=load_shards,
    reference="that of the data set",
)
