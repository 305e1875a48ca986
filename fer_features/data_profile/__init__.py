"""Profile of a data set before training: statistics and findings."""

from .inspection import inspect_data
from .profile import DataProfile, Finding

__all__ = ["DataProfile", "Finding", "inspect_data"]
