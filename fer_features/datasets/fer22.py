"""The fer22 challenge: sequences of 10 frames from neutral to apex, with landmarks, in HDF5.

Files, each with one dataset whose key is the file's stem:

    data_train_images.h5     (n, T, H, W) uint8      frame 0 neutral, the last frame the apex
    data_train_landmarks.h5  (n, T, 68, 2)           (x, y) in pixels, integers or floats; a later edition has
                                                     meshes of 478 points, (n, T, 478, 3), whose coordinates may be
                                                     fractions of the image width and height
    data_train_labels.h5     (n,)                    joy 0, fear 1, surprise 2, anger 3, disgust 4, sadness 5;
                                                     often stored as floats
    data_test_images.h5, data_test_landmarks.h5      the same for the test split, without labels

The challenge has 540 and 131 sequences (205 in a later edition) of 10 x 300 x 200. The training split shows 15 subjects
in 36 sequences each; subject identities are not published. A submission has the columns `Id,Expression`, where Id
counts from 0 in the order of the test file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..exceptions import FerError
from ..expressions import FER22_CLASSES
from ..samples.columns import ConcatenatedColumn, H5Column
from ..samples.table import DataInfo, Samples
from ..samples.validation import clean_landmarks
from .dataset import Dataset

#: Distance of a landmark from the image, as a fraction of the image size, above which the landmarks are refused.
MAX_FRACTION_OUTSIDE = 0.25

#: Largest coordinate, in absolute value, of landmarks that are fractions of the image size. In pixels, no face is as
#: small as that.
MAX_RELATIVE_COORDINATE = 2


def load_fer22(path: Path) -> Samples:
    """Read a folder of fer22 files.

    Parameters
    ----------
    path : Path
        The folder. Images or landmarks alone are sufficient, and the test split may be absent.

    Returns
    -------
    Samples
        Columns 'images' (read on access) and 'landmarks' (NaN where missing) where the files exist, 'label' (unknown in
        the test split), 'split', 'id' (position within the split). There are no subjects.

    Raises
    ------
    FerError
        For a missing file of a pair, a missing key, wrong shapes or types, sizes that disagree, labels that are not
        integer codes 0..5, landmarks outside the image, and files that are not readable HDF5.
    """
    splits = [split for split in ("train", "test") if _present(path, split)]
    if "train" not in splits:
        raise FerError(f"{path} has no data_train_images.h5 and no data_train_landmarks.h5: there is no training data")
    label_file = path / "data_train_labels.h5"
    if not label_file.exists():
        raise FerError(f"{label_file} is missing: training needs one label per sequence")
    _check_same_files(path, splits)
    images: list[Any] = []
    landmarks: list[Any] = []
    ids: list[np.ndarray] = []
    for split in splits:
        present = _present(path, split)
        clips: Any = _images(path / f"data_{split}_images.h5") if "images" in present else None
        points: Any = _landmarks(path / f"data_{split}_landmarks.h5") if "landmarks" in present else None
        if clips is not None and points is not None:
            points = _in_pixels(points, clips)
            _check_agreement(path, split, clips, points)
        images.append(clips)
        landmarks.append(points)
        ids.append(np.arange(len(clips if clips is not None else points)))
    label = np.full(sum(map(len, ids)), -1)
    label[: len(ids[0])] = _labels(label_file, len(ids[0]))
    columns: dict[str, Any] = {
        "label": label,
        "split": np.repeat(splits, [len(positions) for positions in ids]),
        "id": np.concatenate(ids),
    }
    if images[0] is not None:
        columns["images"] = images[0] if len(splits) == 1 else ConcatenatedColumn(images)
    if landmarks[0] is not None:
        if len({points.shape[1] for points in landmarks}) > 1:
            raise FerError(
                f"{path}: training clips have {landmarks[0].shape[1]} frames and test clips {landmarks[1].shape[1]}; "
                "they must agree"
            )
        columns["landmarks"] = np.concatenate(landmarks)
    files = {name: str(path / f"data_train_{name}.h5") for name in ("images", "landmarks")}
    info = DataInfo(
        dataset="fer22", classes=FER22_CLASSES, source=str(path), files=files, synthetic=_is_synthetic(label_file)
    )
    return Samples(columns, info)


def _can_load(path: Path) -> bool:
    return path.is_dir() and any(path.glob("data_train_*.h5"))


FER22 = Dataset(
    name="fer22",
    description="the fer22 challenge: sequences from neutral to apex with landmarks, in HDF5",
    layout="a folder with data_train_images.h5, data_train_landmarks.h5 (or one of them) and data_train_labels.h5",
    can_load=_can_load,
    load=load_fer22,
    reference="the fer22 challenge",
    homepage="for participants of the challenge",
)


def _is_synthetic(path: Path) -> bool:
    # Sequences that this package renders are marked, so that scores on them are not taken for scores on real faces.
    with h5py.File(path) as file:
        return bool(file[path.stem].attrs.get("synthetic", False))


def _present(path: Path, split: str) -> list[str]:
    return [name for name in ("images", "landmarks") if (path / f"data_{split}_{name}.h5").exists()]


def _check_same_files(path: Path, splits: list[str]) -> None:
    """Both splits must have images, landmarks or both."""
    train = _present(path, "train")
    for test in splits[1:]:
        for name in {*train, *_present(path, test)}:
            for split, other in (("train", test), (test, "train")):
                if name not in _present(path, split):
                    raise FerError(
                        f"data_{split}_{name}.h5 is missing in {path}, while data_{other}_{name}.h5 exists: "
                        f"add it, or remove data_{other}_{name}.h5"
                    )


def _open(path: Path) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and dtype of the HDF5 dataset whose key is the stem of the file."""
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
        raise FerError(f"{path} cannot be read as HDF5: it is truncated or has another format ({reason})") from error


def _read(path: Path) -> np.ndarray:
    try:
        with h5py.File(path) as file:
            return file[path.stem][()]
    except OSError as error:
        raise FerError(f"{path} cannot be read: the file is truncated or damaged ({error})") from error


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
        raise FerError(f"{path} has shape {shape}: one label per sequence, shape ({n},), is needed")
    if len(values) != n:
        raise FerError(f"{path} has {len(values)} labels and the training split {n} sequences: they must agree")
    wrong = np.flatnonzero(~np.isin(values, range(len(FER22_CLASSES))))
    if wrong.size:
        raise FerError(
            f"{path}: label {values[wrong[0]]} of sample {wrong[0]} ({wrong.size} such sample(s)) is not one of the "
            "codes " + ", ".join(f"{code} {name}" for code, name in enumerate(FER22_CLASSES))
        )
    return values.astype(np.int64)


def _in_pixels(landmarks: np.ndarray, images: H5Column) -> np.ndarray:
    # MediaPipe gives coordinates as fractions of the image width and height.
    if np.nanmax(np.abs(landmarks), initial=0) > MAX_RELATIVE_COORDINATE:
        return landmarks
    height, width = images.shape[2:]
    return landmarks * np.array([width, height], np.float32)


def _check_agreement(path: Path, split: str, images: H5Column, landmarks: np.ndarray) -> None:
    names = f"data_{split}_images.h5", f"data_{split}_landmarks.h5"
    for axis, counted in ((0, "sequences"), (1, "frames per sequence")):
        if images.shape[axis] != landmarks.shape[axis]:
            raise FerError(
                f"{names[0]} has {images.shape[axis]} {counted} and {names[1]} {landmarks.shape[axis]} in {path}: "
                "they must agree"
            )
    height, width = images.shape[2:]
    size = np.array([width, height])
    outside = ((landmarks < -MAX_FRACTION_OUTSIDE * size) | (landmarks > (1 + MAX_FRACTION_OUTSIDE) * size)).any(-1)
    if outside.any():
        sample, t, point = np.argwhere(outside)[0]
        x, y = landmarks[sample, t, point]
        n_outside = np.any(outside, axis=(1, 2)).sum()
        raise FerError(
            f"{path / names[1]}: landmark {point} of sample {sample}, frame {t} is at ({x:g}, {y:g}), outside the "
            f"image of {width} x {height} pixels ({n_outside} such sample(s)); are x and y swapped, or do the "
            "landmarks belong to images of another size? Set frames without a face to NaN"
        )
