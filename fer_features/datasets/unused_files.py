"""Files below a folder of data that the reader of a data set does not use."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

#: Files and folders that the note lists one by one; all are counted.
MAX_LISTED = 6


def unused_files_note(root: Path, used: Iterable[Path]) -> tuple[str, ...]:
    """Count the files that are not used, by the topmost folder of which no file is used.

    Parameters
    ----------
    root : Path
        A folder.
    used : iterable of Path
        Files that are used, below the folder.

    Returns
    -------
    tuple of str
        One note, or none where all files are used.
    """
    used_paths = {os.path.abspath(path) for path in used}
    used_folders = {folder for path in used_paths for folder in _parents(path)}
    unused: Counter[str] = Counter()
    for folder, folders, files in os.walk(os.path.abspath(root)):
        for name in files:
            path = os.path.join(folder, name)
            if path not in used_paths:
                unused[_topmost(path, os.path.abspath(root), used_folders)] += 1
        for name in folders:
            path = os.path.join(folder, name)
            if path not in used_folders:
                unused[_topmost(path, os.path.abspath(root), used_folders)] += 0
    if not unused:
        return ()
    # Empty folders last, since data sets can have hundreds, such as those of sequences without a label.
    in_order = sorted(unused.items(), key=lambda item: (item[1] == 0, item[0]))
    listed = [f"{name} ({n})" if name.endswith("/") else name for name, n in in_order[:MAX_LISTED]]
    more = ", ..." if len(unused) > MAX_LISTED else ""
    return (f"not used: {sum(unused.values())} file(s) in {root}: {', '.join(listed)}{more}",)


def _parents(path: str) -> Iterable[str]:
    while (parent := os.path.dirname(path)) != path:
        yield parent
        path = parent


def _topmost(path: str, root: str, used_folders: set[str]) -> str:
    """The highest folder above a path that has no used file, or the path itself; below the root."""
    folders = [folder for folder in _parents(path) if folder not in used_folders and len(folder) > len(root)]
    name = os.path.relpath(folders[-1] if folders else path, root)
    name += "/" if folders or os.path.isdir(path) else ""
    return os.fsencode(name).decode(errors="backslashreplace")
