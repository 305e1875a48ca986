"""The neutral face that others are compared with: given, the first one, or estimated as frames come."""

from __future__ import annotations

import numpy as np

from .face_view import View, form_of, motion

#: How the neutral face of a stream is found, beside being given.
METHODS = ("first", "median", "none")
#: Forms that the median is taken over: enough for a stable one, and memory does not grow beyond them.
KEPT = 64


class Baseline:
    """The neutral view of one face in a stream.

    Parameters
    ----------
    method : {'first', 'median', 'none'}
        'first': the first view of the face. 'median': the view, of those so far, whose form is nearest to the median
        form; a face is neutral most of the time. 'none': none.
    given : View, optional
        A neutral view that is known; nothing is estimated then.

    Attributes
    ----------
    view : View or None
        The neutral view as known so far.
    form : ndarray or None
        Its `form_of`.

    Notes
    -----
    Of all frames seen `KEPT` to 2 * `KEPT` forms are held, spread evenly: when there are too many every second one is
    left out, and from then on half as many are taken. Of pictures only the neutral one is held. A picture of medians
    would be blurred by head motion; the frame next to the median is a real one.
    """

    def __init__(self, method: str = "first", given: View | None = None):
        self.method = method
        self.view = given
        self.form = None if given is None else form_of(given)
        self._fixed = given is not None or method == "none"
        self._forms: list[np.ndarray] = []
        self._stride, self._seen = 1, 0
        self._median: np.ndarray | None = None

    @property
    def used(self) -> bool:
        """Whether there is, or will be, a neutral view."""
        return self.view is not None or not self._fixed

    def update(self, view: View, form: np.ndarray | None) -> None:
        """Take note of a view and its form."""
        if self._fixed or form is None:
            return
        if self.view is None:
            self.view, self.form = view, form
        if self.method == "first":
            self._fixed = True
            return
        if self._seen % self._stride == 0:
            self._forms.append(form)
            if len(self._forms) >= 2 * KEPT:
                self._forms = self._forms[::2]
                self._stride *= 2
            self._median = np.median(self._forms, 0)
        self._seen += 1
        if self._median is None or self.form is None:
            return
        if motion(form, self._median) < motion(self.form, self._median):
            self.view, self.form = view, form
