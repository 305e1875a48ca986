"""The command line of the scripts: their docstring as help, and the option ``--out``."""

from __future__ import annotations

import argparse
from pathlib import Path

from fer_features.cli._parser import Parser


def script_parser(documentation: str | None, results: str = "") -> Parser:
    """Make the parser of a script.

    Parameters
    ----------
    documentation : str or None
        Docstring of the script, which becomes the text of ``--help``.
    results : str
        Name of the JSON file in ``experiments/results`` that ``--out`` replaces; empty for a script without one.

    Returns
    -------
    Parser
        It reports an error in one line and ends with exit code 2.
    """
    parser = Parser(description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter)
    if results:
        parser.add_argument(
            "--out",
            type=Path,
            metavar="FILE",
            help=f"JSON file of the results (default: experiments/results/{results})",
        )
    return parser
