"""Descriptors for the two steps of the landmarker: of a box, and around the points of a shape."""

from __future__ import annotations

import cv2
import numpy as np

from .geometry import apply_affine, estimate_similarity
from .shape_model import (
    FRAME_SIDE_PX,
    N_ORIENTATIONS,
    directional_derivatives,
    invert_affine,
    mean_over_cells,
    orientation_maps,
    point_descriptors,
    warp_to_frame,
)

#: Side of the patch of a box in pixels, and how much it extends over the box.
BOX_PATCH_PX, BOX_EXTENSION = 64, 1.25
#: Cell size in pixels and cells per side of the two grids on the patch of a box.
BOX_GRIDS = ((8, 8), (4, 14))
#: Length of the descriptor of a box.
BOX_DESCRIPTOR_LENGTH = N_ORIENTATIONS * sum(n * n for _, n in BOX_GRIDS)
#: Cells of at least this size are computed in a frame of half the resolution.
MIN_HALVED_CELL_PX = 6
#: Minimum sum of a descriptor by which it is divided; smaller ones are noise and must not be amplified.
MIN_DESCRIPTOR_SUM = 0.09


def rotation(degrees: float) -> np.ndarray:
    """Matrix, shape (2, 2), that rotates points of an image clockwise."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[c, -s], [s, c]])


def box_descriptor(image: np.ndarray, box: np.ndarray, degrees: float = 0.0) -> np.ndarray:
    """Gradient orientations on two grids over a box, normalized by their neighbourhood; the square root.

    Parameters
    ----------
    image : ndarray, shape (H, W), uint8
    box : ndarray, shape (4,)
        x, y, width, height in pixels; a square of the mean side around its centre is used.
    degrees : float, default=0.0
        Clockwise rotation of the square.

    Returns
    -------
    ndarray, shape (BOX_DESCRIPTOR_LENGTH,), float32

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.landmark_features import box_descriptor
    >>> box_descriptor(np.zeros((100, 100), np.uint8), np.array([10, 10, 60, 60])).shape
    (2080,)
    """
    scale = float(np.mean(box[2:])) * BOX_EXTENSION / BOX_PATCH_PX
    centre = np.asarray(box[:2], float) + np.asarray(box[2:], float) / 2
    linear = scale * rotation(degrees)
    offset = centre - linear.sum(1) * (BOX_PATCH_PX - 1) / 2
    patch = warp_to_frame(image, np.column_stack([linear, offset]), BOX_PATCH_PX)
    derivatives = directional_derivatives(patch)
    parts = []
    for cell, n in BOX_GRIDS:
        grid = np.rint(np.linspace(cell / 2, BOX_PATCH_PX - 1 - cell / 2, n)).astype(int)
        values = mean_over_cells(derivatives, cell)[np.ix_(grid, grid)]
        energy = cv2.boxFilter((values**2).sum(-1), -1, (3, 3), borderType=cv2.BORDER_REPLICATE)
        # One grey level in a cell is noise and must not be amplified.
        parts.append((3 * values / np.maximum(np.sqrt(9 * energy), 1.0)[..., None]).ravel())
    return np.sqrt(np.concatenate(parts))


def shape_descriptors(
    image: np.ndarray, mean: np.ndarray, shape: np.ndarray, cell_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Descriptors around the points of a shape: the square root of histograms of gradient orientations.

    Parameters
    ----------
    image : ndarray, shape (H, W), uint8
    mean : ndarray, shape (68, 2)
        Mean shape in the reference frame.
    shape : ndarray, shape (68, 2)
        In pixels of the image.
    cell_size : int
        Side of the cells of a descriptor in pixels of the reference frame.

    Returns
    -------
    descriptors : ndarray, shape (68, 128), float32
        Of Euclidean length 1, or shorter where there is hardly any contrast.
    matrix : ndarray, shape (2, 3), float64
        Similarity transform from the reference frame to the image.

    Notes
    -----
    Histograms of large cells are computed at half the resolution of the reference frame. The square root is used (R.
    Arandjelovic, A. Zisserman, "Three things everyone should know to improve object retrieval", CVPR 2012,
    doi:10.1109/CVPR.2012.6248018): strong edges, of which rendered faces have others than photographs, dominate less.
    """
    matrix = estimate_similarity(mean, shape)
    points = apply_affine(invert_affine(matrix), shape)
    if cell_size < MIN_HALVED_CELL_PX or cell_size % 2:
        maps = orientation_maps(warp_to_frame(image, matrix), cell_size)
        return _square_root(point_descriptors(maps, points, cell_size)), matrix
    halved = np.hstack([2 * matrix[:, :2], (matrix[:, 2] + matrix[:, :2] @ [0.5, 0.5])[:, None]])
    maps = orientation_maps(warp_to_frame(image, halved, FRAME_SIDE_PX // 2), cell_size // 2)
    return _square_root(point_descriptors(maps, (points - 0.5) / 2, cell_size // 2)), matrix


def _square_root(descriptors: np.ndarray) -> np.ndarray:
    sums = descriptors.sum(-1, keepdims=True)
    return np.sqrt(descriptors / np.maximum(sums, MIN_DESCRIPTOR_SUM))
