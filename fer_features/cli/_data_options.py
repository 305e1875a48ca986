"""Options that name the data and how they are read, and the table that they stand for.

The function `add_data_options` needs argparse only. Everything else is imported where it is used, so that ``--help`` is
quick.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._advice import as_options
from ._options import cache_directory, face_settings, fraction_or_zero
from ._parser import Parser, int_at_least, int_between

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from ..samples.table import Samples


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


def load_data(
    options: argparse.Namespace, model: Pipeline, settings: dict[str, Any]
) -> tuple[Pipeline, Samples, dict[str, Any]]:
    """Read the data, print a summary, and locate the faces as the model does.

    Parameters
    ----------
    options : argparse.Namespace
        The options of `add_data_options` and ``--cache``, which becomes the folder of the feature store.
    model : Pipeline
        The one of ``--pipeline``; modified by `fer_features.front_end.locate_faces`.
    settings : dict
        Parameters that the user chose.

    Returns
    -------
    model : Pipeline
        Another one if what ``--pipeline`` names depends on the data.
    X : Samples
    located : dict
        What `locate_faces` set.
    """
    from ..front_end import check_faces, locate_faces
    from ..inputs import pipeline_for_table
    from ..presets import preset_for_table

    cache = cache_directory(options.cache) if options.cache else None
    X = read_samples(options, cache)
    X.feature_store.folder = cache
    if not options.quiet:
        print_data_summary(X)
    n_notes = len(X.info.notes)
    if preset_for_table(options.pipeline, X) != options.pipeline:
        model, X = pipeline_for_table(options.pipeline, X, options.seed, face_settings(options) | settings)
    X, located = locate_faces(model, X)
    X = check_faces(X, options.on_error)
    if not options.quiet:
        for note in X.info.notes[n_notes:]:
            print(note, flush=True)
    return model, X, located
