"""Landmarks of a file or folder become the column 'landmarks' of a table, joined by the names of images and clips.

`landmark_formats` has the formats. A file is of one or of many images or clips; a folder has one file for each image,
video or frame.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..exceptions import FerError
from ..samples.source_regions import SOURCE_REGIONS, points_in_images
from ..samples.table import Samples
from .landmark_folders import match_files, match_stems, read_landmark_folder
from .landmark_formats import LandmarkFrames, read_landmarks
from .name_matching import match_names
from .record_reader import NEUTRAL_IMAGE_COLUMN
from .sample_ids import check_repeated_ids, sample_names

#: Column (n, T) with the number in its video or folder of each frame of a sample, -1 for a frame from elsewhere.
FRAME_NUMBERS = "frame_numbers"


def with_landmarks_from_file(X: Samples, path: Path, on_error: str = "stop") -> Samples:
    """Add or replace the column 'landmarks' by those of a file or folder.

    Parameters
    ----------
    X : Samples
        With the column 'frame_numbers' (n, T), where its frames are some of those of a video: the number of each frame
        in the video from 0, and -1 for an image of another file.
    path : Path
        File in one of the `LANDMARK_FORMATS`, or folder with such a file for each image, video or frame of a clip.
        Names are joined with the ids of the samples, see `match_names`. Without names in the file, and where its ids
        are row numbers of a larger source, the file has the samples in their order.
    on_error : {'stop', 'skip'}, default='stop'
        Whether ids of a file that no sample has, and samples without an entry, raise an error, or are counted in a
        note. Additional files of a folder are always counted in a note.

    Returns
    -------
    Samples
        With the column 'landmarks', NaN where no face was found.

    Raises
    ------
    FerError
        For a file that cannot be read, another number of samples or frames, ids that are unknown, ambiguous, missing or
        repeated, and landmarks that do not belong to the images.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from fer_features import Samples
    >>> from fer_features.datasets import LandmarkTable, with_landmarks_from_file, write_landmarks
    >>> X = Samples.from_arrays(np.zeros((2, 60, 60), np.uint8), id=["a.png", "b.png"])
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> points, boxes = np.tile(10 * MEAN_FACE + 30, (2, 1, 1, 1)), np.full((2, 1, 4), 10.0)
    >>> table = LandmarkTable(points, ["b.png", "a.png"], boxes, confidence=np.ones((2, 1)))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_landmarks(table, Path(folder) / "landmarks.npz")
    ...     with_landmarks_from_file(X, path)["landmarks"].shape
    (2, 1, 68, 2)
    """
    path = Path(path)
    names = landmark_ids(X)
    length = _n_frames(X)
    if path.is_dir():
        found = read_landmark_folder(path)
        is_clip = FRAME_NUMBERS in X or length != 1
        frames, sample_of = match_files(found.frames, names, path, is_clip)
        notes = [f"{found.n_other} file(s) of {path} are not files with landmarks"] if found.n_other else []
        allow_unknown = True
    else:
        frames, notes = read_landmarks(path), []
        frames, sample_of = _match_file(X, frames, names, length, path)
        allow_unknown = on_error == "skip"
    neutral_lines, is_neutral = _neutral_lines(X, frames, path)
    notes += _check_matches(frames, sample_of, is_neutral, names, path, on_error, allow_unknown)
    landmarks = _select_frames(X, frames, sample_of, names, length, path)
    notes += _add_neutral_images(X, landmarks, frames, neutral_lines, names, path, on_error)
    if SOURCE_REGIONS in X and "images" in X:
        landmarks = points_in_images(landmarks, np.asarray(X[SOURCE_REGIONS]), X.sizes())
    n_without = int((~np.isfinite(landmarks).all(-1).all(-1).any(-1)).sum())
    notes = [f"landmarks from {path} for {len(X) - n_without} of {len(X)} sample(s)", *notes]
    if n_without == len(X):
        raise FerError(f"{path} has no landmarks for any sample")
    files = {**X.info.files, "landmarks": str(path)}
    try:
        return X.with_columns(dataclasses.replace(X.info, files=files).with_notes(notes), landmarks=landmarks)
    except FerError as error:
        raise FerError(f"{path}: {error}") from error


def _n_frames(X: Samples) -> int | None:
    """Number of frames per sample; None where the table does not say it."""
    if "images" in X:
        return int(X.column("images").shape[1])
    return int(X.column(FRAME_NUMBERS).shape[1]) if FRAME_NUMBERS in X else None


def _match_file(
    X: Samples, frames: LandmarkFrames, names: Sequence[str], length: int | None, path: Path
) -> tuple[LandmarkFrames, np.ndarray]:
    """The sample of each source of a file, -1 where it has none."""
    n = len(X)
    if frames.id is not None:
        check_repeated_ids(frames.id, path)
        if not frames.numbers_rows or frames.n_sources != n or set(frames.id) == set(names):
            return frames, match_names(frames.id, names, path)
    if frames.n_sources == 1 and len(frames.frame) == n and length in (None, 1):
        # Each frame of an unnamed file is a sample.
        order = np.argsort(np.argsort(frames.frame, kind="stable"), kind="stable")
        return dataclasses.replace(frames, source=order, frame=np.zeros(n, int)), np.arange(n)
    if frames.n_sources != n:
        n_entries = len(frames.frame) if frames.n_sources == 1 else frames.n_sources
        raise FerError(f"{path} has landmarks of {n_entries} samples, and the data have {n}: they must agree")
    return frames, np.arange(n)


def _check_matches(
    frames: LandmarkFrames,
    sample_of: np.ndarray,
    is_neutral: np.ndarray,
    names: Sequence[str],
    path: Path,
    on_error: str,
    allow_unknown: bool,
) -> list[str]:
    """Notes on unknown and missing ids, which are errors unless they are allowed."""
    unknown = np.flatnonzero((sample_of < 0) & ~is_neutral)
    missing = np.setdiff1d(np.arange(len(names)), sample_of)
    if unknown.size and (unknown.size == len(sample_of) or not allow_unknown):
        assert frames.id is not None
        raise FerError(
            f"{path} has {unknown.size} id(s) that no sample has, such as '{frames.id[unknown[0]]}': ids of samples "
            f"are of the form '{names[0]}'"
        )
    if missing.size and on_error == "stop":
        raise FerError(
            f"{path} has no landmarks of {missing.size} sample(s), such as '{names[missing[0]]}'; "
            "on_error='skip' leaves them without landmarks"
        )
    notes = [f"{unknown.size} id(s) of {path} are of no sample"] if unknown.size else []
    return notes + ([f"{missing.size} sample(s) are not in {path}"] if missing.size else [])


def _select_frames(
    X: Samples, frames: LandmarkFrames, sample_of: np.ndarray, names: Sequence[str], length: int | None, path: Path
) -> np.ndarray:
    """Landmarks of the frames of the samples, (n, T, 68, 2)."""
    used = sample_of[frames.source] >= 0
    sample, number, points = sample_of[frames.source[used]], frames.frame[used], frames.landmarks[used]
    n = len(X)
    counts = np.bincount(sample, minlength=n)
    last = np.full(n, -1)
    np.maximum.at(last, sample, number)
    is_complete = last + 1 == counts
    length = length or int(last.max()) + 1
    wanted = np.tile(np.arange(length), (n, 1))
    if FRAME_NUMBERS in X:
        shown = np.asarray(X[FRAME_NUMBERS])
        of_samples = frames.of_samples & is_complete & (counts == length)
        wanted = np.where(of_samples[:, None], wanted, shown)
        is_short = is_complete & (wanted.max(1) > last)
    else:
        is_short = np.where(is_complete, counts != length, last >= length)
    wrong = np.flatnonzero(is_short & (counts > 0))
    if wrong.size:
        i = wrong[0]
        needed = f"the sample shows frame {wanted[i].max()}" if FRAME_NUMBERS in X else f"the images have {length}"
        raise FerError(f"{path} has {last[i] + 1} frame(s) of '{names[i]}', and {needed} ({wrong.size} such sample(s))")
    landmarks = np.full((n, length, 68, 2), np.nan, np.float32)
    if not sample.size:
        return landmarks
    stride = max(int(last.max()), int(wanted.max())) + 1
    keys = sample * stride + number
    order = np.argsort(keys)
    searched = np.arange(n)[:, None] * stride + wanted
    position = np.minimum(np.searchsorted(keys[order], searched), len(order) - 1)
    line = order[position]
    known = (keys[line] == searched) & (wanted >= 0)
    landmarks[known] = points[line[known]]
    return landmarks


def _neutral_lines(X: Samples, frames: LandmarkFrames, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Line of the neutral image of each sample, -1 where there is none, and which sources are neutral images."""
    lines, is_neutral = np.full(len(X), -1), np.zeros(frames.n_sources, bool)
    if NEUTRAL_IMAGE_COLUMN not in X or frames.id is None:
        return lines, is_neutral
    names = [str(name) for name in X[NEUTRAL_IMAGE_COLUMN]]
    images = list(dict.fromkeys(name for name in names if name))
    found = match_stems(frames.id, images, path)
    sources, first = np.unique(frames.source, return_index=True)
    line_of = {images[found[source]]: line for source, line in zip(sources, first, strict=True) if found[source] >= 0}
    return np.array([line_of.get(name, -1) for name in names], int), found >= 0


def _add_neutral_images(
    X: Samples,
    landmarks: np.ndarray,
    frames: LandmarkFrames,
    lines: np.ndarray,
    names: Sequence[str],
    path: Path,
    on_error: str,
) -> list[str]:
    """Set the landmarks of frames that are neutral images of other files; samples that lack them have no landmarks.

    Interpolated landmarks would be those of the expression.
    """
    if FRAME_NUMBERS not in X:
        return []
    external = np.asarray(X[FRAME_NUMBERS]) < 0
    missing = np.isnan(landmarks[..., 0, 0]) & external
    for i in np.flatnonzero(missing.any(1) & (lines >= 0)):
        landmarks[i, missing[i]] = frames.landmarks[lines[i]]
    without = np.flatnonzero(missing.any(1) & (lines < 0) & np.isfinite(landmarks).any((1, 2, 3)))
    landmarks[without] = np.nan
    if not without.size:
        return []
    fault = f"no landmarks of the neutral images of {without.size} sample(s), such as '{names[without[0]]}'"
    if on_error == "stop":
        raise FerError(f"{path} has {fault}, which are other files; on_error='skip' leaves them without landmarks")
    return [f"{path} has {fault}"]


def landmark_ids(X: Samples) -> list[str]:
    """Names of the samples in files with landmarks: their ids, with their split where ids count in each split.

    Parameters
    ----------
    X : Samples

    Returns
    -------
    list of str
        All different.

    Examples
    --------
    >>> landmark_ids(Samples.from_arrays(label=[0, 1], id=[0, 0], split=["train", "test"]))
    ['train/0', 'test/0']
    """
    names = sample_names(X)
    if len(set(names)) < len(names) and "split" in X:
        names = [f"{split}/{name}" for split, name in zip(X["split"], names, strict=True)]
    return names if len(set(names)) == len(names) else [str(i) for i in range(len(X))]
