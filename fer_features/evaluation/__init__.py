"""Honest evaluation: folds grouped by subject, scores with their spread over people, checks, comparisons."""

from .checks import check
from .comparison import Comparison, compare
from .crossvalidation import Result, evaluate
from .protocol import Protocol, choose_protocol
from .verdict import Check

__all__ = ["Check", "Comparison", "Protocol", "Result", "check", "choose_protocol", "compare", "evaluate"]
