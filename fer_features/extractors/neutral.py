"""The neutral baseline as a step: which frame, or which face, the apex is compared with."""

from __future__ import annotations

import functools
import hashlib
from typing import Any

import numpy as np

from ..samples.columns import frame, missing
from ..samples.table import Samples
from ..vision.geometry import MEAN_FACE, similarity, transform
from .base import Stateless, repr_of
from .parameters import check_parameters

METHODS = ("first", "median", "subject", "none")


class Neutral(Stateless):
    """Choose the neutral frame of each row.

    Parameters
    ----------
    method : {'first', 'median', 'subject', 'none'}
        'first': the first frame of the clip, as the challenge's clips have it. 'median': the median over the frames
        of the clip, pixel by pixel and point by point, for clips that do not begin neutral. 'subject': the mean apex
        of the same person's other rows, for stills and clips of people seen several times. 'none': no face at all, a
        flat picture and a mean face in the place of this one, which leaves the apex alone.

    Notes
    -----
    Put after alignment, so that frames of a clip, and rows of a person, lie on each other. 'subject' looks at all rows
    of the table and at no label; a person's only row has nothing to be compared with and cannot be described.
    """

    def __init__(self, method: str = "first"):
        self.method = method

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns that the method itself looks at."""
        return ("subject",) if self.method == "subject" else ()

    def fit(self, X: Any, y: Any = None) -> Neutral:
        """Check the parameter; nothing is learnt."""
        check_parameters(self, {"method": METHODS})
        return self

    def transform(self, X: Any) -> Any:
        """The same rows, each with the chosen neutral frame as its first.

        Raises
        ------
        FerError
            Where subjects are needed and absent.
        """
        check_parameters(self, {"method": METHODS})
        if self.method == "first":
            return X
        if not isinstance(X, Samples):  # a plain array of the one column that is read
            points = np.ndim(X) >= 3 and np.shape(X)[-2] in (68, 478) and np.shape(X)[-1] in (2, 3)
            X = Samples.from_arrays(**{"landmarks" if points else "images": X})
        subject = np.asarray(X.column("subject")).astype(str) if self.method == "subject" else None
        columns = {name: Baseline(X.column(name), name, self.method, subject) for name in FACES if name in X}
        # Features kept on disk are found by what the table holds in pictures and points: who is who must be told too.
        people = (
            "" if subject is None else " " + hashlib.blake2b("\n".join(subject).encode(), digest_size=16).hexdigest()
        )
        return X.derived(repr_of(self) + people, columns)

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """Names of the columns, unchanged."""
        return input_features


#: Columns that hold faces, frame by frame.
FACES = ("images", "landmarks")


class Baseline:
    """A column of clips whose first frame is another baseline; stills become clips of two frames."""

    def __init__(self, column: Any, name: str, method: str, subject: np.ndarray | None):
        self.column, self.name, self.method = column, name, method
        self.subject: Any = subject
        n, frames, *rest = np.shape(column)
        self.still = frames == 1
        self.shape = (n, max(frames, 2), *rest)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        rows = np.arange(len(self))[rows]
        return np.stack([self.frame(rows, t) for t in range(self.shape[1])], 1)

    def frame(self, rows: np.ndarray, t: int) -> np.ndarray:
        """Frame `t` of some rows."""
        rows = np.arange(len(self))[rows]
        if range(self.shape[1])[t] != 0:
            return frame(self.column, rows, -1 if self.still else t)
        if self.method == "median":
            middle = np.median(self.column[rows], axis=1)
            return np.rint(middle).astype(np.uint8) if self.name == "images" else middle.astype(np.float32)
        if self.method == "subject":
            return self._others(rows)
        return self._nobody(rows)

    def missing(self, rows: np.ndarray) -> np.ndarray:
        """Rows without a face, or without another row of their subject to compare with."""
        faceless = self._faceless[rows]
        if self.subject is None:
            return faceless
        who, counts = self._people
        return faceless | (counts[who[rows]] < 2) | (self.subject[rows] == "-1")

    def _nobody(self, rows: np.ndarray) -> np.ndarray:
        apex = frame(self.column, rows, -1)
        return (
            np.full_like(apex, 128) if self.name == "images" else _fitted(np.broadcast_to(MEAN_FACE, apex.shape), apex)
        )

    def _others(self, rows: np.ndarray) -> np.ndarray:
        who, counts = self._people
        usable = ~self._faceless[rows]
        own = np.where(usable.reshape(-1, *[1] * (len(self.shape) - 2)), self._upright(rows), 0)
        left = np.maximum(counts[who[rows]] - usable, 1).reshape(-1, *[1] * (own.ndim - 1))
        mean = (self._sums[who[rows]] - own) / left
        return np.rint(mean).astype(np.uint8) if self.name == "images" else _fitted(mean, frame(self.column, rows, -1))

    def _upright(self, rows: np.ndarray) -> np.ndarray:
        """Apex frames so that faces lie on each other: pictures as they are, points on the mean face."""
        apex = np.asarray(frame(self.column, rows, -1), np.float64)
        return apex if self.name == "images" else _fitted(apex, np.broadcast_to(MEAN_FACE, apex.shape))

    @functools.cached_property
    def _faceless(self) -> np.ndarray:
        return missing(self.column, np.arange(len(self)))

    @functools.cached_property
    def _people(self) -> tuple[np.ndarray, np.ndarray]:
        """Person of each row, and how many rows with a face each person has."""
        people, who = np.unique(self.subject, return_inverse=True)
        return who, np.bincount(who[~self._faceless], minlength=len(people))

    @functools.cached_property
    def _sums(self) -> np.ndarray:
        """Sum of the apex frames of each person."""
        who, counts = self._people
        sums = np.zeros((len(counts), *self.shape[2:]))
        for start in range(0, len(self), 64):
            rows = np.arange(start, min(start + 64, len(self)))
            rows = rows[~self._faceless[rows]]
            if rows.size:
                np.add.at(sums, who[rows], self._upright(rows))
        return sums


def _fitted(points: np.ndarray, to: np.ndarray) -> np.ndarray:
    """Faces (n, 68, 2) brought onto others by similarities."""
    return transform(similarity(points, to), points).astype(np.float32)
