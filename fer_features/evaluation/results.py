"""What an evaluation found, as a table of predictions and a record of figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..samples.table import Samples, fingerprint
from ..version import versions
from .calibration_metrics import calibration, risk_coverage
from .metrics import summarise
from .protocol import Protocol

#: What is said where subjects may stand on both sides of a split.
UNKNOWN_SUBJECTS = (
    "subjects are unknown, so rows of one person may stand on both sides of a split: "
    "this score may leak and be far too high"
)
UNKNOWN_IN_PARTS = "subjects are unknown: if the official parts share people, this score may leak and be too high"

#: Before the name of a class: columns of its probability.
PROBABILITY = "probability_"


def prediction_table(
    X: Samples,
    names: list[str],
    codes: np.ndarray,
    folds: list[tuple[np.ndarray, np.ndarray]],
    outcomes: list[Any],
    subject: np.ndarray | None,
    columns: dict[str, Any],
) -> pd.DataFrame:
    """One line a judged row, by row and fold.

    Parameters
    ----------
    X : Samples
    names : list of str
        Of the classes.
    codes : ndarray, shape (k,)
        Their labels, increasing.
    folds : list of (ndarray of int, ndarray of int)
    outcomes : list of (prediction (n,), values (n, k), kind, ...)
        Of each fold.
    subject : ndarray, shape (rows of X,), or None
    columns : dict of str to array
        Further columns, of the held-out rows of all folds one after the other.

    Returns
    -------
    DataFrame
        id, row, subject, fold, the further columns, truth, prediction, and one probability or score a class.
    """
    test = np.concatenate([t for _, t in folds])
    named = np.array(names, object)
    label = np.asarray(X["label"])[test]
    table = pd.DataFrame(
        {
            "id": np.asarray(X["id"])[test] if "id" in X else X.rows[test],
            "row": X.rows[test],
            "subject": -1 if subject is None else subject[test],
            "fold": np.repeat(np.arange(len(folds)), [len(t) for _, t in folds]),
            **columns,
            "truth": named[np.searchsorted(codes, label)],
            "prediction": named[np.searchsorted(codes, np.concatenate([o[0] for o in outcomes]))],
        }
    )
    kind = outcomes[0][2]
    values = pd.DataFrame(np.concatenate([o[1] for o in outcomes]), columns=[f"{kind}_{name}" for name in names])
    return pd.concat([table, values], axis=1).sort_values(["row", "fold"], ignore_index=True)


def record(
    X: Samples, name: str, protocol: Protocol, names: list[str], predictions: pd.DataFrame, seed: int
) -> dict[str, Any]:
    """All figures of the predictions and what they rest on, ready for JSON."""
    parts = {
        part: _figures(predictions[predictions["part"] == part], protocol.grouped, names, seed)
        for part in protocol.parts
    }
    unknown = UNKNOWN_IN_PARTS if protocol.parts else UNKNOWN_SUBJECTS
    return {
        "pipeline": name,
        "dataset": X.info.dataset,
        "synthetic": X.info.synthetic,
        "protocol": str(protocol),
        "subjects_from": X.info.subjects_from if protocol.grouped else "unknown",
        "subjects_confidence": X.info.subjects_confidence,
        "leakage": X.info.leakage if protocol.grouped else unknown,
        "notes": list(X.info.notes),
        "classes": names,
        **(parts[protocol.reported] if parts else _figures(predictions, protocol.grouped, names, seed)),
        **({"parts": parts} if parts else {}),
        "fingerprint": fingerprint(X),
        "versions": versions(),
    }


def confidence_of(predictions: pd.DataFrame) -> np.ndarray | None:
    """The largest probability of each line, (n,) float64; None where the model gave no probabilities."""
    values = predictions.filter(regex=f"^{PROBABILITY}")
    return values.max(axis=1).to_numpy(np.float64) if values.shape[1] else None


def _figures(rows: pd.DataFrame, grouped: bool, names: list[str], seed: int) -> dict[str, Any]:
    position = {n: i for i, n in enumerate(names)}
    truth, predicted = (rows[c].map(position).to_numpy() for c in ("truth", "prediction"))
    subject = rows["subject"].to_numpy() if grouped else None
    people = 0 if subject is None else len(np.unique(subject))
    copy = rows["copy_in_training"].to_numpy() if "copy_in_training" in rows else np.zeros(len(rows), bool)
    alone = (truth == predicted)[~copy]
    confidence, sure = confidence_of(rows), {}
    if confidence is not None:
        probability = rows[[f"{PROBABILITY}{name}" for name in names]].to_numpy(np.float64)
        sure["calibration"] = calibration(probability, truth, predicted)
        sure["risk_coverage"] = risk_coverage(confidence, truth == predicted)
    return {
        "n_duplicates": int(copy.sum()),
        "accuracy_no_duplicates": float(alone.mean()) if len(alone) else None,
        "n": rows["row"].nunique(),
        "n_subjects": people,
        **summarise(truth, predicted, subject, names, seed),
        **sure,
    }
