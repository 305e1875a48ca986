"""Local phase quantization (Ojansivu and Heikkila, ICISP 2008) of a batch of images."""

from __future__ import annotations

import functools

import cv2
import numpy as np

#: Number of codes: the signs of the real and the imaginary part of the coefficients at four frequencies.
N_LPQ_CODES = 256

#: Correlation of neighbouring pixels that the decorrelation assumes, as in the program of the authors.
PIXEL_CORRELATION = 0.9


def lpq_codes(images: np.ndarray, window_size: int = 7, decorrelate: bool = True) -> np.ndarray:
    """Quantize the local phase at four low frequencies around each pixel.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8
        Grey images.
    window_size : int, default=7
        Side of the square window of the short-term Fourier transform in pixels, odd and at least 3.
    decorrelate : bool, default=True
        Whether the eight coefficients are decorrelated (whitened up to scale) before quantization.

    Returns
    -------
    ndarray, shape (n, H - window_size + 1, W - window_size + 1), uint8
        Codes of the pixels whose window lies inside the image. Bit k is set if coefficient k is positive. The
        coefficients are the real parts at the frequencies (a, 0), (0, a), (a, a), (a, -a) in (x, y) with
        ``a = 1 / window_size``, then the imaginary parts.

    Raises
    ------
    ValueError
        If `window_size` is even or below 3, or if the image is smaller than the window.

    References
    ----------
    V. Ojansivu, J. Heikkila, "Blur insensitive texture classification using local phase quantization", ICISP 2008,
    doi:10.1007/978-3-540-69905-7_27.
    T. Ahonen, E. Rahtu, V. Ojansivu, J. Heikkila, "Recognition of blurred faces using local phase quantization",
    ICPR 2008, doi:10.1109/ICPR.2008.4761847.

    Notes
    -----
    The window is uniform and the real parts precede the imaginary parts, as in the paper. The filters are separable.

    A bit is set if its coefficient exceeds 1e-6 grey levels. The paper has 'at least 0' and the program of the authors
    'above 0'; in a flat patch all coefficients are 0, and the rounding error would decide. The assumed correlation of
    two pixels at distance d is ``0.9**d``, as in the program of the authors.

    The decorrelated coefficients are projections on singular vectors of the covariance matrix. The sign of a singular
    vector is arbitrary: here the first of its largest entries is positive. Compared with another implementation a bit
    may be inverted, which permutes the bins of a histogram. Two pairs of singular values are equal because of the
    symmetry of x and y; the corresponding vectors are determined only up to a rotation. A scaling by millionths selects
    vectors that do not mix x and y. The program of the authors uses another scaling: its bits 5 and 6 mix x and y at an
    angle of 45 degrees, and its bits 0 and 1 at half a degree.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.zeros((1, 9, 8), np.uint8)
    >>> images[0, 4, 5] = 255
    >>> codes = lpq_codes(images, window_size=3, decorrelate=False)
    >>> codes.shape
    (1, 7, 6)
    >>> f"{codes[0, 3, 3]:08b}"  # centre of the window one pixel to the left of the bright pixel
    '11010010'
    """
    if window_size < 3 or window_size % 2 == 0:
        raise ValueError(f"the window must be an odd number of pixels and at least 3, not {window_size}")
    n, height, width = images.shape
    if min(height, width) < window_size:
        raise ValueError(
            f"an image of {width} x {height} pixels is smaller than the window of {window_size} x {window_size}"
        )
    ones, cos, sin = _filters(window_size)
    # The images are stacked to one tall image. Pixels that mix two images are removed with the borders.
    stacked = np.ascontiguousarray(images).reshape(n * height, width)

    def convolve(along_x: np.ndarray, along_y: np.ndarray) -> np.ndarray:
        half = window_size // 2
        filtered = cv2.sepFilter2D(stacked, cv2.CV_64F, along_x, along_y).reshape(n, height, width)
        return filtered[:, half : height - half, half : width - half]

    cc, ss, sc, cs = convolve(cos, cos), convolve(sin, sin), convolve(sin, cos), convolve(cos, sin)
    real = [convolve(cos, ones), convolve(ones, cos), cc - ss, cc + ss]
    imaginary = [convolve(sin, ones), convolve(ones, sin), sc + cs, sc - cs]
    coefficients = real + imaginary
    if decorrelate:
        rotation = decorrelation_matrix(window_size)
        coefficients = [sum(w * c for w, c in zip(row, coefficients, strict=True)) for row in rotation]
    code = np.zeros(coefficients[0].shape, np.uint8)
    for k, coefficient in enumerate(coefficients):
        code |= (coefficient > 1e-6).astype(np.uint8) << k
    return code


def lpq_histograms(images: np.ndarray, window_size: int = 7, decorrelate: bool = True, grid: int = 6) -> np.ndarray:
    """Compute histograms of LPQ codes over a grid of cells.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8
        Grey images.
    window_size, decorrelate
        See `lpq_codes`.
    grid : int, default=6
        Number of cells per side. Cells cover all pixels that have a code; their sizes differ by at most one pixel.

    Returns
    -------
    ndarray, shape (n, grid * grid * 256), float32
        Relative frequencies, cells in row-major order. Each histogram has a sum of 1.

    Raises
    ------
    ValueError
        As in `lpq_codes`, and if a side has fewer codes than cells.

    See Also
    --------
    lpq_codes : The codes, and their differences to the papers.

    References
    ----------
    T. Ahonen, E. Rahtu, V. Ojansivu, J. Heikkila, "Recognition of blurred faces using local phase quantization",
    ICPR 2008, doi:10.1109/ICPR.2008.4761847.

    Examples
    --------
    >>> import numpy as np
    >>> lpq_histograms(np.zeros((3, 32, 32), np.uint8), window_size=7, grid=4).shape
    (3, 4096)
    """
    codes = lpq_codes(images, window_size, decorrelate)
    n, height, width = codes.shape
    if min(height, width) < grid:
        raise ValueError(
            f"an image of {images.shape[2]} x {images.shape[1]} pixels cannot be divided into {grid} x {grid} cells "
            f"with a window of {window_size} pixels"
        )
    rows, columns = np.arange(height) * grid // height, np.arange(width) * grid // width
    cell = rows[:, None] * grid + columns + grid * grid * np.arange(n)[:, None, None]
    bins = (cell * N_LPQ_CODES + codes).ravel()
    counts = np.bincount(bins, minlength=n * grid * grid * N_LPQ_CODES).reshape(n, -1, N_LPQ_CODES)
    return (counts / counts.sum(-1, keepdims=True)).reshape(n, -1).astype(np.float32)


@functools.cache
def decorrelation_matrix(window_size: int) -> np.ndarray:
    """Compute the matrix that decorrelates the eight coefficients.

    Parameters
    ----------
    window_size : int
        Side of the window in pixels.

    Returns
    -------
    ndarray, shape (8, 8), float64
        Orthogonal matrix. Its rows are singular vectors of the covariance matrix of the coefficients for images whose
        pixels at distance d have the correlation ``PIXEL_CORRELATION**d``, in the order of decreasing variance.

    Examples
    --------
    >>> import numpy as np
    >>> matrix = decorrelation_matrix(7)
    >>> np.allclose(matrix @ matrix.T, np.eye(8))
    True
    """
    ones, cos, sin = _filters(window_size)
    cc, ss, sc, cs = (np.outer(y, x) for x, y in ((cos, cos), (sin, sin), (sin, cos), (cos, sin)))
    real = [np.outer(ones, cos), np.outer(cos, ones), cc - ss, cc + ss]
    imaginary = [np.outer(ones, sin), np.outer(sin, ones), sc + cs, sc - cs]
    filters = np.reshape(real + imaginary, (8, -1))
    y, x = np.divmod(np.arange(window_size * window_size), window_size)
    correlation = PIXEL_CORRELATION ** np.hypot(y[:, None] - y, x[:, None] - x)
    # Makes equal singular values different, so that the singular vectors are unique.
    scaling = np.diag(1 + 1e-6 * np.array([2, 0, 1, 1, 2, 0, 1, 1]))
    _, _, rotation = np.linalg.svd(scaling @ (filters @ correlation @ filters.T) @ scaling)
    # The first of the largest entries: some are equal up to the rounding error.
    size = np.abs(rotation)
    largest = (size > 0.99 * size.max(1, keepdims=True)).argmax(1)
    return rotation * np.sign(np.take_along_axis(rotation, largest[:, None], 1))


def _filters(window_size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ones, cosine and sine of one period over the window, each (window_size,) float64."""
    t = 2 * np.pi * (np.arange(window_size) - window_size // 2) / window_size
    return np.ones(window_size), np.cos(t), np.sin(t)
