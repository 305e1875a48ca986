"""Evaluation by folds grouped by subject, with the spread over subjects."""

from .comparison import Comparison, compare
from .cross_validation import Result, evaluate
from .protocol import Protocol, choose_protocol

__all__ = ["Comparison", "Protocol", "Result", "choose_protocol", "compare", "evaluate"]
