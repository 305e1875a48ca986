"""The card that goes with a saved model: what it is for, what it is not for, and what its figures rest on."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..datasets import DATASETS
from ..evaluation.cross_validation import class_name
from ..samples.table import Samples
from ..version import __version__
from .html import render
from .intervals import FIGURES, chance, recall_limits, reported
from .methods import facts, leakage

#: What is said of the licence of data that state none.
UNSTATED = "not stated: ask the owner of the data"


def model_card(
    scores: dict[str, Any], predictions: pd.DataFrame, model: Any, X: Samples, settings: dict[str, Any]
) -> str:
    """The card of a model as Markdown.

    Parameters
    ----------
    scores : dict
        What `scores.json` holds.
    predictions : DataFrame
        As `evaluate` gives them.
    model : estimator
        The one that is saved.
    X : Samples
        The table that was read.
    settings : dict
        Parameters that were set by name.

    Returns
    -------
    str
        The same for the same run: it holds no times and dates.
    """
    limits = recall_limits(scores, reported(scores, predictions))
    least = min(
        (name for name, one in scores["per_class"].items() if one["n"]), key=lambda n: scores["per_class"][n]["recall"]
    )
    subjects = scores.get("per_subject", {})
    return render(
        "MODEL_CARD.md",
        version=__version__,
        scores=scores,
        facts=facts(scores, model, X, settings),
        figures=[(name, scores[key], *scores["ci95"][key]) for key, name in FIGURES.items()],
        chance=chance(scores),
        leakage=leakage(scores)[1],
        classes=[(name, one, *limit) for (name, one), limit in zip(scores["per_class"].items(), limits, strict=True)],
        least=(least, scores["per_class"][least]["recall"]),
        worst=min(subjects.items(), key=lambda one: one[1]) if subjects else None,
        licence=licence(X),
        learnt=[class_name(X, code) for code in model.classes_],
    )


def licence(X: Samples) -> str:
    """The licence line of the data, or that there is none."""
    return getattr(DATASETS.get(X.info.dataset), "LICENCE", UNSTATED)
