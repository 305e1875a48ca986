"""Options that several commands share, and loading the data and the pipeline that they name.

The functions ``add_*`` need argparse only. Everything else is imported where it is used, so that ``--help`` is quick.
"""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._atomic import temporary_folder
from ..exceptions import FerError
from ._advice import as_options
from ._parser import MAX_SEED, NOT_REPRODUCED, OptionGroup, Parser, fraction, int_at_least, int_between, n_jobs

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from ..samples.table import Samples


#: Values of ``--faces``; those of the parameter ``method`` of `fer_features.extractors.LocateFaces`.
FACE_METHODS = ("auto", "given", "detect", "crop", "none")


def add_data_options(parser: Parser, positional: bool = False, required: bool = False) -> None:
    """Add the options that name the data and how they are read.

    Parameters
    ----------
    parser : Parser
    positional : bool, default=False
        The data are a positional argument PATH instead of the option ``--data``.
    required : bool, default=False
        The positional argument cannot be omitted: others follow it.
    """
    group = parser.option_group("data")
    path: dict[str, Any] = {"default": "demo", "metavar": "PATH"}
    path["help"] = "folder or file in one of the known formats; 'demo' is a synthetic data set"
    if positional:
        group.add_argument("data", nargs=None if required else "?", **path)
    else:
        group.add_argument("--data", **path)
    group.add_argument(
        "--dataset",
        metavar="NAME",
        help="name of the data set, where its files are not recognized; see 'fer-features list datasets'",
    )
    group.add_argument(
        "--classes",
        metavar="NAME=CLASS,...",
        help="classes of labels or folder names, such as 0=angry,1=disgust; an empty class excludes its samples",
    )
    group.add_argument(
        "--where",
        action="append",
        metavar="NAME=VALUE,...",
        help="use the samples whose annotation has one of these values, such as view=frontal; repeatable",
    )
    group.add_argument(
        "--frames",
        type=int_between(1, 1000),
        metavar="N",
        help="frames of a sequence from neutral to apex; 1 for the apex alone; 2 makes pairs of still images "
        "and the neutral image of the same subject (default: 10)",
    )
    group.add_argument(
        "--apex",
        choices=("given", "last", "found"),
        help="apex of a sequence: annotated, the last frame, or found by motion (default: annotated, or as is usual "
        "for the data set)",
    )
    group.add_argument(
        "--neutral-frame",
        choices=("first", "found"),
        help="neutral frame of a sequence without annotation: its first frame, or found by motion (default: first)",
    )
    group.add_argument("--labels", metavar="NAME", help="alternative labels: ferplus, for FER2013")
    group.add_argument(
        "--subjects", metavar="FILE", help="subject identities of the training samples: .h5, .npy or .csv"
    )
    group.add_argument(
        "--landmarks",
        metavar="PATH",
        help="landmarks of the samples: a file of 'fer-features landmarks detect', OpenFace, py-feat, dlib's imglab or "
        "MediaPipe, or a folder with a file (also .pts, .ljson, .txt of CK+) for each image, video or frame",
    )
    group.add_argument(
        "--subject-pattern", metavar="REGEX", help="regular expression that matches the subject in the names of files"
    )
    group.add_argument(
        "--n-subjects",
        type=int_at_least(1),
        metavar="N",
        help="number of subjects to infer (default: estimated)",
    )
    group.add_argument(
        "--infer-subjects",
        action="store_true",
        default=None,
        help="infer unknown subjects from the faces (default: in sequences, and with --n-subjects)",
    )
    group.add_argument(
        "--holdout",
        type=fraction_or_zero,
        metavar="FRACTION",
        help="fraction of the images to hold out as test split, for a folder of images without predefined splits; "
        "0 for none (default: 0.2 from 2,000 images on)",
    )
    group.add_argument(
        "--on-error", choices=("stop", "skip"), default="stop", help="whether faulty samples stop the command"
    )


def add_pipeline_option(group: OptionGroup) -> None:
    """Add ``--pipeline``."""
    group.add_argument(
        "--pipeline",
        default="hog_svm",
        metavar="NAME",
        help="features and a classifier joined by _, or a preset; see 'fer-features list'",
    )


def add_face_options(parser: Parser) -> None:
    """Add ``--faces`` and ``--landmarker``, which set parameters of the first step of the pipeline."""
    group = parser.option_group("faces")
    group.add_argument(
        "--faces",
        choices=FACE_METHODS,
        default="auto",
        help="where the faces and their landmarks come from: given (landmarks of the data), detect (detector and "
        "landmarker), crop (the images are crops of faces), none (images are used as they are, without alignment); "
        "auto is given if the data have landmarks, else crop or detect, whatever a sample of the images shows",
    )
    group.add_argument(
        "--landmarker",
        metavar="FILE",
        help="landmark detector: .npz, a run that trained one, or a shape predictor of dlib, .dat (default: that of "
        "this package)",
    )


def face_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Parameters of the pipeline that the options of `add_face_options` stand for."""
    settings: dict[str, Any] = {} if options.faces == "auto" else {"faces__method": options.faces}
    if options.landmarker:
        from ..faces import load_landmarker

        settings["faces__landmarker"] = load_landmarker(options.landmarker)
    return settings


def add_rejection_options(parser: Parser) -> None:
    """Add ``--reject-below`` and ``--target-coverage``, of which one can be given."""
    either = parser.option_group("rejection").mutually_exclusive()
    either.add_argument(
        "--reject-below",
        type=fraction,
        metavar="THRESHOLD",
        help="predict 'uncertain' where the largest probability is below this, for example 0.6",
    )
    either.add_argument(
        "--target-coverage",
        type=fraction,
        metavar="FRACTION",
        help="choose that threshold so that about this fraction of the held-out samples is not 'uncertain'",
    )


def add_output_folder(parser: Parser, content: str, default: str) -> None:
    """Add ``--out`` and ``--overwrite``.

    Parameters
    ----------
    parser : Parser
    content : str
        What is written.
    default : str
        What happens without ``--out``.
    """
    group = parser.option_group("output")
    group.add_argument("--out", metavar="DIR", help=f"folder for {content} (default: {default})")
    group.add_argument(
        "--overwrite",
        action="store_true",
        help="allow a folder that is not empty: replace what an earlier run wrote there, and keep all other files",
    )


def add_computation_options(parser: Parser, jobs: str, seed: str) -> None:
    """Add ``--n-jobs``, ``--seed`` and ``--cache``.

    Parameters
    ----------
    parser : Parser
    jobs : str
        What runs in parallel: "folds" or "fits".
    seed : str
        What the seed determines.
    """
    group = parser.option_group("computation")
    add_n_jobs(group, jobs)
    add_seed(group, seed)
    group.add_argument(
        "--cache",
        metavar="DIR",
        help="folder in which extracted features and decoded images are kept for later commands",
    )


def add_n_jobs(group: OptionGroup, jobs: str) -> None:
    """Add ``--n-jobs``."""
    group.add_argument("--n-jobs", type=n_jobs, default=1, metavar="N", help=f"parallel {jobs}; -1 uses all cores")


def add_seed(group: OptionGroup | Parser, purpose: str) -> None:
    """Add ``--seed``."""
    group.add_argument(
        "--seed", type=int_between(0, MAX_SEED), default=0, metavar="N", help=f"random seed of {purpose}"
    )


def fraction_or_zero(text: str) -> float:
    """Argument type: 0, or a number between 0 and 1."""
    return 0.0 if text == "0" else fraction(text)


def recorded_options(options: argparse.Namespace) -> dict[str, Any]:
    """The options that determine the results, for the JSON files of a command."""
    return {name: value for name, value in vars(options).items() if name not in NOT_REPRODUCED}


def check_suffix(path: Path, suffix: str, option: str) -> None:
    """Check the suffix of a file that a command writes, with links followed: a data set is not among these files.

    Raises
    ------
    FerError
    """
    if Path(os.path.realpath(path)).suffix.lower() != suffix:
        raise FerError(f"{option} {path}: a name that ends in {suffix} is needed")


def cache_directory(path: str | Path) -> Path:
    """Create the folder of ``--cache`` and check that it can be written, before the computation begins.

    Raises
    ------
    FerError
        If it cannot be created or written.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with temporary_folder(folder):
            pass
    except OSError as error:
        raise FerError(f"--cache {folder} cannot be written: {error.strerror}") from error
    return folder


def read_samples(options: argparse.Namespace, cache: Path | None = None) -> Samples:
    """Read the data that the options of `add_data_options` name."""
    from ..datasets import load_dataset

    return load_dataset(
        options.data,
        subjects=options.subjects,
        n_subjects=options.n_subjects,
        infer_subjects=options.infer_subjects,
        on_error=options.on_error,
        labels=options.labels,
        subject_pattern=options.subject_pattern,
        holdout=options.holdout,
        landmarks=options.landmarks,
        dataset=options.dataset,
        frames=options.frames,
        apex=options.apex,
        neutral_frame=options.neutral_frame,
        classes=options.classes,
        where=options.where,
        cache=cache,
    )


def build_pipeline(options: argparse.Namespace, **settings: Any) -> Pipeline:
    """Make the pipeline of ``--pipeline`` and ``--seed``, and print what a preset consists of."""
    from ..pipelines import make_pipeline
    from ..presets import PRESETS

    model = make_pipeline(options.pipeline, options.seed, **face_settings(options), **settings)
    if options.pipeline in PRESETS and not options.quiet:
        print(f"preset {options.pipeline}: {PRESETS[options.pipeline]}", flush=True)
    return model


def load_data(options: argparse.Namespace, model: Pipeline, settings: dict[str, Any]) -> tuple[Samples, dict[str, Any]]:
    """Read the data, print a summary, and locate the faces as the model does.

    Parameters
    ----------
    options : argparse.Namespace
        The options of `add_data_options` and ``--cache``, which becomes the folder of the feature store.
    model : Pipeline
        Modified by `fer_features.front_end.locate_faces`.
    settings : dict
        Parameters that the user chose.

    Returns
    -------
    X : Samples
    located : dict
        What `locate_faces` set.
    """
    from ..front_end import check_faces, locate_faces

    cache = cache_directory(options.cache) if options.cache else None
    X = read_samples(options, cache)
    X.feature_store.folder = cache
    if not options.quiet:
        print_data_summary(X)
    n_notes = len(X.info.notes)
    X, located = locate_faces(model, X)
    X = check_faces(X, options.on_error)
    if not options.quiet:
        for note in X.info.notes[n_notes:]:
            print(note, flush=True)
    return X, located


@contextlib.contextmanager
def setting_errors(settings: Sequence[str]) -> Iterator[None]:
    """Report any exception as a consequence of the values of ``--set``, where there are some.

    Parameters
    ----------
    settings : sequence of str
        Values of the option. They can be of any type, and estimators check them only when they are fitted, if at all.

    Raises
    ------
    FerError
    """
    try:
        yield
    except (FerError, MemoryError, BrokenExecutor):
        raise
    except Exception as error:
        if not settings:
            raise
        reason = str(error) if isinstance(error, ValueError | TypeError) else f"{type(error).__name__}: {error}"
        raise FerError(f"--set {' --set '.join(settings)} does not work: {reason}") from error


def print_data_summary(X: Samples) -> None:
    """Print numbers of samples, predefined splits, notes of the reader, inferred subjects and possible leakage."""
    import numpy as np

    from ..samples.splits import SPLITS

    info = X.info
    n_labelled = int(X.is_labelled.sum())
    lines = [f"{info.title}: {n_labelled} labelled samples, {len(X) - n_labelled} without a label"]
    if "split" in X:
        counts = {name: int((X["split"] == name).sum()) for name in SPLITS if name}
        lines.append("predefined splits: " + ", ".join(f"{name} {n}" for name, n in counts.items() if n))
    lines += info.notes
    if info.subjects_from == "inferred":
        n_subjects = len(np.unique(X["subject"][X["subject"] >= 0]))
        confidence = f"confidence {info.subjects_confidence:.2f}"
        lines.append(f"no subject identities given: {n_subjects} subjects inferred from the faces, {confidence}")
        lines.append(
            "inferred subjects can be wrong: 'run' writes them to subjects.csv, and --subjects reads a corrected file"
        )
    if info.leakage:
        lines.append(f"warning: {info.leakage}")
    print(as_options("\n".join(lines)), flush=True)
