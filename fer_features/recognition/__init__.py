"""Expression recognition in images, videos and camera streams."""

from .frame_results import FacePrediction, FrameResult, TrackSummary
from .recognizer import Recognizer
from .stream import Stream

__all__ = ["FacePrediction", "FrameResult", "Recognizer", "Stream", "TrackSummary"]
