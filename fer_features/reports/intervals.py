"""Figures that a report and a model card take from scores and predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..evaluation.statistics import bootstrap_ratio

#: Figures of the headline, and what they are called.
FIGURES = {"accuracy": "Accuracy", "balanced_accuracy": "Balanced accuracy", "macro_f1": "Macro-F1"}


def reported(scores: dict[str, Any], predictions: pd.DataFrame) -> pd.DataFrame:
    """The lines that the headline rests on: of official parts those of one."""
    if "part" not in predictions:
        return predictions
    parts = scores["parts"]
    return predictions[predictions["part"] == ("test" if "test" in parts else next(iter(parts)))]


def recall_limits(scores: dict[str, Any], judged: pd.DataFrame, draws: int = 2000) -> list[tuple[float, float]]:
    """95 % intervals of each class's recall, by drawing people, or rows where these are unknown; NaN without rows."""
    right = (judged["truth"] == judged["prediction"]).to_numpy(float)
    people = np.unique(judged["subject"].astype(str), return_inverse=True)[1] if scores["n_subjects"] else None
    limits = []
    for name in scores["classes"]:
        of = (judged["truth"] == name).to_numpy()
        if not of.any():
            ratio = np.full(2, np.nan)
        elif people is None:
            # How many right ones are among as many rows drawn anew is binomial.
            hits = np.random.default_rng(0).binomial(of.sum(), right[of].mean(), draws)
            ratio = np.percentile(hits / of.sum(), [2.5, 97.5])
        else:
            # People without a row of the class would change nothing, and there may be thousands of them.
            units = np.unique(people[of], return_inverse=True)[1]
            ratio = bootstrap_ratio(np.bincount(units, right[of]), np.bincount(units), draws=draws)
        limits.append((float(ratio[0]), float(ratio[1])))
    return limits


def chance(scores: dict[str, Any]) -> float:
    """Accuracy of always saying the most frequent class."""
    counts = np.array(scores["confusion"]).sum(1)
    return float(counts.max() / max(counts.sum(), 1))
