"""Local binary patterns of the aligned face (Ahonen, Hadid and Pietikainen, PAMI 2006)."""

from __future__ import annotations

import numpy as np

from ..vision.lbp import BINS, lbp_histograms
from .appearance import OF, Appearance
from .parameters import WHOLE


class LBP(Appearance):
    """Histograms of uniform patterns over a grid: of the apex crop, of its difference to neutral, or both.

    Parameters
    ----------
    radius : int
        Radius of the circle of 8 neighbours in pixels of the crop.
    grid : int
        The crop is cut into `grid` x `grid` cells.
    of : {'apex', 'difference', 'both'}

    Notes
    -----
    The square root of each histogram is taken, so that Euclidean distance is Hellinger's, which suits counts.
    """

    cites = "Ahonen, Hadid and Pietikainen, PAMI 2006"
    rules = {"radius": WHOLE, "grid": WHOLE, "of": OF}

    def __init__(self, radius: int = 2, grid: int = 8, of: str = "apex"):
        self.radius = radius
        self.grid = grid
        self.of = of

    def describe_pictures(self, images: np.ndarray) -> np.ndarray:
        """Roots of histograms of pictures, (n, H, W) uint8 -> (n, grid * grid * 59) float32."""
        return np.sqrt(lbp_histograms(images, self.radius, self.grid))

    def picture_names(self) -> list[str]:
        """``lbp[cell=row,column pattern=label]``."""
        cells = [(r, c) for r in range(self.grid) for c in range(self.grid)]
        return [f"lbp[cell={r},{c} pattern={p}]" for r, c in cells for p in range(BINS)]
