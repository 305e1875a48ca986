"""A table as a pandas DataFrame and as HTML for notebooks."""

from __future__ import annotations

import html
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .._text import counted
from .data_info import class_name
from .groups import known_subjects

if TYPE_CHECKING:
    from .table import Samples

#: Values of a plain column that are listed with their counts; columns with more show the number of different values.
MAX_LISTED_VALUES = 12


def samples_to_frame(X: Samples) -> pd.DataFrame:
    """The columns with one value per sample as a DataFrame.

    Parameters
    ----------
    X : Samples

    Returns
    -------
    DataFrame
        One line per sample; the index 'sample' is `X.indices`. Columns with several values per sample, such as images,
        hold the shape of a sample as text, ``T x H x W``; pixels are not read.

    Examples
    --------
    >>> from fer_features import Samples
    >>> X = Samples.from_arrays(np.zeros((2, 3, 48, 64), np.uint8), label=["joy", "fear"], age=[30, 41])
    >>> X.to_frame().to_dict("records")[0]
    {'images': '3 x 48 x 64', 'label': 'joy', 'age': 30}
    """
    columns: dict[str, np.ndarray] = {}
    for name in X.columns:
        if name == "images":
            frames = X.column(name).shape[1]
            columns[name] = np.array([f"{frames} x {h} x {w}" for w, h in X.sizes(name).tolist()], object)
        elif np.ndim(X.column(name)) > 1:
            columns[name] = np.full(len(X), " x ".join(map(str, np.shape(X.column(name))[1:])), object)
        else:
            columns[name] = np.asarray(X[name])
    return pd.DataFrame(columns, index=pd.Index(X.indices, name="sample"))


def samples_to_html(X: Samples) -> str:
    """The summary of a table that a notebook shows: source, and the contents of each column.

    Parameters
    ----------
    X : Samples

    Returns
    -------
    str
        Self-contained HTML without scripts; all text from data is escaped. Pixels are not read.
    """
    info = X.info
    title = f"{len(X)} samples of {info.dataset}" + (f" ({info.source})" if info.source else "")
    rows = "".join(
        f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
        f"<td style='text-align:left'>{html.escape(_contents(X, name))}</td></tr>"
        for name in X.columns
    )
    return f"<div><b>Samples</b>: {html.escape(title)}<table>{rows}</table></div>"


def _contents(X: Samples, name: str) -> str:
    """What a column holds, in one line."""
    shape = np.shape(X.column(name))
    if name == "images":
        sizes = Counter(f"{w} x {h}" for w, h in X.sizes(name).tolist())
        text = _listed(sizes) if len(sizes) <= MAX_LISTED_VALUES else f"{len(sizes)} different sizes"
        return f"{counted(shape[1], 'frame')} per sample; width x height in pixels: {text}"
    if name == "landmarks":
        return f"{shape[2]} points in {counted(shape[1], 'frame')} per sample"
    if len(shape) > 1:
        return " x ".join(map(str, shape[1:])) + " values per sample"
    values = X.label_codes if name == "label" else np.asarray(X[name])
    if name == "label":
        codes = [int(code) for code in np.unique(values) if code >= 0]
        counts = Counter({class_name(X.info, code): int((values == code).sum()) for code in codes})
        if (values < 0).any():
            counts["unlabelled"] = int((values < 0).sum())
        return _listed(counts)
    if name == "subject":
        known = known_subjects(values)
        unknown = f"; {(~known).sum()} samples of unknown subjects" if not known.all() else ""
        return f"{len(np.unique(values[known]))} subjects ({X.info.subjects_from}){unknown}"
    counts = Counter(values.tolist())
    if name != "id" and len(counts) <= MAX_LISTED_VALUES:
        return _listed(Counter({str(value): count for value, count in counts.items()}))
    return f"{len(counts)} different values"


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{value}: {count}" for value, count in counts.items()) or "none"
