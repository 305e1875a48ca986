"""What there is to choose from, in words, for ``--list``."""

from __future__ import annotations

import inspect

from ..classifiers import CLASSIFIERS
from ..datasets import DATASETS
from ..extractors import EXTRACTORS
from ..pipelines import PRESETS


def text() -> str:
    """Datasets, extractors and classifiers, with what each reads and cites."""
    lines = ["datasets (--data PATH, found out by its files; without it: demo)"]
    lines += [f"  {name:10s} {_first_line(m)}; holds {m.HOLDS}; {m.CITES}" for name, m in DATASETS.items()]
    lines += ["", "extractors (join by _)"]
    for name, (kind, given) in EXTRACTORS.items():
        setting = f" [{', '.join(f'{k}={v}' for k, v in given.items())}]" if given else ""
        reads = " and ".join(kind.reads) + (", and landmarks to align by" if kind.reads == ("images",) else "")
        lines.append(f"  {name:10s} {_first_line(kind)}{setting}; reads {reads}; {kind.cites}")
    lines += ["", "classifiers (the last part of a name)"]
    lines += [f"  {name:10s} {entry.about}; {entry.cites}" for name, entry in CLASSIFIERS.items()]
    lines += [
        "",
        "a pipeline is a sentence of these: hog_svm, landmarks_xgb, hog_flow_landmarks_svm; with + several vote",
    ]
    lines += ["", "names that stand for a pipeline with its settings"]
    lines += [f"  {name:10s} {preset.about}: {preset}" for name, preset in PRESETS.items()]
    return "\n".join(lines)


def _first_line(thing: object) -> str:
    return (inspect.getdoc(thing) or "").split("\n")[0].rstrip(".")
