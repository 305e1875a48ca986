"""Dense optical flow between two frames and histograms of its directions."""

from __future__ import annotations

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
    n, height, width, _ = flow.shape
    if min(height, width) < grid:
        raise ValueError(f"an image of {width} x {height} pixels cannot be divided into {grid} x {grid} cells")
    dx, dy = flow[..., 0].astype(np.float64), flow[..., 1].astype(np.float64)
    magnitude = np.hypot(dx, dy)
    moving = magnitude >= min_motion
    position = np.arctan2(dy, dx) / (2 * np.pi) * orientations % orientations
    lower = position.astype(np.intp) % orientations
    upper_weight = position - np.floor(position)
    rows, columns = np.arange(height) * grid // height, np.arange(width) * grid // width
    cell = rows[:, None] * grid + columns + grid * grid * np.arange(n)[:, None, None]
    first_bin = cell * (orientations + 1)
    n_bins = n * grid * grid * (orientations + 1)
    weight = np.where(moving, magnitude, 0.0)
    votes = np.bincount((first_bin + lower).ravel(), (weight * (1 - upper_weight)).ravel(), n_bins)
    votes += np.bincount((first_bin + (lower + 1) % orientations).ravel(), (weight * upper_weight).ravel(), n_bins)
    votes += np.bincount((first_bin + orientations).ravel(), (~moving).ravel(), n_bins)
    pixels = np.bincount(cell.ravel(), minlength=n * grid * grid)
    return (votes.reshape(-1, orientations + 1) / pixels[:, None]).reshape(n, -1).astype(np.float32)
