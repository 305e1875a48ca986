"""Options that several commands share, and the pipeline that they name.

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
from ._parser import MAX_SEED, NOT_REPRODUCED, OptionGroup, Parser, fraction, int_between, n_jobs

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


#: Values of ``--faces``; those of the parameter ``method`` of `fer_features.extractors.LocateFaces`.
FACE_METHODS = ("auto", "given", "detect", "crop", "none")


def add_pipeline_option(group: OptionGroup) -> None:
    """Add ``--pipeline``."""
    group.add_argument(
        "--pipeline",
        default="hog_svm",
        metavar="NAME",
        help="features and a classifier joined by _, or a preset; see 'fer-features list'",
    )


def add_parameter_option(group: OptionGroup) -> None:
    """Add ``--set``."""
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="parameter of the pipeline, for example features__hog__pixels_per_cell=8; repeatable",
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


#: Help of ``--model`` of commands that use a saved model.
SAVED_MODEL_HELP = "model.skops or model.joblib, or the folder of a run; loading a file of joblib executes code in it"


def add_saved_rejection(group: OptionGroup) -> None:
    """Add ``--reject-below`` of a saved model, which can have a threshold of its own."""
    group.add_argument(
        "--reject-below",
        type=fraction,
        metavar="FRACTION",
        help="predict 'uncertain' where the largest probability is below this, between 0 and 1 (default: the threshold "
        "that was saved with the model, if any)",
    )


def add_all_faces(group: OptionGroup) -> None:
    """Add ``--all-faces``."""
    group.add_argument("--all-faces", action="store_true", help="process all faces of a frame, not only the largest")


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


def add_model_format(parser: Parser) -> None:
    """Add ``--format``."""
    parser.option_group("output").add_argument(
        "--format",
        choices=("joblib", "skops"),
        default="joblib",
        help="format of the model: joblib, which can run code when it is loaded, or skops, which cannot and needs the "
        "package skops",
    )


def add_computation_options(parser: Parser, jobs: str, seed: str) -> None:
    """Add ``--n-jobs``, ``--cluster``, ``--seed`` and ``--cache``.

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
    add_cluster(group)
    add_seed(group, seed)
    group.add_argument(
        "--cache",
        metavar="DIR",
        help="folder in which extracted features and decoded images are kept for later commands",
    )


def add_n_jobs(group: OptionGroup, jobs: str) -> None:
    """Add ``--n-jobs``."""
    group.add_argument("--n-jobs", type=n_jobs, default=1, metavar="N", help=f"parallel {jobs}; -1 uses all cores")


def add_cluster(group: OptionGroup) -> None:
    """Add ``--cluster``."""
    group.add_argument(
        "--cluster",
        metavar="WHERE",
        help="compute on the workers of a Dask cluster instead: local:N, the address of a scheduler (tcp://..., "
        "tls://...), or a scheduler file; see docs/howto/cluster.md",
    )


def cluster_of(options: argparse.Namespace) -> contextlib.AbstractContextManager[Any]:
    """The cluster of ``--cluster``, whose workers must be able to read the data; nothing without the option."""
    if not options.cluster:
        return contextlib.nullcontext()
    from .._cluster import cluster

    return cluster(options.cluster, [] if options.data == "demo" else [options.data])


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


def build_pipeline(options: argparse.Namespace, **settings: Any) -> Pipeline:
    """Make the pipeline of ``--pipeline`` and ``--seed``, and print what a preset consists of."""
    from ..pipelines import make_pipeline
    from ..presets import PRESETS

    model = make_pipeline(options.pipeline, options.seed, **face_settings(options), **settings)
    if options.pipeline in PRESETS and not options.quiet:
        where = (
            " on sequences" if options.pipeline == "best" else ""
        )  # the data decide about still images, when they are read
        print(f"preset {options.pipeline}{where}: {PRESETS[options.pipeline]}", flush=True)
    return model


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
