"""LBP, LPQ or HOG of patches around landmarks."""

from __future__ import annotations

import numpy as np

from ..exceptions import FerError
from ..samples.table import Samples
from ..vision.hog import hog
from ..vision.landmark_names import LANDMARK_NAMES
from ..vision.lbp import N_LBP_LABELS, lbp_histograms
from ..vision.lpq import N_LPQ_CODES, lpq_histograms
from ..vision.patches import POINT_SETS, extract_patches
from .align import Align
from .appearance import FRAMES, Appearance
from .parameters import NON_NEGATIVE_INTEGER, POSITIVE_INTEGER, POSITIVE_INTEGERS, WINDOW_SIZES, as_list


class Patches(Appearance):
    """LBP, LPQ or HOG of square patches around landmarks.

    Parameters
    ----------
    descriptor : {'lbp', 'hog', 'lpq'}, default='lbp'
        Square roots of histograms of uniform patterns or of codes of local phase quantization (LPQ), or HOG. HOG needs
        more cells: 4 on patches of 32 pixels, with all of them in one block. LPQ usually has one cell.
    points : {'few', 'inner', 'all'}, default='inner'
        Landmarks at the centres of the patches: 21 selected ones, the 51 without the jaw, or all 68.
    patch_size : int or tuple of int, default=28
        Side of a patch in pixels of the crop. The features of several sizes are concatenated.
    cells : int, default=2
        A patch is divided into `cells` x `cells` cells; `patch_size` must be a multiple of it.
    cells_per_block : int, default=2
        Side of a block in cells, for HOG. The names of features omit the block where a patch has only one.
    orientations : int, default=9
        Number of orientation bins over 180 degrees, or over 360 degrees with `signed_gradients`, for HOG.
    signed_gradients : bool, default=False
        Whether opposite directions of the gradient have different bins, for HOG.
    align_size : int, default=0
        Width in pixels of the crop, aligned by all landmarks, in which patches are taken; see `Align`. 0 takes them in
        the images as they are. It serves pipelines whose other extractors use the face without alignment.
    radius : int, default=2
        Radius of the circle of 8 neighbours in pixels of the crop, for LBP.
    window_size : int, default=5
        Side of the window of the Fourier transform in pixels of the crop, odd and at least 3, for LPQ.
    frame : {'apex', 'apex_minus_neutral', 'both'}, default='apex'
        Features of the apex frame, their difference to those of the neutral frame, or both concatenated.

    See Also
    --------
    fer_features.vision.patches.extract_patches : How patches are cropped.
    fer_features.vision.hog.hog, fer_features.vision.lbp.lbp_histograms, fer_features.vision.lpq.lpq_histograms : The
        formulas.

    Notes
    -----
    Patches follow the landmarks. A grid over the crop also encodes where a raised brow is; patches leave this to the
    landmarks, and their difference to the neutral frame is one of texture around the same part of the face.

    The surroundings of a patch are not used: gradients at its border are 0, and binary patterns there compare with 0,
    as at the border of any image. LPQ omits pixels whose window is not inside the patch.

    References
    ----------
    D. Chen, X. Cao, F. Wen, J. Sun, "Blessing of dimensionality: high-dimensional feature and its efficient compression
    for face verification", CVPR 2013, doi:10.1109/CVPR.2013.389 (patches at landmarks).
    N. Dalal, B. Triggs, "Histograms of oriented gradients for human detection", CVPR 2005,
    doi:10.1109/CVPR.2005.177.
    T. Ahonen, A. Hadid, M. Pietikainen, "Face description with local binary patterns: application to face
    recognition", IEEE TPAMI 28(12), 2006, doi:10.1109/TPAMI.2006.244.
    V. Ojansivu, J. Heikkila, "Blur insensitive texture classification using local phase quantization", ICISP 2008,
    doi:10.1007/978-3-540-69905-7_27.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples
    >>> from fer_features.extractors.patches import Patches
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> images = np.random.default_rng(0).integers(0, 256, (3, 1, 96, 96)).astype(np.uint8)
    >>> landmarks = np.broadcast_to(26 * MEAN_FACE + [48, 32], (3, 1, 68, 2))
    >>> extractor = Patches(points="few")
    >>> extractor.fit_transform(Samples.from_arrays(images, landmarks)).shape
    (3, 4956)
    >>> extractor.get_feature_names_out()[0]
    'lbp[jaw 9 cell=0,0 pattern=0]'
    """

    required_columns = ("images", "landmarks")
    reference = (
        "Chen, Cao, Wen and Sun, CVPR 2013 (patches at landmarks); Dalal and Triggs 2005; Ahonen et al. 2006; Ojansivu "
        "and Heikkila 2008"
    )
    parameter_constraints = {
        "descriptor": ("lbp", "hog", "lpq"),
        "points": tuple(POINT_SETS),
        "patch_size": POSITIVE_INTEGERS,
        "cells": POSITIVE_INTEGER,
        "cells_per_block": POSITIVE_INTEGER,
        "orientations": POSITIVE_INTEGER,
        "signed_gradients": (False, True),
        "align_size": NON_NEGATIVE_INTEGER,
        "radius": POSITIVE_INTEGER,
        "window_size": WINDOW_SIZES,
        "frame": FRAMES,
    }

    #: Default for models saved without this parameter.
    window_size = 5

    def __init__(
        self,
        descriptor: str = "lbp",
        points: str = "inner",
        patch_size: int | tuple[int, ...] = 28,
        cells: int = 2,
        cells_per_block: int = 2,
        orientations: int = 9,
        signed_gradients: bool = False,
        align_size: int = 0,
        radius: int = 2,
        window_size: int = 5,
        frame: str = "apex",
    ):
        self.descriptor = descriptor
        self.points = points
        self.patch_size = patch_size
        self.cells = cells
        self.cells_per_block = cells_per_block
        self.orientations = orientations
        self.signed_gradients = signed_gradients
        self.align_size = align_size
        self.radius = radius
        self.window_size = window_size
        self.frame = frame

    def validate_parameters(self) -> None:
        """Raise an error for invalid parameters, or for cells that do not fit into the patches or blocks.

        Raises
        ------
        FerError
        """
        super().validate_parameters()
        for size in as_list(self.patch_size):
            if size % self.cells:
                raise FerError(f"Patches: patch_size={size}, but a multiple of cells={self.cells} is needed")
            if self.descriptor == "lpq" and size - self.window_size + 1 < self.cells:
                raise FerError(
                    f"Patches: patch_size={size} is too small for {self.cells} x {self.cells} cells with "
                    f"window_size={self.window_size}"
                )
        if self.descriptor == "hog" and self.cells_per_block > self.cells:
            raise FerError(
                f"Patches: cells_per_block={self.cells_per_block}, but a patch has {self.cells} x {self.cells} cells"
            )

    def extract_frame(self, X: Samples, t: int) -> np.ndarray:
        """Features of frame `t`, shape (n, d) float32: by patch size, landmark, and cell."""
        if self.align_size:
            X = Align(size=self.align_size).transform(X)
        images = X.frame("images", t)
        points = X.frame("landmarks", t)[:, list(POINT_SETS[self.points])]
        return np.concatenate([self._patch_features(images, points, size) for size in as_list(self.patch_size)], 1)

    def image_feature_names(self) -> list[str]:
        """Names such as ``lbp[landmark cell=row,column pattern=label]``.

        Of HOG they are ``hog[landmark block=row,column cell=row,column orientation=degrees]``. With several patch
        sizes, ``size=pixels`` precedes the landmark.
        """
        sizes = as_list(self.patch_size)
        names = self._names_within_patch()
        return [
            f"{self.descriptor}[{f'size={size} ' if len(sizes) > 1 else ''}{LANDMARK_NAMES[i]} {name}]"
            for size in sizes
            for i in POINT_SETS[self.points]
            for name in names
        ]

    def _patch_features(self, images: np.ndarray, points: np.ndarray, size: int) -> np.ndarray:
        patches = extract_patches(images, points, size).reshape(-1, size, size)
        if self.descriptor == "hog":
            cell = size // self.cells
            features = hog(patches, self.orientations, cell, self.cells_per_block, bool(self.signed_gradients))
            return features.reshape(len(images), -1)
        if self.descriptor == "lpq":
            features = lpq_histograms(patches, self.window_size, grid=self.cells)
        else:
            features = lbp_histograms(patches, self.radius, self.cells)
        np.sqrt(features, out=features)
        return features.reshape(len(images), -1)

    def _names_within_patch(self) -> list[str]:
        cells = [(r, c) for r in range(self.cells) for c in range(self.cells)]
        if self.descriptor == "lbp":
            return [f"cell={r},{c} pattern={p}" for r, c in cells for p in range(N_LBP_LABELS)]
        if self.descriptor == "lpq":
            return [f"cell={r},{c} code={k}" for r, c in cells for k in range(N_LPQ_CODES)]
        step, side = (360 if self.signed_gradients else 180) / self.orientations, self.cells_per_block
        n_blocks = self.cells - side + 1
        return [
            f"{f'block={r},{c} ' if n_blocks > 1 else ''}cell={r + i},{c + j} orientation={step * o:g}deg"
            for r in range(n_blocks)
            for c in range(n_blocks)
            for i in range(side)
            for j in range(side)
            for o in range(self.orientations)
        ]
