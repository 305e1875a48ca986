"""Local binary patterns of the aligned face (Ahonen, Hadid and Pietikainen, PAMI 2006)."""

from __future__ import annotations

import numpy as np

from ..vision.lbp import BINS, lbp_histograms
from .appearance import OF, Appearance
from .parameters import WHOLES, several


class LBP(Appearance):
    """Histograms of uniform patterns over a grid: of the apex crop, of its difference to neutral, or both.

    Parameters
    ----------
    radius : int or tuple of int
        Radius of the circle of 8 neighbours in pixels of the crop.
    grid : int or tuple of int
        The crop is cut into `grid` x `grid` cells. With several radii or grids, each radius is counted over each grid,
        side by side: radii one after the other, in each the grids.
    of : {'apex', 'difference', 'both'}

    Notes
    -----
    The square root of each histogram is taken, so that Euclidean distance is Hellinger's, which suits counts.
    """

    cites = "Ahonen, Hadid and Pietikainen, PAMI 2006"
    rules = {"radius": WHOLES, "grid": WHOLES, "of": OF}

    def __init__(self, radius: int | tuple[int, ...] = 2, grid: int | tuple[int, ...] = 8, of: str = "apex"):
        self.radius = radius
        self.grid = grid
        self.of = of

    def describe_pictures(self, images: np.ndarray) -> np.ndarray:
        """Roots of histograms of pictures, (n, H, W) uint8 -> (n, d) float32; d as in `lbp_histograms`."""
        histograms = lbp_histograms(images, self.radius, self.grid)
        return np.sqrt(histograms, out=histograms)

    def picture_names(self) -> list[str]:
        """``lbp[cell=row,column pattern=label]``; of several radii or grids, ``radius=pixels grid=cells`` first."""
        settings = [(radius, grid) for radius in several(self.radius) for grid in several(self.grid)]
        return [
            f"lbp[{f'radius={radius} grid={grid} ' if len(settings) > 1 else ''}cell={r},{c} pattern={p}]"
            for radius, grid in settings
            for r in range(grid)
            for c in range(grid)
            for p in range(BINS)
        ]
