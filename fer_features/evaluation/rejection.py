"""Rejection: predictions whose largest probability is too small are reported as 'uncertain'."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from ..exceptions import FerError
from .calibration_metrics import rejection_at, threshold_at_coverage
from .protocol import reported_predictions
from .results import EvaluationResult, confidence_of, correct_of

#: Value of the column 'predicted' for rejected samples.
UNCERTAIN = "uncertain"


def check_rejection(model: Any) -> None:
    """Refuse rejection for a model without probabilities.

    Raises
    ------
    FerError
    """
    if not hasattr(model, "predict_proba"):
        raise FerError("rejection needs probabilities, and this pipeline has none: set calibration_cv=5")


def with_rejection(
    result: EvaluationResult, threshold: float | None = None, coverage: float | None = None
) -> EvaluationResult:
    """Add the effect of rejecting uncertain samples to the scores; predictions are not changed.

    Parameters
    ----------
    result : EvaluationResult
        With probabilities of held-out samples.
    threshold : float, optional
        Samples whose largest probability is below it are rejected.
    coverage : float, optional
        Fraction of samples to accept, from which the threshold is found by the confidence of held-out training
        samples. With predefined splits it is found on the split that is not reported, where there are two; else on
        the reported one, from its probabilities only, not its labels.

    Returns
    -------
    EvaluationResult
        Unchanged where neither is given.

    Raises
    ------
    FerError
        Where both are given, one is not in (0, 1), or the result has no probabilities.
    """
    if threshold is None and coverage is None:
        return result
    if threshold is not None and coverage is not None:
        raise FerError("give the threshold of rejection or the coverage, not both")
    given = coverage if threshold is None else threshold
    if not 0 < given < 1:  # type: ignore[operator]
        name = "coverage" if threshold is None else "threshold"
        raise FerError(f"the {name} of rejection is {given}: a number between 0 and 1 is needed")
    reported = reported_predictions(result.predictions)
    others = result.predictions.drop(reported.index)
    if threshold is None:
        assert coverage is not None
        threshold = threshold_at_coverage(_confidence(others if len(others) else reported), coverage)
    rejection = rejection_at(_confidence(reported), correct_of(reported), threshold)
    return dataclasses.replace(result, scores=result.scores.replace(rejection=rejection))


def mark_uncertain(predictions: pd.DataFrame, threshold: float | None) -> pd.DataFrame:
    """Predictions as they are written: those with a confidence below the threshold are 'uncertain'.

    The class that was predicted is kept in the column 'raw_prediction'. Without a threshold nothing is changed.
    """
    if threshold is None:
        return predictions
    position = list(predictions).index("predicted")
    # The confidence of a sample without probabilities is NaN; it is not compared.
    uncertain = _confidence(predictions) < threshold
    table = predictions.assign(predicted=predictions["predicted"].where(~uncertain, UNCERTAIN))
    table.insert(position + 1, "raw_prediction", predictions["predicted"])
    return table


def _confidence(predictions: pd.DataFrame) -> np.ndarray:
    confidence = confidence_of(predictions)
    if confidence is None:
        raise FerError("rejection needs probabilities, and these predictions have none")
    return confidence
