"""Shape model of the landmarker: mean shape, reference frame, and gradient descriptors around the points of a shape.

The reference frame is a square of FRAME_SIDE_PX pixels in which the mean shape is upright, with its outer eye corners
FRAME_EYE_DISTANCE_PX pixels apart. The similarity from a shape to the mean shape maps the image to this frame, so that
regressions in the frame do not depend on position, size and rotation.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np

from .geometry import MIRROR_INDICES, apply_affine, estimate_similarity

#: Side of the reference frame, and distance of the outer eye corners of the mean shape in it, in pixels.
FRAME_SIDE_PX, FRAME_EYE_DISTANCE_PX = 128, 54.0
#: Outer corners of the left and right eye in the iBUG-68 scheme.
OUTER_EYE_CORNERS = (36, 45)
#: Spatial cells per side of a descriptor, and orientations per cell.
CELLS_PER_SIDE, N_ORIENTATIONS = 4, 8
#: Length of the descriptor of one point.
DESCRIPTOR_LENGTH = CELLS_PER_SIDE * CELLS_PER_SIDE * N_ORIENTATIONS


def outer_eye_distance(landmarks: np.ndarray) -> np.ndarray:
    """Distance between the outer eye corners.

    Parameters
    ----------
    landmarks : ndarray, shape (..., 68, 2)
        iBUG-68 points in pixels.

    Returns
    -------
    ndarray, shape (...,)
        In pixels.

    Notes
    -----
    Evaluations on 300-W call this the interocular distance (Sagonas et al., "300 faces in-the-wild challenge", 2016,
    doi:10.1016/j.imavis.2016.01.002). The distance between the eye centres, which the other modules use, is about two
    thirds of it.

    Examples
    --------
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> from fer_features.vision.shape_model import outer_eye_distance
    >>> float(outer_eye_distance(100 * MEAN_FACE))
    144.0
    """
    left, right = OUTER_EYE_CORNERS
    return np.linalg.norm(landmarks[..., right, :] - landmarks[..., left, :], axis=-1)


def mean_shape(landmarks: np.ndarray, n_iter: int = 5) -> np.ndarray:
    """Symmetric mean of shapes by generalized Procrustes analysis, in the reference frame.

    Parameters
    ----------
    landmarks : ndarray, shape (n, 68, 2)
        iBUG-68 points in pixels.
    n_iter : int, default=5
        How often the shapes are aligned to their mean.

    Returns
    -------
    ndarray, shape (68, 2), float64
        In pixels of the reference frame: the bounding box is centred, the outer eye corners are FRAME_EYE_DISTANCE_PX
        apart on a horizontal line.

    References
    ----------
    J. C. Gower, "Generalized Procrustes analysis", Psychometrika 40(1), 1975, doi:10.1007/BF02291478.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> from fer_features.vision.shape_model import mean_shape, outer_eye_distance
    >>> round(float(outer_eye_distance(mean_shape(np.stack([80 * MEAN_FACE, 50 * MEAN_FACE + 9])))), 6)
    54.0
    """
    eyes = np.array([[-FRAME_EYE_DISTANCE_PX / 2, 0.0], [FRAME_EYE_DISTANCE_PX / 2, 0.0]])
    mean = np.asarray(landmarks[0], np.float64)
    for _ in range(n_iter):
        mean = apply_affine(estimate_similarity(landmarks, mean), landmarks).mean(0)
        flipped = mean[MIRROR_INDICES] * [-1, 1]
        mean = (mean + apply_affine(estimate_similarity(flipped, mean), flipped)) / 2
        mean = apply_affine(estimate_similarity(mean[list(OUTER_EYE_CORNERS)], eyes), mean)
    return mean - (mean.min(0) + mean.max(0)) / 2 + (FRAME_SIDE_PX - 1) / 2


def invert_affine(matrix: np.ndarray) -> np.ndarray:
    """Inverse of an affine transform.

    Parameters
    ----------
    matrix : ndarray, shape (2, 3)

    Returns
    -------
    ndarray, shape (2, 3)

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.shape_model import invert_affine
    >>> invert_affine(np.array([[2.0, 0.0, 6.0], [0.0, 2.0, 4.0]]))
    array([[ 0.5,  0. , -3. ],
           [ 0. ,  0.5, -2. ]])
    """
    linear = np.linalg.inv(matrix[:, :2])
    return np.hstack([linear, -linear @ matrix[:, 2:]])


def warp_to_frame(image: np.ndarray, matrix: np.ndarray, side: int = FRAME_SIDE_PX) -> np.ndarray:
    """Image in the reference frame; beyond the image its border is replicated.

    Parameters
    ----------
    image : ndarray, shape (H, W), uint8
    matrix : ndarray, shape (2, 3)
        Affine transform from the reference frame to the image.
    side : int, default FRAME_SIDE_PX
        Side of the frame in pixels.

    Returns
    -------
    ndarray, shape (side, side), uint8
    """
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def orientation_maps(frame: np.ndarray, cell_size: int) -> np.ndarray:
    """Mean directional derivatives over squares of pixels.

    Parameters
    ----------
    frame : ndarray, shape (FRAME_SIDE_PX, FRAME_SIDE_PX), uint8
    cell_size : int
        Side of the squares in pixels.

    Returns
    -------
    ndarray, shape (FRAME_SIDE_PX, FRAME_SIDE_PX, 8), float32
        The positive part of the derivative in each of 8 directions: right, lower right, down, ...

    References
    ----------
    E. Tola, V. Lepetit, P. Fua, "DAISY: An efficient dense descriptor applied to wide-baseline stereo", PAMI 32(5),
    2010, doi:10.1109/TPAMI.2009.77. Departures: box filters instead of Gaussians, and cells on a square grid.
    """
    return mean_over_cells(directional_derivatives(frame), cell_size)


def directional_derivatives(frame: np.ndarray) -> np.ndarray:
    """Positive parts of the derivatives of a frame, shape (s, s), in 8 directions, shape (s, s, 8), int16."""
    # Integers up to the sums are exact, and half as fast again.
    dx = cv2.Sobel(frame, cv2.CV_16S, 1, 0, ksize=1)
    dy = cv2.Sobel(frame, cv2.CV_16S, 0, 1, ksize=1)
    directions = (dx, dx + dy, dy, dy - dx)
    return cv2.merge([np.maximum(p, 0) for p in directions] + [np.maximum(-p, 0) for p in directions])


def mean_over_cells(derivatives: np.ndarray, cell_size: int) -> np.ndarray:
    """Means of `directional_derivatives` over squares of pixels, as `orientation_maps` returns them."""
    maps = cv2.boxFilter(derivatives, cv2.CV_32F, (cell_size, cell_size))
    maps[..., 1::2] *= np.float32(np.sqrt(0.5))
    return maps


def point_descriptors(maps: np.ndarray, points: np.ndarray, cell_size: int) -> np.ndarray:
    """Descriptors of 4 x 4 cells around points.

    Parameters
    ----------
    maps : ndarray, shape (s, s, 8)
        From `orientation_maps` with the same `cell_size`.
    points : ndarray, shape (p, 2)
        In pixels of the maps; cells beyond the edge are replaced by those on the edge.
    cell_size : int
        Side of a cell in pixels.

    Returns
    -------
    ndarray, shape (p, 128), float32
        Of Euclidean length 1, or shorter where the contrast is below one grey level.
    """
    cells = np.rint(points).astype(np.intp)[:, None] + _cell_offsets(cell_size)
    side = len(maps)
    np.clip(cells, 0, side - 1, out=cells)
    values = maps.reshape(-1, N_ORIENTATIONS)[cells[..., 1] * side + cells[..., 0]]
    values = values.reshape(len(points), DESCRIPTOR_LENGTH)
    norm = np.sqrt(np.einsum("ij,ij->i", values, values))[:, None]
    # One grey level in a cell is noise and must not be amplified to a full descriptor.
    return values / np.maximum(norm, 1.0)


@functools.lru_cache(16)
def _cell_offsets(cell_size: int) -> np.ndarray:
    line = np.floor(cell_size * (np.arange(CELLS_PER_SIDE) - (CELLS_PER_SIDE - 1) / 2) + 0.5).astype(int)
    return np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)
