"""What the commands do, as functions whose results can be saved and reported."""

from ..experiment import Experiment
from .audits import CheckResult, check
from .comparisons import ComparisonResult, compare
from .data_profiles import InspectionResult, inspect_data
from .experiments import evaluate, run_experiment
from .landmark_cross_fitting import cross_fit_landmarks
from .landmark_detection import detect_landmarks
from .landmarker_adaptation import adapt_landmarks
from .searches import SearchExperiment, search

__all__ = [
    "CheckResult",
    "ComparisonResult",
    "Experiment",
    "InspectionResult",
    "SearchExperiment",
    "adapt_landmarks",
    "check",
    "compare",
    "cross_fit_landmarks",
    "detect_landmarks",
    "evaluate",
    "inspect_data",
    "run_experiment",
    "search",
]
