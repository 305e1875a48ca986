"""'uncertain' instead of a guess: rows whose largest probability is too small are not answered."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd

from ..exceptions import FerError
from .calibration_metrics import rejection, threshold_of
from .cross_validation import Result
from .results import confidence_of

#: What stands in the column 'prediction' of rows that are not answered.
UNCERTAIN = "uncertain"


def check_rejection(model: Any) -> None:
    """Refuse to reject by probabilities that a model does not have.

    Raises
    ------
    FerError
    """
    if not hasattr(model, "predict_proba"):
        raise FerError("rejection needs probabilities, and this pipeline has none: --set calibration=5 gives it some")


def rejected(result: Result, threshold: float | None = None, share: float | None = None) -> Result:
    """The result with what is gained by not answering unsure rows, as ``scores["reject"]``; predictions stay.

    Parameters
    ----------
    result : Result
        Its probabilities are of rows that were held out.
    threshold : float, optional
        Rows whose largest probability is below it are not answered.
    share : float, optional
        The share of rows to answer, from which the threshold is found: by the confidence of held-out training rows. On
        official parts it is that of the part that is not reported, where there are two; else of the reported one, by
        its probabilities alone, not its labels.

    Returns
    -------
    Result
        The same where neither is given.
    """
    if threshold is None and share is None:
        return result
    table = result.predictions
    if "part" in table:
        reported = "test" if (table["part"] == "test").any() else table["part"].iloc[0]
        others = table[table["part"] != reported]
        table = table[table["part"] == reported]
    else:
        others = table[:0]
    if threshold is None:
        assert share is not None
        threshold = threshold_of(_confidence(others if len(others) else table), share)
    right = (table["truth"] == table["prediction"]).to_numpy()
    scores = {**result.scores, "reject": rejection(_confidence(table), right, threshold)}
    return dataclasses.replace(result, scores=scores)


def marked(predictions: pd.DataFrame, scores: dict[str, Any]) -> pd.DataFrame:
    """Predictions as they are written: where ``scores["reject"]`` has a threshold, unsure ones are 'uncertain'.

    The class that each would have got stands beside it in the column 'guess'.
    """
    if "reject" not in scores:
        return predictions
    at = list(predictions).index("prediction")
    unsure = _confidence(predictions) < scores["reject"]["threshold"]  # of a row without probabilities it is NaN
    table = predictions.assign(prediction=predictions["prediction"].where(~unsure, UNCERTAIN))
    table.insert(at + 1, "guess", predictions["prediction"])
    return table


def _confidence(table: pd.DataFrame) -> Any:
    confidence = confidence_of(table)
    if confidence is None:
        raise FerError("rejection needs probabilities, and these predictions have none")
    return confidence
