"""A first version of a table of files, made from a folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..exceptions import FerError
from ..media.decoding import IMAGE_SUFFIXES
from ..media.file_tree import FileTree
from .metadata_table import FILE_COLUMN
from .still_images import display_text

if TYPE_CHECKING:
    import pandas as pd

#: Columns of the table, even if they are empty, since most users fill them.
DEFAULT_COLUMNS = (FILE_COLUMN, "label", "subject")


def list_files(path: str | Path, pattern: str | None = None, sequences: bool = False) -> pd.DataFrame:
    r"""List the images and videos of a folder as a table of files, which `load_dataset` reads.

    Parameters
    ----------
    path : str or Path
        The folder. The table belongs into it, as ``metadata.csv``.
    pattern : str, optional
        Regular expression that is searched in the path of each file relative to the folder. Its named groups become
        columns; ``label, subject, split, session, neutral, onset, apex, start, end, landmarks`` and ``id`` have a
        meaning, see `fer_features.datasets.metadata_table`. By default 'label' is the name of the folder of a file.
    sequences : bool, default=False
        Whether each folder with images is listed as one sequence, instead of its images.

    Returns
    -------
    DataFrame of str
        Columns 'file_name', 'label', 'subject' and those of the pattern; a line for each file in natural order.

    Raises
    ------
    FerError
        For a path that is not a folder, a folder without images and videos, an invalid pattern or one that matches no
        file, and groups that are not names of columns.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> for name in ("S01_joy_1.png", "S01_fear_1.png", "S02_joy_1.png"):
    ...     Path(folder.name, name).touch()
    >>> print(list_files(folder.name, r"(?P<subject>S\d+)_(?P<label>[a-z]+)_").to_csv(index=False), end="")
    file_name,label,subject
    S01_fear_1.png,fear,S01
    S01_joy_1.png,joy,S01
    S02_joy_1.png,joy,S02
    >>> folder.cleanup()
    """
    import pandas as pd

    path = Path(path)
    if not path.is_dir():
        raise FerError(f"{path} is not a folder: a folder with images or videos is needed")
    tree = FileTree(path)
    names = list(dict.fromkeys(map(_sequence_of, tree.media) if sequences else tree.media))
    if not names:
        raise FerError(f"{path} is a folder without an image or video")
    annotations = _by_folder if pattern is None else _by_pattern(pattern, names)
    lines = [{FILE_COLUMN: display_text(name), **annotations(name)} for name in names]
    columns = list(dict.fromkeys([*DEFAULT_COLUMNS, *(column for line in lines for column in line)]))
    return pd.DataFrame([[line.get(column, "") for column in columns] for line in lines], columns=columns, dtype=str)


def _sequence_of(name: str) -> str:
    """Folder of an image; a video itself."""
    return name.rpartition("/")[0] or "." if name.lower().endswith(IMAGE_SUFFIXES) else name


def _by_folder(name: str) -> dict[str, str]:
    return {"label": display_text(name.rpartition("/")[0].rpartition("/")[2])}


def _by_pattern(pattern: str, names: list[str]) -> Callable[[str], dict[str, str]]:
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise FerError(f"pattern='{pattern}' is not a regular expression: {error}") from error
    if not expression.groupindex:
        raise FerError(f"pattern='{pattern}' has no named group, such as (?P<label>[a-z]+)")
    if FILE_COLUMN in expression.groupindex:
        raise FerError(f"pattern='{pattern}': '{FILE_COLUMN}' is the path of the file and cannot be a group")
    if not any(map(expression.search, names)):
        raise FerError(f"pattern='{pattern}' matches none of {len(names)} file(s), such as {display_text(names[0])}")

    def annotations(name: str) -> dict[str, str]:
        match = expression.search(name)
        found = match.groupdict() if match else dict.fromkeys(expression.groupindex, "")
        return {key: display_text(value or "") for key, value in found.items()}

    return annotations
