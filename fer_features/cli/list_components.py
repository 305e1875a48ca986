"""``fer-features list``: list data sets, extractors, classifiers and presets."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from ._parser import Parser, add_common_options, command_parser, run_command

#: What can be listed.
KINDS = ("datasets", "extractors", "classifiers", "presets")


def parser() -> Parser:
    """Parser of the command."""
    p = command_parser(
        "list",
        "List the formats of data sets, the extractors and classifiers from which pipelines are composed, and the "
        "presets, with the columns that they require and their references.",
        "fer-features list extractors",
    )
    p.add_argument("kind", nargs="?", choices=KINDS, help="list these only (default: all)")
    add_common_options(p)
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    kinds = (options.kind,) if options.kind else KINDS
    return run_command(lambda: print(component_list(kinds)), options)


def component_list(kinds: Sequence[str] = KINDS) -> str:
    """Names and descriptions of the registered components, one per line.

    Parameters
    ----------
    kinds : sequence of {'datasets', 'extractors', 'classifiers', 'presets'}

    Returns
    -------
    str
        One block of lines per kind.
    """
    blocks = {"datasets": _datasets, "extractors": _extractors, "classifiers": _classifiers, "presets": _presets}
    return "\n\n".join("\n".join(blocks[kind]()) for kind in kinds)


def _entry(name: str, *parts: str) -> str:
    """A line of a listing; empty parts are left out."""
    return f"  {name:12s} {'; '.join(part for part in parts if part)}"


def _datasets() -> list[str]:
    from ..datasets import DATASETS

    lines = ["data sets (--data PATH; the format is detected from the files)"]
    return lines + [_entry(name, d.description, d.layout, d.reference) for name, d in DATASETS.items()]


def _extractors() -> list[str]:
    from ..extractors import EXTRACTORS

    lines = ["extractors (joined by _ in the name of a pipeline: hog_flow_landmarks_svm)"]
    for name, spec in EXTRACTORS.items():
        kind, parameters = spec.extractor_class, spec.params
        settings = f" [{', '.join(f'{k}={v}' for k, v in parameters.items())}]" if parameters else ""
        columns = " and ".join(kind.required_columns)
        if kind.required_columns == ("images",):
            columns += ", and landmarks for the alignment"
        lines.append(_entry(name, f"{_first_line(kind)}{settings}", f"requires {columns}", kind.reference))
    return lines


def _classifiers() -> list[str]:
    from ..classifiers import CLASSIFIERS

    lines = ["classifiers (the last part of the name: hog_svm; pipelines joined by + use soft voting)"]
    return lines + [_entry(name, entry.description, entry.reference) for name, entry in CLASSIFIERS.items()]


def _presets() -> list[str]:
    from ..presets import PRESETS

    lines = ["presets (names of pipelines with their parameters)"]
    return lines + [f"  {name:10s} {preset.description}: {preset}" for name, preset in PRESETS.items()]


def _first_line(thing: object) -> str:
    return (inspect.getdoc(thing) or "").split("\n")[0].rstrip(".")
