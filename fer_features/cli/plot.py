"""``fer-features plot``: plot a descriptor on a face, or the feature importance of a model."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .._atomic import atomic_write, check_writable
from ..exceptions import FerError
from ._options import check_suffix
from ._parser import Parser, add_common_options, command_parser, int_at_least, run_command


def parser() -> Parser:
    """Parser of the command."""
    p = command_parser(
        "plot",
        "Plot the neutral and the apex frame of a sample and what a descriptor computes from them: gradients as "
        "glyphs, patterns as colours, optical flow and landmark displacements as arrows. With --model, plot the "
        "importance of cells or landmarks to a linear or tree model, one mean face per class.",
        "fer-features plot hog DIR --sample 3 --out hog.png",
        "fer-features plot hogdiff DIR --model runs/A/model.joblib --out importance.png",
    )
    p.add_argument(
        "feature", metavar="FEATURE", help="hog, lbp, flow or landmarks; with --model, a feature of the model"
    )
    p.add_argument("data", metavar="PATH", help="folder or file in one of the known formats, or 'demo' (synthetic)")
    p.add_argument("--landmarks", metavar="FILE", help="landmarks of the samples: .npz, or .csv of OpenFace")
    p.add_argument("--sample", type=int_at_least(0), metavar="N", help="index of the sample (default: 0)")
    p.add_argument(
        "--model",
        type=Path,
        metavar="FILE",
        help="model.skops or model.joblib of a run, or the folder; loading a file of joblib executes code in it",
    )
    p.add_argument("--out", required=True, type=Path, metavar="FILE.png", help="the image to write")
    add_common_options(p)
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    p = parser()
    options = p.parse_args(arguments)
    if options.model and options.sample is not None:
        p.error("--sample and --model cannot be combined: --model plots mean faces of all samples")
    return run_command(lambda: plot(options), options)


def plot(options: argparse.Namespace) -> None:
    """Plot one sample, or the feature importance of a model, and write the image."""
    check_suffix(options.out, ".png", "--out")
    check_writable(options.out)
    figure = _importance_figure(options) if options.model else _descriptor_figure(options)
    with atomic_write(options.out) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})
    print(f"written to {options.out}")


def _descriptor_figure(options: argparse.Namespace) -> Any:
    from ..datasets import load_dataset
    from ..plotting.descriptors import DESCRIPTOR_PLOTS, plot_descriptor

    if options.feature not in DESCRIPTOR_PLOTS:
        raise FerError(f"'{options.feature}' cannot be plotted: choose one of {', '.join(DESCRIPTOR_PLOTS)}")
    X, sample = load_dataset(options.data, landmarks=options.landmarks, infer_subjects=False), options.sample or 0
    if sample >= len(X):
        raise FerError(f"--sample {sample}: the data have the samples 0 to {len(X) - 1}")
    figure = plot_descriptor(options.feature, X[[sample]])
    title = f"{options.feature}: {X.info.title}, sample {sample}"
    figure.suptitle(title, fontsize=11, parse_math=False)
    return figure


def _importance_figure(options: argparse.Namespace) -> Any:
    from ..datasets import load_dataset
    from ..explain.contributions import check_contributions
    from ..front_end import locate_faces
    from ..persistence import load_saved_model
    from ..pipelines import required_columns
    from ..plotting.importance import plot_feature_contributions
    from ..samples.data_info import class_name

    saved = load_saved_model(options.model)
    model = saved.model
    check_contributions(model, options.feature)
    # Subjects are inferred only if the model compares a sample with others of the same subject.
    infer_subjects = None if "subject" in required_columns(model) else False
    X = load_dataset(options.data, landmarks=options.landmarks, infer_subjects=infer_subjects)
    X, _ = locate_faces(model, X)
    for code, name in saved.manifest.classes.items():
        if class_name(X.info, code) != name:
            raise FerError(f"class {code} is '{name}' in the model and '{class_name(X.info, code)}' in {options.data}")
    return plot_feature_contributions(model, X, options.feature)
