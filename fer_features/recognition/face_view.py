"""Views of faces in frames, their normalization, and their conversion to samples for a pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from ..faces.localizer import FaceView
from ..samples.columns import Column, LazyColumn
from ..samples.data_info import DataInfo
from ..samples.table import Samples
from ..vision.crop import warp_images
from ..vision.geometry import MEAN_FACE, apply_affine
from .face_in_crop import crop_region
from .input_spec import InputSpec


class FrameColumn(LazyColumn):
    """Column of clips whose frames are full images of any size, held by reference.

    Parameters
    ----------
    clips : sequence of n sequences of T ndarrays (H, W) uint8
    """

    def __init__(self, clips: Sequence[Sequence[np.ndarray]]):
        self.clips = clips
        self.shape = (len(clips), len(clips[0]), None, None)

    def __getitem__(self, indices: Any) -> list[Sequence[np.ndarray]]:
        return [self.clips[i] for i in np.arange(len(self))[indices]]

    def frame(self, indices: np.ndarray, t: int) -> list[np.ndarray]:
        """Frame `t` of the given clips, a list of images (H, W)."""
        return [self.clips[i][t] for i in indices]

    def sizes(self, indices: np.ndarray) -> np.ndarray:
        """Width and height in pixels of the last frame of the given clips, shape (n, 2)."""
        return np.array([self.clips[i][-1].shape[::-1] for i in indices])


def samples_from_views(clips: Sequence[Sequence[FaceView]], spec: InputSpec) -> Samples:
    """Convert face views to the samples that a pipeline expects.

    Parameters
    ----------
    clips : sequence of n sequences of T FaceView
        For each face the neutral view and the current view, or the current view alone if ``spec.n_frames`` is 1.
    spec : InputSpec
        Input of the pipeline.

    Returns
    -------
    Samples
        With the columns 'images' and 'landmarks', as far as the pipeline reads them. For a pipeline that aligns faces
        by landmarks, the images are the full frames, and the pipeline crops them as in training. A pipeline that was
        trained on face crops gets the `crop_region` of each face, and landmarks in pixels of that crop.
    """
    info = DataInfo(dataset="recognition", landmarks_located=True)
    columns: dict[str, Column] = {}
    placed = [[_placed(view, spec) for view in clip] for clip in clips]
    if "images" in spec.columns:
        columns["images"] = FrameColumn([[image for image, _ in clip] for clip in placed])
    if "landmarks" in spec.columns:
        columns["landmarks"] = np.array([[landmarks for _, landmarks in clip] for clip in placed], np.float32)
    return Samples(columns, info, check_input=False)


def _placed(view: FaceView, spec: InputSpec) -> tuple[np.ndarray, np.ndarray | None]:
    """The image and the landmarks of a view as in training."""
    if spec.crop_size is None or all(a <= b for a, b in zip(view.image.shape, spec.crop_size, strict=True)):
        return view.image, view.landmarks
    region = crop_region(view.box, spec.face_in_crop, view.image.shape)
    if region is None:
        return view.image, view.landmarks
    landmarks = view.landmarks
    if landmarks is not None:
        landmarks = apply_affine(box_to_crop(region, spec.crop_size), landmarks).astype(np.float32)
    return crop_face(view.image, region, spec.crop_size), landmarks


def box_to_crop(box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return the affine map from an image to the crop of a box.

    The centre of the box is mapped to the centre of the crop, and the longer side of the box to the shorter side of
    the crop.

    Parameters
    ----------
    box : ndarray, shape (4,)
        x, y, width and height in pixels.
    size : (int, int)
        Height and width of the crop in pixels.

    Returns
    -------
    ndarray, shape (2, 3), float64
    """
    height, width = size
    x, y, w, h = (float(value) for value in box)
    scale = min(size) / max(w, h)
    # Pixel centres have integer coordinates, so that the edge of the image is at -0.5.
    return np.array(
        [
            [scale, 0, width / 2 - 0.5 - scale * (x + w / 2 - 0.5)],
            [0, scale, height / 2 - 0.5 - scale * (y + h / 2 - 0.5)],
        ]
    )


def crop_face(image: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Crop the box of an image (H, W) to (height, width), upright. Pixels outside the image repeat its edge."""
    return warp_images([image], box_to_crop(box, size)[None], size[1], size[0])[0]


def normalized_face(view: FaceView) -> np.ndarray:
    """Normalize a face for position, size and roll, so that views of the same face can be compared.

    Returns
    -------
    ndarray, shape (68, 2) or (32, 32), float32
        With landmarks: the landmarks in interocular distances, mapped by the affine map that takes brows, eyes and nose
        to the mean face. It also compensates head rotation to first order. Without landmarks: the face as an image of
        32 x 32 pixels, standardized to mean 0 and standard deviation 1.
    """
    if view.landmarks is not None:
        upper = slice(17, 48)
        homogeneous = np.concatenate([view.landmarks[upper], np.ones((31, 1), np.float32)], 1)
        affine = np.linalg.lstsq(homogeneous.astype(np.float64), MEAN_FACE[upper], rcond=None)[0]
        return (view.landmarks @ affine[:2] + affine[2]).astype(np.float32)
    small = cv2.GaussianBlur(crop_face(view.image, view.box, (32, 32)), (3, 3), 0).astype(np.float32)
    return (small - small.mean()) / (small.std() + 1)


def face_distance(face: np.ndarray, other: np.ndarray) -> float:
    """Return the distance between two normalized faces.

    It is the mean Euclidean distance of corresponding landmarks in interocular distances, or the mean absolute
    difference of standardized grey values.
    """
    if face.shape[-1] == 2:
        return float(np.hypot(*(face - other).T).mean())
    return float(np.abs(face - other).mean())
