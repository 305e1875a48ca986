"""Clips of records, frame folders and videos, as one lazy column of clips with the same number of frames.

Frame 0 of each clip is the neutral face and the last one the apex. They are given by the record, by their position, or
found by the motion of the face.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .._progress import progress
from ..media.decoding import MAX_STORED_PIXELS
from .clip_cache import ClipCache
from .clip_column import ClipColumn, ClipFrames
from .clip_reader import ClipFault, is_pair, read_clip
from .file_records import Record
from .frame_selection import DEFAULT_N_FRAMES, NEUTRAL_CHOICES, FrameChoice
from .still_images import Fault

#: Remark on a clip -> note on all clips with it.
_NOTES = {
    "short": "{n} clip(s) have fewer than {n_frames} frames from the neutral face to the apex: frames are repeated",
    "reversed": "the neutral face is after the apex in {n} clip(s), whose frames are in reverse order",
    "resized": "frames or neutral images of another size are fitted to the size of the apex in {n} clip(s)",
    "colour": "{n} clip(s) in colour converted to grey",
    "reduced": f"frames of more than {MAX_STORED_PIXELS:,} pixels reduced to that number in {{n}} clip(s)",
    "truncated": "{n} video(s) end before the number of frames that they declare and may be truncated, such as {first}",
}


@dataclass(frozen=True)
class ClipTable:
    """Clips of records, brought to the same number of frames.

    Attributes
    ----------
    images : ClipColumn, shape (n, T, H, W), uint8
        Grey frames, decoded on access.
    kept : ndarray of int, shape (n,)
        Position of the record of each clip.
    frame_numbers : ndarray of int, shape (n, T)
        Number of each frame in its clip, from 0; -1 for an image of the neutral face that is not part of the clip.
    regions : ndarray, shape (n, T, 6)
        The part of its file that each frame shows, see `fer_features.samples.source_regions`.
    faults : list of Fault
        Records that cannot be used.
    notes : list of str
        Conversions that a user should know.
    """

    images: ClipColumn
    kept: np.ndarray
    frame_numbers: np.ndarray
    regions: np.ndarray
    faults: list[Fault]
    notes: list[str]


def read_clips(
    records: Sequence[Record],
    *,
    n_frames: int | None,
    apex: str | None,
    neutral: str | None,
    default_apex: str = "last",
    name: Callable[[Path], str],
    cache: Path | None = None,
) -> ClipTable:
    """Choose the frames of clips. Each clip is read once; its frames are decoded again on access.

    Parameters
    ----------
    records : sequence of Record
        Folders of frames, videos, and pairs of an image and an image of the neutral face.
    n_frames : int or None
        Number of frames T of all clips, at least 1. They are evenly spaced from the neutral face, the first one, to the
        apex, the last one; see `evenly_spaced`. 1 is the apex only. None is 2 if all records are pairs of images, and
        else 10.
    apex : {'given', 'last', 'found'} or None
        The apex is given by the record, is the last frame, or is found by motion, see `FaceMotion`. None is 'given' for
        records with an apex and `default_apex` for others.
    neutral : {'first', 'found'} or None
        Where the record has neither a neutral face nor an onset: the neutral face is the first frame (also for None),
        or is found by motion. A neutral face that is given or found after the apex reverses the order of the frames.
    default_apex : {'last', 'found'}, default='last'
    name : callable
        Name of a file or folder for messages.
    cache : Path, optional
        Folder in which the chosen frames are kept, see `ClipCache`.

    Returns
    -------
    ClipTable

    Raises
    ------
    FerError
        For a parameter with another value, and a cache that cannot be used. A fault of a record is in the result.
    """
    if n_frames is None:
        n_frames = 2 if records and all(is_pair(record) for record in records) else DEFAULT_N_FRAMES
    choice = FrameChoice(n_frames, apex, neutral or NEUTRAL_CHOICES[0], default_apex)
    known = ClipCache(cache, choice)
    clips: list[ClipFrames] = []
    kept: list[int] = []
    faults: list[Fault] = []
    with_remark: dict[str, list[str]] = {}
    for position, record in enumerate(progress(records, len(records), "clips read")):
        found = known.get(record)
        if found is None:
            try:
                found = read_clip(record, choice, name)
            except ClipFault as error:
                faults.append(error.fault)
                continue
            known.put(record, *found)
        clip, remarks = found
        clips.append(clip)
        kept.append(position)
        for remark in remarks:
            with_remark.setdefault(remark, []).append(record.id)
    numbers = np.array([clip.numbers for clip in clips], np.int64).reshape(-1, n_frames)
    regions = np.array([clip.regions for clip in clips], np.float64).reshape(-1, n_frames, 6)
    notes = [
        note.format(n=len(with_remark[remark]), n_frames=n_frames, first=with_remark[remark][0])
        for remark, note in _NOTES.items()
        if remark in with_remark
    ]
    return ClipTable(ClipColumn(clips, n_frames), np.array(kept, np.int64), numbers, regions, faults, notes)
