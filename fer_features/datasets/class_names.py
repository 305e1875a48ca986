"""Classes of a data set from the names that its files give: folder names, codes in file names, labels in tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ..exceptions import FerError
from ..expressions import FOLDER_CLASSES, parse_expression
from ..media.media_files import natural_sort_key

#: Number of names that a message lists.
MAX_LISTED_NAMES = 12


def parse_classes(text: str) -> dict[str, str]:
    """Parse the names of classes: ``0=angry,1=disgust``.

    Parameters
    ----------
    text : str
        Names in the files and classes. An empty class excludes the samples of a name.

    Returns
    -------
    dict of str to str

    Raises
    ------
    FerError
        For another form, or a name that is given twice.

    Examples
    --------
    >>> parse_classes("0=angry, 1=disgust, 8=")
    {'0': 'angry', '1': 'disgust', '8': ''}
    """
    classes: dict[str, str] = {}
    for part in text.split(","):
        name, equals, title = (one.strip() for one in part.partition("="))
        if not equals or not name:
            raise FerError(f"classes='{text}': NAME=CLASS,NAME=CLASS,... is needed, for example '0=angry,1=disgust'")
        if name in classes:
            raise FerError(f"classes='{text}' has the name '{name}' twice")
        classes[name] = title
    return classes


def class_of(name: str, classes: Mapping[str, str] | None = None) -> str:
    """Class of a name in the files.

    Parameters
    ----------
    name : str
    classes : mapping of str to str, optional
        Class of each name, in any case; other names stay as they are.

    Returns
    -------
    str
        A class of `FOLDER_CLASSES` for its synonyms; other names without blanks at the ends.

    Examples
    --------
    >>> class_of("3_Happiness"), class_of(" Pain "), class_of("4", {"4": "sadness"})
    ('happy', 'Pain', 'sad')
    """
    name = name.strip()
    given = {key.lower(): title for key, title in (classes or {}).items()}
    name = given.get(name.lower(), name)
    code = parse_expression(name)
    return name if code is None else FOLDER_CLASSES[code]


def class_order(names: Iterable[str]) -> tuple[str, ...]:
    """Classes in the order of their codes.

    Parameters
    ----------
    names : iterable of str
        From `class_of`; empty ones are of samples without a label.

    Returns
    -------
    tuple of str
        `FOLDER_CLASSES` if all names are among them, so that the codes of different data sets agree. Otherwise the
        names, first those of `FOLDER_CLASSES`.

    Raises
    ------
    FerError
        For names that are numbers, since every data set numbers its classes in another way.

    Examples
    --------
    >>> class_order(["sad", "happy"]) == FOLDER_CLASSES
    True
    >>> class_order(["Pain", "No pain"])
    ('No pain', 'Pain')
    """
    different = {name for name in names if name}
    check_not_numbers(different)
    if different <= set(FOLDER_CLASSES):
        return FOLDER_CLASSES
    known = [name for name in FOLDER_CLASSES if name in different]
    return (*known, *sorted(different - set(known), key=natural_sort_key))


def check_not_numbers(names: Iterable[str]) -> None:
    """Raise `FerError` if names of classes are numbers."""
    numbers = sorted({name for name in names if is_number(name)}, key=natural_sort_key)
    if numbers:
        listed = ", ".join(numbers[:MAX_LISTED_NAMES])
        raise FerError(
            f"the classes are numbers ({listed}), whose meaning differs between data sets: name them by "
            f"classes='{numbers[0]}=angry,...', or name the data set by dataset='...'"
        )


def is_number(name: str) -> bool:
    """Whether a name is a number, such as '3' or '3.0'."""
    return re.fullmatch(r"[+-]?[0-9]+(\.[0-9]*)?", name.strip()) is not None
