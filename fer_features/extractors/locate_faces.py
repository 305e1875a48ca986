"""Faces in raw images as the first step of a pipeline, so that training and prediction find them in one way."""

from __future__ import annotations

import dataclasses
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Self

import joblib
import numpy as np

from .._parallel import map_batches
from .._progress import progress
from ..exceptions import FerError
from ..faces.detector import FaceDetector, as_detector
from ..faces.face_search import FaceSearch, FacesInImages, face_coverage
from ..faces.landmarker_archive import default_landmarker
from ..faces.localizer import FaceLocalizer, FaceView
from ..samples.columns import LazyColumn, as_lazy_column
from ..samples.feature_blocks import stored_features
from ..samples.feature_store import FeatureStore
from ..samples.plain_arrays import as_samples
from ..samples.table import Samples
from ..vision.geometry import interpolate_missing_frames
from .base import SamplesTransformer
from .cache_keys import cache_key
from .parameters import check_parameters

#: Allowed values of the parameter `method`.
FACE_METHODS = ("auto", "given", "detect", "crop", "none")
#: Number of images of a data set that 'auto' searches for faces.
N_SEARCHED_IMAGES = 48
#: Extractors request landmarks in several threads. One at a time searches, itself in several threads.
_SEARCH_LOCK = threading.RLock()
#: Clips that are searched at once, in one thread.
CLIPS_PER_BATCH = 4


class LocateFaces(SamplesTransformer):
    """Find the 68 landmarks of the face in each frame.

    Parameters
    ----------
    method : {'auto', 'given', 'detect', 'crop', 'none'}, default='auto'
        'given': landmarks of the data set. 'detect': the largest face that `detector` finds, and its landmarks by
        `landmarker`. 'crop': each image is the crop of a face, and the image itself is the box; where this gives no
        reliable landmarks, the detector is used. 'none': images are used as they are. 'auto': 'given' for data with
        landmarks and for data without images; otherwise 'crop' or 'detect', depending on what is found in
        `N_SEARCHED_IMAGES` images.
    landmarker : SupportsLandmarks, optional
        By default the one that this package contains, see `fer_features.faces.default_landmarker`.
    detector : callable, optional
        By default `FaceDetector()`; see `fer_features.faces.as_detector`.

    Attributes
    ----------
    method_ : {'given', 'detect', 'crop', 'none'}
        What 'auto' stands for on the data of `fit`.
    landmarker_ : SupportsLandmarks
        Only where the step locates faces.
    image_size_ : tuple of int, or None
        Height and width of the largest images in `fit`.

    Notes
    -----
    Each frame is searched independently of the others, as a single image is in prediction: the same image has the same
    landmarks in training, prediction and evaluation. In clips, landmarks of frames without a face are interpolated
    linearly in time, as missing ones of data sets are: faces move in between, and those of the nearest frame would
    jump. Samples without a face in any frame have no landmarks. Landmarks are kept in the feature store of the table,
    in memory and, with a cache folder, on disk.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples
    >>> from fer_features.extractors import LocateFaces
    >>> X = Samples.from_arrays(np.zeros((4, 48, 48), np.uint8))
    >>> LocateFaces("crop").fit_transform(X)["landmarks"].shape
    (4, 1, 68, 2)
    """

    parameter_constraints: ClassVar = {"method": FACE_METHODS}
    required_columns: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, method: str = "auto", landmarker: Any = None, detector: Callable[[np.ndarray], Any] | None = None
    ):
        self.method = method
        self.landmarker = landmarker
        self.detector = detector

    def __sklearn_clone__(self) -> LocateFaces:
        # The landmarker is used as it is fitted, and `clone` would return it unfitted.
        return type(self)(self.method, self.landmarker, self.detector)

    def validate_parameters(self) -> None:
        """Raise `FerError` for invalid parameters."""
        check_parameters(self, self.parameter_constraints)
        if self.landmarker is not None and not hasattr(self.landmarker, "detect_landmarks"):
            raise FerError(f"landmarker is a {type(self.landmarker).__name__}: a fitted landmarker is needed")

    def fit(self, X: Any, y: Any = None) -> Self:
        """Validate the parameters, and determine what 'auto' stands for.

        Parameters
        ----------
        X : Samples, or array of images or landmarks
        y : None
            Ignored.

        Raises
        ------
        FerError
            If a parameter is invalid, or landmarks are to be used as given and are absent.
        """
        self.method_ = self.resolved_method(X)
        if self.method_ in ("detect", "crop"):  # a saved model refuses another landmarker of the package
            self.landmarker_ = default_landmarker() if self.landmarker is None else self.landmarker
        self.image_size_: tuple[int, int] | None = None
        if isinstance(X, Samples) and "images" in X and len(X):
            width, height = X.sizes().max(0).tolist()
            self.image_size_ = height, width
        return self

    def transform(self, X: Any) -> Any:
        """The same samples with landmarks.

        Parameters
        ----------
        X : Samples, or array of images or landmarks

        Returns
        -------
        Samples
            With `landmarks` (n, T, 68, 2) float32 in pixels of the images, which are computed on access and NaN where
            no face is found. `X` itself where the method is 'given' or 'none', and where the landmarks of `X` were
            found by this step.

        Raises
        ------
        FerError
            If a parameter is invalid or images are absent.
        """
        method = getattr(self, "method_", None) or self.resolved_method(X)
        if method in ("given", "none") or (isinstance(X, Samples) and X.info.landmarks_located) or stored_features(X):
            return X
        X = as_samples(X, ("images",))
        search = self.face_search(method)
        key = f"{cache_key(LocateFaces(method))} {_digest(search.localizer)}"
        landmarks = LocatedLandmarks(X.column("images"), search, key, X.feature_store)
        located = X.with_lazy_columns(key, {"landmarks": landmarks})
        located.info = dataclasses.replace(X.info, landmarks_located=True)
        return located

    def face_search(self, method: str) -> FaceSearch:
        """The search for faces by 'detect' or 'crop', as in `transform`: each image of a table can be a crop.

        Parameters
        ----------
        method : {'detect', 'crop'}
        """
        return FaceSearch(self.localizer(), method)

    def views(self, X: Samples, n_frames: int | None = None) -> Iterator[list[FaceView | None]]:
        """The faces whose landmarks `transform` uses, with their boxes and confidences.

        Parameters
        ----------
        X : Samples
            With images. Landmarks that it has are not used.
        n_frames : int, optional
            Number of frames per sample, evenly spread from the first to the last one. By default all.

        Yields
        ------
        list of FaceView
            For each sample in order the largest face of each frame; None in frames without a face.
        """
        images = X.column_view("images")
        length = images.shape[1]
        times = np.unique(np.rint(np.linspace(0, length - 1, min(n_frames or length, length))).astype(int))
        for clips in largest_faces(images, self.face_search(self.method_), np.arange(len(X)), times):
            yield from clips

    def localizer(self) -> FaceLocalizer:
        """Detector and landmarker of this step."""
        detector = FaceDetector() if self.detector is None else as_detector(self.detector)
        landmarker = getattr(self, "landmarker_", self.landmarker)
        return FaceLocalizer(detector, default_landmarker() if landmarker is None else landmarker)

    def resolved_method(self, X: Any) -> str:
        """What the method is on some data: never 'auto'.

        Parameters
        ----------
        X : Samples, or array of images or landmarks
        """
        self.validate_parameters()
        if self.method != "auto":
            return self.method
        if not isinstance(X, Samples) or "landmarks" in X or "images" not in X or not len(X):
            return "given"
        return "crop" if X.info.cropped else self.faces_in_images(X).method

    def faces_in_images(self, X: Samples) -> FacesInImages:
        """What is found in `N_SEARCHED_IMAGES` images, evenly spread over the table that was loaded.

        Parameters
        ----------
        X : Samples
            With images.
        """
        localizer = self.localizer()
        n = X.feature_store.n
        indices = np.unique(np.linspace(0, n - 1, min(n, N_SEARCHED_IMAGES)).astype(int))
        images = as_lazy_column(X.column("images"))

        def search(chosen: np.ndarray) -> Iterator[np.ndarray]:
            for image in images.frame(chosen, -1):
                yield np.array([[face_coverage(localizer, image)]], np.float32)

        key = f"coverage {_digest(localizer)}"
        return FacesInImages.from_coverage(X.feature_store.features(key, indices, search)[:, 0])


class LocatedLandmarks(LazyColumn):
    """Landmarks that are found in images on access, at most once for each clip.

    Parameters
    ----------
    images : ndarray or LazyColumn, shape (n, T, H, W)
    search : FaceSearch
    key : str
        Identifies the search in the feature store.
    feature_store : FeatureStore
        Of the table with these images.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, images: Any, search: FaceSearch, key: str, feature_store: FeatureStore):
        self.images, self.search, self.key, self.feature_store = as_lazy_column(images), search, key, feature_store
        self.shape = (*np.shape(images)[:2], 68, 2)

    def __getitem__(self, indices: Any) -> np.ndarray:
        indices = np.arange(len(self))[indices]
        with _SEARCH_LOCK:
            found = self.feature_store.features(self.key, np.atleast_1d(indices), self._search_all)
        return found.reshape(*np.shape(indices), *self.shape[1:])

    def _search_all(self, indices: np.ndarray) -> Iterator[np.ndarray]:
        for clips in largest_faces(self.images, self.search, indices, np.arange(self.shape[1])):
            found = np.full((len(clips), *self.shape[1:]), np.nan, np.float32)
            for landmarks, views in zip(found, clips, strict=True):
                for t, view in enumerate(views):
                    if view is not None:
                        landmarks[t] = view.landmarks
            yield interpolate_missing_frames(found).reshape(len(clips), -1)


def largest_faces(
    images: LazyColumn, search: FaceSearch, indices: np.ndarray, times: np.ndarray
) -> Iterator[list[list[FaceView | None]]]:
    """Largest face in some frames of some clips, searched in several threads.

    Parameters
    ----------
    images : LazyColumn, shape (n, T, H, W)
    search : FaceSearch
    indices : ndarray, shape (k,), int
        The clips.
    times : ndarray, shape (t,), int
        The frames.

    Yields
    ------
    list of list of FaceView
        For each of the next clips the face in each frame, None where there is none.
    """

    def search_batch(batch: np.ndarray) -> list[list[FaceView | None]]:
        return [[next(iter(search(np.ascontiguousarray(clip[t]))), None) for t in times] for clip in images[batch]]

    batches = [indices[i : i + CLIPS_PER_BATCH] for i in range(0, len(indices), CLIPS_PER_BATCH)]
    yield from progress(map_batches(search_batch, batches), len(batches), "locating faces")


_DIGESTS: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()


def _digest(localizer: FaceLocalizer) -> str:
    """Hash of the detector and of the fitted landmarker."""
    landmarker = localizer.landmarker
    if landmarker not in _DIGESTS:
        try:
            _DIGESTS[landmarker] = joblib.hash(landmarker)
        except Exception as error:  # pickling calls code of any kind
            raise FerError(
                f"{type(landmarker).__name__} cannot be hashed, so landmarks cannot be kept ({error})"
            ) from error
    return f"{joblib.hash(localizer.detector)} {_DIGESTS[landmarker]}"
