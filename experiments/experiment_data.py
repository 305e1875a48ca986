"""The data sets of the experiments as `Samples`: fer22 folders with known test labels, KDEF and BU-4DFE.

A fer22 folder has a subfolder ``solution`` with ``data_train_subjects.h5``, ``data_test_labels.h5`` and
``data_test_subjects.h5``. The stored results are of a stand-in for fer22: sequences of the same format, made of
photographs of KDEF. The NPZ files contain the arrays ``landmarks68`` (n, [T,] 68, 2), ``labels`` and ``subjects``; that
of KDEF also ``images`` (n, H, W) and ``session``.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from fer_features import DataInfo, FerError, Samples, load_dataset
from fer_features.datasets.subject_files import read_subjects
from fer_features.expressions import FER22_CLASSES

#: Classes of single photographs of KDEF: the six expressions, and neutral.
KDEF_CLASSES = (*FER22_CLASSES, "neutral")


def fer22_samples(folder: Path) -> Samples:
    """Both splits of a fer22 folder, with the true subjects of the training split."""
    return load_dataset(folder, subjects=folder / "solution" / "data_train_subjects.h5")


def fer22_training_samples(folder: Path) -> Samples:
    """The training split of a fer22 folder, with its true subjects."""
    X = fer22_samples(folder)
    return X[X.is_labelled]


def fer22_test_samples(folder: Path) -> Samples:
    """The test split of a fer22 folder, with its true labels and subjects."""
    X = load_dataset(folder, infer_subjects=False)
    solution = folder / "solution"
    label, subject = (read_subjects(solution / f"data_test_{what}.h5").subject for what in ("labels", "subjects"))
    return X[X["split"] == "test"].with_columns(label=label.astype(int), subject=subject)


def read_npz(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Read arrays of an NPZ file.

    Raises
    ------
    FerError
        If it cannot be read or lacks one of the arrays.
    """
    try:
        with np.load(path) as file:
            return {name: file[name] for name in names}
    except KeyError as error:
        raise FerError(f"{path} lacks an array: it must contain {', '.join(names)}") from error
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise FerError(f"{path} cannot be read as NPZ: {getattr(error, 'strerror', None) or error}") from error


def read_kdef(path: Path) -> dict[str, np.ndarray]:
    """Arrays of KDEF: images, landmarks68, labels (class names), subjects and session."""
    return read_npz(path, ("images", "landmarks68", "labels", "subjects", "session"))


def neutral_apex_pairs(kdef: dict[str, np.ndarray], selected: np.ndarray | None = None) -> np.ndarray:
    """Indices of the neutral and the apex photograph of each expression of a session, shape (n, 2).

    Parameters
    ----------
    kdef : dict of str to ndarray
        From `read_kdef`.
    selected : ndarray of bool, optional
        Photographs whose apex is used; all by default.
    """
    keys = list(zip(kdef["subjects"], kdef["session"], strict=True))
    neutral = kdef["labels"] == "neutral"
    neutral_of = {keys[i]: i for i in np.flatnonzero(neutral)}
    apexes = np.flatnonzero(~neutral if selected is None else ~neutral & selected)
    pairs = [(neutral_of[keys[i]], i) for i in apexes if keys[i] in neutral_of]
    return np.array(pairs, int).reshape(-1, 2)


def kdef_pairs(kdef: dict[str, np.ndarray], selected: np.ndarray | None = None) -> Samples:
    """Pairs of the neutral and the apex photograph of a session, 6 expressions; see `neutral_apex_pairs`."""
    pairs = neutral_apex_pairs(kdef, selected)
    apex = pairs[:, 1]
    info = DataInfo(dataset="kdef", classes=FER22_CLASSES, subjects_from="dataset")
    return Samples.from_arrays(
        kdef["images"][pairs], kdef["landmarks68"][pairs], kdef["labels"][apex], kdef["subjects"][apex], info=info
    )


def kdef_photographs(kdef: dict[str, np.ndarray]) -> Samples:
    """All photographs, 7 classes."""
    info = DataInfo(dataset="kdef", classes=KDEF_CLASSES, subjects_from="dataset")
    return Samples.from_arrays(kdef["images"], kdef["landmarks68"], kdef["labels"], kdef["subjects"], info=info)


def bu4dfe_sequences(path: Path) -> Samples:
    """Landmarks of the sequences of BU-4DFE, from neutral to apex."""
    file = read_npz(path, ("landmarks68", "labels", "subjects"))
    info = DataInfo(dataset="bu4dfe", classes=FER22_CLASSES, subjects_from="dataset")
    return Samples.from_arrays(landmarks=file["landmarks68"], label=file["labels"], subject=file["subjects"], info=info)
