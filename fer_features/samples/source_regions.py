"""Which part of its file each image of a table shows: landmarks of files are converted to the images and back.

An image of a table can be a part of its file, be reduced, or be fitted to the size of another frame. Files with
landmarks have the pixels of the image files, so that they do not depend on how the images were read. A region has six
numbers: x, y, width and height in pixels of the file of what an image shows, and the width and height of the file. It
reaches beyond the file where an image has margins.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..exceptions import FerError
from .landmark_columns import MAX_RELATIVE_COORDINATE

#: Column (n, T, 6) of the regions; a table without it has images as they are in their files.
SOURCE_REGIONS = "source_region"

#: x, y, width and height of the part that is shown, and width and height of the file.
Region = tuple[float, float, float, float, float, float]


def region_of(size: Sequence[int], corner: tuple[int, int] = (0, 0), part: Sequence[int] | None = None) -> Region:
    """Region of an image, before it is reduced.

    Parameters
    ----------
    size : sequence of int
        Height and width of the file, further numbers are ignored.
    corner : tuple of 2 int, default=(0, 0)
        x and y of the top left pixel of the part.
    part : sequence of int, optional
        Height and width of the part; by default those of the file.

    Examples
    --------
    >>> region_of((480, 640, 3), (10, 20), (100, 90))
    (10.0, 20.0, 90.0, 100.0, 640.0, 480.0)
    """
    height, width = (size if part is None else part)[:2]
    return tuple(map(float, (*corner, width, height, size[1], size[0])))  # type: ignore[return-value]


def fitted_region(region: Region, scaled: tuple[int, int], margins: tuple[int, int], size: tuple[int, int]) -> Region:
    """Region of an image that is scaled and gets margins.

    Parameters
    ----------
    region : Region
        That of the image.
    scaled : tuple of 2 int
        Its height and width after scaling.
    margins : tuple of 2 int
        Number of rows above and of columns to the left of it.
    size : tuple of 2 int
        Height and width with all margins.

    Examples
    --------
    >>> fitted_region((0, 0, 20, 20, 20, 20), (10, 10), (0, 5), (10, 20))
    (-10.0, 0.0, 40.0, 20.0, 20, 20)
    """
    x, y, width, height = region[:4]
    factors = width / scaled[1], height / scaled[0]
    corner = x - margins[1] * factors[0], y - margins[0] * factors[1]
    return (*corner, size[1] * factors[0], size[0] * factors[1], *region[4:])


def shows_whole_files(regions: np.ndarray, sizes: np.ndarray) -> bool:
    """Whether images (n,) with these regions (n, T, 6) and sizes (width, height) (n, 2) are as in their files."""
    width_height = np.asarray(sizes, np.float64)[:, None]
    unchanged = (regions[..., 2:4] == width_height) & (regions[..., 4:] == width_height) & (regions[..., :2] == 0)
    return bool(unchanged.all())


def points_in_images(points: np.ndarray, regions: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Convert points of files to the images of a table.

    Parameters
    ----------
    points : ndarray, shape (n, T, P, 2)
        In pixels of the files, or as fractions of their width and height.
    regions : ndarray, shape (n, T, 6)
    sizes : ndarray of int, shape (n, 2)
        Width and height of the images.

    Returns
    -------
    ndarray, shape (n, T, P, 2), float32
        In pixels of the images. Fractions stay fractions, of the images.

    Examples
    --------
    >>> region = np.array([[[20.0, 0.0, 40.0, 40.0, 80.0, 40.0]]])
    >>> points_in_images(np.full((1, 1, 1, 2), 39.5), region, np.array([[20, 20]])).tolist()
    [[[[9.5, 19.5]]]]
    """
    size = np.asarray(sizes, np.float64)[:, None, None]
    corner, part, file = (regions[:, :, None, i : i + 2].astype(np.float64) for i in (0, 2, 4))
    largest = np.max(np.abs(points), axis=(1, 2, 3), where=np.isfinite(points), initial=0)
    fractions = (largest <= MAX_RELATIVE_COORDINATE)[:, None, None, None]
    in_pixels = (points + 0.5 - corner) * (size / part) - 0.5
    return np.where(fractions, (points * file - corner) / part, in_pixels).astype(np.float32)


def points_in_files(points: np.ndarray, regions: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Convert points (n, T, P, 2) in pixels of the images of a table to pixels of their files, as float32.

    Examples
    --------
    >>> region = np.array([[[20.0, 0.0, 40.0, 40.0, 80.0, 40.0]]])
    >>> points_in_files(np.full((1, 1, 1, 2), 9.5), region, np.array([[20, 20]])).tolist()
    [[[[39.5, 19.5]]]]
    """
    size = np.asarray(sizes, np.float64)[:, None, None]
    corner, part = (regions[:, :, None, i : i + 2].astype(np.float64) for i in (0, 2))
    return ((points + 0.5) * (part / size) - 0.5 + corner).astype(np.float32)


def clean_regions(values: object) -> np.ndarray:
    """Regions (n, T, 6) as float64.

    Raises
    ------
    FerError
        For another shape or type, and parts without an area.
    """
    regions = np.asarray(values)
    is_valid = regions.ndim == 3 and regions.shape[2] == 6 and regions.dtype.kind in "iuf"
    if not (is_valid and np.isfinite(regions).all() and (regions[..., 2:] > 0).all()):
        raise FerError(
            f"source_region is {regions.dtype} {regions.shape}: x, y, width and height of a part, and width and height "
            "of its file, are needed for each frame, (n, T, 6)"
        )
    return regions.astype(np.float64)
