"""Text of messages."""

from __future__ import annotations


def counted(n: int, singular: str, plural: str = "") -> str:
    """A number and the words that agree with it.

    Parameters
    ----------
    n : int
    singular : str
        For 1, such as 'sample has'.
    plural : str, optional
        For other numbers, such as 'samples have'; by default `singular` with an 's'.

    Returns
    -------
    str

    Examples
    --------
    >>> counted(1, "sample"), counted(2, "sample"), counted(0, "sample has", "samples have")
    ('1 sample', '2 samples', '0 samples have')
    """
    return f"{n} {singular if n == 1 else plural or singular + 's'}"
