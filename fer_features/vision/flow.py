"""Dense optical flow between two frames and histograms of its directions."""

from __future__ import annotations

import cv2
import numpy as np


def dis_flow(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Dense inverse search (Kroeger et al. 2016), OpenCV's medium preset, (H, W, 2) float32."""
    return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(
        np.ascontiguousarray(first), np.ascontiguousarray(second), None
    )


def farneback_flow(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Polynomial expansion (Farneback 2003), three levels, Gaussian windows of 17 pixels, (H, W, 2) float32."""
    return cv2.calcOpticalFlowFarneback(first, second, None, 0.5, 3, 17, 5, 7, 1.5, cv2.OPTFLOW_FARNEBACK_GAUSSIAN)


#: Name -> flow of a pair of (H, W) uint8 pictures: where each pixel of the first has gone, (dx, dy) in pixels.
FLOWS = {"farneback": farneback_flow, "dis": dis_flow}


def dense_flow(first: np.ndarray, second: np.ndarray, method: str = "farneback") -> np.ndarray:
    """Flow of pairs of pictures.

    Parameters
    ----------
    first, second : ndarray, shape (n, H, W), uint8
    method : {'farneback', 'dis'}

    Returns
    -------
    ndarray, shape (n, H, W, 2), float32
        ``(dx, dy)`` in pixels: the pixel at (x, y) of `first` is at (x + dx, y + dy) of `second`.

    References
    ----------
    T. Kroeger, R. Timofte, D. Dai, L. Van Gool, "Fast optical flow using dense inverse search", ECCV 2016.
    G. Farneback, "Two-frame motion estimation based on polynomial expansion", SCIA 2003.
    """
    return np.stack([FLOWS[method](a, b) for a, b in zip(first, second, strict=True)])


def hof(flow: np.ndarray, orientations: int = 8, grid: int = 6, still: float = 0.5) -> np.ndarray:
    """Histograms of oriented flow over a grid of cells.

    Parameters
    ----------
    flow : ndarray, shape (n, H, W, 2)
        ``(dx, dy)`` in pixels.
    orientations : int
        Direction bins over 360 degrees; bin 0 is centred on motion to the right, and they go on clockwise as
        the picture is seen (y is down). A vote is shared linearly by the two nearest bins.
    grid : int
        The picture is cut into `grid` x `grid` cells.
    still : float
        Motion below this many pixels counts in a bin of its own, once a pixel.

    Returns
    -------
    ndarray, shape (n, grid * grid * (orientations + 1)), float32
        Cells row by row; in each the mean over its pixels of the magnitude in each direction, in pixels, then
        the share of still pixels.

    Raises
    ------
    ValueError
        Where the picture has fewer pixels than cells a side.

    References
    ----------
    I. Laptev, M. Marszalek, C. Schmid, B. Rozenfeld, "Learning realistic human actions from movies",
    CVPR 2008.

    Notes
    -----
    The paper counts motion relative to the whole histogram; here magnitudes stay in pixels of the aligned crop,
    for how far a lip corner travels is what tells a strong smile. Votes, and the bin of what is still, are those of
    the dense trajectories of Wang et al. (CVPR 2011), whose sums are means here.
    """
    n, height, width, _ = flow.shape
    if min(height, width) < grid:
        raise ValueError(f"a picture of {width} x {height} cannot be cut into {grid} x {grid} cells")
    dx, dy = flow[..., 0].astype(np.float64), flow[..., 1].astype(np.float64)
    magnitude = np.hypot(dx, dy)
    moving = magnitude >= still
    position = np.arctan2(dy, dx) / (2 * np.pi) * orientations % orientations
    lower = position.astype(np.intp) % orientations
    upper_share = position - np.floor(position)
    rows, columns = np.arange(height) * grid // height, np.arange(width) * grid // width
    cell = rows[:, None] * grid + columns + grid * grid * np.arange(n)[:, None, None]
    base = cell * (orientations + 1)
    size = n * grid * grid * (orientations + 1)
    weight = np.where(moving, magnitude, 0.0)
    votes = np.bincount((base + lower).ravel(), (weight * (1 - upper_share)).ravel(), size)
    votes += np.bincount((base + (lower + 1) % orientations).ravel(), (weight * upper_share).ravel(), size)
    votes += np.bincount((base + orientations).ravel(), (~moving).ravel(), size)
    pixels = np.bincount(cell.ravel(), minlength=n * grid * grid)
    return (votes.reshape(-1, orientations + 1) / pixels[:, None]).reshape(n, -1).astype(np.float32)
