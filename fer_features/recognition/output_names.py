"""Names of the files that the inputs of a command get in a folder."""

from __future__ import annotations


def unused_name(stem: str, suffix: str, used: set[str]) -> str:
    """A name that no other input has, which is added to the used ones.

    Examples
    --------
    >>> used = {"clip.txt"}
    >>> unused_name("clip", ".txt", used), unused_name("clip", ".txt", used), sorted(used)
    ('clip-2.txt', 'clip-3.txt', ['clip-2.txt', 'clip-3.txt', 'clip.txt'])
    """
    name, n = f"{stem}{suffix}", 1
    while name in used:
        n += 1
        name = f"{stem}-{n}{suffix}"
    used.add(name)
    return name
