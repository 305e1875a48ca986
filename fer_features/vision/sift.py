"""Dense SIFT descriptors (Lowe, IJCV 2004) on a regular grid, computed by matrix products."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import cv2
import numpy as np

#: Number of spatial bins per side of a patch.
N_SPATIAL_BINS = 4
#: Number of orientation bins over 360 degrees.
N_ORIENTATIONS = 8
#: Number of values of a descriptor.
DESCRIPTOR_LENGTH = N_SPATIAL_BINS * N_SPATIAL_BINS * N_ORIENTATIONS


def dense_sift(
    images: np.ndarray,
    bin_sizes: Sequence[float] = (4, 6),
    step: float = 4,
    rootsift: bool = False,
    sigma: float = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Compute upright SIFT descriptors of a batch of images on a regular grid.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8 or float32
        Grey images.
    bin_sizes : sequence of float, default=(4, 6)
        Sides of a spatial bin in pixels, one per scale. A patch has 4 x 4 bins. Sizes that do not fit into the image
        are ignored.
    step : float, default=4
        Distance between neighbouring patches in pixels, the same for every bin size.
    rootsift : bool, default=False
        Whether to return RootSIFT: the square root of the L1-normalized descriptor. The Euclidean distance of RootSIFT
        descriptors is the Hellinger distance.
    sigma : float, default=0
        Standard deviation in pixels of a Gaussian filter that is applied to the images first; 0 for no filter.

    Returns
    -------
    descriptors : ndarray, shape (n, p, 128), float32
        Descriptors of length 1; 0 for patches without gradients. The spatial bins are in row-major order, in each bin
        the orientations of the gradient: 0 degrees (brighter to the right), 45 degrees (brighter to the upper right),
        ..., as in OpenCV.
    positions : ndarray, shape (p, 2), float32
        Patch centres (x, y) in pixels: those of the first bin size in row-major order, then those of the next one.

    Raises
    ------
    ValueError
        If the image is too small for every bin size.

    References
    ----------
    D. G. Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 60(2), 2004,
    doi:10.1023/B:VISI.0000029664.99615.94.
    R. Arandjelovic, A. Zisserman, "Three things everyone should know to improve object retrieval", CVPR 2012,
    doi:10.1109/CVPR.2012.6248018.

    Notes
    -----
    Votes are interpolated trilinearly and weighted by a Gaussian with a standard deviation of two bins, both exactly as
    in the paper. The weights are products of a function of x and a function of y. All bins of all patches of an image
    are therefore ``V @ plane @ U.T`` for each of the 8 orientation planes. The matrices V and U are banded and are cut
    into dense blocks.

    At the same points and scale, on the same smoothed image, all descriptor values correlate by 0.9999 with those of
    ``cv2.SIFT_create().compute``, and each descriptor by more than 0.998. The remaining differences: OpenCV rounds
    points to integer pixels and descriptors to integers, and it uses a fast approximation of the angle. OpenCV always
    smooths with a standard deviation of 1.52 pixels (``sigma=1.52`` here). Without smoothing the correlation is 0.88
    (bins of 4 pixels) to 0.94 (8 pixels).

    Departures from the paper: scale and orientation are not estimated, patches are upright, and images are not smoothed
    in proportion to the bin size.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.random.default_rng(0).integers(0, 256, (2, 48, 48)).astype(np.uint8)
    >>> descriptors, positions = dense_sift(images, bin_sizes=(4,), step=8)
    >>> descriptors.shape
    (2, 25, 128)
    >>> positions[:2].tolist()
    [[7.5, 7.5], [15.5, 7.5]]
    """
    n, height, width = images.shape
    fitting = fitting_bin_sizes(height, width, bin_sizes)
    if not fitting:
        raise ValueError(
            f"an image of {width} x {height} pixels is too small for a patch of 4 x 4 bins of {min(bin_sizes):g} pixels"
        )
    positions = patch_centres(height, width, fitting, step)
    descriptors = np.empty((n, len(positions), DESCRIPTOR_LENGTH), np.float32)
    # One image at a time: its arrays stay in the cache, and rounding does not depend on the other images of the batch.
    for i in range(n):
        lines = np.ascontiguousarray(orientation_planes(images[i : i + 1], sigma)[0].transpose(1, 0, 2))
        first = 0
        for b in fitting:
            votes = _votes(lines, float(b), float(step))
            _normalize(votes, rootsift, out=descriptors[i, first : first + len(votes)])
            first += len(votes)
    return descriptors, positions


def fitting_bin_sizes(height: int, width: int, bin_sizes: Sequence[float]) -> tuple[float, ...]:
    """The sizes of bins whose patches fit into an image of this size.

    Examples
    --------
    >>> fitting_bin_sizes(height=13, width=20, bin_sizes=(4, 6))
    (4,)
    """
    return tuple(b for b in bin_sizes if min(height, width) - 1 >= (N_SPATIAL_BINS - 1) * b)


def patch_centres(height: int, width: int, bin_sizes: Sequence[float], step: float) -> np.ndarray:
    """Compute the centres of the patches of `dense_sift`.

    The centres of the outermost spatial bins lie inside the image. The grid is centred in the image, so that the
    patches of a mirrored image are the mirrored patches.

    Parameters
    ----------
    height, width : int
        Size of the image in pixels.
    bin_sizes : sequence of float
        Sides of a spatial bin in pixels.
    step : float
        Distance between neighbouring patches in pixels.

    Returns
    -------
    ndarray, shape (p, 2), float32
        Centres (x, y) in pixels, in the order of `dense_sift`.

    Examples
    --------
    >>> patch_centres(height=13, width=20, bin_sizes=(4,), step=4).tolist()
    [[7.5, 6.0], [11.5, 6.0]]
    """
    grids = []
    for b in bin_sizes:
        y, x = (_centres(size, float(b), float(step)) for size in (height, width))
        grids.append(np.stack(np.meshgrid(x, y), -1).reshape(-1, 2))
    return np.concatenate(grids).astype(np.float32)


@functools.lru_cache(16)
def mirror_permutations(
    height: int, width: int, bin_sizes: tuple[float, ...], step: float
) -> tuple[np.ndarray, np.ndarray]:
    """Permutations that turn the descriptors of `dense_sift` into those of the mirror image.

    Parameters
    ----------
    height, width, bin_sizes, step
        As in `patch_centres`.

    Returns
    -------
    patches : ndarray, shape (p,), int
        The patches of the image that become the patches of the mirror image.
    values : ndarray, shape (128,), int
        The values of a descriptor that become those of its mirror image. The permutation is its own inverse.

    Notes
    -----
    Grids are centred, so that a patch is mirrored onto a patch of the same row. Differences to the descriptors of the
    mirror image are of the size of float32 rounding.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.random.default_rng(0).integers(0, 256, (2, 30, 40)).astype(np.uint8)
    >>> patches, values = mirror_permutations(30, 40, (4,), 3)
    >>> descriptors, mirrored = (dense_sift(x, (4,), 3)[0] for x in (images, images[..., ::-1]))
    >>> np.allclose(descriptors[:, patches][..., values], mirrored, atol=1e-5)
    True
    """
    grids, first = [], 0
    for b in bin_sizes:
        rows, columns = (len(_centres(size, float(b), float(step))) for size in (height, width))
        grids.append(first + np.arange(rows * columns).reshape(rows, columns)[:, ::-1].ravel())
        first += rows * columns
    values = np.arange(DESCRIPTOR_LENGTH).reshape(N_SPATIAL_BINS, N_SPATIAL_BINS, N_ORIENTATIONS)
    opposite = (N_ORIENTATIONS // 2 - np.arange(N_ORIENTATIONS)) % N_ORIENTATIONS
    return np.concatenate(grids), values[:, ::-1, opposite].ravel()


def orientation_planes(images: np.ndarray, sigma: float = 0) -> np.ndarray:
    """Distribute the gradient magnitude of each pixel over the two nearest of 8 orientations.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8 or float32
        Grey images.
    sigma : float, default=0
        Standard deviation in pixels of a Gaussian filter that is applied first; 0 for no filter.

    Returns
    -------
    ndarray, shape (n, 8, H, W), float32
        Magnitudes in grey levels per two pixels, because central differences are not halved; 0 on the outermost pixels.
        Orientations are counted anticlockwise from the right: 0, 45, ..., 315 degrees.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.tile(3 * np.arange(8, dtype=np.uint8), (1, 8, 1))
    >>> orientation_planes(ramp)[0, :, 4, 4]
    array([6., 0., 0., 0., 0., 0., 0., 0.], dtype=float32)
    """
    n, height, width = images.shape
    grey = images.astype(np.float32)
    if sigma:
        grey = np.stack([cv2.GaussianBlur(image, (0, 0), sigma) for image in grey]) if n else grey
    dx, dy = np.zeros((2, n, height, width), np.float32)
    inner = np.s_[:, 1:-1, 1:-1]
    dx[inner] = grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2]
    dy[inner] = grey[:, :-2, 1:-1] - grey[:, 2:, 1:-1]
    magnitude = np.sqrt(dx * dx + dy * dy)
    # Angle in units of one orientation, -4 to 4: orientations 5..7 are at -3..-1, orientation 4 is at both ends.
    angle = np.arctan2(dy, dx) * np.float32(N_ORIENTATIONS / (2 * np.pi))
    planes = np.empty((n, N_ORIENTATIONS, height, width), np.float32)
    for o in range(N_ORIENTATIONS):
        distance = np.abs(angle - (o if o <= N_ORIENTATIONS // 2 else o - N_ORIENTATIONS))
        if o == N_ORIENTATIONS // 2:
            distance = np.minimum(distance, N_ORIENTATIONS - distance)
        np.multiply(np.maximum(1 - distance, 0, out=distance), magnitude, out=planes[:, o])
    return planes


def _centres(size: int, b: float, step: float) -> np.ndarray:
    count = int((size - 1 - (N_SPATIAL_BINS - 1) * b) // step) + 1
    return (size - 1) / 2 + step * (np.arange(count) - (count - 1) / 2)


def _votes(lines: np.ndarray, b: float, step: float) -> np.ndarray:
    """Compute the unnormalized descriptors (p, 128) of one image from its orientation planes (H, 8, W)."""
    height, _, width = lines.shape
    rows, columns = (N_SPATIAL_BINS * len(_centres(size, b, step)) for size in (height, width))
    lines = lines.reshape(height, -1)
    vertical = np.empty((rows, lines.shape[1]), np.float32)
    for bins, band, weights, _ in _dense_blocks(height, b, step):
        np.matmul(weights, lines[band], out=vertical[bins])
    vertical = vertical.reshape(-1, width)
    votes = np.empty((len(vertical), columns), np.float32)
    for bins, band, _, transposed in _dense_blocks(width, b, step):
        votes[:, bins] = vertical[:, band] @ transposed
    votes = votes.reshape(
        rows // N_SPATIAL_BINS, N_SPATIAL_BINS, N_ORIENTATIONS, columns // N_SPATIAL_BINS, N_SPATIAL_BINS
    )
    return votes.transpose(0, 3, 1, 4, 2).reshape(-1, DESCRIPTOR_LENGTH)


@functools.lru_cache(64)
def _dense_blocks(size: int, b: float, step: float) -> list[tuple[slice, slice, np.ndarray, np.ndarray]]:
    """Return bins, pixels, weights and transposed weights of the dense blocks of `_weights`.

    Blocks of 5 patches are the fastest for 128 pixels. For 48 pixels a single block is faster, because the products are
    small.
    """
    weights, blocks = _weights(size, b, step), []
    rows = 5 * N_SPATIAL_BINS if size > 64 else len(weights)
    for start in range(0, len(weights), rows):
        block = weights[start : start + rows]
        nonzero = np.flatnonzero(block.any(0))
        band = slice(int(nonzero[0]), int(nonzero[-1]) + 1)
        block = np.ascontiguousarray(block[:, band])
        blocks.append((slice(start, start + rows), band, block, np.ascontiguousarray(block.T)))
    return blocks


def _weights(size: int, b: float, step: float) -> np.ndarray:
    """Return the weight of each pixel along one axis in each bin of each patch, (patches * 4, size) float32."""
    distance = (np.arange(size) - _centres(size, b, step)[:, None]) / b  # from the centre of the patch, in bins
    bin_centre = np.arange(N_SPATIAL_BINS) - (N_SPATIAL_BINS - 1) / 2
    interpolation = np.maximum(1 - np.abs(distance[:, None] - bin_centre[:, None]), 0)
    window = np.exp(-(distance**2) / (2 * (N_SPATIAL_BINS / 2) ** 2))
    return (interpolation * window[:, None]).reshape(-1, size).astype(np.float32)


def _normalize(votes: np.ndarray, rootsift: bool, out: np.ndarray) -> None:
    """Apply L2 normalization, clipping at 0.2, then L2 normalization, or L1 normalization and root for RootSIFT."""
    tiny = np.float32(1e-6)  # the norm of the votes of a uint8 image is 0 or far larger

    def l2_norms() -> np.ndarray:
        return np.sqrt(np.einsum("pd,pd->p", votes, votes))

    votes *= (1 / np.maximum(l2_norms(), tiny))[:, None]
    np.minimum(votes, np.float32(0.2), out=votes)
    # The L1 normalization makes the second L2 normalization of the paper redundant.
    norms = votes @ np.ones(DESCRIPTOR_LENGTH, np.float32) if rootsift else l2_norms()
    votes *= (1 / np.maximum(norms, tiny))[:, None]
    out[:] = np.sqrt(votes, out=votes) if rootsift else votes
