"""Motion boundary histograms (Dalal, Triggs and Schmid, ECCV 2006) of an optical flow."""

from __future__ import annotations

import numpy as np

from .flow import direction_histograms


def mbh(flow: np.ndarray, orientations: int = 8, grid: int = 8) -> np.ndarray:
    """Compute motion boundary histograms (MBH): histograms of the gradients of each flow component.

    Parameters
    ----------
    flow : ndarray, shape (n, H, W, 2)
        ``(dx, dy)`` in pixels.
    orientations : int, default=8
        Number of direction bins of the gradient over 360 degrees. Bin 0 is centred on a component that increases to the
        right; the others follow clockwise in the image (y points down). A vote is divided linearly between the two
        nearest bins.
    grid : int, default=8
        Number of cells per side. Cells cover all pixels; their sizes differ by at most one pixel.

    Returns
    -------
    ndarray, shape (n, 2 * grid * grid * orientations), float32
        Histograms of dx, then of dy: cells in row-major order; in each cell the mean over its pixels of the magnitude
        of the gradient in each direction, in pixels of motion per pixel.

    Raises
    ------
    ValueError
        If a side of the flow has fewer pixels than cells.

    References
    ----------
    N. Dalal, B. Triggs, C. Schmid, "Human detection using oriented histograms of flow and appearance", ECCV 2006,
    doi:10.1007/11744047_33.
    H. Wang, A. Klaser, C. Schmid, C.-L. Liu, "Action recognition by dense trajectories", CVPR 2011,
    doi:10.1109/CVPR.2011.5995407.

    Notes
    -----
    Motion that is the same everywhere, such as camera motion, has no gradient.

    Departures from the paper: there are no blocks, and magnitudes are not normalized, because the strength of a motion
    is informative about the expression (as in `hof`). The votes are those of the dense trajectories of Wang et al.,
    except that central differences are halved and one-sided at the borders.

    Examples
    --------
    >>> import numpy as np
    >>> flow = np.zeros((1, 8, 8, 2))
    >>> flow[..., 0] = 0.5 * np.arange(8)  # dx increases to the right by 0.5 per pixel
    >>> mbh(flow, orientations=4, grid=1)
    array([[0.5, 0. , 0. , 0. , 0. , 0. , 0. , 0. ]], dtype=float32)
    """
    histograms = np.empty((len(flow), 2, grid * grid, orientations), np.float32)
    for frame, pair in zip(flow, histograms, strict=True):
        for component, histogram in zip(np.moveaxis(frame, -1, 0).astype(np.float64), pair, strict=True):
            down, right = np.gradient(component)
            histogram[:] = direction_histograms(right, down, orientations, grid)
    return histograms.reshape(len(flow), -1)
