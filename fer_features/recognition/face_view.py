"""A face in a picture, and how several of them become the rows of a table."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from ..samples.columns import Column
from ..samples.table import Info, Samples
from ..vision.crop import warp
from ..vision.geometry import MEAN_FACE, transform
from .input_spec import Needs

#: The mean face as it lies in a detector's box, which is the unit square: found on photographs of 30 people.
IN_BOX = (MEAN_FACE + [1.375, 1.08]) / 2.75


@dataclasses.dataclass(frozen=True, eq=False)
class View:
    """One face in one picture: all that the numbers of a prediction depend on, beside the view of the neutral face.

    Attributes
    ----------
    picture : ndarray, shape (H, W), uint8
        The whole frame; shared, not copied.
    box : ndarray, shape (4,), float32
        x, y, width and height in pixels.
    confidence : float
        Of the detector or landmarker, in 0..1.
    points : ndarray, shape (68, 2), float32, or None
        iBUG-68 landmarks in pixels.
    """

    picture: np.ndarray
    box: np.ndarray
    confidence: float = 1.0
    points: np.ndarray | None = None


class Frames:
    """A column of clips whose frames are whole pictures of any size, held by reference.

    Parameters
    ----------
    rows : sequence of n sequences of T ndarrays (H, W) uint8
    """

    def __init__(self, rows: Sequence[Sequence[np.ndarray]]):
        self.rows = rows
        self.shape = (len(rows), len(rows[0]), None, None)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: Any) -> list[Sequence[np.ndarray]]:
        return [self.rows[i] for i in np.arange(len(self))[rows]]

    def frame(self, rows: np.ndarray, t: int) -> list[np.ndarray]:
        """Frame `t` of some rows, a list of (H, W)."""
        return [self.rows[i][t] for i in rows]

    def sizes(self, rows: np.ndarray) -> np.ndarray:
        """Width and height of the last frame of some rows, (n, 2)."""
        return np.array([self.rows[i][-1].shape[::-1] for i in rows])


def rows_of(clips: Sequence[Sequence[View]], needs: Needs) -> Samples:
    """Views of faces as the table that a pipeline was trained on the like of.

    Parameters
    ----------
    clips : sequence of n sequences of T View
        Of each face its neutral view and its view now; its view now alone where nothing is compared.
    needs : Needs
        Of the pipeline.

    Returns
    -------
    Samples
        Columns 'images' and 'landmarks' as the pipeline reads them. Of a pipeline that aligns faces by landmarks the
        images are the whole frames, and it cuts the crops itself, as in training. One that was trained on faces cut
        out already gets a crop of the box (`crop_of`) in the size of its training pictures, and landmarks in pixels
        of that.
    """
    columns: dict[str, Column] = {}
    if "images" in needs.columns:
        if needs.crop is None:
            columns["images"] = Frames([[view.picture for view in clip] for clip in clips])
        else:
            crop = needs.crop
            columns["images"] = np.array([[crop_of(view.picture, view.box, crop) for view in clip] for clip in clips])
    if "landmarks" in needs.columns:
        points = np.array([[view.points for view in clip] for clip in clips], np.float32)
        if needs.crop is not None and "images" in needs.columns:
            matrices = np.array([[box_to_crop(view.box, needs.crop) for view in clip] for clip in clips])
            points = transform(matrices, points).astype(np.float32)
        columns["landmarks"] = points
    return Samples(columns, Info(dataset="recognition"))


def box_to_crop(box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The map (2, 3) from a picture to a crop (height, width): the box's middle to its middle, its longer side to the
    crop's shorter.
    """
    height, width = size
    x, y, w, h = (float(value) for value in box)
    scale = min(size) / max(w, h)
    # Pixel centres are whole numbers, so the picture's own edge is at -0.5.
    return np.array(
        [
            [scale, 0, width / 2 - 0.5 - scale * (x + w / 2 - 0.5)],
            [0, scale, height / 2 - 0.5 - scale * (y + h / 2 - 0.5)],
        ]
    )


def crop_of(picture: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The box of a picture (H, W) as a crop (height, width), upright; beyond the picture its edge is repeated."""
    return warp([picture], box_to_crop(box, size)[None], size[1], size[0])[0]


def box_of(points: np.ndarray) -> np.ndarray:
    """The box that a detector would put around landmarks.

    Parameters
    ----------
    points : ndarray, shape (68, 2)

    Returns
    -------
    ndarray, shape (4,), float32
        The square in which the mean face, as it lies in boxes, is nearest to the points by least squares, upright.
    """
    middle, centre = points.mean(0), IN_BOX.mean(0)
    side = ((points - middle) * (IN_BOX - centre)).sum() / ((IN_BOX - centre) ** 2).sum()
    return np.array([*(middle - side * centre), side, side], np.float32)


def form_of(view: View) -> np.ndarray:
    """What a face looks like, whatever its place, size and roll, to be compared with another view of the same face.

    Landmarks as (68, 2) in inter-ocular distances, by the affine map that takes brows, eyes and nose to a mean face,
    which takes head turns out to first order; without landmarks the face as a (32, 32) picture of mean 0 and
    deviation 1. Both float32.
    """
    if view.points is not None:
        upper = slice(17, 48)
        fixed = np.concatenate([view.points[upper], np.ones((31, 1), np.float32)], 1)
        affine = np.linalg.lstsq(fixed.astype(np.float64), MEAN_FACE[upper], rcond=None)[0]
        return (view.points @ affine[:2] + affine[2]).astype(np.float32)
    small = cv2.GaussianBlur(crop_of(view.picture, view.box, (32, 32)), (3, 3), 0).astype(np.float32)
    return (small - small.mean()) / (small.std() + 1)


def motion(form: np.ndarray, since: np.ndarray) -> float:
    """How far two forms of one face differ: the mean distance of their points, or of their grey values."""
    if form.shape[-1] == 2:
        return float(np.hypot(*(form - since).T).mean())
    return float(np.abs(form - since).mean())
