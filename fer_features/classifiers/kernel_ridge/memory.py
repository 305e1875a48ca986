"""Memory of the kernel matrix, which decides whether all training samples can have a coefficient."""

from __future__ import annotations

import warnings

from ..._progress import log
from ...exceptions import FerWarning
from .solvers import KERNEL_BLOCK_ROWS

BYTES_PER_GB = 1e9
#: Memory in GB from which the size of the kernel matrix is logged.
MIN_LOGGED_GB = 0.5


def choose_n_inducing(n: int, n_inducing: int, max_memory: float, itemsize: int) -> int:
    """Choose the number of inducing samples, and log the memory that the kernel needs.

    Parameters
    ----------
    n : int
        Number of training samples.
    n_inducing : int
        Requested number of inducing samples; 0 for all training samples.
    max_memory : float
        Memory of the kernel in GB above which inducing samples are used, with a `FerWarning`.
    itemsize : int
        Bytes of one entry of the kernel.

    Returns
    -------
    int
        0 for all training samples.
    """
    chosen, needed = min(int(n_inducing), n), float(itemsize) * n * n / BYTES_PER_GB
    if not chosen and needed > max_memory:
        chosen = max(1, min(n, int((max_memory * BYTES_PER_GB / (8 * itemsize)) ** 0.5)))
        warnings.warn(
            f"KernelRidgeClassifier: the kernel of {n} samples takes {needed:.1f} GB, above "
            f"max_memory={max_memory:g}: {chosen} inducing samples are used instead",
            FerWarning,
            stacklevel=4,
        )
    what = f"the kernel of {n} samples"
    if chosen:
        needed = float(itemsize) * chosen * (4 * chosen + KERNEL_BLOCK_ROWS) / BYTES_PER_GB
        what = f"the kernel of {chosen} inducing samples of {n}"
    if needed > MIN_LOGGED_GB:
        log(f"kernel ridge: {what} takes {needed:.1f} GB")
    return chosen
