"""Validation of landmarks: their shape and numbers, and their agreement with the images."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exceptions import FerError
from ..vision.geometry import MEDIAPIPE_TO_IBUG68, eye_centres, interpolate_missing_frames
from .data_info import WARNING_PREFIX
from .image_columns import MAX_PIXELS

#: Numbers of points of a MediaPipe face mesh, without and with the irises.
MESH_SIZES = (468, 478)

#: Largest coordinate, in absolute value, of landmarks that are fractions of the image size. In pixels, no face is as
#: small as that.
MAX_RELATIVE_COORDINATE = 2

#: Distance of a landmark from its image, as a fraction of the image size, that a close crop of a face can explain, and
#: the fraction of samples in which it can be larger. Of landmarks that were detected in FER2013, 0.4 % of the samples
#: exceed it, and none reaches the distance at which a single sample is refused.
MAX_DISTANCE_OUTSIDE = 0.25
MAX_FRACTION_OUTSIDE = 0.05
IMPOSSIBLE_DISTANCE_OUTSIDE = 1.0

#: Fraction of mirrored faces above which the landmarks are refused. Below it, single faces were detected wrongly.
MAX_FRACTION_MIRRORED = 0.9


def clean_landmarks(landmarks: Any) -> np.ndarray:
    """Landmarks in the form of the table.

    Parameters
    ----------
    landmarks : array, shape (n, [T,] 68, 2 or 3) or (n, [T,] 468 or 478, 2 or 3)
        iBUG-68 points, or points of the MediaPipe face mesh, of which x and y of 68 are taken. All-zero frames count
        as missing.

    Returns
    -------
    ndarray, shape (n, T, 68, 2), float32
        Missing frames are interpolated between their neighbours; NaN if no frame of the clip has landmarks.

    Raises
    ------
    FerError
        For another shape or type, clips of different lengths, an empty axis, and numbers that cannot be positions.
    """
    try:
        landmarks = np.asarray(landmarks)
    except ValueError as error:
        raise FerError("landmarks of the samples differ in shape: all clips need the same number of frames") from error
    if landmarks.ndim == 3:
        landmarks = landmarks[:, None]
    if landmarks.ndim != 4 or landmarks.shape[2] not in (68, *MESH_SIZES) or landmarks.shape[3] not in (2, 3):
        raise FerError(
            f"landmarks have shape {landmarks.shape}: (n, T, 68, 2) is needed, or (n, T, 468 or 478, 3) for meshes"
        )
    if 0 in landmarks.shape:
        raise FerError(f"landmarks have shape {landmarks.shape}: at least one sample and one frame are needed")
    if landmarks.dtype.kind not in "iuf":
        raise FerError(f"landmarks are of type {landmarks.dtype}: integers or floats are needed")
    if landmarks.shape[2] in MESH_SIZES:
        landmarks = landmarks[:, :, MEDIAPIPE_TO_IBUG68]
    landmarks = landmarks[..., :2]
    largest = np.max(np.abs(landmarks, dtype=np.float64), where=np.isfinite(landmarks), initial=0)
    if largest > MAX_PIXELS:
        raise FerError(
            f"landmarks have a coordinate of {largest:.3g}: positions in pixels are needed, NaN where missing"
        )
    points = landmarks.astype(np.float32)
    points[(points == 0).all((2, 3))] = np.nan
    return interpolate_missing_frames(points)


def has_landmark_axes(values: Any) -> bool:
    """Whether an array holds landmarks and not images, which are 8-bit.

    Examples
    --------
    >>> has_landmark_axes(np.zeros((20, 68, 2))), has_landmark_axes(np.zeros((20, 90, 68, 3), np.uint8))
    (True, False)
    """
    values = np.asarray(values)
    shape = values.shape
    return len(shape) > 2 and shape[-2] in (68, *MESH_SIZES) and shape[-1] in (2, 3) and values.dtype != np.uint8


def landmarks_in_pixels(landmarks: np.ndarray, sizes: np.ndarray | None = None) -> tuple[np.ndarray, tuple[str, ...]]:
    """Check that landmarks are those of upright or rotated faces in the images, and convert them to pixels.

    Parameters
    ----------
    landmarks : ndarray, shape (n, T, 68, 2), float32
        In pixels, or as fractions of image width and height, NaN where missing; from `clean_landmarks`.
    sizes : ndarray of int, shape (n, 2), optional
        Width and height of the images. Without it, only the direction of the axes is checked.

    Returns
    -------
    landmarks : ndarray, shape (n, T, 68, 2), float32
        In pixels.
    notes : tuple of str
        Conversions and doubts.

    Raises
    ------
    FerError
        For landmarks outside of their images, and mirrored faces: the axes are swapped or y counts upwards.
    """
    notes: tuple[str, ...] = ()
    if sizes is not None:
        landmarks, notes = _without_fractions(landmarks, sizes.astype(np.float32))
        notes += _check_inside(landmarks, sizes)
    elif _are_fractions(landmarks).any():
        notes = (
            f"{WARNING_PREFIX}the landmarks are fractions of the image size, so that faces are distorted unless images "
            "are square: multiply them by width and height",
        )
    return landmarks, notes + _check_directions(landmarks)


def _without_fractions(landmarks: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Landmarks in pixels; those of MediaPipe are fractions of the image width and height."""
    relative = _are_fractions(landmarks)
    if not relative.any():
        return landmarks, ()
    scaled = np.where(relative[:, None, None, None], landmarks * sizes[:, None, None], landmarks)
    return scaled, (
        f"landmarks of {relative.sum()} of {len(landmarks)} sample(s) are fractions of the image size: converted to "
        "pixels",
    )


def _are_fractions(landmarks: np.ndarray) -> np.ndarray:
    """Samples whose landmarks cannot be pixels, (n,) bool."""
    finite = np.isfinite(landmarks)
    largest = np.max(np.abs(landmarks), axis=(1, 2, 3), where=finite, initial=0)
    return (largest <= MAX_RELATIVE_COORDINATE) & finite.any((1, 2, 3))


def _check_inside(landmarks: np.ndarray, sizes: np.ndarray) -> tuple[str, ...]:
    limits = sizes[:, None, None]
    distance = (np.maximum(-landmarks, landmarks - limits) / limits).max(-1)
    outside = distance > MAX_DISTANCE_OUTSIDE
    n_outside = int(outside.any((1, 2)).sum())
    if n_outside > MAX_FRACTION_OUTSIDE * len(landmarks) or (distance > IMPOSSIBLE_DISTANCE_OUTSIDE).any():
        sample, t, point = np.unravel_index(np.nanargmax(distance), distance.shape)
        (x, y), (width, height) = landmarks[sample, t, point], sizes[sample]
        raise FerError(
            f"landmark {point} of sample {sample}, frame {t} is at ({x:g}, {y:g}), outside the image of {width} x "
            f"{height} pixels ({n_outside} such sample(s)); are x and y swapped, or do the landmarks belong to images "
            "of another size? Set frames without a face to NaN"
        )
    if n_outside:
        return (f"{WARNING_PREFIX}landmarks of {n_outside} sample(s) are far outside of their images",)
    if np.isfinite(landmarks).any() and not (landmarks >= limits / 2).any():
        text = "all landmarks are in the top left quarter of the images; check that they belong to images of this size"
        return (f"{WARNING_PREFIX}{text}",)
    return ()


def _check_directions(landmarks: np.ndarray) -> tuple[str, ...]:
    """Refuse mirrored faces: from the left eye to the right one and on to the mouth, a face turns clockwise."""
    left, right = np.moveaxis(eye_centres(landmarks), -2, 0)
    eyes, down = right - left, landmarks[..., 48:, :].mean(-2) - (left + right) / 2
    turn = eyes[..., 0] * down[..., 1] - eyes[..., 1] * down[..., 0]
    known = np.isfinite(turn)
    mirrored = turn < 0
    if mirrored.sum() > MAX_FRACTION_MIRRORED * known.sum():
        raise FerError(
            "the landmarks are those of mirrored faces: are x and y swapped, does y count upwards, or were images "
            "mirrored without exchanging the left and right points? x to the right and y down from the top left pixel "
            "are needed"
        )
    samples = np.flatnonzero((mirrored | ~known).all(1) & known.any(1))
    if not samples.size:
        return ()
    return (f"{WARNING_PREFIX}{samples.size} sample(s) have landmarks of mirrored faces, such as sample {samples[0]}",)
