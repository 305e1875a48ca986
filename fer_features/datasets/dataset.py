"""`Dataset`: how the files of a data set are recognized and read, and where they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ..samples.table import Samples
from .file_records import FoundRecords

#: Names of the options of `load_dataset` that a data set may support.
LOAD_OPTIONS = (
    *("labels", "subject_pattern", "holdout", "on_error", "cache"),
    *("frames", "apex", "neutral_frame", "classes", "where"),
)


@dataclass(frozen=True)
class Dataset:
    """A data set: its layout on disk, the function that reads it, and its provenance.

    Parameters
    ----------
    name : str
        Name in `DATASETS` and in ``X.info.dataset``, without ``_`` and ``+``.
    description : str
        One line: what the data set contains.
    layout : str
        One line: the files or folders that `can_load` accepts. Shown by ``fer-features list``, and where no data set
        matches.
    can_load : callable
        ``can_load(path: Path) -> bool``: whether the path has this layout. It is called for every path, also for one
        that does not exist, so it must be cheap and return False for everything else.
    load : callable
        ``load(path: Path, **options) -> Samples``. It receives those of `options` that the caller has given, without
        'holdout', and raises `FerError` for every fault of the files.
    used_files : callable, optional
        ``used_files(path: Path, **options) -> iterable of Path``: the files that `load` reads in a folder with these
        options. `load_dataset` counts the others in a note, so that none is passed over without a sign.
    find_records : callable, optional
        ``find_records(path: Path, **options) -> FoundRecords`` for data sets of image and video files: the samples with
        their annotations, before any image is read.
    reference : str, default=''
        Citation with DOI.
    licence : str, default=''
        Licence or terms of use of the data, empty where unknown.
    homepage : str, default=''
        URL, or how the data can be obtained.
    options : tuple of str, default=()
        Subset of `LOAD_OPTIONS`, which are keyword arguments of `load`; `load_dataset` describes them. 'holdout' means
        that the data set may come without a predefined split; `load_dataset` then adds one, after the subjects are
        known.

    See Also
    --------
    fer_features.register_dataset : Make `load_dataset` recognize a data set.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples
    >>> from fer_features.datasets import Dataset
    >>> def load_npz(path):
    ...     with np.load(path) as file:
    ...         return Samples.from_arrays(images=file["images"], label=file["labels"])
    >>> npz = Dataset(
    ...     name="npz",
    ...     description="images and labels in one NumPy archive",
    ...     layout="a .npz file with the arrays images and labels",
    ...     can_load=lambda path: path.suffix == ".npz" and path.is_file(),
    ...     load=load_npz,
    ... )
    >>> from pathlib import Path
    >>> npz.can_load(Path("photo.jpg"))
    False
    """

    name: str
    description: str
    layout: str
    can_load: Callable[[Path], bool]
    load: Callable[..., Samples]
    used_files: Callable[..., Iterable[Path]] | None = None
    find_records: Callable[..., FoundRecords] | None = None
    reference: str = ""
    licence: str = ""
    homepage: str = ""
    options: tuple[str, ...] = ()
