"""Still images of records: decoded, cropped to their boxes, and packed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .._progress import progress
from ..media.decoding import MAX_STORED_PIXELS, UnreadableImage, read_grayscale_image, reduce_image
from .file_records import Record
from .still_images import Fault, PackedImagesBuilder, StillImages, cached_read, display_name


def read_stills(records: Sequence[Record], root: Path, cache: Path | None) -> tuple[StillImages, np.ndarray]:
    """Read one image for each record.

    Parameters
    ----------
    records : sequence of Record
        Each has one image.
    root : Path
        Folder to which names in messages are relative.
    cache : Path or None
        Folder for a copy in HDF5, see `cached_read`.

    Returns
    -------
    still_images : StillImages
        Without labels.
    kept : ndarray of int, shape (n,)
        Positions of the records whose images were read.
    """
    files = [record.files[0] for record in records]
    boxes = repr([record.box for record in records]) if any(record.box for record in records) else ""
    still_images = cached_read(cache, root, files, lambda: _read(records, root), boxes)
    return still_images, still_images.id


def _read(records: Sequence[Record], root: Path) -> StillImages:
    images = PackedImagesBuilder()
    kept: list[int] = []
    faults: list[Fault] = []
    n_colour = n_reduced = 0
    for i, record in enumerate(progress(records, len(records), "images read")):
        name = display_name(record.files[0], root)
        try:
            image, is_colour, is_reduced = read_grayscale_image(record.files[0], reduce=record.box is None)
        except UnreadableImage as error:
            faults.append(Fault("unreadable image", f"{name} {error}"))
            continue
        if record.box is not None:
            crop = _crop(image, record.box)
            if not crop.size:
                faults.append(Fault("box outside the image", f"{name} has no pixel in the box {record.box}"))
                continue
            image = reduce_image(crop)
            is_reduced = image is not crop
        n_colour += is_colour
        n_reduced += is_reduced
        images.append(image)
        kept.append(i)
    notes = []
    if n_colour:
        notes.append(f"{n_colour} colour image(s) converted to grey")
    if n_reduced:
        notes.append(f"{n_reduced} image(s) of more than {MAX_STORED_PIXELS:,} pixels reduced to that number")
    return StillImages(images.build(), id=np.array(kept, np.int64), faults=faults, notes=notes, n_entries=len(records))


def _crop(image: np.ndarray, box: tuple[float, float, float, float]) -> np.ndarray:
    """The part of an image within a box (x, y, width, height) in pixels."""
    x, y, width, height = box
    left, top = max(0, round(x)), max(0, round(y))
    return np.ascontiguousarray(image[top : max(top, round(y + height)), left : max(left, round(x + width))])
