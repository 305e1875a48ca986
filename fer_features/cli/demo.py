"""``fer-features demo``: write the synthetic data set as fer22 files."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .._atomic import atomic_write
from ..exceptions import FerError
from ._options import add_seed
from ._parser import Parser, add_common_options, command_parser, int_at_least, run_command

if TYPE_CHECKING:
    import numpy as np

    from ..synthetic import SyntheticSequences

#: Files below the output folder, without the suffix .h5.
FILE_STEMS = (
    "data_train_images",
    "data_train_landmarks",
    "data_train_labels",
    "data_test_images",
    "data_test_landmarks",
    "solution/data_train_subjects",
    "solution/data_test_subjects",
    "solution/data_test_labels",
)


def parser() -> Parser:
    """Parser of the command."""
    p = command_parser(
        "demo",
        "Write synthetic face sequences, rendered by code, as fer22 files in HDF5. The labels of the test split and "
        "the subjects are in the subfolder 'solution'.",
        "fer-features demo data/demo",
        "fer-features demo data/small --subjects 4 --test-subjects 2 --seed 1",
    )
    p.add_argument("out_dir", type=Path, metavar="OUT_DIR", help="output folder, created if it does not exist")
    for option, default, text in (
        ("--subjects", 12, "number of training subjects"),
        ("--test-subjects", 6, "number of test subjects"),
        ("--repeats", 4, "sequences of each expression per training subject"),
        ("--test-repeats", 2, "sequences of each expression per test subject"),
    ):
        p.add_argument(option, type=int_at_least(1), default=default, metavar="N", help=text)
    add_seed(p, "subjects and sequences")
    p.add_argument("--force", action="store_true", help="replace existing files")
    add_common_options(p)
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    return run_command(lambda: run(options), options)


def run(options: argparse.Namespace) -> None:
    """Generate the sequences and write the files."""
    from ..synthetic import generate

    new_folders = [one for one in (options.out_dir / "solution", options.out_dir) if not one.exists()]
    try:
        check_output_folder(options.out_dir, options.force)
        sequences = generate(
            options.subjects, options.test_subjects, options.repeats, options.seed, n_test_repeats=options.test_repeats
        )
        write_fer22(sequences, options.out_dir)
    finally:
        for folder in new_folders:
            with contextlib.suppress(OSError):  # it is not empty
                folder.rmdir()
    n_train = int((sequences.split == "train").sum())
    n_test = len(sequences) - n_train
    print(f"wrote {n_train} training and {n_test} test sequences (synthetic) to {options.out_dir}")


def fer22_arrays(sequences: SyntheticSequences) -> dict[str, np.ndarray]:
    """Arrays to write, by the names of `FILE_STEMS`.

    Parameters
    ----------
    sequences : SyntheticSequences

    Returns
    -------
    dict of str to ndarray
        Labels are float64, as in the published files.
    """
    train, test = sequences.split == "train", sequences.split == "test"
    labels = sequences.label.astype("float64")
    values = (
        *(sequences.images[train], sequences.landmarks[train], labels[train]),
        *(sequences.images[test], sequences.landmarks[test]),
        *(sequences.subject[train], sequences.subject[test], labels[test]),
    )
    return dict(zip(FILE_STEMS, values, strict=True))


def check_output_folder(folder: Path, force: bool = False) -> None:
    """Check before the work starts that the files can be written; create the folder.

    Parameters
    ----------
    folder : Path
    force : bool, default=False
        Whether existing files may be replaced.

    Raises
    ------
    FerError
    """
    existing = [stem for stem in FILE_STEMS if os.path.exists(folder / f"{stem}.h5")]
    if existing and not force:
        raise FerError(f"{folder} contains {existing[0]}.h5 already; --force replaces it")
    try:
        (folder / "solution").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FerError(f"cannot write to {folder}: {error.strerror}") from error
    if not os.access(folder, os.W_OK) or not os.access(folder / "solution", os.W_OK):
        raise FerError(f"cannot write to {folder}: permission denied")


def write_fer22(sequences: SyntheticSequences, folder: Path) -> None:
    """Write the files of `fer22_arrays`. Each is complete or absent.

    Parameters
    ----------
    sequences : SyntheticSequences
    folder : Path
    """
    for stem, values in fer22_arrays(sequences).items():
        path = folder / f"{stem}.h5"
        with atomic_write(path) as temporary:
            _write_dataset(temporary, path.stem, values)


def _write_dataset(path: Path, key: str, values: np.ndarray) -> None:
    import h5py

    try:
        with h5py.File(path, "w") as file:
            file.create_dataset(key, data=values).attrs["synthetic"] = True
    except RuntimeError as error:  # where a full disk does not let HDF5 close the file
        raise OSError(str(error)) from error
