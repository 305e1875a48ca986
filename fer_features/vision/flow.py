"""Dense optical flow between two frames and histograms of its directions."""

from __future__ import annotations

import functools

import cv2
import numpy as np


def dis_flow(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Compute optical flow by dense inverse search, with the medium preset of OpenCV; see `dense_flow`.

    Parameters
    ----------
    first, second : ndarray, shape (H, W), uint8
        Grey images.

    Returns
    -------
    ndarray, shape (H, W, 2), float32
        ``(dx, dy)`` in pixels.

    Examples
    --------
    >>> import numpy as np
    >>> dis_flow(np.zeros((32, 40), np.uint8), np.zeros((32, 40), np.uint8)).shape
    (32, 40, 2)
    """
    return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(
        np.ascontiguousarray(first), np.ascontiguousarray(second), None
    )


def farneback_flow(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Compute optical flow by polynomial expansion: three levels, Gaussian windows of 17 pixels; see `dense_flow`.

    Parameters
    ----------
    first, second : ndarray, shape (H, W), uint8
        Grey images.

    Returns
    -------
    ndarray, shape (H, W, 2), float32
        ``(dx, dy)`` in pixels.

    Examples
    --------
    >>> import numpy as np
    >>> farneback_flow(np.zeros((32, 40), np.uint8), np.zeros((32, 40), np.uint8)).shape
    (32, 40, 2)
    """
    return cv2.calcOpticalFlowFarneback(first, second, None, 0.5, 3, 17, 5, 7, 1.5, cv2.OPTFLOW_FARNEBACK_GAUSSIAN)


#: Method name -> function of two (H, W) uint8 images that returns the displacement (dx, dy) of each pixel of the first.
FLOW_METHODS = {"farneback": farneback_flow, "dis": dis_flow}


def dense_flow(first: np.ndarray, second: np.ndarray, method: str = "farneback") -> np.ndarray:
    """Compute the dense optical flow of pairs of images.

    Parameters
    ----------
    first, second : ndarray, shape (n, H, W), uint8
        Grey images.
    method : {'farneback', 'dis'}, default='farneback'
        Polynomial expansion (Farneback) or dense inverse search (Kroeger et al.), both by OpenCV.

    Returns
    -------
    ndarray, shape (n, H, W, 2), float32
        ``(dx, dy)`` in pixels: the pixel at (x, y) of `first` moves to (x + dx, y + dy) in `second`.

    References
    ----------
    G. Farneback, "Two-frame motion estimation based on polynomial expansion", SCIA 2003,
    doi:10.1007/3-540-45103-X_50.
    T. Kroeger, R. Timofte, D. Dai, L. Van Gool, "Fast optical flow using dense inverse search", ECCV 2016,
    doi:10.1007/978-3-319-46493-0_29.

    Examples
    --------
    >>> import cv2
    >>> import numpy as np
    >>> texture = np.random.default_rng(0).normal(size=(100, 100))
    >>> texture = cv2.normalize(cv2.GaussianBlur(texture, (0, 0), 3), None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    >>> flow = dense_flow(texture[None, 5:95, 5:95], texture[None, 5:95, 3:93])  # moved by 2 pixels to the right
    >>> np.median(flow, axis=(0, 1, 2)).round(1) + 0
    array([2., 0.], dtype=float32)
    """
    return np.stack([FLOW_METHODS[method](a, b) for a, b in zip(first, second, strict=True)])


def hof(flow: np.ndarray, orientations: int = 8, grid: int = 6, min_motion: float = 0.5) -> np.ndarray:
    """Compute histograms of oriented optical flow (HOF) over a grid of cells.

    Parameters
    ----------
    flow : ndarray, shape (n, H, W, 2)
        ``(dx, dy)`` in pixels.
    orientations : int, default=8
        Number of direction bins over 360 degrees. Bin 0 is centred on motion to the right; the others follow clockwise
        in the image (y points down). A vote is divided linearly between the two nearest bins.
    grid : int, default=6
        Number of cells per side. Cells cover all pixels; their sizes differ by at most one pixel.
    min_motion : float, default=0.5
        Pixels that move by less than this many pixels are counted in an additional bin.

    Returns
    -------
    ndarray, shape (n, grid * grid * (orientations + 1)), float32
        Cells in row-major order; in each cell the mean over its pixels of the magnitude in each direction, in pixels,
        then the fraction of its pixels without motion.

    Raises
    ------
    ValueError
        If a side of the flow has fewer pixels than cells.

    References
    ----------
    I. Laptev, M. Marszalek, C. Schmid, B. Rozenfeld, "Learning realistic human actions from movies", CVPR 2008,
    doi:10.1109/CVPR.2008.4587756.
    H. Wang, A. Klaser, C. Schmid, C.-L. Liu, "Action recognition by dense trajectories", CVPR 2011,
    doi:10.1109/CVPR.2011.5995407.

    Notes
    -----
    Laptev et al. normalize each histogram. Here magnitudes stay in pixels, because the strength of a motion, for
    example of a lip corner, is informative about the expression. The votes and the bin of pixels without motion are
    those of the dense trajectories of Wang et al., with means instead of sums.

    Examples
    --------
    >>> import numpy as np
    >>> flow = np.zeros((1, 8, 8, 2), np.float32)
    >>> flow[..., :4, :] = 3, 0  # the left half moves to the right by 3 pixels
    >>> hof(flow, orientations=4, grid=2).reshape(2, 2, 5)[0]
    array([[3., 0., 0., 0., 0.],
           [0., 0., 0., 0., 1.]], dtype=float32)
    """
    histograms = np.empty((len(flow), grid * grid, orientations + 1), np.float32)
    for frame, histogram in zip(flow, histograms, strict=True):
        dx, dy = np.moveaxis(frame, -1, 0).astype(np.float64)
        still = dx * dx + dy * dy < min_motion * min_motion
        dx[still] = dy[still] = 0
        histogram[:, :-1] = direction_histograms(dx, dy, orientations, grid)
        cells, n_pixels = cell_numbers(still.shape, grid)
        histogram[:, -1] = np.bincount(cells[still.ravel()], minlength=grid * grid) / n_pixels
    return histograms.reshape(len(flow), -1)


def direction_histograms(dx: np.ndarray, dy: np.ndarray, orientations: int, grid: int) -> np.ndarray:
    """Compute histograms of the directions of a vector field, weighted by magnitude, over a grid of cells.

    Parameters
    ----------
    dx, dy : ndarray, shape (H, W), float64
    orientations, grid : int
        As in `hof`.

    Returns
    -------
    ndarray, shape (grid * grid, orientations), float64
        Mean over the pixels of each cell of the magnitude in each direction.

    Raises
    ------
    ValueError
        If a side of the field has fewer pixels than cells.

    Notes
    -----
    One field is processed at once: its arrays fit into the cache.
    """
    cells, n_pixels = cell_numbers(dx.shape, grid)
    dx, dy = dx.ravel(), dy.ravel()
    magnitude = np.sqrt(dx * dx + dy * dy)
    position = np.arctan2(dy, dx)
    position *= orientations / (2 * np.pi)
    position += orientations * (position < 0)
    lower = position.astype(np.intp)
    upper_votes = magnitude * (position - lower)
    # The position is at most `orientations`, so that the next bin is at most `orientations + 1`: these two are bins 0
    # and 1.
    n_bins = orientations + 2
    bins = cells * n_bins + lower
    votes = np.bincount(bins, magnitude - upper_votes, len(n_pixels) * n_bins)
    bins += 1
    votes += np.bincount(bins, upper_votes, len(n_pixels) * n_bins)
    votes = votes.reshape(-1, n_bins)
    votes[:, 0] += votes[:, orientations]
    votes[:, 1 % orientations] += votes[:, orientations + 1]
    return votes[:, :orientations] / n_pixels[:, None]


@functools.lru_cache(maxsize=8)
def cell_numbers(shape: tuple[int, int], grid: int) -> tuple[np.ndarray, np.ndarray]:
    """Number of the cell of each pixel, (H * W,) int, and the number of pixels of each cell, (grid * grid,) int.

    Cells are in row-major order, cover all pixels, and their sizes differ by at most one pixel.

    Raises
    ------
    ValueError
        If a side has fewer pixels than cells.
    """
    height, width = shape
    if min(height, width) < grid:
        raise ValueError(f"an image of {width} x {height} pixels cannot be divided into {grid} x {grid} cells")
    rows, columns = np.arange(height) * grid // height, np.arange(width) * grid // width
    cells = (rows[:, None] * grid + columns).ravel()
    return cells, np.bincount(cells, minlength=grid * grid)
