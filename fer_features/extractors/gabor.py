"""Gabor magnitudes of the aligned face (Lyons, Akamatsu, Kamachi and Gyoba, FG 1998)."""

from __future__ import annotations

import numpy as np

from ..vision.gabor import gabor
from .appearance import OF, Appearance
from .parameters import POSITIVES, WHOLE, several


class Gabor(Appearance):
    """Gabor magnitudes pooled over a grid: of the apex crop, of its difference to neutral, or both.

    Parameters
    ----------
    frequencies : float or tuple of float
        In cycles a pixel of the crop, at most 0.5.
    orientations : int
        Directions of the wave over 180 degrees.
    grid : int
        The crop is cut into `grid` x `grid` cells.
    deviation : bool
        Whether the standard deviation in each cell stands beside its mean.
    of : {'apex', 'difference', 'both'}

    See Also
    --------
    fer_features.vision.gabor.gabor_magnitudes : the formula, and where it departs from the paper.

    Notes
    -----
    The paper reads magnitudes at 34 points of the face; here they are pooled over cells, as HOG and LBP are. The
    square root of each is taken, so that strong edges do not outweigh all else.
    """

    cites = "Lyons, Akamatsu, Kamachi and Gyoba, FG 1998"
    rules = {
        "frequencies": POSITIVES,
        "orientations": WHOLE,
        "grid": WHOLE,
        "deviation": (False, True),
        "of": OF,
    }

    def __init__(
        self,
        frequencies: float | tuple[float, ...] = (0.0625, 0.125, 0.25),
        orientations: int = 8,
        grid: int = 8,
        deviation: bool = False,
        of: str = "apex",
    ):
        self.frequencies = frequencies
        self.orientations = orientations
        self.grid = grid
        self.deviation = deviation
        self.of = of

    def describe_pictures(self, images: np.ndarray) -> np.ndarray:
        """Roots of pooled magnitudes of pictures, (n, H, W) uint8 -> (n, d) float32; d as in `gabor`."""
        pooled = gabor(images, several(self.frequencies), self.orientations, self.grid, bool(self.deviation))
        return np.sqrt(pooled, out=pooled)

    def picture_names(self) -> list[str]:
        """``gabor[cell=row,column frequency=cycles orientation=degrees]``, of deviations ``gabor deviation[...]``."""
        step = 180 / self.orientations
        return [
            f"{kind}[cell={r},{c} frequency={frequency:g} orientation={step * o:g}deg]"
            for r in range(self.grid)
            for c in range(self.grid)
            for frequency in several(self.frequencies)
            for o in range(self.orientations)
            for kind in (["gabor", "gabor deviation"] if self.deviation else ["gabor"])
        ]
