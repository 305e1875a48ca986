"""The fer22 challenge: sequences of 10 frames from neutral to apex, with landmarks, in HDF5.

Files, each with one dataset whose key is the file's stem:

    data_train_images.h5     (n, T, H, W) uint8      frame 0 neutral, the last frame the apex
    data_train_landmarks.h5  (n, T, 68, 2)           (x, y) in pixels, whole numbers or floats; a later edition
                                                     has meshes of 478 points, (n, T, 478, 3), which may be in
                                                     shares of the picture's width and height instead
    data_train_labels.h5     (n,)                    joy 0, fear 1, surprise 2, anger 3, disgust 4, sadness 5;
                                                     often stored as floats
    data_test_images.h5, data_test_landmarks.h5      the same for the test part, without labels

The challenge's own sizes are 540 and 131 sequences (205 in a later edition) of 10 x 300 x 200. Training shows 15
subjects in 36 sequences each; who is who is not published. The submission has the columns `Id,Expression`, Id
counting from 0 in the order of the test file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..exceptions import FerError
from ..expressions import FER22
from ..samples.columns import H5Column, Stacked
from ..samples.table import Info, Samples
from ..samples.validation import clean_landmarks

HOLDS = "images and landmarks of sequences, or one of them; labels of the training part"
CITES = "the fer22 challenge"

#: A landmark further beyond the picture than this share of its size is not one of this picture.
BEYOND = 0.25


def recognises(path: Path) -> bool:
    """Whether a folder holds fer22 files."""
    return path.is_dir() and any(path.glob("data_train_*.h5"))


def load(path: Path) -> Samples:
    """Read a fer22 folder.

    Parameters
    ----------
    path : Path
        The folder. Images alone or landmarks alone are enough; the test part may be absent.

    Returns
    -------
    Samples
        Columns 'images' (read when asked for) and 'landmarks' (NaN where missing) where they are there, 'label'
        (-1 in the test part), 'split', 'id' (position in its part). No subjects.

    Raises
    ------
    FerError
        For a missing file of a pair, a key not found, wrong ranks or types, sizes that disagree, labels that are
        not whole codes 0..5, landmarks outside the picture, or a file that is not readable HDF5.
    """
    parts = [part for part in ("train", "test") if _present(path, part)]
    if "train" not in parts:
        raise FerError(
            f"{path} has no data_train_images.h5 and no data_train_landmarks.h5: there is nothing to train on"
        )
    labels = path / "data_train_labels.h5"
    if not labels.exists():
        raise FerError(f"{labels} is missing: training needs one label a sequence")
    _same_columns(path, parts)
    images: list[Any] = []
    landmarks: list[Any] = []
    splits, ids = [], []
    for part in parts:
        has = _present(path, part)
        clips: Any = _images(path / f"data_{part}_images.h5") if "images" in has else None
        points: Any = _landmarks(path / f"data_{part}_landmarks.h5") if "landmarks" in has else None
        if clips is not None and points is not None:
            points = _in_pixels(points, clips)
            _check_agreement(path, part, clips, points)
        n = len(clips if clips is not None else points)
        images.append(clips)
        landmarks.append(points)
        splits.append(np.full(n, part))
        ids.append(np.arange(n))
    label = np.full(sum(map(len, ids)), -1)
    label[: len(ids[0])] = _labels(labels, len(ids[0]))
    columns: dict[str, Any] = {"label": label, "split": np.concatenate(splits), "id": np.concatenate(ids)}
    if images[0] is not None:
        columns["images"] = images[0] if len(parts) == 1 else Stacked(images)
    if landmarks[0] is not None:
        if len({p.shape[1] for p in landmarks}) > 1:
            raise FerError(
                f"{path}: training clips have {landmarks[0].shape[1]} frames and test clips {landmarks[1].shape[1]}; "
                "they must agree"
            )
        columns["landmarks"] = np.concatenate(landmarks)
    files = {name: str(path / f"data_train_{name}.h5") for name in ("images", "landmarks")}
    info = Info(dataset="fer22", classes=FER22, source=str(path), files=files, synthetic=_synthetic(labels))
    return Samples(columns, info)


def _synthetic(path: Path) -> bool:
    # Sequences drawn by this package carry a mark, so that scores on them never pass for scores on people.
    with h5py.File(path) as file:
        return bool(file[path.stem].attrs.get("synthetic", False))


def _present(path: Path, part: str) -> list[str]:
    return [name for name in ("images", "landmarks") if (path / f"data_{part}_{name}.h5").exists()]


def _same_columns(path: Path, parts: list[str]) -> None:
    train = _present(path, "train")
    for part in parts[1:]:
        for name in {*train, *_present(path, part)}:
            for side in ("train", part):
                if name not in _present(path, side):
                    other = part if side == "train" else "train"
                    raise FerError(
                        f"data_{side}_{name}.h5 is missing in {path}, while data_{other}_{name}.h5 is there: "
                        f"add it, or take data_{other}_{name}.h5 away"
                    )


def _open(path: Path) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type of the dataset named like the file."""
    try:
        with h5py.File(path) as file:
            if path.stem not in file:
                found = ", ".join(file) or "none"
                raise FerError(f"{path} has no dataset '{path.stem}'; its keys: {found}")
            data = file[path.stem]
            if not isinstance(data, h5py.Dataset):
                raise FerError(f"{path}: '{path.stem}' is a group, not a dataset")
            if 0 in data.shape:
                raise FerError(f"{path} is empty: its shape is {data.shape}")
            return data.shape, data.dtype
    except OSError as error:
        reason = " ".join(str(error).split())
        raise FerError(f"{path} cannot be read as HDF5: it is truncated or of another format ({reason})") from error


def _read(path: Path) -> np.ndarray:
    try:
        with h5py.File(path) as file:
            return file[path.stem][()]
    except OSError as error:
        raise FerError(f"{path} cannot be read to its end: it is truncated or damaged ({error})") from error


def _images(path: Path) -> H5Column:
    shape, dtype = _open(path)
    if len(shape) != 4:
        raise FerError(f"{path} has shape {shape}: grey clips of shape (n, T, H, W) are needed")
    if dtype != np.uint8:
        raise FerError(f"{path} holds {dtype}: 8-bit grey values (uint8) are needed")
    return H5Column(path, path.stem)


def _landmarks(path: Path) -> np.ndarray:
    shape, _ = _open(path)
    if len(shape) != 4:
        raise FerError(f"{path} has shape {shape}: (n, T, 68, 2) or (n, T, 478, 3) is needed")
    try:
        return clean_landmarks(_read(path))
    except FerError as error:
        raise FerError(f"{path}: {error}") from error


def _labels(path: Path, n: int) -> np.ndarray:
    shape, dtype = _open(path)
    if dtype.kind not in "iuf":
        raise FerError(f"{path} holds {dtype}: numbers 0..5 are needed")
    values = np.squeeze(_read(path)) if shape in ((n, 1), (1, n)) else _read(path)
    if values.ndim != 1:
        raise FerError(f"{path} has shape {shape}: one label a sequence, shape ({n},), is needed")
    if len(values) != n:
        raise FerError(f"{path} has {len(values)} labels and the training part {n} sequences: they must agree")
    wrong = np.flatnonzero(~np.isin(values, range(len(FER22))))
    if wrong.size:
        raise FerError(
            f"{path}: label {values[wrong[0]]} in row {wrong[0]} ({wrong.size} such row(s)) is not one of the codes "
            + ", ".join(f"{code} {name}" for code, name in enumerate(FER22))
        )
    return values.astype(np.int64)


def _in_pixels(landmarks: np.ndarray, images: H5Column) -> np.ndarray:
    # MediaPipe gives shares of the picture's width and height; no face is two pixels large.
    if np.nanmax(np.abs(landmarks), initial=0) > 2:
        return landmarks
    height, width = images.shape[2:]
    return landmarks * np.array([width, height], np.float32)


def _check_agreement(path: Path, part: str, images: H5Column, landmarks: np.ndarray) -> None:
    names = f"data_{part}_images.h5", f"data_{part}_landmarks.h5"
    for axis, what in ((0, "sequences"), (1, "frames a sequence")):
        if images.shape[axis] != landmarks.shape[axis]:
            raise FerError(
                f"{names[0]} has {images.shape[axis]} {what} and {names[1]} {landmarks.shape[axis]} in {path}: "
                "they must agree"
            )
    height, width = images.shape[2:]
    size = np.array([width, height])
    outside = ((landmarks < -BEYOND * size) | (landmarks > (1 + BEYOND) * size)).any(-1)
    if outside.any():
        row, t, point = np.argwhere(outside)[0]
        x, y = landmarks[row, t, point]
        raise FerError(
            f"{path / names[1]}: landmark {point} of row {row}, frame {t} is at ({x:g}, {y:g}), outside the picture of "
            f"{width} x {height} pixels ({np.any(outside, axis=(1, 2)).sum()} such row(s)); are x and y swapped, or do "
            "the landmarks belong to pictures of another size? Set frames without a face to NaN"
        )
