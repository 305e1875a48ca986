"""The same photographs in several layouts: their accuracy does not depend on how the files are arranged.

python experiments/data_layouts.py --kdef NPZ

The photographs are written as they would be distributed (PNG, and MPEG-4 for videos), read by `load_dataset` and
evaluated by leave-one-subject-out. Sequences and videos go from the neutral face to the apex; their apex is evaluated.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from command_line import script_parser
from experiment_data import read_kdef
from result_tables import RESULTS_DIR, ResultFile, fixed, print_header, print_row

from fer_features import evaluate, load_dataset
from fer_features.cli._parser import int_at_least, run_command
from fer_features.inputs import resolve_inputs

#: The pipeline, which finds the faces in the images.
PIPELINE = "hog_linear"
#: Expression -> its codes in KDEF and JAFFE, CK+ and RAF-DB.
CODES = {
    "neutral": ("NE", 0, 7),
    "anger": ("AN", 1, 6),
    "disgust": ("DI", 3, 3),
    "fear": ("AF", 4, 2),
    "joy": ("HA", 5, 4),
    "sadness": ("SA", 6, 5),
    "surprise": ("SU", 7, 1),
}
#: Frames of a sequence.
N_FRAMES = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__, "data_layouts.json")
    parser.add_argument("--kdef", type=Path, metavar="NPZ", required=True, help="photographs of KDEF")
    parser.add_argument("--subjects", type=int_at_least(2), metavar="N", help="the first N subjects only")
    parser.add_argument("--recompute", action="store_true", help="compute stored results again")
    options = parser.parse_args(arguments)
    return run_command(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Write each layout, evaluate it, print and write the results."""
    results = ResultFile(options.out or RESULTS_DIR / "data_layouts.json", options.recompute)
    photographs = Photographs(options.kdef, options.subjects)
    print_header(["layout", "recognized as", "samples", "subjects", "accuracy"])
    for name, (write, settings) in LAYOUTS.items():
        result = results.get(name, lambda w=write, s=settings: evaluated(photographs, w, s))
        print_row([name, result["dataset"], result["n_samples"], result["n_subjects"], fixed(result["accuracy"])])


class Photographs:
    """Photographs of KDEF with their annotations."""

    def __init__(self, path: Path, n_subjects: int | None = None):
        data = read_kdef(path)
        keep = np.isin(data["subjects"], np.unique(data["subjects"])[:n_subjects])
        self.images, self.labels, self.subjects, self.sessions = (
            data[name][keep] for name in ("images", "labels", "subjects", "session")
        )

    def __iter__(self) -> Iterator[tuple[int, np.ndarray, str, str, str]]:
        """Number, image, label, subject and session of each photograph."""
        columns = zip(self.images, self.labels, self.subjects, self.sessions, strict=True)
        for i, (image, label, subject, session) in enumerate(columns):
            yield i, image, str(label), str(subject), str(session)

    def neutral(self, i: int) -> np.ndarray:
        """The neutral face of the same subject, in the same session if there is one."""
        same = (self.subjects == self.subjects[i]) & (self.labels == "neutral")
        in_session = same & (self.sessions == self.sessions[i])
        found = np.flatnonzero(in_session if in_session.any() else same)
        return self.images[found[0] if found.size else i]

    def frames(self, i: int) -> Iterator[np.ndarray]:
        """A sequence from the neutral face to the photograph."""
        neutral, apex = self.neutral(i).astype(np.float32), self.images[i].astype(np.float32)
        for weight in np.linspace(0, 1, N_FRAMES):
            yield np.rint((1 - weight) * neutral + weight * apex).astype(np.uint8)


def evaluated(photographs: Photographs, write: Callable[[Photographs, Path], None], settings: Any) -> dict[str, Any]:
    """Result of a layout."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "data")
        root.mkdir()
        write(photographs, root)
        X = load_dataset(root, **{**settings, **_subjects_file(root)})
        dataset = X.info.dataset
        pipeline, X, _ = resolve_inputs(PIPELINE, X)
        metrics = evaluate(pipeline, X, cv="loso").scores.metrics
    return {
        "dataset": dataset,
        "n_samples": metrics.n_samples,
        "n_subjects": metrics.n_subjects,
        "accuracy": metrics.accuracy,
    }


def _subjects_file(root: Path) -> dict[str, Path]:
    path = root / "subjects.csv"
    return {"subjects": path} if path.exists() else {}


def _write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)


def write_class_folders(photographs: Photographs, root: Path) -> None:
    """<class>/<subject>_<number>.png."""
    for i, image, label, subject, _ in photographs:
        _write(root / label / f"{subject}_{i}.png", image)


def write_kdef(photographs: Photographs, root: Path) -> None:
    """AF01/AF01ANS.png."""
    for _, image, label, subject, session in photographs:
        _write(root / f"{session}{subject}" / f"{session}{subject}{CODES[label][0]}S.png", image)


def write_jaffe(photographs: Photographs, root: Path) -> None:
    """KA.AN1.39.tiff; a subject is two letters."""
    for i, image, label, subject, session in photographs:
        number = int(subject[1:]) + 40 * (subject[0] == "M")
        letters = chr(65 + number // 26) + chr(65 + number % 26)
        code = CODES[label][0].replace("AF", "FE")
        _write(root / f"{letters}.{code}{1 + (session == 'B')}.{i}.tiff", image)


def write_rafdb(photographs: Photographs, root: Path) -> None:
    """train/1/train_00001_aligned.png, and the subjects, which this data set does not have, in a file."""
    lines = []
    for i, image, label, subject, _ in photographs:
        name = f"train/{CODES[label][2]}/train_{i:05d}_aligned.png"
        _write(root / name, image)
        lines.append((name, subject))
    _write_csv(root / "subjects.csv", [("id", "subject"), *lines])


def write_ckplus(photographs: Photographs, root: Path) -> None:
    """cohn-kanade-images/S005/001/S005_001_00000011.png, and the files with the codes of the expressions."""
    for i, _, label, subject, _ in photographs:
        number = int(subject[1:]) + 500 * (subject[0] == "M")
        folder = f"S{number:03d}/{i % 1000:03d}"
        stem = f"S{number:03d}_{i % 1000:03d}"
        for t, frame in enumerate(photographs.frames(i), 1):
            _write(root / "cohn-kanade-images" / folder / f"{stem}_{t:08d}.png", frame)
        emotion = root / "Emotion" / folder / f"{stem}_{N_FRAMES:08d}_emotion.txt"
        emotion.parent.mkdir(parents=True)
        emotion.write_text(f"   {CODES[label][1]:.7e}\n")


def write_table(photographs: Photographs, root: Path) -> None:
    """metadata.csv."""
    lines = []
    for i, image, label, subject, session in photographs:
        _write(root / "photographs" / f"{i}.png", image)
        lines.append((f"photographs/{i}.png", label, subject, session))
    _write_csv(root / "metadata.csv", [("file_name", "label", "subject", "session"), *lines])


def write_videos(photographs: Photographs, root: Path) -> None:
    """<class>/<subject>_<number>.mp4."""
    for i, image, label, subject, _ in photographs:
        path = root / label / f"{subject}_{i}.mp4"
        path.parent.mkdir(exist_ok=True)
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, image.shape[::-1])
        for frame in photographs.frames(i):
            writer.write(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
        writer.release()


def _write_csv(path: Path, lines: Sequence[Sequence[str]]) -> None:
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(lines)


#: Name of a layout -> function that writes it, and options of `load_dataset`.
LAYOUTS: dict[str, tuple[Callable[[Photographs, Path], None], dict[str, Any]]] = {
    "class folders": (write_class_folders, {"subject_pattern": "^(.+?)_"}),
    "KDEF": (write_kdef, {}),
    "JAFFE": (write_jaffe, {}),
    "RAF-DB": (write_rafdb, {}),
    "CK+": (write_ckplus, {"frames": 1}),
    "table": (write_table, {}),
    "videos in class folders": (write_videos, {"subject_pattern": "^(.+?)_", "frames": 1, "apex": "last"}),
}

if __name__ == "__main__":
    raise SystemExit(main())
