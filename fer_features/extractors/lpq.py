"""Local phase quantization of the aligned face (Ojansivu and Heikkila, ICISP 2008)."""

from __future__ import annotations

import numpy as np

from ..vision.lpq import N_LPQ_CODES, lpq_histograms
from .appearance import FRAMES, Appearance
from .parameters import POSITIVE_INTEGER, WINDOW_SIZES


class LPQ(Appearance):
    """Histograms of local phase quantization (LPQ) over a grid.

    Parameters
    ----------
    window_size : int, default=7
        Side of the neighbourhood in pixels of the crop, odd and at least 3.
    decorrelate : bool, default=True
        Whether the coefficients are decorrelated before they are quantized.
    grid : int, default=6
        The crop is divided into `grid` x `grid` cells.
    frame : {'apex', 'apex_minus_neutral', 'both'}, default='apex'
        Features of the apex frame, their difference to those of the neutral frame, or both concatenated.

    See Also
    --------
    fer_features.vision.lpq.lpq_codes : The formula, and its differences to the paper.

    Notes
    -----
    The features are the square roots of the histograms, so that the Euclidean distance is the Hellinger distance,
    which suits histograms.

    References
    ----------
    V. Ojansivu, J. Heikkila, "Blur insensitive texture classification using local phase quantization", ICISP 2008,
    doi:10.1007/978-3-540-69905-7_27.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.extractors.lpq import LPQ
    >>> images = np.random.default_rng(0).integers(0, 256, (5, 48, 48)).astype(np.uint8)
    >>> extractor = LPQ(grid=3)
    >>> extractor.fit_transform(images).shape
    (5, 2304)
    >>> extractor.get_feature_names_out()[0]
    'lpq[cell=0,0 code=0]'
    """

    reference = "Ojansivu and Heikkila, ICISP 2008"
    parameter_constraints = {
        "window_size": WINDOW_SIZES,
        "decorrelate": (False, True),
        "grid": POSITIVE_INTEGER,
        "frame": FRAMES,
    }

    def __init__(self, window_size: int = 7, decorrelate: bool = True, grid: int = 6, frame: str = "apex"):
        self.window_size = window_size
        self.decorrelate = decorrelate
        self.grid = grid
        self.frame = frame

    def extract_images(self, images: np.ndarray) -> np.ndarray:
        """Square roots of the histograms of images (n, H, W) uint8, shape (n, grid * grid * 256) float32."""
        return np.sqrt(lpq_histograms(images, self.window_size, bool(self.decorrelate), self.grid))

    def image_feature_names(self) -> list[str]:
        """``lpq[cell=row,column code=number]``; bit k of a code is the sign of coefficient k."""
        cells = [(r, c) for r in range(self.grid) for c in range(self.grid)]
        return [f"lpq[cell={r},{c} code={k}]" for r, c in cells for k in range(N_LPQ_CODES)]
