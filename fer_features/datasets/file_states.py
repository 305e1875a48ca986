"""What decides whether a kept result is still valid: the state of the files and the code that read them."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path


def file_states(files: Iterable[Path]) -> bytes:
    """Path, size and modification time of each file; a file that is absent has a state of its own."""
    lines = []
    for file in files:
        try:
            state = file.stat()
            size, modified = state.st_size, state.st_mtime_ns
        except (OSError, ValueError):  # reported by the reader; ValueError for a name that no file can have
            size, modified = -1, -1
        lines.append(f"{file.absolute()}\0{size}\0{modified}\n")
    return "".join(lines).encode(errors="surrogateescape")


@functools.cache
def code_digest(names: tuple[str, ...]) -> bytes:
    """Digest of files of this package, by their paths relative to this folder."""
    contents = [(Path(__file__).parent / name).read_bytes() for name in names]
    return hashlib.blake2b(b"".join(contents)).digest()
