"""Files of dlib's shape predictors (.dat), which are read as untrusted data.

The format is that of ``dlib::serialize``. An integer is a byte with the number of bytes that follow (1 to 8) and the
sign (bit 7), then these bytes, the lowest first. A number with a fraction is two integers, mantissa and exponent of 2.
A matrix is its numbers of rows and columns, which are negative in newer files, and its elements. A vector is its length
and its elements. A shape predictor consists of

1. the number of its format, 1;
2. the initial shape, a matrix of 2 n rows (x and y of n points) and 1 column;
3. the stages, a vector of vectors of trees. A tree is a vector of splits (the indices of two pixels, a threshold) and a
   vector of leaves (matrices like the initial shape). The children of split i are 2 i + 1 and 2 i + 2;
4. for each stage a vector with, for each pixel, the index of the nearest point of the initial shape;
5. for each stage a vector with, for each pixel, its offset (x, y) from this point.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .._files import regular_file
from ..exceptions import FerError
from .regression_trees import N_POINTS, RegressionTreeLandmarker, TreeStage

#: Larger files are refused. The predictor of 68 landmarks that dlib distributes has 100 MB.
MAX_FILE_BYTES = 400_000_000
#: Number of the format.
FORMAT = 1
#: Bit of the first byte of negative integers, and the largest number of bytes that follow.
NEGATIVE, MAX_INTEGER_BYTES = 0x80, 8
#: Smallest number of bytes of an integer, of a split and of a leaf.
MIN_INTEGER_BYTES, MIN_SPLIT_BYTES, MIN_LEAF_BYTES = 2, 8, 4 * (2 * N_POINTS)
#: Most numbers have 3 bytes of mantissa and 1 of exponent: their size, and bytes 0 and 4 of negative ones.
USUAL_NUMBER_BYTES, USUAL_PREFIXES = 6, (0x83, 0x81)
#: Longer vectors are refused; the longest of the predictor of 68 landmarks have 500 elements.
MAX_LENGTH = 100_000
#: The exponents of float32 are in this range; infinity and NaN have exponents of 32000 and more.
MAX_EXPONENT, MAX_NUMBER = 200, float(np.finfo(np.float32).max)


def read_shape_predictor(path: str | Path) -> RegressionTreeLandmarker:
    """Read a shape predictor of 68 landmarks that dlib wrote (.dat).

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    RegressionTreeLandmarker

    Raises
    ------
    FerError
        If the file is absent, damaged, incomplete or of another kind, or has another number of landmarks.

    Notes
    -----
    The terms of such a file are those of its author, and depend on the images that it was trained on. The predictor
    that dlib distributes, ``shape_predictor_68_face_landmarks.dat``, was trained on the data set 300-W (Sagonas et al.
    2016, doi:10.1016/j.imavis.2016.01.002), whose licence excludes commercial use.
    """
    path = regular_file(path)
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise FerError(f"{path} is larger than {MAX_FILE_BYTES // 10**6} MB: it is not a shape predictor of dlib")
        content = path.read_bytes()
    except OSError as error:
        raise FerError(f"{path} cannot be read: {error.strerror}") from error
    try:
        return _read_predictor(_Reader(content))
    except _Fault as fault:
        raise FerError(
            f"{path} is damaged, or not a shape predictor of dlib with {N_POINTS} landmarks: {fault}"
        ) from None


class _Fault(Exception):
    """Why the content of a file is not a shape predictor."""


class _Reader:
    """Reads the items of a file one after another."""

    def __init__(self, content: bytes):
        self.content, self.bytes, self.position = content, np.frombuffer(content, np.uint8), 0

    @property
    def n_left(self) -> int:
        return len(self.content) - self.position

    def integer(self) -> int:
        if not self.n_left:
            raise _Fault("it ends too early")
        prefix = self.content[self.position]
        start, length = self.position + 1, prefix & ~NEGATIVE
        if not 1 <= length <= MAX_INTEGER_BYTES:
            raise _Fault(f"there is no integer at byte {self.position}")
        self.position = start + length
        if self.n_left < 0:
            raise _Fault("it ends too early")
        value = int.from_bytes(self.content[start : self.position], "little")
        return -value if prefix & NEGATIVE else value

    def number(self) -> float:
        mantissa, exponent = self.integer(), self.integer()
        value = mantissa * 2.0**exponent if abs(exponent) <= MAX_EXPONENT else np.inf
        if abs(value) > MAX_NUMBER:
            raise _Fault(f"there is no finite number before byte {self.position}")
        return value

    def vector_length(self, item_bytes: int) -> int:
        """Length of a vector whose elements have at least `item_bytes` bytes."""
        start, length = self.position, self.integer()
        if not 0 <= length * item_bytes <= self.n_left or length > MAX_LENGTH:
            raise _Fault(f"the vector at byte {start} has {length} elements, which is not possible")
        return length

    def indices(self, upper: int) -> list[int]:
        """A vector of integers below `upper`."""
        start = self.position
        values = [self.integer() for _ in range(self.vector_length(MIN_INTEGER_BYTES))]
        if not all(0 <= value < upper for value in values):
            raise _Fault(f"the vector at byte {start} has an index out of range")
        return values


class _Columns:
    """Columns of 2 x N_POINTS numbers, decoded together, because their numbers are many."""

    def __init__(self, n_columns: int):
        self.packed = np.zeros((n_columns, 2 * N_POINTS, USUAL_NUMBER_BYTES), np.uint8)
        self.others: dict[tuple[int, int], float] = {}

    def read(self, reader: _Reader, column: int) -> None:
        """Read a matrix with one column."""
        n_rows, n_columns = abs(reader.integer()), abs(reader.integer())
        if (n_rows, n_columns) != (2 * N_POINTS, 1):
            raise _Fault(f"there is a matrix of {n_rows} x {n_columns} numbers in place of {2 * N_POINTS} x 1")
        i = 0
        while i < n_rows:
            n_usual = min(n_rows - i, reader.n_left // USUAL_NUMBER_BYTES)
            block = reader.bytes[reader.position : reader.position + n_usual * USUAL_NUMBER_BYTES]
            block = block.reshape(-1, USUAL_NUMBER_BYTES)
            is_usual = (block[:, [0, 4]] | NEGATIVE) == USUAL_PREFIXES
            if not is_usual.all():
                n_usual = int(is_usual.all(1).argmin())
            self.packed[column, i : i + n_usual] = block[:n_usual]
            reader.position += n_usual * USUAL_NUMBER_BYTES
            i += n_usual
            if i < n_rows:
                self.others[column, i] = reader.number()
                i += 1

    def points(self) -> np.ndarray:
        """The columns as points x + iy, (n_columns, N_POINTS) complex64."""
        low, middle, high, exponent = (self.packed[..., i].astype(np.int32) for i in (1, 2, 3, 5))
        mantissa = low | middle << 8 | high << 16
        np.negative(mantissa, out=mantissa, where=self.packed[..., 0] >= NEGATIVE)
        np.negative(exponent, out=exponent, where=self.packed[..., 4] >= NEGATIVE)
        values = np.ldexp(mantissa.astype(np.float64), exponent)
        for place, value in self.others.items():
            values[place] = value
        if np.abs(values).max(initial=0) > MAX_NUMBER:
            raise _Fault("there is no finite number in a matrix")
        return values.astype(np.float32).view(np.complex64)


def _read_predictor(reader: _Reader) -> RegressionTreeLandmarker:
    version = reader.integer()
    if version != FORMAT:
        raise _Fault(f"its format is {version}, not {FORMAT}")
    initial = _Columns(1)
    initial.read(reader, 0)
    forests = [_read_forest(reader) for _ in range(reader.vector_length(MIN_INTEGER_BYTES))]
    anchors = [np.array(reader.indices(N_POINTS), np.intp) for _ in range(_length(reader, len(forests)))]
    offsets = []
    for anchor in anchors[: _length(reader, len(forests))]:
        xy = [[reader.number(), reader.number()] for _ in range(_length(reader, len(anchor)))]
        offsets.append(np.array(xy, np.float32).reshape(-1, 2).view(np.complex64)[:, 0])
    if reader.n_left:
        raise _Fault(f"{reader.n_left} bytes follow its end")
    stages = []
    for (pixels, thresholds, leaves), anchor, offset in zip(forests, anchors, offsets, strict=True):
        if pixels.size and pixels.max() >= len(anchor):
            raise _Fault("a tree compares pixels that are not defined")
        stages.append(TreeStage(anchor, offset, pixels, thresholds, leaves))
    if not stages:
        raise _Fault("it has no trees")
    shape = initial.points()[0]
    if np.ptp(shape) == 0:
        raise _Fault("all points of its initial shape are equal")
    return RegressionTreeLandmarker(shape, tuple(stages))


def _length(reader: _Reader, expected: int) -> int:
    start, length = reader.position, reader.vector_length(MIN_INTEGER_BYTES)
    if length != expected:
        raise _Fault(f"the vector at byte {start} has {length} elements in place of {expected}")
    return length


def _read_forest(reader: _Reader) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels (2, n_trees, n_splits), thresholds (n_trees, n_splits), and leaves (n_trees, n_leaves, N_POINTS)."""
    n_trees = reader.vector_length(MIN_LEAF_BYTES)
    splits: list[list[tuple[int, int, float]]] = []
    leaves = _Columns(0)
    for tree in range(n_trees):
        n_splits = reader.vector_length(MIN_SPLIT_BYTES)
        splits.append([(reader.integer(), reader.integer(), reader.number()) for _ in range(n_splits)])
        if len(splits[0]) != n_splits or n_splits & (n_splits + 1):
            raise _Fault("its trees are not complete, or differ in depth")
        n_leaves = _length(reader, n_splits + 1)
        if not tree:
            if n_trees * n_leaves * MIN_LEAF_BYTES > reader.n_left:
                raise _Fault("it ends too early")
            leaves = _Columns(n_trees * n_leaves)
        for leaf in range(n_leaves):
            leaves.read(reader, tree * n_leaves + leaf)
    if not n_trees:
        raise _Fault("a stage has no trees")
    table = np.array(splits, np.float64).reshape(n_trees, -1, 3)
    if table[..., :2].min(initial=0) < 0:
        raise _Fault("a tree compares pixels that are not defined")
    points = leaves.points().reshape(n_trees, -1, N_POINTS)
    return (
        np.ascontiguousarray(np.moveaxis(table[..., :2], 2, 0)).astype(np.intp),
        table[..., 2].astype(np.float32),
        points,
    )
