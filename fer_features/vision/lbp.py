"""Uniform local binary patterns (Ojala, Pietikainen and Maenpaa, PAMI 2002) of a batch of images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .lbp_labels import N_LBP_LABELS, images_per_chunk, label_chunks


def lbp_codes(images: np.ndarray, radius: int = 1) -> np.ndarray:
    """Compute the uniform local binary patterns of 8 neighbours of each pixel.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8
        Grey images.
    radius : int, default=1
        Radius of the circle of neighbours in pixels. Neighbours between pixels are interpolated bilinearly.

    Returns
    -------
    ndarray, shape (n, H, W), uint8
        Labels 0 to 58: 58 uniform patterns, and the last label for all other patterns. They equal
        ``skimage.feature.local_binary_pattern(image, P=8, R=radius, method='nri_uniform')``.

    References
    ----------
    T. Ojala, M. Pietikainen, T. Maenpaa, "Multiresolution gray-scale and rotation invariant texture classification with
    local binary patterns", IEEE TPAMI 24(7), 2002, doi:10.1109/TPAMI.2002.1017623.
    T. Ahonen, A. Hadid, M. Pietikainen, "Face description with local binary patterns: application to face
    recognition", IEEE TPAMI 28(12), 2006, doi:10.1109/TPAMI.2006.244 (uniform labels that depend on the rotation).

    Notes
    -----
    As in scikit-image, the grey value outside the image is 0.

    In case of a tie, as in flat patches, the bit of an interpolated neighbour is the sign of a float64 rounding error,
    which depends on the position of the pixel. To give the same labels as scikit-image, comparisons are made in float32
    except for near-ties. Near-ties in flat patches are looked up in a table that is computed with the expressions of
    scikit-image; all other near-ties are evaluated one by one with these expressions.

    Examples
    --------
    A bright point is brighter than all its neighbours, a dark point darker:

    >>> import numpy as np
    >>> images = np.full((2, 7, 7), 100, np.uint8)
    >>> images[:, 3, 3] = 200, 50
    >>> lbp_codes(images)[:, 3, 3]
    array([ 0, 57], dtype=uint8)
    """
    labels = np.empty(images.shape, np.uint8)
    for start, chunk in label_chunks(images, radius):
        labels[start : start + len(chunk)] = chunk[:, : images.shape[1], : images.shape[2]]
    return labels


def lbp_histograms(images: np.ndarray, radius: int | Sequence[int] = 1, grid: int | Sequence[int] = 6) -> np.ndarray:
    """Compute histograms of uniform local binary patterns over a grid of cells.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8
        Grey images.
    radius : int or sequence of int, default=1
        Radius of the circle of 8 neighbours in pixels; see `lbp_codes`.
    grid : int or sequence of int, default=6
        Number of cells per side. Cells cover all pixels; their sizes differ by at most one pixel.

    Returns
    -------
    ndarray, shape (n, d), float32
        Relative frequencies: the radii one after the other, for each radius the grids, in each grid the cells in
        row-major order, in each cell the 59 labels. Each histogram has a sum of 1. The length d is the number of radii
        times 59 times the sum of ``grid**2``.

    Raises
    ------
    ValueError
        If a side of the image has fewer pixels than cells.

    See Also
    --------
    lbp_codes : The patterns, and their differences to the paper.

    References
    ----------
    T. Ahonen, A. Hadid, M. Pietikainen, "Face description with local binary patterns: application to face
    recognition", IEEE TPAMI 28(12), 2006, doi:10.1109/TPAMI.2006.244.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.zeros((3, 24, 24), np.uint8)
    >>> lbp_histograms(images, radius=1, grid=6).shape
    (3, 2124)
    >>> lbp_histograms(images, radius=(1, 2), grid=(2, 3)).shape == (3, 2 * 59 * (2**2 + 3**2))
    True
    """
    radii, grids = (list(x) if isinstance(x, Sequence) else [x] for x in (radius, grid))
    n, height, width = images.shape
    for size in grids:
        if min(height, width) < size:
            raise ValueError(f"an image of {width} x {height} pixels cannot be divided into {size} x {size} cells")
    k = images_per_chunk(images)
    histograms = np.empty((n, len(radii), N_LBP_LABELS * sum(size * size for size in grids)), np.float32)
    for i, r in enumerate(radii):
        grid_bins = [_first_bins(k, height, width, r, size) for size in grids]
        index = np.empty((k, (height + r) * (width + r)), np.intp)
        for start, labels in label_chunks(images, r):
            m, column = len(labels), 0
            for first_bin, pixels in grid_bins:
                n_bins = len(pixels) * N_LBP_LABELS
                np.add(first_bin[:m], labels.reshape(m, -1), out=index[:m])
                counts = np.bincount(index[:m].reshape(-1), minlength=(k + 1) * n_bins)[: m * n_bins]
                block = histograms[start : start + m, i, column : column + n_bins].reshape(m, -1, N_LBP_LABELS)
                block[...] = counts.reshape(block.shape)
                block /= pixels
                column += n_bins
    return histograms.reshape(n, histograms.shape[1] * histograms.shape[2])


def _first_bins(k: int, height: int, width: int, radius: int, grid: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first bin of each pixel of k images (k, d), in the layout of `label_chunks`, and the cell sizes.

    The padding between images is assigned to an extra cell after the last one. The cell sizes are pixel counts,
    (cells, 1) float32.
    """
    cell = (np.arange(height) * grid // height)[:, None] * grid + np.arange(width) * grid // width
    cell_of_pixel = np.full((k, height + radius, width + radius), k * grid * grid)
    cell_of_pixel[:, :height, :width] = cell + grid * grid * np.arange(k)[:, None, None]
    pixels = np.bincount(cell.ravel()).astype(np.float32)[:, None]
    return cell_of_pixel.reshape(k, -1) * N_LBP_LABELS, pixels
