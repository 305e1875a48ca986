"""Random samples of the local descriptors of a table, on which a codebook is fitted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .._progress import progress
from .._threads import map_in_threads
from ..exceptions import FerError
from ..samples.table import Samples

#: Descriptors per frame, at least, while there are enough frames.
MIN_DESCRIPTORS_PER_FRAME = 200


def usable_samples(X: Samples, columns: Sequence[str]) -> np.ndarray:
    """Positions of the samples of which no required column is missing, shape (k,).

    Raises
    ------
    FerError
        If there are none.
    """
    usable = np.flatnonzero(~np.any([X.missing(name) for name in columns], axis=0))
    if not usable.size:
        raise FerError("features cannot be extracted from any sample: the landmarks are missing in all of them")
    return usable


def sample_descriptors(
    X: Samples,
    usable: np.ndarray,
    describe: Callable[[np.ndarray], np.ndarray],
    frames: Sequence[int],
    n_descriptors: int,
    n_per_frame: int,
    random_state: int,
    batch_size: int,
    label: str,
) -> np.ndarray:
    """Local descriptors of random patches of random samples.

    Parameters
    ----------
    X : Samples
    usable : ndarray of int, shape (k,)
        Positions of the samples to choose from.
    describe : callable
        Descriptors (n, p, D) of images (n, H, W).
    frames : sequence of int
        Frames of a clip that are described.
    n_descriptors : int
        Size of the sample, rounded up to the same number of descriptors for each frame.
    n_per_frame : int
        Number of descriptors `p` of one frame.
    random_state : int
    batch_size : int
    label : str
        Name of the work, for progress.

    Returns
    -------
    ndarray, shape (about n_descriptors, D)
        The same for every `batch_size`.
    """
    rng = np.random.default_rng(random_state)
    n_samples = -(-n_descriptors // (min(MIN_DESCRIPTORS_PER_FRAME, n_per_frame) * len(frames)))
    chosen = np.sort(rng.permutation(usable)[:n_samples])
    n_chosen_per_frame = -(-n_descriptors // (len(chosen) * len(frames)))
    # Each sample has its own seed, so that the result does not depend on the batches.
    seeds = rng.integers(2**32, size=len(chosen))
    starts = range(0, len(chosen), batch_size)
    batches = [(X[chosen[s : s + batch_size]], seeds[s : s + batch_size]) for s in starts]

    def sample_batch(batch: tuple[Samples, np.ndarray]) -> np.ndarray:
        samples, seeds = batch
        descriptors = [describe(samples.frame("images", t)) for t in frames]
        selected = []
        for i, seed in enumerate(seeds):
            order = np.random.default_rng(seed).permutation(descriptors[0].shape[1])[:n_chosen_per_frame]
            selected += [of_frame[i, order] for of_frame in descriptors]
        return np.concatenate(selected)

    return np.concatenate(list(progress(map_in_threads(sample_batch, batches), len(batches), label)))
