"""Expression recognition in images, videos and camera streams."""

from .frame_results import FacePrediction, FrameResult, TrackSummary
from .recognizer import Recognizer
from .rest import attach_rest_thresholds
from .stream import Stream

__all__ = ["FacePrediction", "FrameResult", "Recognizer", "Stream", "TrackSummary", "attach_rest_thresholds"]
