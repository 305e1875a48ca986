"""Still images of records: decoded, cropped to their boxes, and packed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .._progress import progress
from ..media.decoding import MAX_STORED_PIXELS, UnreadableImage, decode_image
from ..samples.source_regions import Region
from .file_records import Record
from .grey_frames import BoxOutsideImage, grey_frame
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
    regions: list[Region] = []
    faults: list[Fault] = []
    n_colour = n_reduced = 0
    for i, record in enumerate(progress(records, len(records), "images read")):
        name = display_name(record.files[0], root)
        try:
            frame = grey_frame(decode_image(record.files[0]), record.box)
        except UnreadableImage as error:
            is_box = isinstance(error, BoxOutsideImage)
            faults.append(Fault("box outside the image" if is_box else "unreadable image", f"{name} {error}"))
            continue
        n_colour += frame.is_colour
        n_reduced += frame.is_reduced
        images.append(frame.image)
        kept.append(i)
        regions.append(frame.region)
    notes = []
    if n_colour:
        notes.append(f"{n_colour} colour image(s) converted to grey")
    if n_reduced:
        notes.append(f"{n_reduced} image(s) of more than {MAX_STORED_PIXELS:,} pixels reduced to that number")
    return StillImages(
        images.build(),
        id=np.array(kept, np.int64),
        faults=faults,
        notes=notes,
        n_entries=len(records),
        regions=np.array(regions, np.float64).reshape(-1, 1, 6),
    )
