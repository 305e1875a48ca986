"""What faces show: ``python -m fer_features predict --model model.joblib INPUT...``.

Inputs are pictures, folders of pictures, videos, folders of frames (with --sequence), or a camera (--camera 0). Each
face and frame becomes a row with its expression and probabilities; a frame without a face a row that says so. Inputs
that cannot be read are named, the others are done, and the exit code is 2.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ..exceptions import FerError
from ..faces import FaceDetector
from ..recognition import Recognizer
from ..recognition.batch import Job
from ..recognition.neutral_reference import METHODS
from ..recognition.openface import OpenFaceTracker, read_openface
from ..recognition.output import Annotator, openface_file, table_file
from ..recognition.sources import Broken, Skipping, Video, sources
from ._parser import Parser, guarded, share, whole


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = Parser(prog="python -m fer_features predict", description=(__doc__ or "").split("\n\n")[1])
    p.add_argument("inputs", nargs="*", metavar="INPUT", help="pictures, folders, videos")
    p.add_argument("--camera", type=whole(0), metavar="N", help="a camera by its number, until Ctrl-C")
    p.add_argument(
        "--model",
        required=True,
        type=Path,
        metavar="FILE",
        help="model.joblib of a run (it runs code when it is loaded)",
    )
    p.add_argument(
        "--landmarks",
        metavar="FILE",
        help="a landmarker (.joblib), or a csv file of OpenFace with the landmarks of the one input (the model's own)",
    )
    p.add_argument(
        "--neutral",
        default="first",
        metavar="HOW",
        help=f"the neutral face: {', '.join(METHODS)} (of a video or sequence), or a picture of it (first)",
    )
    p.add_argument("--faces", choices=("largest", "all"), default="largest", help="which faces of a frame (largest)")
    p.add_argument(
        "--smallest",
        type=share,
        default=0.1,
        metavar="SHARE",
        help="smallest face, as a share of the frame's shorter side; half of it takes four times as long (0.1)",
    )
    p.add_argument("--sequence", action="store_true", help="the pictures of a folder are frames of one sequence")
    p.add_argument("--every", type=whole(1), default=1, metavar="N", help="every N-th frame of a video (1)")
    p.add_argument("--fps", type=float, metavar="F", help="at most so many frames a second")
    p.add_argument(
        "--detect-every",
        type=whole(1),
        default=10,
        metavar="N",
        help="look for faces in every N-th frame and follow them between; 1 takes each frame for itself (10)",
    )
    p.add_argument(
        "--reject", type=share, metavar="THRESHOLD", help="'uncertain' where no probability reaches this (the model's)"
    )
    p.add_argument("--out", type=Path, metavar="FILE", help="rows as .csv or .json")
    p.add_argument("--annotate", type=Path, metavar="OUT", help="draw the faces: a folder, or of one input a file")
    p.add_argument(
        "--openface", type=Path, metavar="FILE.csv", help="landmarks of the one input, as OpenFace writes them"
    )
    return p


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    p = parser()
    options = p.parse_args(arguments)
    if (options.camera is None) == (not options.inputs):
        p.error("inputs are needed, or --camera N" if options.camera is None else "give inputs or --camera, not both")
    left = f"what was done is in {options.out}" if options.out else "no --out was given, so nothing was written"
    return guarded(lambda: predict(options), lambda: left)


def predict(options: argparse.Namespace) -> None:
    """Predict all inputs; print what was found."""
    skipping = Skipping(options.every, options.fps)
    known = read_openface(options.landmarks) if str(options.landmarks).lower().endswith(".csv") else None
    recognizer = Recognizer(
        options.model,
        landmarker=None if known else options.landmarks,
        detector=FaceDetector(smallest=options.smallest),
        neutral=options.neutral,
        faces=options.faces,
        reject=options.reject,
        every=options.detect_every,
    )
    if known is None:
        recognizer.require_landmarker()
    if options.camera is None:
        inputs: list[Any] = list(sources(options.inputs, options.sequence, skipping))
    else:
        inputs = [Video(options.camera, skipping)]
    usable = [source for source in inputs if not isinstance(source, Broken)]
    if (known or options.openface) and (len(inputs) != 1 or not all(source.moving for source in usable)):
        raise FerError("landmarks of OpenFace belong to one video or sequence, which is to be the only input")
    annotator = Annotator(options.annotate) if options.annotate else None
    if annotator is not None and usable:
        annotator.check([source.name for source in usable], any(source.moving for source in usable))
    names = recognizer.classes if recognizer.has_probabilities else []
    with table_file(options.out, names) as table, openface_file(options.openface) as points:
        tracker = OpenFaceTracker(known, options.faces) if known else None
        job = Job(recognizer, tracker, table, annotator, points)
        interrupted = job.work(inputs)
    where = f"; written to {options.out}" if options.out else ""
    print(f"{len(inputs)} input(s), {job.rows} rows, {job.answered} with an expression{where}")
    if interrupted:
        raise KeyboardInterrupt
    if job.failed:
        raise FerError(f"{job.failed} of {len(inputs)} input(s) failed; the others are done")


if __name__ == "__main__":
    sys.exit(main())
