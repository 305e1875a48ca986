"""Landmarks of records: files beside the images, in the coordinates of the images as they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image

from ..exceptions import FerError
from ..media.decoding import MAX_STORED_PIXELS
from ..samples.columns import Column, as_lazy_column
from .file_records import Record
from .landmark_formats import read_point_file
from .still_images import Fault

#: Fraction of `MAX_STORED_PIXELS` from which an image may be a reduced one.
REDUCED_FRACTION = 0.95


def landmarks_of_records(
    records: Sequence[Record], images: Column, frame_numbers: np.ndarray | None, faults: list[Fault]
) -> np.ndarray | None:
    """Read the landmark files of records.

    Parameters
    ----------
    records : sequence of n Record
    images : ndarray or LazyColumn, shape (n, T, H, W)
        The images as they are stored: cropped to the boxes of the records, and large ones reduced.
    frame_numbers : ndarray of int, shape (n, T), or None
        Frame of the clip that each frame shows, negative for an image of its own; None for still images.
    faults : list of Fault
        Receives the files that cannot be read.

    Returns
    -------
    ndarray, shape (n, T, 68, 2), float32, or None
        NaN where a record has no landmarks. None if no record has landmarks.
    """
    if not any(record.landmarks for record in records):
        return None
    column = as_lazy_column(images)
    numbers = np.zeros((len(records), 1), int) if frame_numbers is None else frame_numbers
    landmarks = np.full((*numbers.shape, 68, 2), np.nan, np.float32)
    sizes = column.sizes(np.arange(len(records)))
    for i, record in enumerate(records):
        if not record.landmarks:
            continue
        try:
            landmarks[i] = _frames(record, numbers[i])
        except FerError as error:
            faults.append(Fault("unreadable landmarks", str(error)))
            continue
        landmarks[i] = _in_stored_image(landmarks[i], record, sizes[i])
    return landmarks


def _frames(record: Record, numbers: np.ndarray) -> np.ndarray:
    """Landmarks of frames of a record, (T, 68, 2); NaN for those of another image and those that a file lacks."""
    out = np.full((len(numbers), 68, 2), np.nan, np.float32)
    if len(record.landmarks) == len(record.files) and not record.is_video:
        for t, number in enumerate(numbers):
            if number >= 0:
                out[t] = read_point_file(record.landmarks[number])[0]
        return out
    points = read_point_file(record.landmarks[0])
    present = (numbers >= 0) & (numbers < len(points))
    out[present] = points[numbers[present]]
    return out


def _in_stored_image(points: np.ndarray, record: Record, size: np.ndarray) -> np.ndarray:
    """Coordinates in the image that was cropped and reduced; fractions of the image size stay as they are."""
    if record.box is not None:
        return points - np.asarray(record.box[:2], np.float32)
    return points if record.is_video else points_in_reduced_image(points, record.files[-1], size)


def points_in_reduced_image(points: np.ndarray, file: Path, size: np.ndarray) -> np.ndarray:
    """Points of an image file in the image as it is stored: images of many pixels are reduced.

    Parameters
    ----------
    points : ndarray, shape (..., 68, 2)
        In pixels of the file; fractions of the image size stay as they are.
    file : Path
        Its header is only read where the stored image may be a reduced one.
    size : ndarray of int, shape (2,)
        Width and height of the stored image.

    Returns
    -------
    ndarray, shape (..., 68, 2)
    """
    if size.prod() < REDUCED_FRACTION * MAX_STORED_PIXELS:
        return points
    with PIL.Image.open(file) as image:
        original = np.array(image.size)
    if (original[0] > original[1]) != (size[0] > size[1]):  # rotated by its orientation in EXIF
        original = original[::-1]
    is_fraction = np.nanmax(np.abs(points), initial=0) <= 2
    return points if is_fraction else (points + 0.5) * (size / original).astype(np.float32) - 0.5
