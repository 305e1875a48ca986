"""Landmarks of records: files beside the images, in the coordinates of the images as they are stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..exceptions import FerError
from ..samples.columns import Column, as_lazy_column
from ..samples.source_regions import points_in_images
from .file_records import Record
from .landmark_formats import read_point_file
from .still_images import Fault


def landmarks_of_records(
    records: Sequence[Record],
    images: Column,
    frame_numbers: np.ndarray | None,
    regions: np.ndarray,
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
    regions : ndarray, shape (n, T, 6)
        The part of its file that each frame shows.
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
            points = _frames(record, numbers[i])
            if (numbers[i] < 0).any():
                neutral = _neutral_landmarks(record, image_landmarks)
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
    return points_in_images(landmarks, regions, sizes)


def _frames(record: Record, numbers: np.ndarray) -> np.ndarray:
    """Landmarks of frames of a record, (T, 68, 2); NaN for those of another image and those that a file lacks."""
    out = np.full((len(numbers), 68, 2), np.nan, np.float32)
    if len(record.landmarks) == len(record.files) and not record.is_video:
        for t, number in enumerate(numbers):
            if number >= 0:
                out[t] = _points_of_image(record.landmarks[number])
        return out
    points = read_point_file(record.landmarks[0])
    _check_number_of_frames(points, record, int(numbers.max()))
    present = (numbers >= 0) & (numbers < len(points))
    out[present] = points[numbers[present]]
    return out


def _points_of_image(file: Path) -> np.ndarray:
    """Landmarks of an image (68, 2)."""
    points = read_point_file(file)
    if len(points) != 1:
        raise FerError(f"{file} has landmarks of {len(points)} frames: those of one image are needed")
    return points[0]


def _check_number_of_frames(points: np.ndarray, record: Record, last_shown: int) -> None:
    """Refuse the landmarks (n, 68, 2) of another clip. Frames without a face may be absent from a file."""
    n = len(record.files)
    if not record.is_video and len(points) > n:
        raise FerError(f"{record.landmarks[0]} has {len(points)} frames, and {record.id} has {n}")
    if last_shown >= len(points) and np.isfinite(points).all():
        raise FerError(
            f"{record.landmarks[0]} has {len(points)} frames, and frame {last_shown} of {record.id} is shown"
        )


def _neutral_landmarks(record: Record, image_landmarks: Mapping[Path, Path]) -> np.ndarray | None:
    """Landmarks of the neutral image (68, 2), of its own record or of a file named as that of the record."""
    image, file, landmarks = record.neutral, record.files[-1], record.landmarks[0]
    if not isinstance(image, Path):
        return None
    beside = image.with_name(landmarks.name.replace(file.stem, image.stem, 1))
    found = image_landmarks.get(image, beside if landmarks.name.startswith(file.stem) and beside.is_file() else None)
    return None if found is None else _points_of_image(found)
