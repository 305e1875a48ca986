"""Faces in images: a detector of boxes, and landmarkers: the one of the package, those that are trained on your data,
and those in files of dlib.
"""

from .detector import Detector, FaceDetector, as_detector
from .landmarker import MIN_CONFIDENCE, Landmarker
from .landmarker_files import load_landmarker, save_landmarker
from .pretrained import PretrainedLandmarker
from .pretrained_files import default_landmarker, load_pretrained, save_pretrained
from .regression_trees import RegressionTreeLandmarker

__all__ = [
    "MIN_CONFIDENCE",
    "Detector",
    "FaceDetector",
    "Landmarker",
    "PretrainedLandmarker",
    "RegressionTreeLandmarker",
    "as_detector",
    "default_landmarker",
    "load_landmarker",
    "load_pretrained",
    "save_landmarker",
    "save_pretrained",
]
