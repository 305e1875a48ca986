"""Frames of aligned clips, for descriptors on three orthogonal planes."""

from __future__ import annotations

import numpy as np

from ..exceptions import FerError
from ..samples.table import Samples
from .base import Extractor, require_neutral_frame

#: Fewest frames that show motion in both directions of time.
MIN_FRAMES = 3


def sample_frames(extractor: Extractor, X: Samples, n_frames: int) -> np.ndarray:
    """Frames of the clips, spread evenly from the neutral frame to the apex.

    Parameters
    ----------
    extractor : Extractor
        For messages.
    X : Samples
    n_frames : int
        Largest number of frames.

    Returns
    -------
    ndarray, shape (n, min(n_frames, T), H, W), uint8

    Raises
    ------
    FerError
        If the clips have fewer than 3 frames, or `n_frames` is below 3.
    """
    require_neutral_frame(extractor, "images", X)
    name, length = type(extractor).__name__, np.shape(X.column("images"))[1]
    if length < MIN_FRAMES:
        raise FerError(f"{name} needs clips of {MIN_FRAMES} frames or more, but these have {length}")
    if n_frames < MIN_FRAMES:
        raise FerError(f"{name}: n_frames={n_frames}, but {MIN_FRAMES} or more are needed to measure motion")
    times = np.unique(np.rint(np.linspace(0, length - 1, min(n_frames, length))).astype(int))
    return np.stack([X.frame("images", t) for t in times], 1)
