"""Checks of whether a score can be trusted: its data, the pipeline, and the folds."""

from .context import STATUSES, AuditContext, Check
from .score_checks import iterate_checks

__all__ = ["STATUSES", "AuditContext", "Check", "iterate_checks"]
