"""Honest evaluation: folds grouped by subject, scores with their spread over people."""

from .crossvalidation import Result, evaluate
from .protocol import Protocol, choose_protocol

__all__ = ["Protocol", "Result", "choose_protocol", "evaluate"]
