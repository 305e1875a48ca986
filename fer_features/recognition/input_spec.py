"""What a saved pipeline wants to see of a face, found out from the pipeline itself."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from ..exceptions import FerError
from ..pipelines import columns_read
from ..samples.table import COLUMNS, Samples
from ..vision.geometry import MEAN_FACE


@dataclasses.dataclass(frozen=True)
class Needs:
    """What a pipeline reads.

    Attributes
    ----------
    columns : tuple of str
        'images', 'landmarks' or both.
    frames : int
        1: the face alone; 2: the neutral face too, with which it is compared.
    crop : (int, int) or None
        Height and width of the cut-out faces that it was trained on; None where it aligns faces in whole pictures by
        their landmarks.
    """

    columns: tuple[str, ...]
    frames: int
    crop: tuple[int, int] | None


def needs_of(model: BaseEstimator) -> Needs:
    """What a fitted estimator that holds pipelines of ours needs.

    Parameters
    ----------
    model : estimator
        A pipeline, or a vote, search, stack or calibration of pipelines.

    Raises
    ------
    FerError
        Where there is none in it, or where it cannot describe single frames.

    Notes
    -----
    How many frames are needed is tried on a drawn row: no list of extractors has to be kept.
    """
    pipelines = pipelines_in(model)
    if not pipelines:
        raise FerError(f"{type(model).__name__} holds no pipeline of fer_features: train one with fer_features.run")
    read = {name for pipeline in pipelines for name in columns_read(pipeline)}
    methods = {p.named_steps["neutral"].method for p in pipelines if "neutral" in p.named_steps}
    for method in sorted(methods & {"subject", "median"}):
        raise FerError(
            f"the model compares with neutral__method={method}, which looks at whole tables or clips: for frames as "
            "they come train it with neutral__method=first; predict's --neutral median then estimates the neutral face"
        )
    columns = tuple(name for name in COLUMNS if name in read)
    crop = _crop(pipelines) if "images" in columns else None
    return Needs(columns, _frames(model, columns, crop), crop)


def pipelines_in(model: Any) -> list[Pipeline]:
    """All pipelines of ours within an estimator, fitted or not, each once."""
    found: list[Pipeline] = []
    seen: set[int] = set()

    def visit(thing: Any) -> None:
        if id(thing) in seen:
            return
        seen.add(id(thing))
        if isinstance(thing, Pipeline) and "features" in thing.named_steps:
            found.append(thing)
        elif isinstance(thing, list | tuple):
            for part in thing:
                visit(part)
        elif isinstance(thing, BaseEstimator) or type(thing).__module__.startswith("sklearn."):
            for part in getattr(thing, "__dict__", {}).values():
                visit(part)

    visit(model)
    return found


def _crop(pipelines: list[Pipeline]) -> tuple[int, int] | None:
    whole = [p.named_steps["align"] for p in pipelines if "align" in p.named_steps]
    whole = [align for align in whole if align.method == "none"]
    if not whole:
        return None
    # Pixels of training pictures, not of what they are scaled to: a sharper face than any seen would be another thing.
    sizes = [align.size_ for align in whole if getattr(align, "size_", None) and None not in align.size_]
    height, width = sizes[0] if sizes else (whole[0].size, whole[0].size)
    return int(height), int(width)


def _frames(model: Any, columns: tuple[str, ...], crop: tuple[int, int] | None) -> int:
    for frames in (1, 2):
        try:
            model.predict(_drawn(columns, frames, crop or (160, 160)))
        except FerError as error:
            if frames == 2:
                raise FerError(f"the model describes whole clips, not single frames: {error}") from error
        else:
            return frames
    raise AssertionError


def _drawn(columns: tuple[str, ...], frames: int, size: tuple[int, int]) -> Samples:
    noise = np.random.default_rng(0).integers(0, 256, (1, frames, *size), dtype=np.uint8)
    points = np.float32(MEAN_FACE * size[1] / 4 + [size[1] / 2, size[0] / 3])
    faces = np.broadcast_to(points, (1, frames, 68, 2)).copy()
    return Samples.from_arrays(noise if "images" in columns else None, faces if "landmarks" in columns else None)
