"""Files with landmarks of other programs and data sets, one module for each format."""

from .candidate_file import CandidateFile
from .format_registry import LANDMARK_FORMATS, LandmarkFormat, read_landmarks, read_point_file, recognize_format
from .landmark_frames import LandmarkFrames

__all__ = [
    "LANDMARK_FORMATS",
    "CandidateFile",
    "LandmarkFormat",
    "LandmarkFrames",
    "read_landmarks",
    "read_point_file",
    "recognize_format",
]
