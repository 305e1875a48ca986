"""Text in Markdown."""

from __future__ import annotations

from typing import Any

#: Characters with a meaning in Markdown.
MARKDOWN_CHARACTERS = "\\`*_{}[]<>|#~"


def escape_markdown(text: Any) -> str:
    r"""Text on one line with the characters of Markdown escaped.

    Examples
    --------
    >>> print(escape_markdown("a_b\nc"))
    a\_b c
    """
    joined = " ".join(str(text).split())
    return "".join(f"\\{letter}" if letter in MARKDOWN_CHARACTERS else letter for letter in joined)


def markdown_code(text: str) -> str:
    r"""Text as code within a cell of a table.

    Examples
    --------
    >>> print(markdown_code("hog_svm|`x`"))
    `hog_svm\|'x'`
    """
    joined = " ".join(text.split()).replace("`", "'").replace("|", "\\|")
    return f"`{joined}`"
