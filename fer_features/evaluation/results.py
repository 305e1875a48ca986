"""The result of an evaluation: predictions as a table, and scores computed from them."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..samples.data_info import class_name
from ..samples.table import Samples
from ..version import versions
from .fit_predict import FoldOutcome
from .metric_types import Metrics
from .metrics import compute_metrics
from .protocol import Folds, Protocol
from .scores import DataRecord, FoldRecord, Scores
from .summary import headline_values, summary

#: Prefix of the columns with the probability of a class.
PROBABILITY_PREFIX = "probability_"


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class EvaluationResult:
    """Scores and predictions of an evaluation.

    Attributes
    ----------
    scores : Scores
    predictions : DataFrame
        One row per evaluated sample and repeat: id, sample (position in the evaluated table), subject, fold, split
        (where predefined splits are evaluated), true, predicted, and one probability or score per class.
    model : estimator, optional
        The model fitted on the split 'train', where predefined splits were evaluated.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples, evaluate
    >>> landmarks = np.random.default_rng(0).normal(50, 9, (24, 2, 68, 2))
    >>> X = Samples.from_arrays(
    ...     landmarks=landmarks, label=np.tile(["fear", "joy"], 12), subject=np.repeat(np.arange(6), 4)
    ... )
    >>> result = evaluate("landmarks_lda", X, cv="2fold")
    >>> result.accuracy == result.scores.metrics.accuracy
    True
    >>> result.predictions[["subject", "fold", "true", "predicted"]].shape
    (24, 4)
    >>> result.to_frame()["n_samples"].to_dict()
    {'fear': 12, 'joy': 12}
    >>> type(result.plot_confusion()).__name__
    'ConfusionMatrixDisplay'
    """

    scores: Scores
    predictions: pd.DataFrame
    model: Any = None

    @property
    def accuracy(self) -> float:
        """Fraction of correct predictions."""
        return self.scores.metrics.accuracy

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall over classes (unweighted average recall, UAR)."""
        return self.scores.metrics.balanced_accuracy

    @property
    def macro_f1(self) -> float:
        """Mean F1 over classes."""
        return self.scores.metrics.macro_f1

    def to_frame(self) -> pd.DataFrame:
        """Precision, recall, F1 and number of samples of each class, as a data frame with the classes as index."""
        table = {name: dataclasses.asdict(one) for name, one in self.scores.metrics.per_class.items()}
        return pd.DataFrame.from_dict(table, orient="index").rename_axis("class")

    def plot_confusion(self, ax: Any = None, normalize: bool = True) -> Any:
        """Plot the confusion matrix.

        Parameters
        ----------
        ax : matplotlib Axes, optional
        normalize : bool, default True
            Fractions of each true class instead of counts.

        Returns
        -------
        sklearn.metrics.ConfusionMatrixDisplay
        """
        from sklearn.metrics import ConfusionMatrixDisplay

        counts = np.array(self.scores.metrics.confusion, float)
        values = counts / np.maximum(counts.sum(1, keepdims=True), 1) if normalize else counts
        display = ConfusionMatrixDisplay(values, display_labels=list(self.scores.classes))
        return display.plot(ax=ax, cmap="Blues", values_format=".2f" if normalize else ".0f", xticks_rotation=45)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.scores.title}: accuracy {self.accuracy:.3f}, {self.scores.protocol})"

    def __str__(self) -> str:
        return summary(self.scores)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{value}</td><td>{interval}</td></tr>"
            for name, value, interval in headline_values(self.scores)
        )
        warning = f"<p><strong>Warning:</strong> {html.escape(self.scores.leakage)}</p>" if self.scores.leakage else ""
        per_class = self.to_frame().round(3).to_html(border=0)
        return (
            f"<p><strong>{html.escape(self.scores.title)}</strong>, {html.escape(self.scores.protocol)}</p>{warning}"
            f"<table><tr><th></th><th>value</th><th>95 % CI</th></tr>{rows}</table>{per_class}"
        )


def prediction_table(
    X: Samples,
    positions: np.ndarray,
    codes: np.ndarray,
    folds: Folds,
    outcomes: Sequence[FoldOutcome],
    subject: np.ndarray | None,
    columns: dict[str, Any],
) -> pd.DataFrame:
    """One row per test sample of each fold, sorted by sample and fold.

    Parameters
    ----------
    X : Samples
        The samples that are divided into folds.
    positions : ndarray of int, shape (len(X),)
        Their positions in the table that was given by the user.
    codes : ndarray, shape (k,)
        Label codes of the classes, increasing.
    folds : list of (ndarray of int, ndarray of int)
    outcomes : sequence of FoldOutcome
    subject : ndarray, shape (len(X),), or None
    columns : dict of str to array
        Further columns, of the test samples of all folds in order.

    Returns
    -------
    DataFrame
        id, sample, subject (None where unknown), fold, the further columns, true, predicted, and one probability or
        score per class.
    """
    test = np.concatenate([indices for _, indices in folds])
    names = np.array([class_name(X.info, code) for code in codes], object)
    label = X.label_codes[test]
    predicted = np.concatenate([outcome.predicted for outcome in outcomes])
    table = pd.DataFrame(
        {
            "id": sample_ids(X)[test],
            "sample": positions[test],
            "subject": np.full(len(test), None) if subject is None else subject[test],
            "fold": np.repeat(np.arange(len(folds)), [len(indices) for _, indices in folds]),
            **columns,
            "true": names[np.searchsorted(codes, label)],
            "predicted": names[np.searchsorted(codes, predicted)],
        }
    )
    kind = outcomes[0].score_kind
    values = np.concatenate([outcome.scores for outcome in outcomes if outcome.scores is not None])
    scores = pd.DataFrame(values, columns=[f"{kind}_{name}" for name in names])
    return pd.concat([table, scores], axis=1).sort_values(["sample", "fold"], ignore_index=True)


def compute_scores(
    X: Samples,
    fingerprint: str,
    name: str,
    protocol: Protocol,
    classes: list[str],
    predictions: pd.DataFrame,
    folds: tuple[FoldRecord, ...],
    excluded: dict[str, int],
    leakage: str,
    seconds: float,
    seed: int,
) -> Scores:
    """All scores of a table of predictions."""
    known = subjects_of(predictions) is not None
    splits = {split: _metrics(predictions[predictions["split"] == split], classes, seed) for split in protocol.splits}
    return Scores(
        pipeline=name,
        protocol=str(protocol),
        classes=tuple(classes),
        data=DataRecord(
            dataset=X.info.dataset,
            synthetic=X.info.synthetic,
            fingerprint=fingerprint,
            subjects_from=X.info.subjects_from if known else "unknown",
            subjects_confidence=X.info.subjects_confidence,
            notes=tuple(X.info.notes),
        ),
        metrics=splits[protocol.reported] if splits else _metrics(predictions, classes, seed),
        folds=folds,
        excluded=excluded,
        leakage=leakage,
        versions=versions(),
        n_features_computed=X.feature_store.n_computed,
        seconds=round(seconds, 3),
        splits=splits,
    )


def sample_ids(X: Samples) -> np.ndarray:
    """Name of each sample in its source, (n,); its position in the loaded table where it has none."""
    return np.asarray(X["id"]) if "id" in X else X.indices


def confidence_of(predictions: pd.DataFrame) -> np.ndarray | None:
    """The largest probability of each row, (n,) float64; None where the model gave no probabilities."""
    values = predictions.filter(regex=f"^{PROBABILITY_PREFIX}")
    return values.max(axis=1).to_numpy(np.float64) if values.shape[1] else None


def correct_of(predictions: pd.DataFrame) -> np.ndarray:
    """Whether each prediction is correct, (n,) bool."""
    return (predictions["true"] == predictions["predicted"]).to_numpy(bool)


def subjects_of(predictions: pd.DataFrame) -> np.ndarray | None:
    """Subject of each row; None where subjects are unknown."""
    return predictions["subject"].to_numpy() if predictions["subject"].notna().all() else None


def _metrics(predictions: pd.DataFrame, classes: list[str], seed: int) -> Metrics:
    index = {name: i for i, name in enumerate(classes)}
    true, predicted = (predictions[column].map(index).to_numpy() for column in ("true", "predicted"))
    probability = predictions.filter(regex=f"^{PROBABILITY_PREFIX}")
    return compute_metrics(
        true,
        predicted,
        subjects_of(predictions),
        classes,
        seed,
        probability=probability.to_numpy(np.float64) if probability.shape[1] else None,
        duplicate=predictions["duplicate_in_train"].to_numpy() if "duplicate_in_train" in predictions else None,
        sample=predictions["sample"].to_numpy(),
    )
