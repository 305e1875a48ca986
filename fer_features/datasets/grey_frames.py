"""A decoded image as it is stored: cropped to the box of the face, in grey values, of a limited size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..media.decoding import UnreadableImage, reduce_image
from ..samples.source_regions import Region, region_of
from ..vision.grayscale import has_colour, to_grayscale


class BoxOutsideImage(UnreadableImage):
    """The box of the face has no pixel of the image."""


@dataclass(frozen=True)
class GreyFrame:
    """A frame as it is shown, and what was changed.

    Attributes
    ----------
    image : ndarray, shape (H, W), uint8
    region : Region
        The part of the file.
    is_colour, is_reduced : bool
        Whether the file has colours, and more pixels than `image`, by area averaging (`reduce_image`).
    """

    image: np.ndarray
    region: Region
    is_colour: bool
    is_reduced: bool


def grey_frame(image: np.ndarray, box: Iterable[float] | None = None) -> GreyFrame:
    """Crop a decoded image to a box, and convert it to grey values of a limited size (`reduce_image`).

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, 3), uint8
    box : iterable of 4 float, optional
        x, y, width and height in pixels.

    Returns
    -------
    GreyFrame

    Raises
    ------
    BoxOutsideImage

    Examples
    --------
    >>> grey_frame(np.zeros((40, 60, 3), np.uint8), box=(50, 10, 20, 20)).image.shape
    (20, 10)
    """
    region = region_of(image.shape)
    if box is not None:
        x, y, width, height = box
        left, top = max(0, round(x)), max(0, round(y))
        given, image = image.shape, image[top : max(0, round(y + height)), left : max(0, round(x + width))]
        region = region_of(given, (left, top), image.shape)
        if not image.size:
            where = f"x={x:g}, y={y:g}, width {width:g}, height {height:g}"
            raise BoxOutsideImage(f"has {given[1]} x {given[0]} pixels, and the box is outside of it ({where})")
    is_colour = image.ndim == 3 and has_colour(image)
    grey = np.ascontiguousarray(to_grayscale(image) if image.ndim == 3 else image)
    reduced = reduce_image(grey)
    return GreyFrame(reduced, region, is_colour, reduced is not grey)
