"""Error of the apex and of the neutral frame that are found by motion in clips.

    python experiments/apex_frames.py FER22_FOLDER

The clips of a fer22 folder show ten frames from the neutral face to the apex. From each of its test split, three clips
with noise are made: as it is ('apex last'), with the frames in reverse order appended and the first, the last and the
apex repeated up to three times ('apex in the middle'), and in reverse order ('apex first', where the neutral face is
found, too). The error is the difference of the frame numbers in the original clip. Settings were chosen on the training
split, whose subjects are others.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from command_line import script_parser
from experiment_data import fer22_test_samples, fer22_training_samples
from result_tables import RESULTS_DIR, write_json

from fer_features._progress import progress, progress_enabled
from fer_features.cli._parser import int_at_least, run_command
from fer_features.datasets.clip_motion import FaceMotion
from fer_features.version import versions

#: Standard deviation of the noise that is added to each frame, in grey levels.
NOISE = 2.0
SPLITS = {"train": fer22_training_samples, "test": fer22_test_samples}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__, "apex_frames.json")
    parser.add_argument("folder", type=Path, metavar="FER22_FOLDER", help="folder with a subfolder 'solution'")
    parser.add_argument("--split", choices=tuple(SPLITS), default="test", help="clips that are evaluated")
    parser.add_argument("--n-clips", type=int_at_least(1), metavar="N", help="the first N clips (default: all)")
    options = parser.parse_args(arguments)
    return run_command(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Find apex and neutral frames in clips of three kinds, print and write the errors."""
    X = SPLITS[options.split](options.folder)
    n = min(len(X), options.n_clips or len(X))
    rng = np.random.default_rng(0)
    found: dict[str, list[tuple[int, int, int]]] = {}
    n_frames, start = 0, time.process_time()
    with progress_enabled():
        for i in progress(range(n), n, "clips"):
            clip = X[[i]]["images"][0]
            for kind, order in orders(len(clip), rng).items():
                found.setdefault(kind, []).append(find_frames(clip, order, rng))
                n_frames += len(order)
    seconds = (time.process_time() - start) / n_frames
    record: dict[str, Any] = {kind: summary(np.array(errors)) for kind, errors in found.items()}
    record |= {"n_clips": n, "ms_per_frame": round(1000 * seconds, 1), "versions": versions()}
    print(json.dumps(record, indent=1))
    out = options.out or RESULTS_DIR / "apex_frames.json"
    write_json(out, record)
    print(f"written to {out}")


def orders(length: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Frames of the original clip, neutral first, that each kind of clip shows."""
    forth = np.arange(length)
    repeats = rng.integers(0, 4, 3)
    held = [np.repeat(frame, times) for frame, times in zip((0, length - 1, 0), repeats, strict=True)]
    middle = np.concatenate([held[0], forth, held[1], forth[-2::-1], held[2]])
    return {"apex last": forth, "apex in the middle": middle, "apex first": forth[::-1]}


def find_frames(clip: np.ndarray, order: np.ndarray, rng: np.random.Generator) -> tuple[int, int, int]:
    """Errors of the apex relative to the given neutral frame, of the found neutral frame, and of the apex from it."""
    motion = FaceMotion()
    for number, frame in enumerate(clip[order]):
        motion.add(number, np.clip(rng.normal(frame, NOISE), 0, 255).astype(np.uint8))
    last = len(clip) - 1
    neutral = motion.find_neutral()
    given, found = motion.find_apex(int(order.argmin())), motion.find_apex(neutral)
    return last - int(order[given]), int(order[neutral]), last - int(order[found])


def summary(errors: np.ndarray) -> dict[str, Any]:
    """Mean error and fractions within one and two frames, of the three errors of clips (n, 3)."""
    names = ("apex, neutral given", "neutral found", "apex, neutral found")
    return {
        name: {"mean_error": round(float(e.mean()), 2)}
        | {f"within_{limit}": round(float((e <= limit).mean()), 3) for limit in (1, 2)}
        for name, e in zip(names, errors.T, strict=True)
    }


if __name__ == "__main__":
    raise SystemExit(main())
