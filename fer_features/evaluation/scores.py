"""`Scores`: the metrics of an evaluation and how they were obtained, as written to ``scores.json``."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from .._serialization import from_jsonable, to_jsonable
from ..exceptions import FerError
from ..faces.landmarker_training import LandmarkerInfo
from ..samples.data_info import dataset_title
from .metric_types import LearningCurve, Metrics, Rejection
from .search_scores import SearchSummary

#: A block that only some runs have; it is absent from the JSON where it is None.
_OPTIONAL: Mapping[str, bool] = {"omit_none": True}


@dataclasses.dataclass(frozen=True)
class DataRecord:
    """The data that were evaluated.

    Attributes
    ----------
    dataset : str
    synthetic : bool
    fingerprint : str
        Hash of images, landmarks and labels of the table from which the evaluated samples were taken.
    subjects_from : str
        Source of the subject ids, see `fer_features.samples.data_info.DataInfo`; 'unknown' where folds ignore subjects.
    subjects_confidence : float or None
        Of inferred subjects, in [0, 1].
    notes : tuple of str
    """

    dataset: str
    synthetic: bool
    fingerprint: str
    subjects_from: str
    subjects_confidence: float | None
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        """Name of the data set, with a mark if it is synthetic."""
        return dataset_title(self.dataset, self.synthetic)


@dataclasses.dataclass(frozen=True)
class FoldRecord:
    """One fold: its sizes, test subjects, accuracy and fit time in seconds."""

    fold: int
    n_train: int
    n_test: int
    subjects: tuple[Any, ...]
    accuracy: float
    seconds: float


@dataclasses.dataclass(frozen=True)
class Timing:
    """Seconds of each stage of a run; None where it has no such stage.

    Attributes
    ----------
    read, extract, search, evaluate, fit, learning_curve, landmarker, predict : float or None
    predict_per_sample : float or None
        Mean time from the images or landmarks of a sample to its prediction, on one thread.
    """

    read: float | None = dataclasses.field(default=None, metadata=_OPTIONAL)
    extract: float | None = dataclasses.field(default=None, metadata=_OPTIONAL)
    search: float | None = dataclasses.field(default=None, metadata=_OPTIONAL)
    evaluate: float | None = dataclasses.field(default=None, metadata=_OPTIONAL)
    fit: float | None = dataclasses.field(default=None, metadata=_OPTIONAL)
    learning_curve: float | None = dataclasses.field(default=None, metadata=_OPTIONAL)
    landmarker: float | None = dataclasses.field(default=None, metadata=_OPTIONAL)
    predict: float | None = dataclasses.field(default=None, metadata=_OPTIONAL)
    predict_per_sample: float | None = dataclasses.field(default=None, metadata=_OPTIONAL)


@dataclasses.dataclass(frozen=True)
class Scores:
    """The metrics of an evaluation and how they were obtained.

    Attributes
    ----------
    pipeline : str
        Pipeline specification.
    protocol : str
        Cross-validation or predefined split, as text.
    classes : tuple of str
    data : DataRecord
    metrics : Metrics
        Of all held-out predictions; with predefined splits of the reported one.
    folds : tuple of FoldRecord
    excluded : dict of str to int
        Labelled samples that were not evaluated, by reason.
    leakage : str
        Why the scores may be too high, or empty.
    versions : dict of str to str
    n_features_computed : int
        Feature vectors computed, one per sample and extractor setting.
    seconds : float
    splits : dict of str to Metrics, optional
        Of each evaluated predefined split.
    notes : tuple of str, default=()
        Remarks on the evaluation itself.
    timing : Timing, optional
    peak_memory_mb : float, optional
    rejection : Rejection, optional
    learning_curve : LearningCurve, optional
    landmarker : LandmarkerInfo, optional
        The landmarker that was trained with the model.
    search : SearchSummary, optional
        Of the hyper-parameter search that chose the settings.
    command : dict, optional
        Options of the command line.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples, evaluate
    >>> from fer_features.evaluation import Scores
    >>> landmarks = np.random.default_rng(0).normal(50, 9, (24, 2, 68, 2))
    >>> X = Samples.from_arrays(
    ...     landmarks=landmarks, label=np.tile(["fear", "joy"], 12), subject=np.repeat(np.arange(6), 4)
    ... )
    >>> scores = evaluate("landmarks_lda", X, cv="2fold").scores
    >>> scores.protocol
    'stratified 2-fold grouped by subject, seed 0'
    >>> Scores.from_json(scores.to_json()).metrics.accuracy == scores.metrics.accuracy
    True
    """

    pipeline: str
    protocol: str
    classes: tuple[str, ...]
    data: DataRecord
    metrics: Metrics
    folds: tuple[FoldRecord, ...]
    excluded: dict[str, int]
    leakage: str
    versions: dict[str, str]
    n_features_computed: int
    seconds: float
    splits: dict[str, Metrics] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    timing: Timing | None = dataclasses.field(default=None, metadata=_OPTIONAL)
    peak_memory_mb: float | None = dataclasses.field(default=None, metadata=_OPTIONAL)
    rejection: Rejection | None = dataclasses.field(default=None, metadata=_OPTIONAL)
    learning_curve: LearningCurve | None = dataclasses.field(default=None, metadata=_OPTIONAL)
    landmarker: LandmarkerInfo | None = dataclasses.field(default=None, metadata=_OPTIONAL)
    search: SearchSummary | None = dataclasses.field(default=None, metadata=_OPTIONAL)
    command: dict[str, Any] | None = dataclasses.field(default=None, metadata=_OPTIONAL)

    @property
    def title(self) -> str:
        """Pipeline and data set in a few words."""
        return f"{self.pipeline} on {self.data.title}"

    def replace(self, **changes: Any) -> Scores:
        """A copy with some attributes replaced."""
        return dataclasses.replace(self, **changes)

    def to_json(self) -> str:
        """The content of ``scores.json``."""
        return json.dumps(to_jsonable(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Scores:
        """Read what `to_json` wrote.

        Parameters
        ----------
        text : str
            Content of ``scores.json``.

        Returns
        -------
        Scores

        Raises
        ------
        FerError
            For text that is not JSON, an absent field, or a value of another type.
        """
        try:
            return from_jsonable(cls, json.loads(text))
        except (ValueError, RecursionError) as error:
            raise FerError(f"not the scores of this version of fer_features: {error}") from error
