"""Faces in raw pictures: where they are, and their 68 landmarks, by a detector and a landmarker that data train."""

from .detector import Detector, FaceDetector, as_detector
from .landmarker import LOST, Landmarker
from .landmarker_files import load_landmarker, save_landmarker

__all__ = ["LOST", "Detector", "FaceDetector", "Landmarker", "as_detector", "load_landmarker", "save_landmarker"]
