"""Local binary patterns of the aligned face (Ahonen, Hadid and Pietikainen, PAMI 2006)."""

from __future__ import annotations

import numpy as np

from ..vision.lbp import N_LBP_LABELS, lbp_histograms
from .appearance import FRAMES, Appearance
from .parameters import POSITIVE_INTEGERS, as_list


class LBP(Appearance):
    """Histograms of uniform local binary patterns (LBP) over a grid.

    Parameters
    ----------
    radius : int or tuple of int, default=2
        Radius of the circle of 8 neighbours in pixels of the crop.
    grid : int or tuple of int, default=8
        The crop is divided into `grid` x `grid` cells. With several radii or grids, the histograms of each radius over
        each grid are concatenated: radii in the outer loop, grids in the inner loop.
    frame : {'apex', 'apex_minus_neutral', 'both'}, default='apex'
        Features of the apex frame, their difference to those of the neutral frame, or both concatenated.

    See Also
    --------
    fer_features.vision.lbp.lbp_histograms : The formula, and its differences to the paper.

    Notes
    -----
    The patterns are those of `skimage.feature.local_binary_pattern` with ``P=8``, ``R=radius`` and
    ``method='nri_uniform'``: 58 uniform patterns and one bin for all others. The features are the square roots of the
    histograms, so that the Euclidean distance is the Hellinger distance, which suits histograms.

    References
    ----------
    T. Ahonen, A. Hadid, M. Pietikainen, "Face description with local binary patterns: application to face
    recognition", IEEE TPAMI 28(12), 2006, doi:10.1109/TPAMI.2006.244.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.extractors import LBP
    >>> images = np.random.default_rng(0).integers(0, 256, (5, 48, 48)).astype(np.uint8)
    >>> LBP(radius=(1, 2), grid=4).fit_transform(images).shape
    (5, 1888)
    """

    reference = "Ahonen, Hadid and Pietikainen, PAMI 2006"
    parameter_constraints = {"radius": POSITIVE_INTEGERS, "grid": POSITIVE_INTEGERS, "frame": FRAMES}

    def __init__(self, radius: int | tuple[int, ...] = 2, grid: int | tuple[int, ...] = 8, frame: str = "apex"):
        self.radius = radius
        self.grid = grid
        self.frame = frame

    def extract_images(self, images: np.ndarray) -> np.ndarray:
        """Square roots of the histograms of images (n, H, W) uint8, shape (n, d) float32."""
        histograms = lbp_histograms(images, self.radius, self.grid)
        return np.sqrt(histograms, out=histograms)

    def image_feature_names(self) -> list[str]:
        """``lbp[cell=row,column pattern=label]``; of several radii or grids, ``radius=pixels grid=cells`` first."""
        settings = [(radius, grid) for radius in as_list(self.radius) for grid in as_list(self.grid)]
        return [
            f"lbp[{f'radius={radius} grid={grid} ' if len(settings) > 1 else ''}cell={r},{c} pattern={p}]"
            for radius, grid in settings
            for r in range(grid)
            for c in range(grid)
            for p in range(N_LBP_LABELS)
        ]
