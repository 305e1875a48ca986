"""Local phase quantisation (Ojansivu and Heikkila 2008), batched."""

from __future__ import annotations

import functools

import cv2
import numpy as np

#: Number of codes: four frequencies, the signs of a real and an imaginary part of each.
BINS = 256

#: Correlation of neighbouring pixels that decorrelation assumes, as in the authors' program.
CORRELATION = 0.9


def lpq_codes(images: np.ndarray, window: int = 7, decorrelate: bool = True) -> np.ndarray:
    """Quantised phase of four low frequencies around each pixel.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8
    window : int
        Side of the square neighbourhood in pixels, odd, at least 3.
    decorrelate : bool
        Whether the eight coefficients are decorrelated before their signs are taken.

    Returns
    -------
    ndarray, shape (n, H - window + 1, W - window + 1), uint8
        Of each pixel whose neighbourhood lies in the picture: bit k is set where coefficient k is positive.
        Coefficients are the real parts at the frequencies (a, 0), (0, a), (a, a), (a, -a) in (x, y), with
        ``a = 1 / window``, then the imaginary parts.

    Raises
    ------
    ValueError
        Where `window` is even or below 3, or the picture is smaller.

    References
    ----------
    V. Ojansivu, J. Heikkila, "Blur insensitive texture classification using local phase quantization",
    ICISP 2008. T. Ahonen, E. Rahtu, V. Ojansivu, J. Heikkila, "Recognition of blurred faces using local phase
    quantization", ICPR 2008.

    Notes
    -----
    The uniform window of the paper, as separable filters, and its order of bits: real parts before imaginary ones.
    A coefficient must exceed 1e-6 of a grey level to be positive, where the paper has 'at least 0' and the authors'
    program 'above 0': on a flat patch all are 0 and the rounding error would decide. Pixels are correlated by 0.9 to
    the distance, as in the authors' program.

    Decorrelated coefficients are the singular vectors of their covariance, whose signs are arbitrary: the first of
    the largest entries of each is made positive here, so that bits may be flipped against another implementation,
    which permutes the bins of a histogram. Two pairs of singular values, which x and y have in common, are equal and
    leave their vectors undetermined: a stretch by millionths decides, here such that x and y do not mix. The authors'
    program has another stretch, by which bits 5 and 6 mix x and y at 45 degrees (0 and 1 at half a degree).
    """
    if window < 3 or window % 2 == 0:
        raise ValueError(f"the window must be an odd number of pixels and 3 or more, not {window}")
    n, height, width = images.shape
    if min(height, width) < window:
        raise ValueError(f"a picture of {width} x {height} is smaller than the window of {window} x {window}")
    one, cos, sin = _waves(window)
    # One above the other the pictures are one picture; what leaks over an edge is cut off with the borders.
    tall = np.ascontiguousarray(images).reshape(n * height, width)

    def along(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        half = window // 2
        filtered = cv2.sepFilter2D(tall, cv2.CV_64F, x, y).reshape(n, height, width)
        return filtered[:, half : height - half, half : width - half]

    cc, ss, sc, cs = along(cos, cos), along(sin, sin), along(sin, cos), along(cos, sin)
    real = [along(cos, one), along(one, cos), cc - ss, cc + ss]
    imaginary = [along(sin, one), along(one, sin), sc + cs, sc - cs]
    coefficients = real + imaginary
    if decorrelate:
        rotation = decorrelation(window)
        coefficients = [sum(w * c for w, c in zip(row, coefficients, strict=True)) for row in rotation]
    code = np.zeros(coefficients[0].shape, np.uint8)
    for k, coefficient in enumerate(coefficients):
        code |= (coefficient > 1e-6).astype(np.uint8) << k
    return code


def lpq_histograms(images: np.ndarray, window: int = 7, decorrelate: bool = True, grid: int = 6) -> np.ndarray:
    """Histograms of phase codes over a grid of cells.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8
    window, decorrelate
        See `lpq_codes`.
    grid : int
        The pixels that have a code are cut into `grid` x `grid` cells.

    Returns
    -------
    ndarray, shape (n, grid * grid * 256), float32
        Cells row by row; each histogram sums to 1.

    Raises
    ------
    ValueError
        As in `lpq_codes`, and where there are fewer codes than cells a side.
    """
    codes = lpq_codes(images, window, decorrelate)
    n, height, width = codes.shape
    if min(height, width) < grid:
        raise ValueError(
            f"a picture of {images.shape[2]} x {images.shape[1]} cannot be cut into {grid} x {grid} cells "
            f"with a window of {window}"
        )
    rows, columns = np.arange(height) * grid // height, np.arange(width) * grid // width
    cell = rows[:, None] * grid + columns + grid * grid * np.arange(n)[:, None, None]
    counts = np.bincount((cell * BINS + codes).ravel(), minlength=n * grid * grid * BINS).reshape(n, -1, BINS)
    return (counts / counts.sum(-1, keepdims=True)).reshape(n, -1).astype(np.float32)


@functools.cache
def decorrelation(window: int) -> np.ndarray:
    """The rotation (8, 8) float64 that decorrelates the coefficients of pixels correlated by 0.9 to the distance."""
    one, cos, sin = _waves(window)
    cc, ss, sc, cs = (np.outer(y, x) for x, y in ((cos, cos), (sin, sin), (sin, cos), (cos, sin)))
    real = [np.outer(one, cos), np.outer(cos, one), cc - ss, cc + ss]
    imaginary = [np.outer(one, sin), np.outer(sin, one), sc + cs, sc - cs]
    filters = np.reshape(real + imaginary, (8, -1))
    y, x = np.divmod(np.arange(window * window), window)
    correlation = CORRELATION ** np.hypot(y[:, None] - y, x[:, None] - x)
    stretch = np.diag(1 + 1e-6 * np.array([2, 0, 1, 1, 2, 0, 1, 1]))
    _, _, rotation = np.linalg.svd(stretch @ (filters @ correlation @ filters.T) @ stretch)
    # The first of the largest entries, where some tie but for rounding.
    size = np.abs(rotation)
    largest = (size > 0.99 * size.max(1, keepdims=True)).argmax(1)
    return rotation * np.sign(np.take_along_axis(rotation, largest[:, None], 1))


def _waves(window: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Window, cosine and sine of one period over the window, each (window,) float64."""
    t = 2 * np.pi * (np.arange(window) - window // 2) / window
    return np.ones(window), np.cos(t), np.sin(t)
