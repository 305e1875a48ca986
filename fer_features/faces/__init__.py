"""Faces in images: their boxes and their 68 landmarks, by a detector and a landmarker that is trained on your data."""

from .detector import Detector, FaceDetector, as_detector
from .landmarker import MIN_CONFIDENCE, Landmarker
from .landmarker_files import load_landmarker, save_landmarker

__all__ = [
    "MIN_CONFIDENCE",
    "Detector",
    "FaceDetector",
    "Landmarker",
    "as_detector",
    "load_landmarker",
    "save_landmarker",
]
