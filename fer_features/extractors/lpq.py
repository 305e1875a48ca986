"""Local phase quantisation of the aligned face (Ojansivu and Heikkila, ICISP 2008)."""

from __future__ import annotations

import numpy as np

from ..vision.lpq import BINS, lpq_histograms
from .appearance import OF, Appearance
from .parameters import WHOLE


class LPQ(Appearance):
    """Histograms of local phase over a grid: of the apex crop, of its difference to neutral, or both.

    Parameters
    ----------
    window : int
        Side of the neighbourhood in pixels of the crop, odd and at least 3.
    decorrelate : bool
        Whether coefficients are decorrelated before they are quantised.
    grid : int
        The crop is cut into `grid` x `grid` cells.
    of : {'apex', 'difference', 'both'}

    Notes
    -----
    The square root of each histogram is taken, so that Euclidean distance is Hellinger's, which suits counts.

    See Also
    --------
    fer_features.vision.lpq.lpq_codes : the formula, and where it departs from the paper.
    """

    cites = "Ojansivu and Heikkila, ICISP 2008"
    rules = {"window": tuple(range(3, 32, 2)), "decorrelate": (False, True), "grid": WHOLE, "of": OF}

    def __init__(self, window: int = 7, decorrelate: bool = True, grid: int = 6, of: str = "apex"):
        self.window = window
        self.decorrelate = decorrelate
        self.grid = grid
        self.of = of

    def describe_pictures(self, images: np.ndarray) -> np.ndarray:
        """Roots of histograms of pictures, (n, H, W) uint8 -> (n, grid * grid * 256) float32."""
        return np.sqrt(lpq_histograms(images, self.window, bool(self.decorrelate), self.grid))

    def picture_names(self) -> list[str]:
        """``lpq[cell=row,column code=number]``; bit k of a code is the sign of coefficient k."""
        cells = [(r, c) for r in range(self.grid) for c in range(self.grid)]
        return [f"lpq[cell={r},{c} code={k}]" for r, c in cells for k in range(BINS)]
