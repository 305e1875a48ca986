"""The fer22 challenge: sequences of 10 frames from neutral to apex, with landmarks, in HDF5.

Files, each with one dataset whose key is the file's stem:

    data_train_images.h5     (n, T, H, W) uint8      frame 0 neutral, the last frame the apex
    data_train_landmarks.h5  (n, T, 68, 2)           (x, y) in pixels, integers or floats; a later edition has
                                                     meshes of 468 or 478 points, (n, T, 478, 3), whose coordinates
                                                     may be fractions of the image width and height
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

import numpy as np

from ..exceptions import FerError
from ..expressions import FER22_CLASSES
from ..samples.columns import ConcatenatedColumn, H5Column
from ..samples.hdf5 import h5_flag, h5_layout, read_h5
from ..samples.landmark_columns import clean_landmarks, landmarks_in_pixels
from ..samples.table import DataInfo, Samples
from .dataset import Dataset


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
    notes: list[str] = []
    for split in splits:
        present = _present(path, split)
        clips: Any = _images(path / f"data_{split}_images.h5") if "images" in present else None
        points: Any = _landmarks(path / f"data_{split}_landmarks.h5") if "landmarks" in present else None
        if clips is not None and points is not None:
            points, doubts = _landmarks_of_images(path, split, points, clips)
            notes += [f"{split}: {doubt}" for doubt in doubts]
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
        dataset="fer22",
        classes=FER22_CLASSES,
        source=str(path),
        files=files,
        synthetic=_is_synthetic(label_file),
        notes=tuple(notes),
    )
    return Samples(columns, info)


def _can_load(path: Path) -> bool:
    return path.is_dir() and any(path.glob("data_train_*.h5"))


def _used_files(path: Path, **_: Any) -> list[Path]:
    names = [f"data_{split}_{name}.h5" for split in ("train", "test") for name in ("images", "landmarks")]
    return [path / name for name in (*names, "data_train_labels.h5")]


FER22 = Dataset(
    name="fer22",
    description="the fer22 challenge: sequences from neutral to apex with landmarks, in HDF5",
    layout="a folder with data_train_images.h5, data_train_landmarks.h5 (or one of them) and data_train_labels.h5",
    can_load=_can_load,
    load=load_fer22,
    used_files=_used_files,
    reference="the fer22 challenge",
    homepage="for participants of the challenge",
)


def _is_synthetic(path: Path) -> bool:
    # Sequences that this package renders are marked, so that scores on them are not taken for scores on real faces.
    return h5_flag(path, path.stem, "synthetic")


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


def _layout(path: Path) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type of the dataset whose key is the stem of the file."""
    shape, dtype = h5_layout(path, path.stem)
    if 0 in shape:
        raise FerError(f"{path} is empty: its shape is {shape}")
    return shape, dtype


def _images(path: Path) -> H5Column:
    shape, dtype = _layout(path)
    if len(shape) != 4:
        raise FerError(f"{path} has shape {shape}: grey clips of shape (n, T, H, W) are needed")
    if dtype != np.uint8:
        raise FerError(f"{path} holds {dtype}: 8-bit grey values (uint8) are needed")
    return H5Column(path, path.stem)


def _landmarks(path: Path) -> np.ndarray:
    shape, _ = _layout(path)
    if len(shape) != 4:
        raise FerError(f"{path} has shape {shape}: (n, T, 68, 2) or (n, T, 468 or 478, 3) is needed")
    try:
        return clean_landmarks(read_h5(path, path.stem))
    except FerError as error:
        raise FerError(f"{path}: {error}") from error


def _labels(path: Path, n: int) -> np.ndarray:
    shape, dtype = _layout(path)
    if dtype.kind not in "iuf":
        raise FerError(f"{path} holds {dtype}: numbers 0..5 are needed")
    values = np.squeeze(read_h5(path, path.stem)) if shape in ((n, 1), (1, n)) else read_h5(path, path.stem)
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


def _landmarks_of_images(path: Path, split: str, landmarks: np.ndarray, images: H5Column) -> tuple[np.ndarray, Any]:
    """Landmarks in pixels of the images of the same split, and notes for the user."""
    names = f"data_{split}_images.h5", f"data_{split}_landmarks.h5"
    for axis, counted in ((0, "sequences"), (1, "frames per sequence")):
        if images.shape[axis] != landmarks.shape[axis]:
            raise FerError(
                f"{names[0]} has {images.shape[axis]} {counted} and {names[1]} {landmarks.shape[axis]} in {path}: "
                "they must agree"
            )
    try:
        return landmarks_in_pixels(landmarks, images.sizes(np.arange(len(images))))
    except FerError as error:
        raise FerError(f"{path / names[1]}: {error}") from error
