"""Folders with one file of landmarks for each image, each video, or each frame of a clip."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .._progress import progress
from ..exceptions import FerError
from .landmark_formats.candidate_file import CandidateFile
from .landmark_formats.format_registry import (
    LANDMARK_FORMATS,
    POINT_FILE_SUFFIXES,
    read_as,
    recognize_format,
)
from .landmark_formats.landmark_frames import LandmarkFrames, as_one_clip, check_frames, check_repeated_frames
from .name_matching import match_names, without_tail

_NUMBERED = re.compile(r"(.*?)[-_. ]?(\d+)")


@dataclasses.dataclass(frozen=True, eq=False)
class FolderLandmarks:
    """Landmarks in the files of a folder.

    Attributes
    ----------
    frames : LandmarkFrames
        With the name of each file, relative to the folder and without its suffix, as id of its source.
    n_other : int
        Number of files with one of the suffixes that are not files with landmarks.
    """

    frames: LandmarkFrames
    n_other: int


def landmark_files_in(folder: Path) -> list[Path]:
    """Files of a folder and its subfolders that can have landmarks, by their suffix, ordered by name.

    Raises
    ------
    FerError
        If a folder cannot be read.
    """

    def fail(error: OSError) -> None:
        raise FerError(f"{error.filename or folder} cannot be read: {error.strerror or error}") from error

    found = [
        Path(parent, name)
        for parent, _, names in os.walk(folder, onerror=fail)
        for name in names
        if name.lower().endswith(POINT_FILE_SUFFIXES) and not name.startswith(".")
    ]
    return sorted(found)


def read_landmark_folder(folder: Path) -> FolderLandmarks:
    """Read all files with landmarks of a folder, one by one.

    Raises
    ------
    FerError
        For a folder without such files or with files of several formats, a file of several images or clips, and every
        fault of a file.
    """
    files = landmark_files_in(folder)
    names: list[str] = []
    clips: list[LandmarkFrames] = []
    first: tuple[str, Path] | None = None
    for path in progress(files, len(files), f"landmarks of {folder.name}"):
        file = CandidateFile(path)
        name = recognize_format(file)
        if not name and path.suffix.lower() not in (".pts", ".ljson"):
            continue
        if name and first is not None and name != first[0]:
            descriptions = [LANDMARK_FORMATS[one].description for one in (first[0], name)]
            raise FerError(
                f"{folder} has files of two formats: {first[1].name} is {descriptions[0]}, {path.name} is "
                f"{descriptions[1]}; one is needed"
            )
        first = first or (name, path)
        clips.append(as_one_clip(read_as(name, file), path))
        names.append(path.relative_to(folder).with_suffix("").as_posix())
    if not clips:
        accepted = ", ".join(landmark_format.description for landmark_format in LANDMARK_FORMATS.values())
        raise FerError(f"{folder} has no file with landmarks ({len(files)} examined); accepted are {accepted}")
    landmarks = np.concatenate([np.asarray(clip.landmarks, np.float32) for clip in clips])
    source = np.repeat(np.arange(len(clips)), [len(clip.frame) for clip in clips])
    frames = LandmarkFrames(landmarks, source, np.concatenate([clip.frame for clip in clips]), names)
    return FolderLandmarks(frames, len(files) - len(clips))


def match_files(
    frames: LandmarkFrames, keys: Sequence[str], folder: Path, is_clip: bool
) -> tuple[LandmarkFrames, np.ndarray]:
    """The sample of each file of a folder; numbered files of a clip become its frames.

    Parameters
    ----------
    frames : LandmarkFrames
        From `read_landmark_folder`.
    keys : sequence of n str
        Ids of the samples.
    folder : Path
        For messages.
    is_clip : bool
        Whether samples are clips, so that a file can be of one frame. Such a file has the name of a frame: a number,
        in a folder with the name of the clip or after that name. Numbers count from 1 unless a file has the number 0.

    Returns
    -------
    frames : LandmarkFrames
        With one source per image or clip.
    samples : ndarray of int, shape (frames.n_sources,)
        -1 for a source that is not a sample.

    Raises
    ------
    FerError
        For names that can mean several samples, and two files of one frame.
    """
    names = frames.id or []
    of_files = match_stems(names, keys, folder)
    if not is_clip or (of_files >= 0).all():
        return frames, of_files
    n_frames = np.bincount(frames.source, minlength=len(names))
    numbered = [_NUMBERED.fullmatch(without_tail(name)) for name in names]
    if any(match is None for match in numbered) or (n_frames > 1).any():
        return frames, of_files
    parts = [match.groups() for match in numbered if match is not None]
    best, best_samples, best_count = frames, of_files, int((of_files >= 0).sum())
    folders = [str(Path(name).parent.as_posix()) for name in names]
    for clip_names in (folders, [prefix.rstrip("/") for prefix, _ in parts]):
        unique = list(dict.fromkeys(clip_names))
        index = {name: i for i, name in enumerate(unique)}
        source = np.array([index[name] for name in clip_names])
        samples = match_names(unique, keys, folder)
        count = int((samples[source] >= 0).sum())
        if count > best_count:
            best_count, best_samples = count, samples
            best = LandmarkFrames(frames.landmarks, source[frames.source], frames.frame, unique)
    if best is not frames:
        best = dataclasses.replace(best, frame=_frame_numbers([number for _, number in parts], folder)[frames.source])
        check_repeated_frames(best, folder)
    return best, best_samples


def _frame_numbers(texts: Sequence[str], folder: Path) -> np.ndarray:
    """Numbers of frames from 0, of numbers in the names of files that count from 0 or 1."""
    numbers = check_frames([int(text) if len(text) < 10 else -1 for text in texts], folder)
    if numbers.min() > 1:
        raise FerError(f"{folder} has no file of the first frame of a clip: its numbers begin with {numbers.min()}")
    return numbers - numbers.min()


def match_stems(names: Sequence[str], keys: Sequence[str], folder: Path) -> np.ndarray:
    """Samples with the names of files, or with these names without their tails."""
    found = match_names(names, keys, folder)
    rest = np.flatnonzero(found < 0)
    free = np.setdiff1d(np.arange(len(keys)), found)
    bare = [without_tail(names[j]) for j in rest.tolist()]
    matched = match_names(bare, [keys[i] for i in free.tolist()], folder, [names[j] for j in rest.tolist()])
    found[rest[matched >= 0]] = free[matched[matched >= 0]]
    return found
