"""Scores of an evaluation that was never run, for tests of writing, reading and displaying scores."""

import dataclasses

from fer_features.evaluation import Scores
from fer_features.evaluation.metric_types import (
    Calibration,
    ClassMetrics,
    LearningCurve,
    Metrics,
    Rejection,
    RiskCoverage,
)
from fer_features.evaluation.scores import DataRecord, FoldRecord, Timing
from fer_features.evaluation.search_scores import SearchSummary
from fer_features.faces.landmarker_training import LandmarkerInfo

METRICS = Metrics(
    accuracy=0.75,
    balanced_accuracy=2 / 3,
    macro_f1=0.1 + 0.2,
    ci95=dict.fromkeys(("accuracy", "balanced_accuracy", "macro_f1"), (0.5, 1.0)),
    n_samples=4,
    n_subjects=2,
    per_class={"joy": ClassMetrics(1.0, 0.5, 2 / 3, 2), "<fear>": ClassMetrics(0.5, 1.0, 2 / 3, 2)},
    confusion=((1, 1), (0, 2)),
    per_subject={"a": 0.5, "b": 1.0},
    subject_mean=0.75,
    subject_sd=0.35,
    calibration=Calibration(0.1, 0.2, 0.3, ((0.45, 0.5, 2), (0.95, 1.0, 2))),
    risk_coverage=RiskCoverage((0.5, 1.0), (1.0, 0.75), 0.1),
)
UNKNOWN_SUBJECTS = dataclasses.replace(
    METRICS, n_subjects=0, per_subject={}, subject_mean=None, subject_sd=None, calibration=None, risk_coverage=None
)
SCORES = Scores(
    pipeline="hog_svm",
    protocol="leave-one-subject-out",
    classes=("joy", "<fear>"),
    data=DataRecord("toy", True, "f" * 32, "inferred", 0.9, ("a note",)),
    metrics=METRICS,
    folds=(FoldRecord(0, 2, 2, ("a",), 0.5, 0.01), FoldRecord(1, 2, 2, (7,), 1.0, 0.01)),
    excluded={"landmarks missing": 1},
    leakage="",
    versions={"numpy": "2.4"},
    n_features_computed=8,
    seconds=1.5,
)
COMPLETE = SCORES.replace(
    splits={"validation": UNKNOWN_SUBJECTS, "test": METRICS},
    notes=("optimistic",),
    timing=Timing(evaluate=1.2, predict_per_sample=0.001),
    peak_memory_mb=120.5,
    rejection=Rejection(0.6, 0.0, None, 0.75),
    learning_curve=LearningCurve("subjects", (1, 2), (0.5, 0.75), ((0.2, 0.8), (0.5, 1.0)), 2, 3),
    landmarker=LandmarkerInfo(
        n_faces=120,
        n_excluded=2,
        n_subjects=None,
        faces="detect",
        n_folds=5,
        n_starts=4,
        cell_sizes=(8, 5),
        n_components=40,
        random_state=0,
    ),
    search=SearchSummary("grid", "5-fold", 4, 0, 1, True, "accuracy", {"classifier__C": 1}, 0.7),
    command={"pipeline": "hog_svm", "seed": 0},
)
