"""Profile of a data set before training: statistics and findings."""

from .inspection import profile_samples
from .profile import DataProfile, Finding

__all__ = ["DataProfile", "Finding", "profile_samples"]
