"""Landmarks of records: files beside the images, in the coordinates of the images as they are stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import PIL.ExifTags
import PIL.Image

from ..exceptions import FerError
from ..media.decoding import MAX_STORED_PIXELS
from ..samples.columns import Column, as_lazy_column
from ..samples.landmark_columns import MAX_RELATIVE_COORDINATE
from .file_records import Record
from .landmark_formats import read_point_file
from .still_images import Fault

#: Fraction of `MAX_STORED_PIXELS` from which an image may be a reduced one.
REDUCED_FRACTION = 0.95


def landmarks_of_records(
    records: Sequence[Record],
    images: Column,
    frame_numbers: np.ndarray | None,
    image_landmarks: Mapping[Path, Path],
    faults: list[Fault],
    notes: list[str],
) -> np.ndarray | None:
    """Read the landmark files of records.

    Parameters
    ----------
    records : sequence of n Record
    images : ndarray or LazyColumn, shape (n, T, H, W)
        The images as they are stored: cropped to the boxes of the records, and large ones reduced.
    frame_numbers : ndarray of int, shape (n, T), or None
        Frame of the clip that each frame shows, negative for an image of its own; None for still images.
    image_landmarks : mapping of Path to Path
        Image -> its file with landmarks, for neutral images.
    faults : list of Fault
        Receives the files that cannot be read.
    notes : list of str
        Receives the number of records whose neutral images have no landmarks.

    Returns
    -------
    ndarray, shape (n, T, 68, 2), float32, or None
        NaN where a record has no landmarks, also where its neutral image has none: those of the expression would be
        used for it. None if no record has landmarks.
    """
    if not any(record.landmarks for record in records):
        return None
    column = as_lazy_column(images)
    numbers = np.zeros((len(records), 1), int) if frame_numbers is None else frame_numbers
    landmarks = np.full((*numbers.shape, 68, 2), np.nan, np.float32)
    sizes = column.sizes(np.arange(len(records)))
    n_without_neutral = 0
    for i, record in enumerate(records):
        if not record.landmarks:
            continue
        try:
            points = _in_stored_image(_frames(record, numbers[i]), record, sizes[i])
            if (numbers[i] < 0).any():
                neutral = _neutral_landmarks(record, image_landmarks, sizes[i])
                n_without_neutral += neutral is None
                if neutral is None:
                    continue
                points[numbers[i] < 0] = neutral
        except FerError as error:
            faults.append(Fault("unreadable landmarks", str(error)))
            continue
        landmarks[i] = points
    if n_without_neutral:
        notes.append(f"landmarks not used: {n_without_neutral} sample(s) have neutral images without landmarks")
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


def _neutral_landmarks(record: Record, image_landmarks: Mapping[Path, Path], size: np.ndarray) -> np.ndarray | None:
    """Landmarks of the neutral image (68, 2), of its own record or of a file named as that of the record."""
    image, file, landmarks = record.neutral, record.files[-1], record.landmarks[0]
    if not isinstance(image, Path):
        return None
    beside = image.with_name(landmarks.name.replace(file.stem, image.stem, 1))
    found = image_landmarks.get(image, beside if landmarks.name.startswith(file.stem) and beside.is_file() else None)
    return None if found is None else points_in_fitted_image(read_point_file(found)[0], image, size)


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
    if size.prod() < REDUCED_FRACTION * MAX_STORED_PIXELS or _are_fractions(points):
        return points
    return (points + 0.5) * (size / _image_size(file)).astype(np.float32) - 0.5


def points_in_fitted_image(points: np.ndarray, file: Path, size: np.ndarray) -> np.ndarray:
    """Points of an image file in the image as `fit_to_size` makes it.

    Parameters
    ----------
    points : ndarray, shape (68, 2)
        In pixels of the file, or fractions of its size.
    file : Path
    size : ndarray of int, shape (2,)
        Width and height to which the image is fitted.

    Returns
    -------
    ndarray, shape (68, 2)
        In the same unit.
    """
    original = _image_size(file)
    pixels = points * original if _are_fractions(points) else points
    scaled = np.clip(np.rint(np.min(size / original) * original), 1, size)
    fitted = (pixels + 0.5) * (scaled / original) - 0.5 + (size - scaled) // 2
    return (fitted / size if _are_fractions(points) else fitted).astype(np.float32)


def _are_fractions(points: np.ndarray) -> bool:
    return bool(np.max(np.abs(points), where=np.isfinite(points), initial=0) <= MAX_RELATIVE_COORDINATE)


def _image_size(file: Path) -> np.ndarray:
    """Width and height of an image after its rotation by EXIF."""
    with PIL.Image.open(file) as image:
        is_rotated = image.getexif().get(PIL.ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)
        return np.array(image.size[::-1] if is_rotated else image.size)
