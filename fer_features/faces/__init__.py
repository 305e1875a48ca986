"""Faces in images: a detector of boxes, and landmarkers: the one of the package, those that are trained on your data,
and those in files of dlib.
"""

from .confidence import MIN_CONFIDENCE
from .detector import FaceDetector, as_detector
from .landmarker import Landmarker
from .landmarker_archive import default_landmarker, save_landmarker
from .landmarker_files import load_landmarker
from .regression_trees import RegressionTreeLandmarker

__all__ = [
    "MIN_CONFIDENCE",
    "FaceDetector",
    "Landmarker",
    "RegressionTreeLandmarker",
    "as_detector",
    "default_landmarker",
    "load_landmarker",
    "save_landmarker",
]
