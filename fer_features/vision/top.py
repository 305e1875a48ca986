"""Descriptors of clips on three orthogonal planes: LBP-TOP (Zhao and Pietikainen 2007) and HOG-TOP (Chen et al.).

A clip is a box of pixels over x, y and t. Its XY planes are its frames and show texture; an XT plane is the history
of one row and a YT plane that of one column, and both show motion as slanted edges.
"""

from __future__ import annotations

import math

import numpy as np

from .flow import hof
from .lbp import BINS, _uniform_labels, lbp_codes

#: The planes in the order of the features.
PLANES = ("xy", "xt", "yt")


def lbp_top_codes(clip: np.ndarray, radius: int = 1, time_radius: int = 1) -> dict[str, np.ndarray]:
    """Uniform local binary patterns on the three planes through each pixel of a clip.

    Parameters
    ----------
    clip : ndarray, shape (T, H, W), uint8
    radius : int
        Radius in pixels, along x and y.
    time_radius : int
        Radius in frames, along t. The 8 neighbours on an XT or YT plane lie on an ellipse.

    Returns
    -------
    dict of str to ndarray, shape (T - 2 * time_radius, H - 2 * radius, W - 2 * radius), uint8
        Labels 0..58 of each of the `PLANES`, for the pixels whose neighbours are all in the clip.

    Raises
    ------
    ValueError
        Where no pixel has all its neighbours in the clip.

    References
    ----------
    G. Zhao, M. Pietikainen, "Dynamic texture recognition using local binary patterns with an application to facial
    expressions", PAMI 29(6), 2007.

    Notes
    -----
    Labels on the XY plane are those of `lbp_codes`. On the others the neighbours go from +x (or +y) towards earlier
    frames; in the authors' program they go from +x towards later ones and from the later frame upwards, which permutes
    the labels of those planes. Between pixels neighbours are interpolated, as the program does on request, with
    weights in 256ths, which makes the comparison with the centre exact: on a flat patch all neighbours count as 'at
    least as bright'.
    """
    frames, height, width = clip.shape
    if frames <= 2 * time_radius or min(height, width) <= 2 * radius:
        raise ValueError(
            f"a clip of {frames} frames of {width} x {height} holds no pixel with neighbours {time_radius} frames "
            f"and {radius} pixels away"
        )
    inner = slice(radius, height - radius), slice(radius, width - radius)
    times = slice(time_radius, frames - time_radius)
    return {
        "xy": lbp_codes(clip[times], radius)[(slice(None), *inner)],
        "xt": _plane_codes(clip[:, inner[0]], 2, radius, time_radius),
        "yt": _plane_codes(clip[:, :, inner[1]], 1, radius, time_radius),
    }


def lbp_top(clips: np.ndarray, radius: int = 1, time_radius: int = 1, grid: int = 6) -> np.ndarray:
    """LBP-TOP histograms over a grid of cells.

    Parameters
    ----------
    clips : ndarray, shape (n, T, H, W), uint8
    radius, time_radius : int
        See `lbp_top_codes`.
    grid : int
        The pixels that have a label are cut into `grid` x `grid` cells, each as long as the clip.

    Returns
    -------
    ndarray, shape (n, grid * grid * 3 * 59), float32
        Cells row by row, in each the `PLANES`; each histogram sums to 1.

    Raises
    ------
    ValueError
        As in `lbp_top_codes`, and where the picture has fewer pixels than cells a side.
    """
    _, _, height, width = clips.shape
    _check_grid(height - 2 * radius, width - 2 * radius, grid, height, width)
    rows, columns = np.arange(height - 2 * radius), np.arange(width - 2 * radius)
    cell = (rows * grid // rows.size)[:, None] * grid + columns * grid // columns.size
    histograms = np.empty((len(clips), grid * grid, len(PLANES), BINS), np.float32)
    for i, clip in enumerate(clips):
        for p, codes in enumerate(lbp_top_codes(clip, radius, time_radius).values()):
            counts = np.bincount((cell * BINS + codes).ravel(), minlength=grid * grid * BINS).reshape(-1, BINS)
            histograms[i, :, p] = counts / counts.sum(-1, keepdims=True)
    return histograms.reshape(len(clips), -1)


def hog_top(clips: np.ndarray, orientations: int = 9, grid: int = 6, signed: bool = False) -> np.ndarray:
    """Histograms of oriented gradients on the three planes, over a grid of cells.

    Parameters
    ----------
    clips : ndarray, shape (n, T, H, W), uint8
        T at least 3.
    orientations : int
        Orientation bins over 180 degrees, or 360 where `signed`. Bin 0 is centred on a gradient along x (XY and XT)
        or y (YT), and they go on towards y or t. A vote is shared linearly by the two nearest bins.
    grid : int
        The picture is cut into `grid` x `grid` cells, each as long as the clip.
    signed : bool
        Whether a gradient and its opposite are told apart.

    Returns
    -------
    ndarray, shape (n, grid * grid * 3 * orientations), float32
        Cells row by row, in each the `PLANES`: the mean magnitude in each orientation, in grey levels a pixel or
        frame.

    Raises
    ------
    ValueError
        On fewer than 3 frames, or fewer pixels than cells a side.

    References
    ----------
    J. Chen, Z. Chen, Z. Chi, H. Fu, "Emotion recognition in the wild with feature fusion and multiple kernel
    learning", ICMI 2014; "Facial expression recognition in video with multiple feature fusion", IEEE Transactions
    on Affective Computing 9(1), 2018.

    Notes
    -----
    Gradients are central differences; votes carry the magnitude and are shared by two bins. Departs from the papers in
    that histograms are not normed but left in grey levels: norming would blow up the noise on the planes of time in a
    cell where nothing moves. No program of the authors was at hand to compare with.
    """
    _, frames, height, width = clips.shape
    if frames < 3:
        raise ValueError(f"a gradient in time needs 3 frames or more, not {frames}")
    _check_grid(height - 2, width - 2, grid, height, width)
    histograms = np.empty((len(clips), grid * grid, len(PLANES), orientations), np.float32)
    for i, clip in enumerate(clips):
        grey = clip.astype(np.float32)
        dx = (grey[1:-1, 1:-1, 2:] - grey[1:-1, 1:-1, :-2]) / 2
        dy = (grey[1:-1, 2:, 1:-1] - grey[1:-1, :-2, 1:-1]) / 2
        dt = (grey[2:, 1:-1, 1:-1] - grey[:-2, 1:-1, 1:-1]) / 2
        for p, (a, b) in enumerate(((dx, dy), (dx, dt), (dy, dt))):
            if not signed:
                # The angle doubled: opposite gradients become one, and 180 degrees become 360.
                length = np.hypot(a, b)
                divisor = np.where(length > 0, length, 1)
                a, b = (a * a - b * b) / divisor, 2 * a * b / divisor
            votes = hof(np.stack([a, b], -1), orientations, grid, still=0.0)
            # Nothing is slower than 0, so the last bin, of still pixels, is empty.
            histograms[i, :, p] = votes.reshape(len(a), -1, orientations + 1)[..., :-1].mean(0)
    return histograms.reshape(len(clips), -1)


def _plane_codes(clip: np.ndarray, axis: int, radius: int, time_radius: int) -> np.ndarray:
    """Labels on the planes spanned by a spatial axis, in columns, and time, in rows, of a clip (T, H, W) uint8."""
    grey = clip.astype(np.int32)
    length, frames = clip.shape[axis], clip.shape[0]

    def shifted(dt: int, dx: int) -> np.ndarray:
        window = [slice(None)] * 3
        window[0] = slice(time_radius + dt, frames - time_radius + dt)
        window[axis] = slice(radius + dx, length - radius + dx)
        return grey[tuple(window)]

    centre = shifted(0, 0)
    code = np.zeros(centre.shape, np.uint8)
    for p in range(8):
        dt, share_t = _split(-time_radius * math.sin(2 * math.pi * p / 8))
        dx, share_x = _split(radius * math.cos(2 * math.pi * p / 8))
        total = (256 - share_t) * (256 - share_x) * shifted(dt, dx)
        # Corners of no weight may lie outside the clip and are not asked for.
        if share_x:
            total = total + (256 - share_t) * share_x * shifted(dt, dx + 1)
        if share_t:
            total = total + share_t * (256 - share_x) * shifted(dt + 1, dx)
        if share_t and share_x:
            total = total + share_t * share_x * shifted(dt + 1, dx + 1)
        code |= (total >= centre * 65536).astype(np.uint8) << p
    return _uniform_labels()[code]


def _split(offset: float) -> tuple[int, int]:
    """An offset as whole steps and 256ths of a step."""
    whole, part = divmod(round(offset * 256), 256)
    return whole, part


def _check_grid(rows: int, columns: int, grid: int, height: int, width: int) -> None:
    if min(rows, columns) < grid:
        raise ValueError(f"a picture of {width} x {height} cannot be cut into {grid} x {grid} cells")
