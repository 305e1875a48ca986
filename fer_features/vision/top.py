"""LBP-TOP (Zhao and Pietikainen, TPAMI 2007) and HOG-TOP (Chen et al.): descriptors on three orthogonal planes.

A clip is a volume of pixels over x, y and t. Its XY planes are its frames and contain texture. An XT plane is the
history of one image row and a YT plane that of one image column; both contain motion as slanted edges.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .flow import direction_histograms
from .lbp import lbp_codes
from .lbp_labels import N_LBP_LABELS, uniform_labels

#: The planes in the order of the features.
PLANES = ("xy", "xt", "yt")


class PlaneCodes(NamedTuple):
    """LBP labels of the pixels of a clip on each of the three planes, in the order of `PLANES`."""

    xy: np.ndarray
    xt: np.ndarray
    yt: np.ndarray


def lbp_top_codes(clip: np.ndarray, radius: int = 1, time_radius: int = 1) -> PlaneCodes:
    """Compute uniform local binary patterns on the three planes through each pixel of a clip.

    Parameters
    ----------
    clip : ndarray, shape (T, H, W), uint8
        Grey frames.
    radius : int, default=1
        Radius along x and y in pixels.
    time_radius : int, default=1
        Radius along t in frames. The 8 neighbours on an XT or YT plane are on an ellipse.

    Returns
    -------
    PlaneCodes of ndarray, shape (T - 2 * time_radius, H - 2 * radius, W - 2 * radius), uint8
        Labels 0 to 58 of the pixels whose neighbours are all inside the clip.

    Raises
    ------
    ValueError
        If no pixel has all its neighbours inside the clip.

    References
    ----------
    G. Zhao, M. Pietikainen, "Dynamic texture recognition using local binary patterns with an application to facial
    expressions", IEEE TPAMI 29(6), 2007, doi:10.1109/TPAMI.2007.1110.

    Notes
    -----
    The labels on the XY plane are those of `lbp_codes`.

    On the other planes the neighbours are numbered from +x (or +y) towards earlier frames. The program of the authors
    numbers those of XT from +x towards later frames, and those of YT from the later frame upwards. This permutes the
    labels of these planes.

    Neighbours between pixels are interpolated, which is optional in the program of the authors. The weights are integer
    multiples of 1/256, so that the comparison with the centre is exact: in a flat patch all neighbours are at least as
    bright as the centre.

    Examples
    --------
    >>> import numpy as np
    >>> codes = lbp_top_codes(np.zeros((5, 12, 10), np.uint8), radius=2, time_radius=1)
    >>> codes.xt.shape
    (3, 8, 6)
    >>> np.unique(codes.xt)
    array([57], dtype=uint8)
    """
    frames, height, width = clip.shape
    if frames <= 2 * time_radius or min(height, width) <= 2 * radius:
        raise ValueError(
            f"a clip of {frames} frames of {width} x {height} pixels has no pixel with neighbours at {time_radius} "
            f"frames and {radius} pixels"
        )
    inner = slice(radius, height - radius), slice(radius, width - radius)
    times = slice(time_radius, frames - time_radius)
    return PlaneCodes(
        xy=lbp_codes(clip[times], radius)[(slice(None), *inner)],
        xt=_time_plane_codes(clip[:, inner[0]], 2, radius, time_radius),
        yt=_time_plane_codes(clip[:, :, inner[1]], 1, radius, time_radius),
    )


def lbp_top(clips: np.ndarray, radius: int = 1, time_radius: int = 1, grid: int = 6) -> np.ndarray:
    """Compute LBP-TOP histograms over a grid of cells.

    Parameters
    ----------
    clips : ndarray, shape (n, T, H, W), uint8
        Grey clips.
    radius, time_radius : int, default=1
        See `lbp_top_codes`.
    grid : int, default=6
        Number of cells per side. Cells cover all pixels that have a label and all frames; their sizes differ by at most
        one pixel.

    Returns
    -------
    ndarray, shape (n, grid * grid * 3 * 59), float32
        Relative frequencies: cells in row-major order, in each cell the `PLANES`. Each histogram has a sum of 1.

    Raises
    ------
    ValueError
        As in `lbp_top_codes`, and if a side has fewer labels than cells.

    See Also
    --------
    lbp_top_codes : The patterns, and their differences to the paper.

    References
    ----------
    G. Zhao, M. Pietikainen, "Dynamic texture recognition using local binary patterns with an application to facial
    expressions", IEEE TPAMI 29(6), 2007, doi:10.1109/TPAMI.2007.1110.

    Examples
    --------
    >>> import numpy as np
    >>> lbp_top(np.zeros((2, 5, 32, 32), np.uint8), radius=1, time_radius=1, grid=4).shape
    (2, 2832)
    """
    _, _, height, width = clips.shape
    _check_grid(height - 2 * radius, width - 2 * radius, grid, height, width)
    rows, columns = np.arange(height - 2 * radius), np.arange(width - 2 * radius)
    first_bin = ((rows * grid // rows.size)[:, None] * grid + columns * grid // columns.size) * N_LBP_LABELS
    n_bins = grid * grid * N_LBP_LABELS
    histograms = np.empty((len(clips), grid * grid, len(PLANES), N_LBP_LABELS), np.float32)
    for i, clip in enumerate(clips):
        for p, codes in enumerate(lbp_top_codes(clip, radius, time_radius)):
            counts = np.bincount((first_bin + codes).ravel(), minlength=n_bins).reshape(-1, N_LBP_LABELS)
            histograms[i, :, p] = counts / counts.sum(-1, keepdims=True)
    return histograms.reshape(len(clips), -1)


def hog_top(clips: np.ndarray, orientations: int = 9, grid: int = 6, signed_gradients: bool = False) -> np.ndarray:
    """Compute histograms of oriented gradients on the three planes, over a grid of cells.

    Parameters
    ----------
    clips : ndarray, shape (n, T, H, W), uint8
        Grey clips of at least 3 frames.
    orientations : int, default=9
        Number of orientation bins over 180 degrees, or over 360 degrees with `signed_gradients`. Bin 0 is centred on a
        gradient along x (XY and XT) or y (YT); the others follow towards y or t. A vote is divided linearly between the
        two nearest bins.
    grid : int, default=6
        Number of cells per side. Cells cover all frames and all pixels except the outermost; their sizes differ by at
        most one pixel.
    signed_gradients : bool, default=False
        Whether a gradient and the opposite gradient fall into different bins.

    Returns
    -------
    ndarray, shape (n, grid * grid * 3 * orientations), float32
        Cells in row-major order, in each cell the `PLANES`: the mean magnitude in each orientation, in grey levels per
        pixel or frame.

    Raises
    ------
    ValueError
        If a clip has fewer than 3 frames, or if a side has fewer pixels than cells.

    References
    ----------
    J. Chen, Z. Chen, Z. Chi, H. Fu, "Emotion recognition in the wild with feature fusion and multiple kernel
    learning", ICMI 2014, doi:10.1145/2663204.2666277.
    J. Chen, Z. Chen, Z. Chi, H. Fu, "Facial expression recognition in video with multiple feature fusion", IEEE
    Transactions on Affective Computing 9(1), 2018, doi:10.1109/TAFFC.2016.2593719.

    Notes
    -----
    Gradients are central differences. Departure from the papers: histograms are not normalized and stay in grey levels,
    because normalization would amplify the noise on the XT and YT planes of cells without motion. The implementation
    was not compared with a program of the authors, because none was available.

    Examples
    --------
    >>> import numpy as np
    >>> t, y, x = np.mgrid[:4, :8, :8]
    >>> clip = (20 + 5 * x + 7 * t).astype(np.uint8)  # gradient 5 along x, 0 along y, 7 along t
    >>> hog_top(clip[None], orientations=2, grid=1).reshape(3, 2)[[0, 2]]
    array([[5., 0.],
           [0., 7.]], dtype=float32)
    """
    _, frames, height, width = clips.shape
    if frames < 3:
        raise ValueError(f"gradients along time need at least 3 frames, but the clips have {frames}")
    _check_grid(height - 2, width - 2, grid, height, width)
    histograms = np.empty((len(clips), grid * grid, len(PLANES), orientations), np.float32)
    for i, clip in enumerate(clips):
        grey = clip.astype(np.float32)
        dx = (grey[1:-1, 1:-1, 2:] - grey[1:-1, 1:-1, :-2]) / 2
        dy = (grey[1:-1, 2:, 1:-1] - grey[1:-1, :-2, 1:-1]) / 2
        dt = (grey[2:, 1:-1, 1:-1] - grey[:-2, 1:-1, 1:-1]) / 2
        for p, (a, b) in enumerate(((dx, dy), (dx, dt), (dy, dt))):
            if not signed_gradients:
                # The angle is doubled: opposite gradients become equal, and 180 degrees become 360.
                length = np.hypot(a, b)
                divisor = np.where(length > 0, length, 1)
                a, b = (a * a - b * b) / divisor, 2 * a * b / divisor
            frames_of_plane = zip(a.astype(np.float64), b.astype(np.float64), strict=True)
            histograms[i, :, p] = np.mean([direction_histograms(*ab, orientations, grid) for ab in frames_of_plane], 0)
    return histograms.reshape(len(clips), -1)


def _time_plane_codes(clip: np.ndarray, axis: int, radius: int, time_radius: int) -> np.ndarray:
    """Compute labels on the planes of a spatial axis (columns) and time (rows) of a clip (T, H, W) uint8."""
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
        dt, weight_t = _split(-time_radius * math.sin(2 * math.pi * p / 8))
        dx, weight_x = _split(radius * math.cos(2 * math.pi * p / 8))
        total = (256 - weight_t) * (256 - weight_x) * shifted(dt, dx)
        # Corners with weight 0 may be outside the clip, so they are not read.
        if weight_x:
            total = total + (256 - weight_t) * weight_x * shifted(dt, dx + 1)
        if weight_t:
            total = total + weight_t * (256 - weight_x) * shifted(dt + 1, dx)
        if weight_t and weight_x:
            total = total + weight_t * weight_x * shifted(dt + 1, dx + 1)
        code |= (total >= centre * 65536).astype(np.uint8) << p
    return uniform_labels()[code]


def _split(offset: float) -> tuple[int, int]:
    """Split an offset into an integer and 256ths."""
    integer, fraction = divmod(round(offset * 256), 256)
    return integer, fraction


def _check_grid(rows: int, columns: int, grid: int, height: int, width: int) -> None:
    if min(rows, columns) < grid:
        raise ValueError(f"an image of {width} x {height} pixels cannot be divided into {grid} x {grid} cells")
