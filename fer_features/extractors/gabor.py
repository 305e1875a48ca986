"""Gabor magnitudes of the aligned face (Lyons, Akamatsu, Kamachi and Gyoba, FG 1998)."""

from __future__ import annotations

import numpy as np

from ..vision.gabor import gabor
from .appearance import FRAMES, Appearance
from .parameters import POSITIVE_INTEGER, POSITIVES, as_list


class Gabor(Appearance):
    """Magnitudes of Gabor filters, pooled over a grid.

    Parameters
    ----------
    frequencies : float or tuple of float, default=(0.0625, 0.125, 0.25)
        Spatial frequencies in cycles per pixel of the crop, at most 0.5.
    orientations : int, default=8
        Number of orientations of the filters over 180 degrees.
    grid : int, default=8
        The crop is divided into `grid` x `grid` cells.
    with_std : bool, default=False
        Whether the standard deviation in each cell is a feature as well as the mean.
    frame : {'apex', 'apex_minus_neutral', 'both'}, default='apex'
        Features of the apex frame, their difference to those of the neutral frame, or both concatenated.

    See Also
    --------
    fer_features.vision.gabor.gabor_magnitudes : The formula, and its differences to the paper.

    Notes
    -----
    The paper samples the magnitudes at 34 points of the face. Here they are pooled over cells, as those of HOG and LBP.
    The features are the square roots of the magnitudes, which keeps strong edges from dominating.

    References
    ----------
    M. Lyons, S. Akamatsu, M. Kamachi, J. Gyoba, "Coding facial expressions with Gabor wavelets", FG 1998,
    doi:10.1109/AFGR.1998.670949.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.extractors.gabor import Gabor
    >>> images = np.random.default_rng(0).integers(0, 256, (5, 48, 48)).astype(np.uint8)
    >>> extractor = Gabor(frequencies=0.25, orientations=4, grid=3)
    >>> extractor.fit_transform(images).shape
    (5, 36)
    >>> extractor.get_feature_names_out()[0]
    'gabor[cell=0,0 frequency=0.25 orientation=0deg]'
    """

    reference = "Lyons, Akamatsu, Kamachi and Gyoba, FG 1998"
    parameter_constraints = {
        "frequencies": POSITIVES,
        "orientations": POSITIVE_INTEGER,
        "grid": POSITIVE_INTEGER,
        "with_std": (False, True),
        "frame": FRAMES,
    }

    def __init__(
        self,
        frequencies: float | tuple[float, ...] = (0.0625, 0.125, 0.25),
        orientations: int = 8,
        grid: int = 8,
        with_std: bool = False,
        frame: str = "apex",
    ):
        self.frequencies = frequencies
        self.orientations = orientations
        self.grid = grid
        self.with_std = with_std
        self.frame = frame

    def extract_images(self, images: np.ndarray) -> np.ndarray:
        """Square roots of the pooled magnitudes of images (n, H, W) uint8, shape (n, d) float32."""
        pooled = gabor(images, as_list(self.frequencies), self.orientations, self.grid, bool(self.with_std))
        return np.sqrt(pooled, out=pooled)

    def image_feature_names(self) -> list[str]:
        """``gabor[cell=row,column frequency=cycles orientation=degrees]``; of SDs ``gabor std[...]``."""
        step = 180 / self.orientations
        return [
            f"{kind}[cell={r},{c} frequency={frequency:g} orientation={step * o:g}deg]"
            for r in range(self.grid)
            for c in range(self.grid)
            for frequency in as_list(self.frequencies)
            for o in range(self.orientations)
            for kind in (["gabor", "gabor std"] if self.with_std else ["gabor"])
        ]
