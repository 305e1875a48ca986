"""The data sets that are known, and which of them a path contains."""

from __future__ import annotations

from pathlib import Path

from .._files import file_fault
from ..exceptions import FerError
from ..media.file_tree import file_tree
from .dataset import LOAD_OPTIONS, Dataset
from .demo import DEMO
from .fer22 import FER22
from .fer2013 import FER2013
from .folders import FOLDERS
from .layouts import LAYOUTS
from .metadata_table import TABLE, TABLE_SUFFIXES, column_names
from .packed import PACKED
from .shards import SHARDS

#: Name -> data set. `register_dataset` adds to it.
DATASETS: dict[str, Dataset] = {
    "demo": DEMO,
    "fer22": FER22,
    "fer2013": FER2013,
    "table": TABLE,
    "packed": PACKED,
    "shards": SHARDS,
    **{layout.name: layout.as_dataset() for layout in LAYOUTS},
    "folders": FOLDERS,
}

_BUILT_IN = tuple(DATASETS)

#: Number of folders and of files that the message about an unknown layout lists.
MAX_LISTED_ENTRIES = 8


def register_dataset(dataset: Dataset) -> Dataset:
    """Make `load_dataset` recognize a data set from outside this package.

    Parameters
    ----------
    dataset : Dataset
        Its name must be new and must not contain ``_`` or ``+``.

    Returns
    -------
    Dataset
        The argument.

    Raises
    ------
    FerError
        For an object that is not a `Dataset`, a name that is empty, reserved or taken, an option that is not in
        `LOAD_OPTIONS`, or a `can_load` or `load` that cannot be called.

    Notes
    -----
    Registered data sets take precedence over the built-in ones, the latest one first. The layouts of the built-in data
    sets are general (any folder of class folders, any csv file with a column 'pixels'), those of registered ones are
    more specific.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples, load_dataset
    >>> from fer_features.datasets import DATASETS, Dataset, register_dataset
    >>> two_grey_images = Dataset(
    ...     name="grey",
    ...     description="two constant images",
    ...     layout="the word grey",
    ...     can_load=lambda path: str(path) == "grey",
    ...     load=lambda path: Samples.from_arrays(images=np.full((2, 8, 8), 128, np.uint8), label=[0, 1]),
    ... )
    >>> dataset = register_dataset(two_grey_images)
    >>> load_dataset("grey").info.dataset
    'grey'
    >>> del DATASETS["grey"]
    """
    if not isinstance(dataset, Dataset):
        raise FerError(f"register_dataset needs a Dataset, not {type(dataset).__name__}")
    name = dataset.name
    if not isinstance(name, str) or not name.strip() or "_" in name or "+" in name:
        raise FerError(f"the data set name {name!r} is not allowed: a non-empty text without '_' and '+' is needed")
    if name in DATASETS:
        raise FerError(f"the data set name '{name}' is taken ({DATASETS[name].description}): choose another name")
    unknown = [option for option in dataset.options if option not in LOAD_OPTIONS]
    if unknown:
        raise FerError(f"the data set '{name}' has the option {unknown[0]!r}: {', '.join(LOAD_OPTIONS)} are possible")
    for function in ("can_load", "load"):
        if not callable(getattr(dataset, function)):
            raise FerError(f"the data set '{name}': {function} must be a function of a path")
    DATASETS[name] = dataset
    return dataset


def named_dataset(name: str, path: Path) -> Dataset:
    """The data set of a name, for a path that exists.

    Raises
    ------
    FerError
    """
    if name not in DATASETS:
        raise FerError(f"dataset='{name}' is not one of {', '.join(DATASETS)}")
    if name != "demo" and not path.exists():
        raise FerError(f"{path} does not exist: a folder or file with data is needed")
    return DATASETS[name]


def recognized_dataset(path: Path) -> Dataset:
    """The first data set whose layout a path has.

    Raises
    ------
    FerError
        For a path that does not exist or has none of the layouts: what it is, and what is accepted.
    """
    registered = [name for name in DATASETS if name not in _BUILT_IN]
    try:
        for name in (*reversed(registered), *_BUILT_IN):
            if DATASETS[name].can_load(path):
                return DATASETS[name]
        if not path.exists():
            raise FerError(f"{path} does not exist: a folder or file with data is needed, or 'demo'")
        found = _contents(path)
        has_media = path.is_dir() and bool(file_tree(path).media)
    except OSError as error:
        raise FerError(f"{error.filename or path} cannot be read: {error.strerror or error}") from error
    advice = "; 'fer-features list-files' writes a table of any images and videos" if has_media else ""
    named = ", ".join(name for name in DATASETS if name in {layout.name for layout in LAYOUTS})
    accepted = "; ".join(
        f"{name}: {dataset.layout}" for name, dataset in DATASETS.items() if name not in ("demo", *named.split(", "))
    )
    raise FerError(
        f"{path} is not a known data set: it is {found}; accepted are {accepted}; and the layouts of {named}{advice}"
    )


def _contents(path: Path) -> str:
    """What a path contains, for the message about an unknown layout."""
    if not path.is_dir():
        fault = file_fault(path)
        if fault:
            return f"a path that {fault}"
        if path.suffix.lower() in TABLE_SUFFIXES:
            return f"a table with the columns {', '.join(column_names(path)[:MAX_LISTED_ENTRIES])}"
        return f"a file of the type '{path.suffix or 'without suffix'}'"
    entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    if not entries:
        return "an empty folder"
    folders = [_folder_name(entry) for entry in entries if entry.is_dir()]
    files = [entry.name for entry in entries if not entry.is_dir()]
    counts = [_listing(names, kind) for names, kind in ((folders, "folder(s)"), (files, "file(s)")) if names]
    return f"a folder with {' and '.join(counts)}"


def _folder_name(folder: Path) -> str:
    """Name of a folder, with the folders in it."""
    inner = sorted(f"{entry.name}/" for entry in folder.iterdir() if entry.is_dir())
    return f"{folder.name}/" + (f" with {_listing(inner, 'folder(s)')}" if inner else "")


def _listing(names: list[str], kind: str) -> str:
    more = ", ..." if len(names) > MAX_LISTED_ENTRIES else ""
    return f"{len(names)} {kind} ({', '.join(names[:MAX_LISTED_ENTRIES])}{more})"
