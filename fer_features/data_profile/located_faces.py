"""What the first step of a pipeline sees in a data set: faces and landmarks in some of the images."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..exceptions import FerError
from ..extractors.locate_faces import LocateFaces
from ..samples.table import Samples

#: Number of samples that are searched for faces.
N_LOCATED_SAMPLES = 24


@dataclasses.dataclass(frozen=True, eq=False)
class LocatedFaces:
    """Landmarks in the last frames of k samples, evenly spaced in the table.

    Attributes
    ----------
    indices : ndarray of int, shape (k,)
        Positions of the samples.
    landmarks : ndarray, shape (k, 68, 2)
        In pixels; NaN without a face.
    method : {'given', 'detect', 'crop'}
        Where the landmarks come from: the data set, the face detector, or each image as the box of a face.
    """

    indices: np.ndarray
    landmarks: np.ndarray
    method: str

    @property
    def n_found(self) -> int:
        """Number of samples with landmarks."""
        return int(np.isfinite(self.landmarks).all((1, 2)).sum())

    def __str__(self) -> str:
        origin = {
            "given": "the data set",
            "detect": "the face detector",
            "crop": "each image as the box of its face",
        }
        return f"landmarks in {self.n_found} of {len(self.indices)} samples, from {origin[self.method]}"


def locate_some_faces(X: Samples) -> LocatedFaces | None:
    """Locate the faces of some samples as a pipeline with the default step `LocateFaces` does.

    Parameters
    ----------
    X : Samples

    Returns
    -------
    LocatedFaces or None
        None without images, and where an image is too small to be searched.
    """
    if "images" not in X:
        return None
    indices = np.unique(np.linspace(0, len(X) - 1, min(N_LOCATED_SAMPLES, len(X))).round().astype(int))
    step = LocateFaces()
    try:
        method = step.resolved_method(X)
        landmarks = step.set_params(method=method).transform(X[indices])["landmarks"]
    except FerError:
        return None
    return LocatedFaces(indices, landmarks[:, -1], method)
