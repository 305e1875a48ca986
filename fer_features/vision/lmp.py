"""Local motion patterns (Allaert, Bilasco and Djeraba, VISAPP 2017) of an optical flow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .geometry import interocular_distance


class LMPRegion(NamedTuple):
    """Position of the central patch of a region, relative to landmarks."""

    #: Indices of iBUG-68 landmarks, whose mean is the origin.
    landmarks: list[int]
    #: Offset (x, y) from the origin in interocular distances.
    offset: tuple[float, float]


#: Regions of the face in which `lmp` computes patterns, by name. 'left' and 'right' are as seen in the image.
LMP_REGIONS: dict[str, LMPRegion] = {
    "left forehead": LMPRegion([19], (0.0, -0.2)),
    "middle of forehead": LMPRegion([21, 22], (0.0, -0.25)),
    "right forehead": LMPRegion([24], (0.0, -0.2)),
    "outer left brow": LMPRegion([17, 18], (0.0, 0.0)),
    "middle of left brow": LMPRegion([19], (0.0, 0.0)),
    "inner left brow": LMPRegion([20, 21], (0.0, 0.0)),
    "between brows": LMPRegion([21, 22], (0.0, 0.0)),
    "inner right brow": LMPRegion([22, 23], (0.0, 0.0)),
    "middle of right brow": LMPRegion([24], (0.0, 0.0)),
    "outer right brow": LMPRegion([25, 26], (0.0, 0.0)),
    "left upper lid": LMPRegion([37, 38], (0.0, 0.0)),
    "right upper lid": LMPRegion([43, 44], (0.0, 0.0)),
    "below left eye": LMPRegion([40, 41], (0.0, 0.1)),
    "below right eye": LMPRegion([46, 47], (0.0, 0.1)),
    "nose bridge": LMPRegion([28], (0.0, 0.0)),
    "left nose wing": LMPRegion([31], (-0.1, -0.1)),
    "right nose wing": LMPRegion([35], (0.1, -0.1)),
    "left cheek": LMPRegion([36, 48], (0.0, 0.0)),
    "right cheek": LMPRegion([45, 54], (0.0, 0.0)),
    "left nasolabial fold": LMPRegion([31, 48], (-0.05, 0.0)),
    "right nasolabial fold": LMPRegion([35, 54], (0.05, 0.0)),
    "upper lip": LMPRegion([51], (0.0, 0.0)),
    "left mouth corner": LMPRegion([48], (0.0, 0.0)),
    "right mouth corner": LMPRegion([54], (0.0, 0.0)),
    "lower lip": LMPRegion([57], (0.0, 0.0)),
    "below left mouth corner": LMPRegion([48, 5], (0.0, 0.0)),
    "below right mouth corner": LMPRegion([54, 11], (0.0, 0.0)),
    "chin": LMPRegion([8], (0.0, -0.2)),
}


def lmp(
    flow: np.ndarray,
    landmarks: np.ndarray,
    orientations: int = 12,
    patch_size: float = 0.25,
    max_spread: int = 2,
    min_fraction: float = 0.1,
    min_similarity: float = 0.6,
    min_motion: float = 0.2,
) -> np.ndarray:
    """Compute local motion patterns: the directions of coherent motion in each of the `LMP_REGIONS`.

    Parameters
    ----------
    flow : ndarray, shape (n, H, W, 2)
        ``(dx, dy)`` in pixels.
    landmarks : ndarray, shape (n, 68, 2)
        iBUG-68 landmarks (x, y) of the first frame in pixels.
    orientations : int, default=12
        Number of direction bins over 360 degrees. Bin 0 is centred on motion to the right; the others follow clockwise
        in the image (y points down). A vote is divided linearly between the two nearest bins.
    patch_size : float, default=0.25
        Side of a patch in interocular distances. Neighbouring patches overlap by half.
    max_spread : int, default=2
        Number of patches that a pattern can spread from the central patch in each direction.
    min_fraction : float, default=0.1
        Directions with less than this fraction of the motion of a patch are treated as noise and set to 0.
    min_similarity : float, default=0.6
        Bhattacharyya coefficient (0 to 1) of the direction histograms from which the motion of two neighbouring patches
        is coherent.
    min_motion : float, default=0.2
        Motion of less than this many pixels is set to 0.

    Returns
    -------
    ndarray, shape (n, len(LMP_REGIONS) * orientations), float32
        For each region the mean magnitude in each direction over all its patches, in pixels. Patches that are not
        coherent with the central patch count as 0. Samples with a missing landmark are 0.

    References
    ----------
    B. Allaert, I. M. Bilasco, C. Djeraba, "Consistent optical flow maps for full and micro facial expression
    recognition", VISAPP 2017, doi:10.5220/0006127402350242.
    B. Allaert, I. M. Bilasco, C. Djeraba, "Micro and macro facial expression recognition using advanced local motion
    patterns", IEEE Transactions on Affective Computing 13(1), 2022 (online 2019), doi:10.1109/TAFFC.2019.2949559.

    Notes
    -----
    As in the papers, there are regions around landmarks, a central patch and patches around it, filtered direction
    histograms, and motion that spreads from patch to patch as long as the histograms are similar.

    Departures from the papers: votes are weighted by the magnitude, whereas the papers intersect histograms of several
    layers of magnitude; a direction needs a minimum fraction of the motion, and there is no condition on the spread of
    directions; there are 28 regions that are defined by landmarks alone, instead of 25 regions drawn between landmarks;
    the sum over coherent patches stays in pixels and is not normalized. The implementation was not compared with a
    program of the authors, because none was available.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> flow = np.broadcast_to(np.float32([3, 0]), (1, 128, 128, 2))  # the face moves to the right by 3 pixels
    >>> patterns = lmp(flow, 40 * MEAN_FACE[None] + [64, 44], orientations=4)
    >>> patterns.reshape(len(LMP_REGIONS), 4)[0].round(3)
    array([3., 0., 0., 0.], dtype=float32)
    """
    n = len(flow)
    vote_sums = _integral_votes(flow, orientations, min_motion)
    centres = np.stack([landmarks[:, region.landmarks].mean(1) for region in LMP_REGIONS.values()], 1)
    scale = interocular_distance(landmarks)[:, None, None]
    centres = centres + np.array([region.offset for region in LMP_REGIONS.values()]) * scale
    steps = np.arange(-max_spread, max_spread + 1)
    offsets = np.stack(np.meshgrid(steps, steps), -1) * patch_size / 2
    # (n, regions, rows, columns, 2). Samples with missing landmarks get arbitrary positions; their result is set to 0.
    valid = np.isfinite(landmarks).all((1, 2))
    patch_centres = centres[:, :, None, None] + offsets * scale[..., None, None]
    patch_centres[~valid] = 0.0
    half = np.where(valid[:, None, None], patch_size / 2 * scale, 1.0)[..., None, None]
    height, width = flow.shape[1:3]
    limit = np.array([width, height])
    first = np.clip(np.rint(patch_centres - half), 0, limit).astype(int)
    last = np.clip(np.rint(patch_centres + half), 0, limit).astype(int)
    (x0, y0), (x1, y1) = np.moveaxis(first, -1, 0), np.moveaxis(last, -1, 0)
    i = np.arange(n)[:, None, None, None]
    votes = vote_sums[i, y1, x1] - vote_sums[i, y0, x1] - vote_sums[i, y1, x0] + vote_sums[i, y0, x0]
    votes = np.maximum(votes, 0) / np.maximum((x1 - x0) * (y1 - y0), 1)[..., None]
    # Motion of less than a thousandth of a pixel may be a rounding error of the sums over the image.
    total = votes.sum(-1, keepdims=True)
    votes = np.where((total > 1e-3) & (votes >= min_fraction * total), votes, 0.0)
    roots = np.sqrt(votes / np.maximum(votes.sum(-1, keepdims=True), 1e-9))
    patterns = (votes * _coherent(roots, max_spread, min_similarity)[..., None]).mean((2, 3))
    patterns[~valid] = 0.0
    return patterns.reshape(n, len(LMP_REGIONS) * orientations).astype(np.float32)


def _integral_votes(flow: np.ndarray, orientations: int, min_motion: float) -> np.ndarray:
    """Compute the integral image of the votes of each direction, (n, H + 1, W + 1, orientations) float64."""
    dx, dy = flow[..., 0].astype(np.float64), flow[..., 1].astype(np.float64)
    magnitude = np.hypot(dx, dy)
    magnitude[magnitude < min_motion] = 0.0
    position = np.arctan2(dy, dx) / (2 * np.pi) * orientations % orientations
    lower = position.astype(np.intp) % orientations
    upper_weight = position - np.floor(position)
    votes = np.zeros((*magnitude.shape, orientations))
    np.put_along_axis(votes, lower[..., None], (magnitude * (1 - upper_weight))[..., None], -1)
    # With a single bin, lower and upper bin are the same: the second vote is added to the first.
    upper = (lower + 1) % orientations
    present = np.take_along_axis(votes, upper[..., None], -1)
    np.put_along_axis(votes, upper[..., None], present + (magnitude * upper_weight)[..., None], -1)
    return np.pad(votes, ((0, 0), (1, 0), (1, 0), (0, 0))).cumsum(1).cumsum(2)


def _coherent(roots: np.ndarray, max_spread: int, min_similarity: float) -> np.ndarray:
    """Return the patches (..., rows, columns) bool that are connected to the central patch by coherent motion.

    `roots` are the square roots of the direction distributions of the patches. The sum of the products of two of them
    is the Bhattacharyya coefficient.
    """
    # A border of patches without motion, whose similarity to any patch is 0.
    padded = np.pad(roots, [(0, 0)] * (roots.ndim - 3) + [(1, 1), (1, 1), (0, 0)])
    size = 2 * max_spread + 1
    reached = np.zeros(padded.shape[:-1], bool)
    moving = np.asarray((roots > 0).any(-1))
    reached[..., 1 + max_spread, 1 + max_spread] = moving[..., max_spread, max_spread]
    shifts = [(j, i) for j in range(3) for i in range(3) if (j, i) != (1, 1)]
    # Moving patches whose motion is coherent with that of the neighbour.
    links = [
        moving & ((roots * padded[..., j : j + size, i : i + size, :]).sum(-1) >= min_similarity) for j, i in shifts
    ]
    inner, previous = reached[..., 1:-1, 1:-1], -1
    while reached.sum() > previous:
        previous = reached.sum()
        for (j, i), link in zip(shifts, links, strict=True):
            inner |= link & reached[..., j : j + size, i : i + size]
    return inner
