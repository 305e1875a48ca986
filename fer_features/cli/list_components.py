"""``fer-features list``: list data sets, extractors, classifiers and presets."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence

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
    return "\n\n".join(blocks[kind]() for kind in kinds)


def _block(title: str, entries: Mapping[str, Sequence[str]]) -> str:
    """A title, and a line per name with its non-empty parts in one column."""
    width = max(map(len, entries), default=0)
    lines = (f"  {name:{width}s}  {'; '.join(filter(None, parts))}" for name, parts in entries.items())
    return "\n".join([title, *lines])


def _datasets() -> str:
    from ..datasets import DATASETS

    entries = {
        name: (d.description, d.layout, d.reference, d.licence and f"licence: {d.licence}", d.homepage)
        for name, d in DATASETS.items()
    }
    return _block("data sets (--data PATH; the format is detected from the files)", entries)


def _extractors() -> str:
    from ..extractors import EXTRACTORS

    entries = {}
    for name, spec in EXTRACTORS.items():
        kind, parameters = spec.extractor_class, spec.params
        settings = f" [{', '.join(f'{k}={v}' for k, v in parameters.items())}]" if parameters else ""
        required = spec.make().required_columns
        columns = " and ".join(required)
        if required == ("images",):
            columns += ", and landmarks for the alignment"
        entries[name] = f"{_first_line(kind)}{settings}", f"requires {columns}", kind.reference
    return _block("extractors (joined by _ in the name of a pipeline: hog_flow_landmarks_svm)", entries)


def _classifiers() -> str:
    from ..classifiers import CLASSIFIERS

    entries = {name: (spec.description, spec.reference) for name, spec in CLASSIFIERS.items()}
    return _block("classifiers (the last part of the name: hog_svm; pipelines joined by + use soft voting)", entries)


def _presets() -> str:
    from ..presets import PRESETS

    entries = {name: (f"{preset.description}: {preset}",) for name, preset in PRESETS.items()}
    return _block("presets (names of pipelines with their parameters)", entries)


def _first_line(thing: object) -> str:
    return (inspect.getdoc(thing) or "").split("\n")[0].rstrip(".")
