"""Results of a stream as a pandas table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .frame_results import FrameResult
from .records import RECORD_COLUMNS, frame_records

if TYPE_CHECKING:
    import pandas as pd


def results_table(results: Iterable[FrameResult], name: str = "") -> pd.DataFrame:
    """A table with a row for each face of each frame, or one for a frame without a face.

    Parameters
    ----------
    results : iterable of FrameResult
        Such as ``recognizer.stream("clip.mp4")``. The images are not kept.
    name : str, default ''
        Value of the column 'file'.

    Returns
    -------
    pandas.DataFrame
        Columns as in the file of ``fer-features predict``; missing values are NaN or None.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.recognition.frames import Frame
    >>> table = results_table([FrameResult(Frame(0, 0.0, np.zeros((9, 9), np.uint8)), [])], "clip.mp4")
    >>> table.loc[0, "status"]
    'no face'
    """
    import pandas as pd

    rows = [record.to_dict() for result in results for record in frame_records(name, result)]
    table = pd.DataFrame(rows)
    columns = [column for column in RECORD_COLUMNS if column != "id"]
    probabilities = [column for column in table.columns if column.startswith("probability_")]
    return table.reindex(columns=[*columns, *probabilities])
