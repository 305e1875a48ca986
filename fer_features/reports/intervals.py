"""Confidence intervals that reports add to the scores."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..evaluation.results import correct_of, subjects_of
from ..evaluation.scores import Scores
from ..evaluation.statistics import bootstrap_proportion, bootstrap_ratio
from ..samples.groups import group_codes


def recall_intervals(scores: Scores, predictions: pd.DataFrame) -> list[tuple[float, float]]:
    """95 % CI of the recall of each class.

    Parameters
    ----------
    scores : Scores
    predictions : DataFrame
        Of the reported split.

    Returns
    -------
    list of (float, float)
        By bootstrap over subjects, or over samples where subjects are unknown; NaN for a class without samples.
    """
    correct = correct_of(predictions).astype(float)
    subject = subjects_of(predictions)
    codes = None if subject is None else group_codes(subject)
    intervals = []
    for name in scores.classes:
        mask = (predictions["true"] == name).to_numpy()
        if not mask.any():
            ratio = np.full(2, np.nan)
        elif codes is None:
            ratio = bootstrap_proportion(int(correct[mask].sum()), int(mask.sum()))
        else:
            # Subjects without samples of the class change nothing, and there may be thousands of them.
            units = np.unique(codes[mask], return_inverse=True)[1]
            ratio = bootstrap_ratio(np.bincount(units, correct[mask]), np.bincount(units))
        intervals.append((float(ratio[0]), float(ratio[1])))
    return intervals
