"""The model card: intended use, training data, evaluation and limitations of a saved model.

References
----------
M. Mitchell et al., "Model cards for model reporting", FAT* 2019, doi:10.1145/3287560.3287596.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..evaluation.protocol import reported_predictions
from ..evaluation.results import EvaluationResult
from ..evaluation.summary import HEADLINE_METRICS
from ..samples.table import Samples
from ..version import __version__
from .html import render, sentence_case
from .intervals import recall_intervals
from .methods import leakage_statement, methods

#: Text for data sets without a stated licence.
UNKNOWN_LICENCE = "not stated: ask the owner of the data"


def model_card(result: EvaluationResult, X: Samples, settings: dict[str, Any]) -> str:
    """The card of a model as Markdown.

    Parameters
    ----------
    result : EvaluationResult
        With a fitted model.
    X : Samples
        The table that was evaluated.
    settings : dict
        Parameters that were set by name.

    Returns
    -------
    str
        Equal for equal runs: it contains no times and dates.
    """
    scores, m = result.scores, result.scores.metrics
    intervals = recall_intervals(scores, reported_predictions(result.predictions))
    present = {name: one.recall for name, one in m.per_class.items() if one.n_samples}
    lowest_class = min(present, key=lambda name: present[name])
    lowest_subject = min(m.per_subject.items(), key=lambda one: one[1]) if m.per_subject else None
    return render(
        "MODEL_CARD.md",
        version=__version__,
        scores=scores,
        metrics=m,
        methods=methods(scores, result.model, X, settings),
        headline=[(sentence_case(name), getattr(m, key), *m.ci95[key]) for key, name in HEADLINE_METRICS.items()],
        leakage=leakage_statement(scores).text,
        classes=[(name, one, *ci) for (name, one), ci in zip(m.per_class.items(), intervals, strict=True)],
        lowest_class=(lowest_class, present[lowest_class]),
        lowest_subject=lowest_subject,
        licence=X.info.licence or UNKNOWN_LICENCE,
        model_classes=X.info.names_of(np.sort(X.info.codes_of(result.model.classes_))),
    )
