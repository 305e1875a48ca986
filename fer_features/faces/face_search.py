"""The search for faces in images: in a scene, or in images that are crops of faces."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from .localizer import FaceLocalizer, FaceView

#: Side of the box of a face relative to the shorter side of the image from which the image is a crop of the face.
MIN_CROP_COVERAGE = 0.6

#: How faces are found, see `FaceSearch`.
SEARCH_METHODS = ("detect", "crop", "none")


@dataclasses.dataclass(frozen=True, eq=False)
class FaceSearch:
    """Finds the faces of images, by the same rule in training and in prediction.

    Parameters
    ----------
    localizer : FaceLocalizer
        With a landmarker, except for 'none'.
    method : {'detect', 'crop', 'none'}, default='detect'
        'detect': the detector finds the faces. 'crop': the image is the box of a face, if the landmarks in it are
        reliable; otherwise the detector finds the faces; if it finds none, the image is the box all the same, unless it
        is larger than `max_crop_size`. 'none': as 'detect', but where the detector finds no face, an image of at most
        `max_crop_size` is the box.
    max_crop_size : (int, int), optional
        Height and width of the largest crop that the model was trained on; without it there is no limit.
    """

    localizer: FaceLocalizer
    method: str = "detect"
    max_crop_size: tuple[int, int] | None = None

    def __call__(self, image: np.ndarray, faces: str = "largest") -> list[FaceView]:
        """Find the faces of an image.

        Parameters
        ----------
        image : ndarray, shape (H, W), uint8
        faces : {'largest', 'all'}

        Returns
        -------
        list of FaceView
            With landmarks. Empty if there is none.
        """
        if self.method != "crop":
            found = self.localizer.localize(image, faces)
            is_box = not found and self.method == "none" and self._can_be_crop(image)
            return [FaceView(image, np.array([0, 0, *image.shape[::-1]], np.float32), 0.0)] if is_box else found
        view, is_reliable = self.localizer.view_of_crop(image)
        if view is not None and is_reliable:
            return [view]
        detected = self.localizer.localize(image, faces)
        return detected or ([view] if view is not None and self._can_be_crop(image) else [])

    def _can_be_crop(self, image: np.ndarray) -> bool:
        return self.max_crop_size is None or all(a <= b for a, b in zip(image.shape, self.max_crop_size, strict=True))


@dataclasses.dataclass(frozen=True)
class FacesInImages:
    """What was found in some images of a data set.

    Attributes
    ----------
    n_images : int
        Number of images that were searched.
    n_detected : int
        Number of images in which the detector found a face.
    n_cropped : int
        Number of images that a face fills.
    """

    n_images: int
    n_detected: int
    n_cropped: int

    @classmethod
    def from_coverage(cls, coverage: np.ndarray) -> FacesInImages:
        """Count the images by the `face_coverage` of each, shape (n,)."""
        found = np.isfinite(coverage)
        return cls(len(coverage), int(found.sum()), int((coverage[found] >= MIN_CROP_COVERAGE).sum()))

    @property
    def method(self) -> Literal["detect", "crop"]:
        """The method for this data set: 'crop' if faces fill most of the images, or are found in few of them."""
        is_scene = self.n_detected - self.n_cropped > self.n_cropped
        return "detect" if is_scene and 2 * self.n_detected >= self.n_images else "crop"

    def summary(self, method: str) -> str:
        """What was found, and which method is used: 'detect' or 'crop', which data can declare whatever was found."""
        how = "their faces are detected" if method == "detect" else "each image is the crop of a face"
        return (
            f"of {self.n_images} images, {self.n_detected} have a face that the detector finds, and in "
            f"{self.n_cropped} it fills the image: {how}"
        )


def face_coverage(localizer: FaceLocalizer, image: np.ndarray) -> float:
    """Side of the box of the largest face relative to the shorter side of the image; NaN without a face."""
    views = localizer.localize(image, "largest")
    return float(views[0].box[2]) / min(image.shape) if views else np.nan
