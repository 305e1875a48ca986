"""The two parts of a fer22 folder whose truth stands in its `solution`; shared by the comparisons."""

from pathlib import Path

from fer_features import Samples, load_dataset
from fer_features.datasets.subjects import read_subjects


def whole(folder: Path) -> Samples:
    """Both parts, the training part with its true subjects."""
    return load_dataset(folder, folder / "solution" / "data_train_subjects.h5")


def training_part(folder: Path) -> Samples:
    """Rows with a label, with their true subjects."""
    X = whole(folder)
    return X[X["label"] >= 0]


def test_part(folder: Path) -> Samples:
    """Rows of the test part, with their true labels and subjects."""
    X = load_dataset(folder, infer=False)
    label, subject = (read_subjects(folder / "solution" / f"data_test_{what}.h5") for what in ("labels", "subjects"))
    return X[X["split"] == "test"].with_columns(label=label.astype(int), subject=subject)
