"""Advice of the package for users of the command line: Python parameters as options.

Messages of the package name parameters of the Python API, as ``cv='10fold'`` or ``align__method='none'``. A command
prints them as the options ``--cv 10fold`` and ``--set align__method=none``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection

#: NAME=VALUE where VALUE is a quoted text, a placeholder, a number or True; neither in a path, nor after an option.
_ADVICE = re.compile(r"(?<![\w.,=/'\"-])(?<!--set )([a-zA-Z]\w*)=('[^']*'|[\w.+-]*\w)")

#: Options of ``fer-features run`` in advice that other commands print, about the next run.
RUN_OPTIONS = (
    "apex",
    "classes",
    "cv",
    "dataset",
    "drop_duplicates",
    "frames",
    "holdout",
    "infer_subjects",
    "labels",
    "learning_curve",
    "n_subjects",
    "neutral_frame",
    "on_error",
    "overwrite",
    "subject_pattern",
    "subjects",
    "train_landmarker",
    "where",
)

#: Parameters of pipelines with an option of their own.
PARAMETER_OPTIONS = {"faces__method": "faces", "faces__landmarker": "landmarker"}


def as_options(text: str, names: Collection[str] = ()) -> str:
    """Text in which parameters of the Python API are options of the command line.

    Parameters
    ----------
    text : str
    names : collection of str, default ()
        Options of the command, with underscores. `RUN_OPTIONS` are known too.

    Returns
    -------
    str
        Parameters without an option are unchanged.

    Examples
    --------
    >>> as_options("use cv='10fold', drop_duplicates=True or align__method='none'")
    'use --cv 10fold, --drop-duplicates or --set align__method=none'
    """

    def option(match: re.Match[str]) -> str:
        name, value = match[1], match[2].strip("'")
        if name in PARAMETER_OPTIONS:
            return f"--{PARAMETER_OPTIONS[name]} {value}"
        if "__" in name:
            return f"--set {name}={value}"
        if name not in names and name not in RUN_OPTIONS:
            return match[0]
        return f"--{name.replace('_', '-')}" + ("" if value == "True" else f" {shlex.quote(value)}")

    return _ADVICE.sub(option, text)
