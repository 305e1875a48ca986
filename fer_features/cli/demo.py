"""Write the synthetic data set as fer22 files.

python -m fer_features demo OUT_DIR [--seed 0] [--force] ...
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np

from .._atomic import replacing
from ..exceptions import FerError
from ..synthetic import Demo, generate
from ._parser import Parser, guarded, whole

NAMES = (
    "data_train_images",
    "data_train_landmarks",
    "data_train_labels",
    "data_test_images",
    "data_test_landmarks",
    "solution/data_train_subjects",
    "solution/data_test_subjects",
    "solution/data_test_labels",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is 0, or 2 for a user's mistake, told in one line on stderr."""
    args = _parser().parse_args(argv)

    def work() -> None:
        check(args.out_dir, args.force)
        demo = generate(args.subjects, args.test_subjects, args.repeats, args.seed, test_repeats=args.test_repeats)
        write(demo, args.out_dir)
        train = int((demo.split == "train").sum())
        print(f"wrote {train} train and {len(demo) - train} test synthetic sequences to {args.out_dir}")

    return guarded(work)


def _parser() -> Parser:
    parser = Parser(
        prog="python -m fer_features demo",
        description="Write synthetic face sequences, drawn by code, as fer22 HDF5 files.",
    )
    parser.add_argument("out_dir", type=Path, metavar="OUT_DIR", help="folder to write to, made if need be")
    parser.add_argument("--seed", type=whole(0), default=0, help="of everything (default: %(default)s)")
    parser.add_argument("--subjects", type=whole(1), default=12, help="people to train on (default: %(default)s)")
    parser.add_argument("--test-subjects", type=whole(1), default=6, help="people to test on (default: %(default)s)")
    parser.add_argument(
        "--repeats",
        type=whole(1),
        default=4,
        help="sequences of each expression a train subject (default: %(default)s)",
    )
    parser.add_argument(
        "--test-repeats", type=whole(1), default=2, help="the same of a test subject (default: %(default)s)"
    )
    parser.add_argument("--force", action="store_true", help="replace files that are there")
    return parser


def tables(demo: Demo) -> dict[str, np.ndarray]:
    """File name within the folder (without .h5) -> what is in it."""
    train, test = demo.split == "train", demo.split == "test"
    labels = demo.label.astype(np.float64)  # as the published files store them
    values = (
        *(demo.images[train], demo.landmarks[train], labels[train], demo.images[test], demo.landmarks[test]),
        *(demo.subject[train], demo.subject[test], labels[test]),
    )
    return dict(zip(NAMES, values, strict=True))


def check(folder: Path, force: bool = False) -> None:
    """Raise FerError, before the work is done, if the files cannot be written to `folder`."""
    there = [name for name in NAMES if (folder / f"{name}.h5").exists()]
    if there and not force:
        raise FerError(f"{folder} has {there[0]}.h5 already; --force replaces it")
    try:
        (folder / "solution").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FerError(f"cannot write to {folder}: {error.strerror}") from error
    if not os.access(folder, os.W_OK) or not os.access(folder / "solution", os.W_OK):
        raise FerError(f"cannot write to {folder}: permission denied")


def write(demo: Demo, folder: Path) -> None:
    """Write the files of `tables`, each under a temporary name first: none is ever seen half written."""
    for name, values in tables(demo).items():
        path = folder / f"{name}.h5"
        with replacing(path) as part, h5py.File(part, "w") as file:
            file.create_dataset(path.stem, data=values).attrs["synthetic"] = True


if __name__ == "__main__":
    sys.exit(main())
