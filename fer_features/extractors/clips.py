"""Whole aligned clips, for what describes them on three orthogonal planes."""

from __future__ import annotations

import numpy as np

from ..exceptions import FerError
from ..samples.table import Samples
from .base import Extractor, require_neutral


def read_clips(extractor: Extractor, X: Samples, frames: int) -> np.ndarray:
    """Frames spread evenly from neutral to apex, (n, min(frames, T), H, W) uint8.

    Raises
    ------
    FerError
        Where the clips have fewer than 3 frames, or fewer than 3 are asked for.
    """
    require_neutral(extractor, "images", X)
    name, length = type(extractor).__name__, np.shape(X.column("images"))[1]
    if length < 3:
        raise FerError(f"{name} needs clips of 3 frames or more: these have {length}")
    if frames < 3:
        raise FerError(f"{name}: frames={frames}, but 3 or more are needed to see motion")
    kept = np.unique(np.rint(np.linspace(0, length - 1, min(frames, length))).astype(int))
    return np.stack([X.frame("images", t) for t in kept], 1)
