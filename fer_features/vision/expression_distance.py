"""Distance between two expressions of a face in a clip, independent of head motion and lighting."""

from __future__ import annotations

import functools

import cv2
import numpy as np

from .flow import dis_flow

#: Every such row and column of the flow is used for the fit of the head motion.
FIT_STEP = 3
#: Iterations of the robust fit.
N_ITERATIONS = 4
#: Standard deviation in pixels of the Gaussian that the grey values are smoothed by.
SMOOTHING = 1.0


def expression_distance(neutral: np.ndarray, frame: np.ndarray) -> float:
    """Difference of two aligned faces of one subject that is not due to the motion of the head.

    Parameters
    ----------
    neutral, frame : ndarray, shape (H, W), uint8
        Faces in the same position, of about 100 pixels, at least 16.

    Returns
    -------
    float
        Mean absolute difference of the standardized grey values within the ellipse that the image encloses, after
        `frame` is warped by the head motion; 0 for equal images, and about 1 for unrelated ones.

    Notes
    -----
    The head motion is the polynomial of degree 2 in the position that fits the optical flow robustly: iteratively
    reweighted least squares, where the local motion of brows, cheeks and mouth gets small weights. Degree 2 includes
    rotations in depth of a curved face. Black and Yacoob separate head motion and expression by such models, and then
    use the motion of the features; the remaining difference of grey values is used here, which also shows teeth,
    wrinkles and open mouths, for which flow is not defined.

    References
    ----------
    M. J. Black, Y. Yacoob, "Recognizing facial expressions in image sequences using local parameterized models of image
    motion", International Journal of Computer Vision 25, 1997, doi:10.1023/A:1007977618277.

    Examples
    --------
    >>> from skimage.data import camera
    >>> face = camera()[80:176, 180:276]
    >>> moved = camera()[82:178, 181:277]
    >>> bool(expression_distance(face, moved) < 0.5 * np.abs(face / face.std() - moved / moved.std()).mean())
    True
    """
    flow = dis_flow(neutral, frame)
    rows, columns = np.indices(neutral.shape, np.float32)
    motion = head_motion(flow)
    warped = cv2.remap(
        frame, columns + motion[..., 0], rows + motion[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    inside = _ellipse(neutral.shape)
    return float(np.abs(_standardized(neutral, inside) - _standardized(warped, inside)).mean())


def head_motion(flow: np.ndarray) -> np.ndarray:
    """Motion that a polynomial of degree 2 in the position describes, fitted robustly to optical flow.

    Parameters
    ----------
    flow : ndarray, shape (H, W, 2), float32
        ``(dx, dy)`` in pixels.

    Returns
    -------
    ndarray, shape (H, W, 2), float32

    Notes
    -----
    The weights are those of a Cauchy distribution whose scale is the median residual.

    Examples
    --------
    >>> rows, columns = np.indices((40, 30), np.float32)
    >>> zoom = np.stack([0.1 * (columns - 15), 0.1 * (rows - 20)], -1)
    >>> mouth_opens = zoom.copy()
    >>> mouth_opens[28:34, 10:20] += 3
    >>> float(np.abs(head_motion(mouth_opens) - zoom).max()) < 0.1
    True
    """
    basis = _basis(flow.shape[:2])
    at = basis[::FIT_STEP, ::FIT_STEP].reshape(-1, basis.shape[-1])
    values = flow[::FIT_STEP, ::FIT_STEP].reshape(-1, 2).astype(np.float64)
    weight = np.ones(len(at))
    for _ in range(N_ITERATIONS):
        weighted = at * weight[:, None]
        coefficients = np.linalg.lstsq(weighted.T @ at, weighted.T @ values, rcond=None)[0]
        residual = np.hypot(*(values - at @ coefficients).T)
        weight = 1 / (1 + (residual / (np.median(residual) + 1e-6)) ** 2)
    return (basis @ coefficients).astype(np.float32)


@functools.lru_cache(maxsize=8)
def _basis(shape: tuple[int, int]) -> np.ndarray:
    """Polynomials of degree 0 to 2 at each pixel, (H, W, 6); the coordinates are in -1 to 1."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, length) for length in shape), indexing="ij")
    return np.stack([np.ones(shape), x, y, x * x, x * y, y * y], -1)


@functools.lru_cache(maxsize=8)
def _ellipse(shape: tuple[int, int]) -> np.ndarray:
    basis = _basis(shape)
    return basis[..., 3] + basis[..., 5] <= 1


def _standardized(image: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Smoothed grey values in a region, with mean 0 and SD 1 unless the region is almost constant."""
    values = cv2.GaussianBlur(image.astype(np.float32), (0, 0), SMOOTHING)[inside]
    return (values - values.mean()) / (values.std() + 1)
