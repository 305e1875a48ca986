"""Lists of labels beside images: text files with one line for each image or face, in the form of their data set."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from .._files import regular_file
from ..exceptions import FerError
from ..media.file_tree import FileTree
from .still_images import Fault, display_text

#: Number of characters of a field that a message quotes.
MAX_QUOTED = 60


@dataclass(frozen=True)
class ListLine:
    """A line of a list.

    Attributes
    ----------
    list_name : str
        Path of the list relative to the folder of the data set.
    number : int or None
        From 1; None for a file that has no lines.
    fields : tuple of str
    """

    list_name: str
    number: int | None
    fields: tuple[str, ...]

    def fault(self, kind: str, message: str) -> Fault:
        """A fault of this line; the message follows the name of the list and the number of the line."""
        place = display_text(self.list_name) + (f", line {self.number}" if self.number else "")
        return Fault(kind, f"{place}: {message}")


def read_list(
    tree: FileTree,
    name: str,
    separator: str | None = None,
    n_fields: int | None = None,
    columns: Sequence[int] | None = None,
) -> tuple[list[ListLine], list[Fault]]:
    """Read the lines of a list.

    Parameters
    ----------
    tree : FileTree
    name : str
        Path of the list relative to the folder.
    separator : str, optional
        By default fields are separated by blanks. Otherwise fields can be quoted.
    n_fields : int, optional
        Number of fields of a line; by default that of the first line.
    columns : sequence of int, optional
        Positions of the fields that are kept; by default all.

    Returns
    -------
    lines : list of ListLine
        Blank lines are ignored.
    faults : list of Fault
        Lines with another number of fields.

    Raises
    ------
    FerError
        For a file that cannot be read, is not text or is empty.
    """
    path = tree.path(name)
    lines: list[ListLine] = []
    faults: list[Fault] = []
    try:
        with open(regular_file(path), encoding="utf-8-sig", newline="") as file:
            for number, fields in _rows(file, separator):
                n_fields = n_fields or len(fields)
                line = ListLine(
                    name, number, tuple(fields if columns is None else [fields[i] for i in columns if i < len(fields)])
                )
                if len(fields) == n_fields:
                    lines.append(line)
                else:
                    faults.append(line.fault("wrong number of fields", f"{len(fields)} field(s), not {n_fields}"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise FerError(f"{path} cannot be read as a list of labels: {reason}") from error
    if not lines and not faults:
        raise FerError(f"{path} is an empty list of labels")
    return lines, faults


def _rows(file: TextIO, separator: str | None) -> Iterator[tuple[int, list[str]]]:
    """Numbers and fields of the lines that are not blank."""
    if separator is None:
        rows = ((number, line.split()) for number, line in enumerate(file, 1))
    else:
        reader = csv.reader(file, delimiter=separator, skipinitialspace=True)
        rows = ((reader.line_num, [field.strip() for field in row]) for row in reader)
    return ((number, fields) for number, fields in rows if any(fields))


def distinct_lines(lines: Iterable[ListLine], key: Callable[[ListLine], object]) -> tuple[list[ListLine], list[Fault]]:
    """Lines that describe different things.

    Parameters
    ----------
    lines : iterable of ListLine
    key : callable
        What a line describes, such as the name of its image.

    Returns
    -------
    kept : list of ListLine
        The first one of equal lines, and no line of those that contradict each other, so that their order does not
        matter.
    faults : list of Fault
        The other ones.
    """
    groups: dict[object, list[ListLine]] = defaultdict(list)
    for line in lines:
        groups[key(line)].append(line)
    kept, faults = [], []
    for first, *others in groups.values():
        if all(line.fields == first.fields for line in others):
            kept.append(first)
            faults += [line.fault("repeated line", f"repeats line {first.number}") for line in others]
        else:
            faults += [line.fault("contradicting line", f"contradicts line {first.number}") for line in others]
    return kept, faults


def code_in(text: str) -> int | None:
    """The integer that a text contains, also as '3.0000000e+00'; None for anything else.

    Examples
    --------
    >>> code_in("3"), code_in("   3.0000000e+00"), code_in("3.5"), code_in("happy")
    (3, 3, None, None)
    """
    try:
        value = float(text)
    except ValueError:
        return None
    return int(value) if value.is_integer() else None


def class_in(line: ListLine, text: str, classes: Mapping[int, str]) -> str | Fault:
    """Class of the code in a field of a line.

    Examples
    --------
    >>> class_in(ListLine("a.lst", 4, ("x.png", "7")), "7", {0: "neutral", 1: "happy"}).message
    "a.lst, line 4: the label is '7', not one of 0, 1"
    """
    code = code_in(text)
    if code is None or code not in classes:
        known = ", ".join(map(str, classes))
        return line.fault("label out of range", f"the label is '{quoted(text)}', not one of {known}")
    return classes[code]


def quoted(text: str) -> str:
    r"""The beginning of a text for a message of one line.

    Examples
    --------
    >>> print(quoted("a\nb"))
    a\nb
    """
    text = text[:MAX_QUOTED] + "..." * (len(text) > MAX_QUOTED)
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


class FileIndex:
    """Finds files of a data set by the ends of their paths.

    Parameters
    ----------
    names : iterable of str
        Paths of files relative to the folder of the data set.
    n_parts : int, default=1
        Number of parts of a path, from its end, by which it is found; 1 for the name of the file alone.

    Examples
    --------
    >>> index = FileIndex(["images/a.png", "old/b.png", "new/b.png"])
    >>> line = ListLine("a.lst", 4, ("c.png", "7"))
    >>> index.find(line, "a.png")
    'images/a.png'
    >>> index.find(line, "b.png").message
    'a.lst, line 4: b.png can be old/b.png or new/b.png'
    >>> index.find(line, "c.png").message
    'a.lst, line 4: there is no image c.png'
    """

    def __init__(self, names: Iterable[str], n_parts: int = 1):
        self._n_parts = n_parts
        self._names: dict[str, list[str]] = defaultdict(list)
        for name in names:
            self._names[self._key(name)].append(name)

    def __contains__(self, name: str) -> bool:
        return self._key(name) in self._names

    def find(self, line: ListLine, name: str) -> str | Fault:
        """The file that a line names, or the fault of the line."""
        found = self._names.get(self._key(name), [])
        if not found:
            return line.fault("absent image", f"there is no image {quoted(name)}")
        if len(found) > 1:
            names = " or ".join(map(display_text, found[:2]))
            return line.fault("ambiguous image", f"{quoted(name)} can be {names}")
        return found[0]

    def _key(self, name: str) -> str:
        return "/".join(name.replace("\\", "/").split("/")[-self._n_parts :])
