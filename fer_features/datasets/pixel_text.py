"""Grey values of images as text, such as the column 'pixels' of FER2013."""

from __future__ import annotations

import numpy as np

from .still_images import Fault

#: Number of grey values of an image of 48 x 48 pixels.
N_PIXELS = 48 * 48

#: Table that replaces separators of pixels by blanks.
_SEPARATORS = bytes.maketrans(b",;[]()\t", b"       ")


def separated_by_blanks(pixels: bytes) -> bytes:
    """The text of pixels with blanks in place of commas, semicolons and brackets.

    Examples
    --------
    >>> separated_by_blanks(b"[1,2,3]")
    b'1 2 3'
    """
    return pixels.translate(_SEPARATORS).strip()


def quoted_start(field: bytes) -> str:
    """The start of a field, for messages."""
    return field.decode(errors="replace").strip()[:20]


def parse_block(rows: list[bytes]) -> np.ndarray | None:
    """Convert the text of several rows to grey values at once.

    Parameters
    ----------
    rows : list of n bytes
        Numbers separated by single blanks.

    Returns
    -------
    ndarray of uint8, shape (n, 2304), or None
        None where any row has a fault, or is separated in another way; `parse_row` then finds the fault.

    Notes
    -----
    A number is the one to three digits before a blank. Vectorized over all rows, this is three times as fast as
    `parse_row`, which matters for files of 270 MB.
    """
    if not rows:
        return None
    text = np.frombuffer(b" " + b" ".join(rows) + b" ", np.uint8)
    blanks = np.flatnonzero(text == ord(" ")).astype(np.int32)
    digits = text - np.uint8(ord("0"))  # every other character wraps around or is above 9
    width = np.diff(blanks) - 1
    starts = np.cumsum([0, *(len(row) + 1 for row in rows)])
    if len(blanks) != len(rows) * N_PIXELS + 1 or (blanks[::N_PIXELS] != starts).any():
        return None
    if np.count_nonzero(digits > 9) != len(blanks) or width.min() < 1 or width.max() > 3:
        return None
    ends = blanks[1:]
    values = digits[ends - 1].astype(np.uint16)
    values += (10 * (width > 1)).astype(np.uint16) * digits[ends - 2]
    values += (100 * (width > 2)).astype(np.uint16) * digits[ends - 3]
    if values.max() > 255:
        return None
    return values.astype(np.uint8).reshape(len(rows), N_PIXELS)


def parse_row(row: bytes) -> np.ndarray | Fault:
    """Convert the text of one row to grey values, shape (2304,) uint8, or return its fault."""
    words = row.split()
    if not words:
        return Fault("empty pixels", "pixels are empty")
    if len(words) != N_PIXELS:
        return Fault("wrong number of pixels", f"{len(words)} pixels, not {N_PIXELS}")
    wrong = next((word for word in words if not word.isdigit() or len(word) > 3 or int(word) > 255), None)
    if wrong is not None:
        return Fault("invalid pixel", f"pixel '{quoted_start(wrong)}' is not a grey value 0..255")
    return np.array([int(word) for word in words], np.uint8)
