"""Predict expressions: ``fer-features predict --model runs/A INPUT...``.

Predict the expressions of faces in images, videos, folders of them, sequences of frames (--sequence), or a camera
(--camera 0). Each face in each frame is a row of the output table, with its expression and probabilities. A frame
without a face is a row with the status 'no face'. With a folder as --out, each video gets a table and a page with its
timeline, and summary.csv and summary.html compare all videos; interrupted work is continued. An input that fails is
reported and does not stop the others; the exit code is then 2.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .._text import counted
from ..exceptions import FerError
from ._inputs import is_result
from ._options import SAVED_MODEL_HELP, add_all_faces, add_n_jobs, add_saved_rejection, check_suffix
from ._parser import Parser, add_common_options, command_parser, fraction, int_at_least, run_command

if TYPE_CHECKING:
    from ..recognition import Recognizer
    from ..recognition.sources import FrameSource


def parser() -> Parser:
    """Parser of the command."""
    p = command_parser(
        "predict",
        (__doc__ or "").split("\n\n")[1],
        "fer-features predict --model runs/A photo.jpg FOLDER --out predictions.csv --annotate annotated",
        "fer-features predict --model runs/A clip.mp4 --neutral median --all-faces --out predictions.json",
        "fer-features predict --model runs/A FOLDER --out results --n-jobs 2 --smooth 0.2",
        "fer-features predict --model runs/A clip.mp4 --elan clip.txt --webvtt clip.vtt",
        "fer-features predict --model runs/A --camera 0 --reject-below 0.6",
    )
    group = p.option_group("input")
    group.add_argument("inputs", nargs="*", metavar="INPUT", help="images, videos, and folders of them")
    group.add_argument("--camera", type=int_at_least(0), metavar="N", help="camera number N, until Ctrl-C")
    group.add_argument(
        "--sequence", action="store_true", help="the images of each input folder are the frames of one sequence"
    )

    group = p.option_group("model")
    group.add_argument(
        "--model",
        required=True,
        type=Path,
        metavar="PATH",
        help=SAVED_MODEL_HELP,
    )
    group.add_argument(
        "--neutral",
        default="first",
        metavar="METHOD",
        help="neutral reference of each face: 'first' (its first frame), 'median' (the frame nearest to its median "
        "shape), 'none', or the path of an image of the neutral face, or of a folder with such an image of each "
        "subject, named after the subject; single images need one if the model uses a neutral reference",
    )
    add_saved_rejection(group)

    group = p.option_group("faces")
    add_all_faces(group)
    group.add_argument(
        "--faces",
        choices=("auto", "detect", "crop", "none"),
        default="auto",
        help="how faces are found: by the detector, as images that are crops of faces, or none (no landmarks); auto is "
        "what the model was trained with",
    )
    group.add_argument(
        "--min-face",
        type=fraction,
        metavar="FRACTION",
        help="side of the smallest detected face as a fraction of the shorter side of the frame; half of it takes four "
        "times as long (default: 0.1)",
    )
    either = group.mutually_exclusive()
    either.add_argument(
        "--landmarker",
        metavar="FILE",
        help="landmark detector: .npz, a run that trained one, or a shape predictor of dlib with 68 landmarks, .dat, "
        "whose terms of use you "
        "are responsible for (default: the one in the model, or that of this package)",
    )
    either.add_argument(
        "--openface-in",
        type=Path,
        metavar="FILE.csv",
        help="landmarks of the frames of the only input, from a CSV file of OpenFace; replaces detection",
    )

    group = p.option_group("video")
    group.add_argument(
        "--frame-step", type=int_at_least(1), default=1, metavar="N", help="process every N-th frame of a stream"
    )
    group.add_argument("--fps", type=float, metavar="N", help="process at most N frames per second of a stream")
    group.add_argument(
        "--smooth",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="replace probabilities by their mean over this time: around the frame, or before it for a camera",
    )
    group.add_argument(
        "--detect-interval",
        type=int_at_least(1),
        default=10,
        metavar="N",
        help="detect faces in every N-th frame and track them in between; 1 processes each frame independently",
    )

    group = p.option_group("output")
    group.add_argument(
        "--out",
        type=Path,
        metavar="PATH",
        help="table of predictions, .csv or .json; or a folder for a table and a timeline of each video and a summary, "
        "which continues where it was interrupted",
    )
    group.add_argument("--json", action="store_true", help="with a folder as --out: tables as JSON too")
    group.add_argument("--overwrite", action="store_true", help="with a folder as --out: process finished videos again")
    add_n_jobs(group, "videos, with a folder as --out")
    group.add_argument(
        "--annotate",
        type=Path,
        metavar="PATH",
        help="folder for annotated images and videos, or a file for one input",
    )
    group.add_argument(
        "--openface-out",
        type=Path,
        metavar="FILE.csv",
        help="landmarks of the only input as a CSV file of OpenFace",
    )
    group.add_argument(
        "--elan",
        type=Path,
        metavar="PATH",
        help="expressions of videos as tab-delimited text for ELAN (tier, begin, end and duration in seconds, "
        "annotation): a file .txt for one input, or a folder",
    )
    group.add_argument(
        "--webvtt",
        type=Path,
        metavar="PATH",
        help="expressions of videos as WebVTT: a file .vtt for one input, or a folder",
    )
    add_common_options(p)
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    p = parser()
    options = p.parse_args(arguments)
    if (options.camera is None) == (not options.inputs):
        p.error("give inputs or --camera N" if options.camera is None else "give inputs or --camera, not both")
    done = f"results so far are in {options.out}" if options.out else "without --out no results are written"
    return run_command(lambda: predict(options), options, lambda: done)


def predict(options: argparse.Namespace) -> None:
    """Predict the expressions in all inputs, and print a summary."""
    # These imports take long, and the parser does not need them.
    from ..datasets.openface_table import read_openface
    from ..faces import FaceDetector
    from ..recognition import Recognizer
    from ..recognition.annotation_writer import AnnotationWriter
    from ..recognition.batch import BatchPredictor
    from ..recognition.frames import FrameSampling
    from ..recognition.openface import OpenFaceTracker, open_openface_writer
    from ..recognition.prediction_writer import open_prediction_writer
    from ..recognition.smoothing import check_smoothing
    from ..recognition.sources import InvalidSource, VideoSource, sources_from_inputs
    from ..recognition.timeline_writer import TIMELINE_FORMATS, TimelineWriter

    _check_names(options)
    check_smoothing(options.smooth)
    sampling = FrameSampling(options.frame_step, options.fps)
    landmarks = read_openface(options.openface_in) if options.openface_in else None
    faces = "all" if options.all_faces else "largest"
    tracker = OpenFaceTracker(landmarks, faces) if landmarks else None
    recognizer = Recognizer(
        options.model,
        landmarker=options.landmarker,
        detector=FaceDetector(min_face=options.min_face) if options.min_face else None,
        neutral=options.neutral,
        faces=faces,
        faces_method=options.faces,
        reject_below=options.reject_below,
        detect_interval=options.detect_interval,
    )
    sources: list[FrameSource]
    if options.camera is None:
        found = sources_from_inputs(options.inputs, options.sequence, sampling)
        sources = [one for one in found if not is_result(vars(options), Path(one.name))]
        if not sources:
            raise FerError(f"{options.inputs[0]} contains no image or video but results")
    else:
        sources = [VideoSource(options.camera, sampling)]
    valid = [source for source in sources if not isinstance(source, InvalidSource)]
    has_stream = any(source.is_stream for source in valid)
    if (landmarks or options.openface_out) and (len(sources) != 1 or not all(source.is_stream for source in valid)):
        raise FerError("--openface-in and --openface-out need one video or sequence, which must be the only input")
    if valid and not has_stream:
        recognizer.require_neutral_images([source.name for source in valid])
    if _is_folder(options):
        if len(sources) == 1 and isinstance(sources[0], InvalidSource):
            raise sources[0].error  # without a folder of results
        _predict_folder(options, recognizer, sources)
        return
    timeline_writers = [
        TimelineWriter(name, out) for name in TIMELINE_FORMATS if (out := getattr(options, name)) is not None
    ]
    for timeline_writer in timeline_writers:
        timeline_writer.check([source.name for source in sources], all(source.is_stream for source in valid))
    annotation_writer = AnnotationWriter(options.annotate) if options.annotate else None
    if annotation_writer is not None and valid:
        annotation_writer.check([source.name for source in valid], has_stream)
    class_names = recognizer.class_names if recognizer.has_probabilities else []
    with (
        open_prediction_writer(options.out, class_names) as writer,
        open_openface_writer(options.openface_out) as openface_writer,
    ):
        batch = BatchPredictor(
            recognizer,
            tracker,
            [writer] if writer else [],
            annotation_writer,
            openface_writer,
            timeline_writers,
            options.smooth,
        )
        interrupted = batch.predict(sources)
        if landmarks and sources[0].n_frames and not (interrupted or batch.errors):
            landmarks.check_length(sources[0].n_frames)
    failed = batch.errors and len(sources) == 1
    if batch.n_records or not failed:
        target = f"; written to {options.out}" if options.out else ""
        counts = counted(batch.n_records, "row"), f"{batch.n_classified} with an expression"
        print(f"{', '.join((counted(len(sources), 'input'), *counts))}{target}")
    if interrupted:
        raise KeyboardInterrupt
    if failed:
        raise FerError(batch.errors[0])
    if batch.errors:
        raise FerError(f"{len(batch.errors)} of {len(sources)} inputs failed; the others were processed")


def _is_folder(options: argparse.Namespace) -> bool:
    """Whether the results are a folder."""
    out = options.out
    return out is not None and out.suffix.lower() not in (".csv", ".json") and (not out.suffix or out.is_dir())


def _predict_folder(options: argparse.Namespace, recognizer: Recognizer, sources: list[FrameSource]) -> None:
    """Write a folder of results, and print a summary."""
    from ..recognition.timeline_writer import TIMELINE_FORMATS
    from ..workflow.video_folders import FolderOptions, predict_videos

    outputs = {name: path for name in (*TIMELINE_FORMATS, "annotate") if (path := getattr(options, name)) is not None}
    for name, path in outputs.items():
        if path.suffix and not path.is_dir():
            raise FerError(f"--{name} {path}: with a folder as --out, the name of a folder is needed")
    facts = {
        "Model": str(options.model),
        "Neutral reference": options.neutral,
        "Faces": "all faces" if options.all_faces else "the largest face",
        "Smoothing": f"mean over {options.smooth:g} s" if options.smooth else "none",
        "Uncertain": f"below {recognizer.reject_below:g}" if recognizer.reject_below else "not used",
    }
    found = predict_videos(
        recognizer,
        sources,
        options.out,
        FolderOptions(options.json, options.smooth, outputs, facts),
        options.n_jobs,
        options.overwrite,
    )
    counts = [counted(found.n_videos, "video"), counted(found.n_images, "image")]
    print(f"{', '.join(counts)}, {found.n_reused} done before; written to {options.out}")
    if found.errors and len(sources) == 1:
        raise FerError(found.errors[0])
    if found.errors:
        raise FerError(f"{len(found.errors)} of {len(sources)} inputs failed; the others were processed")


def _check_names(options: argparse.Namespace) -> None:
    """Check the names of the files to be written, and options that belong together."""
    if _is_folder(options):
        for name in ("camera", "openface_in", "openface_out"):
            if getattr(options, name) is not None:
                raise FerError(f"--{name.replace('_', '-')} needs a file as --out, .csv or .json, not a folder")
    elif options.json or options.overwrite or options.n_jobs != 1:
        raise FerError("--json, --overwrite and --n-jobs need a folder as --out")
    if options.openface_out is None:
        return
    check_suffix(options.openface_out, ".csv", "--openface-out")
    if options.out is not None and os.path.realpath(options.out) == os.path.realpath(options.openface_out):
        raise FerError(f"--out and --openface-out are both {options.out}: give two names")
