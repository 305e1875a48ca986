"""Motion boundary histograms (Dalal, Triggs and Schmid 2006) and local motion patterns (Allaert et al.) of a flow."""

from __future__ import annotations

import numpy as np

from .flow import hof
from .geometry import interocular_distance

#: Where local motion patterns are taken: name -> (points whose mean is the place, shift (x, y) from it in
#: inter-ocular distances). 'left' and 'right' are as seen in the picture.
REGIONS: dict[str, tuple[list[int], tuple[float, float]]] = {
    "left forehead": ([19], (0.0, -0.2)),
    "middle of forehead": ([21, 22], (0.0, -0.25)),
    "right forehead": ([24], (0.0, -0.2)),
    "outer left brow": ([17, 18], (0.0, 0.0)),
    "middle of left brow": ([19], (0.0, 0.0)),
    "inner left brow": ([20, 21], (0.0, 0.0)),
    "between brows": ([21, 22], (0.0, 0.0)),
    "inner right brow": ([22, 23], (0.0, 0.0)),
    "middle of right brow": ([24], (0.0, 0.0)),
    "outer right brow": ([25, 26], (0.0, 0.0)),
    "left upper lid": ([37, 38], (0.0, 0.0)),
    "right upper lid": ([43, 44], (0.0, 0.0)),
    "below left eye": ([40, 41], (0.0, 0.1)),
    "below right eye": ([46, 47], (0.0, 0.1)),
    "nose bridge": ([28], (0.0, 0.0)),
    "left nose wing": ([31], (-0.1, -0.1)),
    "right nose wing": ([35], (0.1, -0.1)),
    "left cheek": ([36, 48], (0.0, 0.0)),
    "right cheek": ([45, 54], (0.0, 0.0)),
    "left nasolabial fold": ([31, 48], (-0.05, 0.0)),
    "right nasolabial fold": ([35, 54], (0.05, 0.0)),
    "upper lip": ([51], (0.0, 0.0)),
    "left mouth corner": ([48], (0.0, 0.0)),
    "right mouth corner": ([54], (0.0, 0.0)),
    "lower lip": ([57], (0.0, 0.0)),
    "below left mouth corner": ([48, 5], (0.0, 0.0)),
    "below right mouth corner": ([54, 11], (0.0, 0.0)),
    "chin": ([8], (0.0, -0.2)),
}


def mbh(flow: np.ndarray, orientations: int = 8, grid: int = 8) -> np.ndarray:
    """Histograms of the gradients of each component of a flow, over a grid of cells.

    Parameters
    ----------
    flow : ndarray, shape (n, H, W, 2)
        ``(dx, dy)`` in pixels.
    orientations : int
        Direction bins over 360 degrees of a gradient; bin 0 is centred on a component that grows to the right, and
        they go on clockwise as the picture is seen (y is down). A vote is shared linearly by the two nearest bins.
    grid : int
        The picture is cut into `grid` x `grid` cells.

    Returns
    -------
    ndarray, shape (n, 2 * grid * grid * orientations), float32
        Of dx, then of dy: cells row by row; in each the mean over its pixels of the magnitude of the gradient, in
        pixels of motion a pixel, in each direction.

    Raises
    ------
    ValueError
        Where the picture has fewer pixels than cells a side.

    References
    ----------
    N. Dalal, B. Triggs, C. Schmid, "Human detection using oriented histograms of flow and appearance", ECCV 2006.

    Notes
    -----
    Motion that is the same everywhere, such as that of the camera, has no gradient. Departs from the paper as `hof`
    does from its own: no blocks, and magnitudes are kept instead of being normed, for how strong an expression is
    tells which it is. Votes are those of the dense trajectories of Wang et al. (CVPR 2011), but for central
    differences, which are halved here and at the borders one-sided.
    """
    components = []
    for component in (flow[..., 0], flow[..., 1]):
        down, right = np.gradient(component.astype(np.float64), axis=(1, 2))
        votes = hof(np.stack([right, down], -1), orientations, grid, still=0.0)
        # Nothing is slower than 0, so the last bin, of still pixels, is empty.
        components.append(votes.reshape(len(flow), -1, orientations + 1)[..., :-1].reshape(len(flow), -1))
    return np.concatenate(components, 1)


def lmp(
    flow: np.ndarray,
    landmarks: np.ndarray,
    orientations: int = 12,
    side: float = 0.25,
    reach: int = 2,
    share: float = 0.1,
    alike: float = 0.6,
    still: float = 0.2,
) -> np.ndarray:
    """Local motion patterns: the directions in which the skin around each of the `REGIONS` moves coherently.

    Parameters
    ----------
    flow : ndarray, shape (n, H, W, 2)
        ``(dx, dy)`` in pixels.
    landmarks : ndarray, shape (n, 68, 2)
        iBUG-68 points of the first frame, in its pixels.
    orientations : int
        Direction bins over 360 degrees; bin 0 is centred on motion to the right, and they go on clockwise as the
        picture is seen (y is down). A vote is shared linearly by the two nearest bins.
    side : float
        Side of a patch in inter-ocular distances. Patches overlap by half.
    reach : int
        How many patches a pattern may spread from its centre in each direction.
    share : float
        Directions that hold less than this share of a patch's motion are noise.
    alike : float
        Bhattacharyya coefficient, 0 to 1, from which two neighbouring patches move alike.
    still : float
        Motion below this many pixels does not count.

    Returns
    -------
    ndarray, shape (n, len(REGIONS) * orientations), float32
        Region by region, the mean over all its patches of the magnitude in each direction, in pixels, where patches
        that are not coherent with the centre count as still. 0 where a landmark is missing.

    References
    ----------
    B. Allaert, I. M. Bilasco, C. Djeraba, "Consistent optical flow maps for full and micro facial expression
    recognition", VISAPP 2017; "Micro and macro facial expression recognition using advanced local motion patterns",
    IEEE Transactions on Affective Computing, 2019.

    Notes
    -----
    After the papers: regions around landmarks, a central patch and those around it, filtered histograms of direction,
    and motion that spreads from patch to patch while distributions are alike. Departures: votes carry the magnitude
    where the papers intersect histograms of several layers of magnitude; a direction must hold a share of the motion
    and nothing is asked of how far directions spread; 28 regions placed by landmarks alone instead of 25 drawn from
    them; the sum of the coherent patches is kept in pixels, not normed. No program of the authors was at hand to
    compare with.
    """
    n = len(flow)
    tables = _summed_votes(flow, orientations, still)
    places = np.stack([landmarks[:, points].mean(1) for points, _ in REGIONS.values()], 1)
    distance = interocular_distance(landmarks)[:, None, None]
    places = places + np.array([shift for _, shift in REGIONS.values()]) * distance
    steps = np.arange(-reach, reach + 1)
    offsets = np.stack(np.meshgrid(steps, steps), -1) * side / 2
    # (n, regions, rows, columns, 2), what is missing put anywhere: it is left out below.
    readable = np.isfinite(landmarks).all((1, 2))
    centres = places[:, :, None, None] + offsets * distance[..., None, None]
    centres[~readable] = 0.0
    half = np.where(readable[:, None, None], side / 2 * distance, 1.0)[..., None, None]
    height, width = flow.shape[1:3]
    limit = np.array([width, height])
    first = np.clip(np.rint(centres - half), 0, limit).astype(int)
    last = np.clip(np.rint(centres + half), 0, limit).astype(int)
    (x0, y0), (x1, y1) = np.moveaxis(first, -1, 0), np.moveaxis(last, -1, 0)
    row = np.arange(n)[:, None, None, None]
    votes = tables[row, y1, x1] - tables[row, y0, x1] - tables[row, y1, x0] + tables[row, y0, x0]
    votes = np.maximum(votes, 0) / np.maximum((x1 - x0) * (y1 - y0), 1)[..., None]
    # Motion below a thousandth of a pixel is what rounding leaves of sums over the picture.
    total = votes.sum(-1, keepdims=True)
    votes = np.where((total > 1e-3) & (votes >= share * total), votes, 0.0)
    coherent = _coherent(np.sqrt(votes / np.maximum(votes.sum(-1, keepdims=True), 1e-9)), reach, alike)
    pattern = (votes * coherent[..., None]).mean((2, 3))
    pattern[~readable] = 0.0
    return pattern.reshape(n, len(REGIONS) * orientations).astype(np.float32)


def _summed_votes(flow: np.ndarray, orientations: int, still: float) -> np.ndarray:
    """Sums of votes above and left of each corner of pixels, (n, H + 1, W + 1, orientations) float64."""
    dx, dy = flow[..., 0].astype(np.float64), flow[..., 1].astype(np.float64)
    magnitude = np.hypot(dx, dy)
    magnitude[magnitude < still] = 0.0
    position = np.arctan2(dy, dx) / (2 * np.pi) * orientations % orientations
    lower = position.astype(np.intp) % orientations
    upper_share = position - np.floor(position)
    votes = np.zeros((*magnitude.shape, orientations))
    np.put_along_axis(votes, lower[..., None], (magnitude * (1 - upper_share))[..., None], -1)
    # With a single bin both halves of a vote fall into it.
    upper = (lower + 1) % orientations
    there = np.take_along_axis(votes, upper[..., None], -1)
    np.put_along_axis(votes, upper[..., None], there + (magnitude * upper_share)[..., None], -1)
    return np.pad(votes, ((0, 0), (1, 0), (1, 0), (0, 0))).cumsum(1).cumsum(2)


def _coherent(roots: np.ndarray, reach: int, alike: float) -> np.ndarray:
    """Patches (..., rows, columns) bool that the pattern of the central one has spread to, from neighbour to neighbour.

    `roots` are the square roots of the patches' distributions: their products sum to the Bhattacharyya coefficient.
    """
    # A margin of patches without motion, which are like nothing.
    padded = np.pad(roots, [(0, 0)] * (roots.ndim - 3) + [(1, 1), (1, 1), (0, 0)])
    size = 2 * reach + 1
    reached = np.zeros(padded.shape[:-1], bool)
    moving = np.asarray((roots > 0).any(-1))
    reached[..., 1 + reach, 1 + reach] = moving[..., reach, reach]
    shifts = [(j, i) for j in range(3) for i in range(3) if (j, i) != (1, 1)]
    # Patches that move, and as this neighbour of theirs does.
    linked = [moving & ((roots * padded[..., j : j + size, i : i + size, :]).sum(-1) >= alike) for j, i in shifts]
    inner, before = reached[..., 1:-1, 1:-1], -1
    while reached.sum() > before:
        before = reached.sum()
        for (j, i), link in zip(shifts, linked, strict=True):
            inner |= link & reached[..., j : j + size, i : i + size]
    return inner
