"""Evaluation grouped by subject: metrics with intervals over subjects, comparison, learning curves, rejection."""

from .comparison_result import Comparison
from .cross_validation import evaluate_pipeline
from .protocol import Protocol, choose_protocol
from .results import EvaluationResult
from .scores import Scores

__all__ = [
    "Comparison",
    "EvaluationResult",
    "Protocol",
    "Scores",
    "choose_protocol",
    "evaluate_pipeline",
]
