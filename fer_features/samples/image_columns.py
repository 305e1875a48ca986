"""Validation of images: stills or clips, grey or colour, become grey clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..exceptions import FerError
from ..vision.grayscale import MAX_CHANNELS, has_colour, to_grayscale
from .columns import ConcatenatedColumn, LazyColumn

#: Largest number of pixels of an image: more than the largest cameras have.
MAX_PIXELS = 1 << 27

#: Accepted arrays, for messages.
IMAGE_SHAPES = "(n, H, W) for stills, (n, T, H, W) for clips, or one of these with 1 to 4 channels as the last axis"

#: Note on converted images, which states the assumed order of the channels.
COLOUR_NOTE = "colour images (red, green, blue) converted to grey"


def clean_images(images: Any) -> tuple[np.ndarray | LazyColumn, tuple[str, ...]]:
    """Images in the form of the table.

    Parameters
    ----------
    images : array or sequence of arrays, uint8, or LazyColumn
        Grey stills (n, H, W), grey clips (n, T, H, W), stills with channels (n, H, W, C) or clips with channels
        (n, T, H, W, C). The images of a sequence may differ in size. A lazy column has the shape (n, T, H, W).

    Returns
    -------
    images : ndarray, shape (n, T, H, W), uint8, or LazyColumn
        A lazy column is returned as it is. Images of different sizes become a lazy column.
    notes : tuple of str
        Conversions.

    Raises
    ------
    FerError
        For another shape or type, an empty axis, clips of different lengths, and images of more than `MAX_PIXELS`.

    Notes
    -----
    The last of four or more axes is an axis of channels if it has at most `MAX_CHANNELS` entries: grey; grey, alpha;
    red, green, blue; or red, green, blue, alpha. This is the order of scikit-image and Matplotlib. An array
    (n, 3, H, W) is thus a table of clips of three frames.
    """
    if isinstance(images, LazyColumn):
        _check_clips(images.shape, images.dtype)
        return images, ()
    if isinstance(images, Sequence) or np.asarray(images).dtype == object:
        images = [np.asarray(image) for image in images]
        if len({image.shape for image in images}) > 1:
            return _images_of_different_sizes(images)
    given = np.asarray(images)
    grey = _as_grey_clips(given)
    return grey, (COLOUR_NOTE,) if _is_colour(given) else ()


def _as_grey_clips(images: np.ndarray) -> np.ndarray:
    has_channels = images.ndim > 3 and images.shape[-1] <= MAX_CHANNELS
    n_axes = images.ndim - has_channels
    if n_axes not in (3, 4):
        raise FerError(f"images have shape {images.shape}: {IMAGE_SHAPES} is needed")
    if images.ndim == 3 and images.shape[-1] <= MAX_CHANNELS:
        raise FerError(f"images have shape {images.shape}: for one colour image, images[None] is needed")
    shape = images.shape[: images.ndim - has_channels]
    clips = (shape[0], 1, *shape[1:]) if n_axes == 3 else shape
    _check_clips(clips, images.dtype)
    if not len(images):
        raise FerError(f"images have shape {images.shape}: at least one sample is needed")
    grey = to_grayscale(images, is_rgb=True) if has_channels else images
    return grey if grey.shape == clips else grey.reshape(clips)


def _check_clips(shape: tuple[Any, ...], dtype: np.dtype) -> None:
    """Check the shape (n, T, H, W) and type of images; height and width are None where they differ."""
    if len(shape) != 4 or 0 in shape[1:]:
        raise FerError(f"images have shape {shape}: (n, T, H, W) without an empty axis is needed")
    if shape[3] is not None and shape[3] <= MAX_CHANNELS:
        raise FerError(
            f"images have shape {shape}, which is {shape[3]} pixels wide: grey clips (n, T, H, W) are needed"
        )
    if dtype != np.uint8:
        raise FerError(f"images are of type {dtype}: 8-bit grey values (uint8) are needed")
    if shape[2] is not None and shape[2] * shape[3] > MAX_PIXELS:
        raise FerError(f"images have shape {shape}: at most {MAX_PIXELS:,} pixels per image are accepted")


def _images_of_different_sizes(images: list[np.ndarray]) -> tuple[LazyColumn, tuple[str, ...]]:
    clips = [_as_grey_clips(image[None]) for image in images]
    n_frames = [clip.shape[1] for clip in clips]
    other = next((i for i, n in enumerate(n_frames) if n != n_frames[0]), None)
    if other is not None:
        raise FerError(
            f"the clips of samples 0 and {other} have {n_frames[0]} and {n_frames[other]} frames: all need the same "
            "number, for example the neutral frame and the apex"
        )
    colour = any(_is_colour(image[None]) for image in images)
    return ConcatenatedColumn(clips), (COLOUR_NOTE,) if colour else ()


def _is_colour(images: np.ndarray) -> bool:
    return images.ndim > 3 and images.shape[-1] in (3, MAX_CHANNELS) and has_colour(images)
