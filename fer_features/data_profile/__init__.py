"""Profile of a data set before training: statistics and findings."""

from .profile import DataProfile, Finding

__all__ = ["DataProfile", "Finding"]
