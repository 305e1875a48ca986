"""``fer-features extract``: extract the features of a pipeline to files, block by block."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ._data_options import add_data_options, print_data_summary, read_samples
from ._options import (
    add_cluster,
    add_face_options,
    add_n_jobs,
    add_output_folder,
    add_parameter_option,
    add_pipeline_option,
    build_pipeline,
    cache_directory,
    cluster_of,
    setting_errors,
)
from ._parser import Parser, add_common_options, command_parser, int_at_least, run_command


def parser() -> Parser:
    """Parser of the command."""
    p = command_parser(
        "extract",
        "Extract the features of a pipeline, block by block, into a folder of files that 'run' and 'search' read as "
        "data: for data that do not fit into memory. The classifiers ridge, sgd, nystroem and xgb are trained on it "
        "block by block. After an interruption, the same command continues.",
        "fer-features extract --pipeline hog_ridge --data faces.h5 --out shards --cluster local:8",
        "fer-features run --pipeline hog_ridge --data shards",
    )
    group = p.option_group("pipeline")
    add_pipeline_option(group)
    add_parameter_option(group)
    add_data_options(p)
    add_face_options(p)
    group = p.option_group("computation")
    add_n_jobs(group, "blocks")
    add_cluster(group)
    group.add_argument("--cache", metavar="DIR", help="folder in which decoded images are kept for later commands")
    add_output_folder(p, "the features", "a new folder under shards/")
    p.option_group("output").add_argument(
        "--dtype",
        choices=("float32", "float16"),
        default="float32",
        help="type of the numbers; float16 takes half of the space",
    )
    p.option_group("output").add_argument(
        "--pca",
        type=int_at_least(0),
        default=0,
        metavar="N",
        help="keep N principal components of each extractor, fitted to training samples; 0 keeps all features",
    )
    add_common_options(p)
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    kept: list[str] = []
    return run_command(lambda: run(options, kept), options, lambda: kept[0] if kept else "nothing was written")


def run(options: argparse.Namespace, kept: list[str]) -> None:
    """Read the data, extract, print a summary. `kept` receives the message after an interruption."""
    from .._atomic import timestamped_directory
    from .._result_folder import ResultFolder
    from ..datasets.shards import MANIFEST
    from ..pipelines import parse_setting
    from ..workflow.feature_shards import write_shards

    settings = dict(parse_setting(text) for text in options.set)
    with setting_errors(options.set):
        options.seed = 0  # of what is fitted, as in 'run' by default
        model = build_pipeline(options, **settings)
    out = Path(options.out) if options.out else timestamped_directory("shards", options.pipeline)
    folder = ResultFolder(out, (MANIFEST,), "extract", options.overwrite, continued=(MANIFEST,))
    with folder as results, cluster_of(options):
        X = read_samples(options, cache_directory(options.cache) if options.cache else None)
        if not options.quiet:
            print_data_summary(X)
        results.claim(MANIFEST)
        kept.append(f"complete blocks are kept in {out}; the same command with this folder continues")
        with setting_errors(options.set):
            common = {"n_jobs": options.n_jobs, "overwrite": options.overwrite}
            table = write_shards(model, X, out, dtype=options.dtype, pca=options.pca, **common)
    n, d = table.column("features").shape
    print(f"{d} features of {n} samples in {out}")
    for note in table.info.notes[len(X.info.notes) :]:
        print(note)
