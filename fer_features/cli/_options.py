"""What the commands share: the flags that tell where data lie, reading them, and the pipeline that is named."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ..datasets import load_dataset
from ..evaluation.protocol import OFFICIAL
from ..pipelines import PRESETS, make_pipeline
from ..samples.table import Samples
from ._parser import cache_folder, share, whole


def add_data(p: argparse.ArgumentParser) -> None:
    """Add ``--data`` and what goes with it."""
    p.add_argument(
        "--data", default="demo", metavar="PATH", help="a folder or file of a known layout; 'demo' is synthetic (demo)"
    )
    add_reading(p)


def add_reading(p: argparse.ArgumentParser) -> None:
    """Add the flags that say how data are read, wherever they lie."""
    p.add_argument("--labels", metavar="NAME", help="other labels than the data's own: ferplus, for FER2013")
    p.add_argument("--on-error", choices=("stop", "skip"), default="stop", help="what is done on faulty rows (stop)")
    p.add_argument("--subjects", metavar="FILE", help="subject ids of the training rows: .h5, .npy or .csv")
    p.add_argument("--subject-pattern", metavar="REGEX", help="finds the subject in the names of picture files")
    p.add_argument(
        "--holdout",
        type=share_or_none,
        metavar="SHARE",
        help="share of a folder of pictures without parts that is drawn as its test part, 0 for none (0.2 from "
        "2,000 pictures on)",
    )
    p.add_argument("--n-subjects", type=whole(1), metavar="N", help="how many people to infer where no ids are given")


def share_or_none(text: str) -> float:
    """A type of argument: 0, or a number between 0 and 1."""
    return 0.0 if text == "0" else share(text)


def read(options: argparse.Namespace, cache: Path | None) -> Samples:
    """The data that the flags name."""
    return load_dataset(
        options.data,
        options.subjects,
        options.n_subjects,
        on_error=options.on_error,
        labels=options.labels,
        subject_pattern=options.subject_pattern,
        holdout=options.holdout,
        cache=cache,
    )


def named(options: argparse.Namespace, **settings: Any) -> Any:
    """The pipeline of ``--pipeline`` and ``--seed``; says what a preset stands for."""
    model = make_pipeline(options.pipeline, options.seed, **settings)
    if options.pipeline in PRESETS:
        print(f"{options.pipeline} stands for {PRESETS[options.pipeline]}", flush=True)
    return model


def opened(options: argparse.Namespace, model: Any, settings: dict[str, Any]) -> tuple[Samples, dict[str, Any]]:
    """The data, told of and with their features kept in ``--cache``; and what `suit` set in the model for them."""
    cache = cache_folder(options.cache) if options.cache else None
    X = read(options, cache)
    announce(X)
    found = suit(model, X, settings)
    X.store.folder = cache
    return X, found


def announce(X: Samples) -> None:
    """Say what was read, and where the subjects come from."""
    info = X.info
    train = int((X["label"] >= 0).sum())
    print(
        f"{info.dataset}: {train} labelled rows, {len(X) - train} without a label"
        + (" (synthetic)" if info.synthetic else "")
    )
    if "split" in X:
        counts = {part: int((X["split"] == part).sum()) for part in ("train", *OFFICIAL)}
        print("parts: " + ", ".join(f"{part} {n}" for part, n in counts.items() if n))
    for note in info.notes:
        print(note)
    if info.subjects_from == "inferred":
        n = len(np.unique(X["subject"][X["subject"] >= 0]))
        print(
            f"no subject ids given: {n} subjects inferred from the neutral frames, "
            f"confidence {info.subjects_confidence:.2f}"
        )
        print("check them in subjects.csv, which can be corrected and given back by --subjects")
    if info.leakage:
        print(f"CAUTION: {info.leakage}")
    sys.stdout.flush()


def suit(model: Any, X: Samples, settings: dict[str, Any]) -> dict[str, Any]:
    """Set what the data ask for and the user left open; returns it."""
    if not X.info.cropped or "landmarks" in X:
        return {}
    names = [name for name in model.get_params() if f"__{name}".endswith("__align__method") and name not in settings]
    if names:
        print("pictures of faces cut out already, without landmarks: taken whole (align__method=none)", flush=True)
    whole = dict.fromkeys(names, "none")
    model.set_params(**whole)
    return whole
