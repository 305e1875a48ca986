"""The neutral reference as a pipeline step: the frame, or the face, that the apex is compared with."""

from __future__ import annotations

import functools
import hashlib
from typing import Any, Self

import numpy as np

from ..samples.columns import LazyColumn, as_lazy_column
from ..samples.feature_blocks import stored_features
from ..samples.groups import known_subjects
from ..samples.landmark_columns import has_landmark_axes
from ..samples.table import Samples
from ..vision.geometry import MEAN_FACE, apply_affine, estimate_similarity
from .base import SamplesTransformer
from .cache_keys import cache_key
from .parameters import check_parameters
from .stored_extraction import check_step

#: Allowed values of the parameter `method`.
METHODS = ("first", "median", "subject", "none")

#: Columns that hold faces, frame by frame.
FACE_COLUMNS = ("images", "landmarks")

#: Grey level of the image that stands for no neutral face.
MID_GREY = 128
#: Samples whose apex frames are summed at once.
SAMPLES_PER_CHUNK = 64


class Neutral(SamplesTransformer):
    """Choose the neutral frame of each sample.

    Parameters
    ----------
    method : {'first', 'median', 'subject', 'none'}, default='first'
        'first': the first frame of the clip, for clips that begin with a neutral face. 'median': the median over the
        frames of the clip for each pixel and landmark, for clips that do not begin neutral. 'subject': the mean apex of
        the other samples of the subject, for still images and clips of subjects with several samples. 'none': a grey
        image, and the mean face at the position of this face, so that only the apex counts.

    Notes
    -----
    The step comes after the alignment, so that the frames of a clip and the samples of a subject are registered.
    'subject' uses all samples of the table and no labels. The only sample of a subject has no reference, and its
    features cannot be extracted.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples
    >>> from fer_features.extractors import Neutral
    >>> clips = np.zeros((1, 3, 8, 8), np.uint8)
    >>> clips[0, :, 0, 0] = [9, 5, 7]
    >>> X = Samples.from_arrays(clips)
    >>> for method in ("first", "median", "none"):
    ...     print(method, Neutral(method).fit_transform(X).frame("images", 0)[0, 0, 0])
    first 9
    median 7
    none 128
    """

    def __init__(self, method: str = "first"):
        self.method = method

    @property
    def required_columns(self) -> tuple[str, ...]:
        """Columns of `Samples` that the method itself uses, apart from the faces."""
        return ("subject",) if self.method == "subject" else ()

    def validate_parameters(self) -> None:
        """Raise an error for an invalid parameter.

        Raises
        ------
        FerError
        """
        check_parameters(self, {"method": METHODS})

    def fit(self, X: Any, y: Any = None) -> Self:
        """Validate the parameter. Nothing is estimated from data.

        Raises
        ------
        FerError
            If the parameter is invalid, or features of `X` were extracted with another one.
        """
        self.validate_parameters()
        if stored := stored_features(X):
            check_step("neutral", self, stored[0])
        return self

    def transform(self, X: Any) -> Any:
        """The same samples, each with its neutral frame as the first frame.

        Parameters
        ----------
        X : Samples, or array of images or landmarks

        Returns
        -------
        Samples
            `X` itself where the method is 'first'.

        Raises
        ------
        FerError
            If the parameter is invalid, or if subjects are needed and absent.
        """
        self.validate_parameters()
        if self.method == "first":
            return X
        if not isinstance(X, Samples):  # an array of the one column that an extractor requires
            X = Samples({"landmarks" if has_landmark_axes(X) else "images": X})
        subject = np.asarray(X.column("subject")).astype(str) if self.method == "subject" else None
        columns = {
            name: NeutralReference(X.column(name), name, self.method, subject) for name in FACE_COLUMNS if name in X
        }
        # The key of features on disk covers images and landmarks only. Here they depend on the subjects as well.
        key = cache_key(self)
        if subject is not None:
            key += " " + hashlib.blake2b("\n".join(subject).encode(), digest_size=16).hexdigest()
        return X.with_lazy_columns(key, columns)


class NeutralReference(LazyColumn):
    """Clips with another neutral frame; still images become clips of two frames.

    Parameters
    ----------
    column : ndarray or LazyColumn
        Images (n, T, H, W) or landmarks (n, T, 68, 2).
    name : {'images', 'landmarks'}
    method : {'median', 'subject', 'none'}
        As in `Neutral`.
    subject : ndarray of str, shape (n,), or None
        Needed by the method 'subject'.
    """

    def __init__(self, column: Any, name: str, method: str, subject: np.ndarray | None):
        self.column, self.name, self.method = as_lazy_column(column), name, method
        self.subject: Any = subject
        n, n_frames, *rest = np.shape(column)
        self.is_still = n_frames == 1
        self.shape = (n, max(n_frames, 2), *rest)
        self.dtype = np.dtype(np.uint8 if name == "images" else np.float32)

    def __getitem__(self, indices: Any) -> np.ndarray:
        indices = np.arange(len(self))[indices]
        return np.stack([self.frame(indices, t) for t in range(self.shape[1])], 1)

    def frame(self, indices: Any, t: int) -> np.ndarray:
        """Frame `t` of some samples, shape (k, ...); frame 0 is the neutral reference."""
        indices = np.arange(len(self))[indices]
        if range(self.shape[1])[t] != 0:
            return self.column.frame(indices, -1 if self.is_still else t)
        if self.method == "median":
            median = np.median(self.column[indices], axis=1)
            return np.rint(median).astype(np.uint8) if self.name == "images" else median.astype(np.float32)
        if self.method == "subject":
            return self._mean_of_other_samples(indices)
        return self._no_face(indices)

    def missing(self, indices: np.ndarray) -> np.ndarray:
        """Samples without a face, or without another sample of their subject, shape (k,) bool."""
        missing = self._missing_faces[indices]
        if self.subject is None:
            return missing
        codes, counts = self._subjects
        return missing | (counts[codes[indices]] < 2) | ~known_subjects(self.subject[indices])

    def _no_face(self, indices: np.ndarray) -> np.ndarray:
        apex = self.column.frame(indices, -1)
        if self.name == "images":
            return np.full_like(apex, MID_GREY)
        return _register(np.broadcast_to(MEAN_FACE, apex.shape), apex)

    def _mean_of_other_samples(self, indices: np.ndarray) -> np.ndarray:
        codes, counts = self._subjects
        usable = ~self._missing_faces[indices]
        own = np.where(usable.reshape(-1, *[1] * (len(self.shape) - 2)), self._registered_apex(indices), 0)
        n_others = np.maximum(counts[codes[indices]] - usable, 1).reshape(-1, *[1] * (own.ndim - 1))
        mean = (self._sums[codes[indices]] - own) / n_others
        if self.name == "images":
            return np.rint(mean).astype(np.uint8)
        return _register(mean, self.column.frame(indices, -1))

    def _registered_apex(self, indices: np.ndarray) -> np.ndarray:
        """Apex frames that can be averaged: aligned images as they are, landmarks registered to the mean face."""
        apex = np.asarray(self.column.frame(indices, -1), np.float64)
        return apex if self.name == "images" else _register(apex, np.broadcast_to(MEAN_FACE, apex.shape))

    @functools.cached_property
    def _missing_faces(self) -> np.ndarray:
        return self.column.missing(np.arange(len(self)))

    @functools.cached_property
    def _subjects(self) -> tuple[np.ndarray, np.ndarray]:
        """Code of the subject of each sample, and the number of samples with a face of each subject."""
        subjects, codes = np.unique(self.subject, return_inverse=True)
        return codes, np.bincount(codes[~self._missing_faces], minlength=len(subjects))

    @functools.cached_property
    def _sums(self) -> np.ndarray:
        """Sum of the registered apex frames of each subject."""
        codes, counts = self._subjects
        sums = np.zeros((len(counts), *self.shape[2:]))
        for start in range(0, len(self), SAMPLES_PER_CHUNK):
            indices = np.arange(start, min(start + SAMPLES_PER_CHUNK, len(self)))
            indices = indices[~self._missing_faces[indices]]
            if indices.size:
                np.add.at(sums, codes[indices], self._registered_apex(indices))
        return sums


def _register(landmarks: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Landmarks (n, 68, 2) mapped onto the target landmarks by similarities."""
    return apply_affine(estimate_similarity(landmarks, target), landmarks).astype(np.float32)
