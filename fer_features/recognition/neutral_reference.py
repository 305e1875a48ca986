"""The neutral reference of a face track: given, the first view, or estimated online from the median."""

from __future__ import annotations

import numpy as np

from ..faces.localizer import FaceView
from .face_view import face_distance, normalized_face

#: Methods that select the neutral reference of a track.
NEUTRAL_METHODS = ("first", "median", "none")
#: Smallest number of normalized faces that the median is computed over once a track is long enough.
N_MEDIAN_FACES = 64


class OnlineNeutralReference:
    """The neutral reference of one face in a stream.

    Parameters
    ----------
    method : {'first', 'median', 'none'}
        'first': the first view of the face. 'median': of the views so far, the one whose normalized face is nearest to
        the median of all of them, since a face is neutral most of the time. 'none': no reference.
    given : FaceView, optional
        A known neutral view. The reference is fixed then.

    Attributes
    ----------
    view : FaceView or None
        The current reference.
    normalized : ndarray or None
        Its `normalized_face`.

    Notes
    -----
    Memory is constant: between `N_MEDIAN_FACES` and 2 * `N_MEDIAN_FACES` normalized faces are stored, evenly spaced in
    time. When the limit is reached, every other one is dropped and the sampling interval is doubled. Only the image of
    the reference itself is kept. The reference is a recorded frame, because an image of medians would be blurred by
    head motion.
    """

    def __init__(self, method: str = "first", given: FaceView | None = None):
        self.method = method
        self.view = given
        self.normalized = None if given is None else normalized_face(given)
        self._fixed = given is not None or method == "none"
        self._stored: list[np.ndarray] = []
        self._interval, self._n_views = 1, 0
        self._median: np.ndarray | None = None

    @property
    def is_used(self) -> bool:
        """Whether there is a reference, or will be one after the next view."""
        return self.view is not None or not self._fixed

    @property
    def n_stored(self) -> int:
        """Number of normalized faces in memory."""
        return len(self._stored)

    def update(self, view: FaceView, normalized: np.ndarray | None) -> None:
        """Add a view and its normalized face."""
        if self._fixed or normalized is None:
            return
        if self.view is None:
            self.view, self.normalized = view, normalized
        if self.method == "first":
            self._fixed = True
            return
        if self._n_views % self._interval == 0:
            self._stored.append(normalized)
            if len(self._stored) >= 2 * N_MEDIAN_FACES:
                self._stored = self._stored[::2]
                self._interval *= 2
            self._median = np.median(self._stored, 0)
        self._n_views += 1
        if self._median is None or self.normalized is None:
            return
        if face_distance(normalized, self._median) < face_distance(self.normalized, self._median):
            self.view, self.normalized = view, normalized
