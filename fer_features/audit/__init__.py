"""Checks of whether a score can be trusted: its data, the pipeline, and the folds."""

from .context import STATUSES, Check

__all__ = ["STATUSES", "Check"]
