"""Faces in images: their boxes and their 68 landmarks, by a detector and a landmarker: the one of the
package, or one that is trained on your data.
"""

from .detector import Detector, FaceDetector, as_detector
from .landmarker import MIN_CONFIDENCE, Landmarker
from .landmarker_files import load_landmarker, save_landmarker
from .pretrained import PretrainedLandmarker
from .pretrained_files import default_landmarker, load_pretrained, save_pretrained

__all__ = [
    "MIN_CONFIDENCE",
    "Detector",
    "FaceDetector",
    "Landmarker",
    "PretrainedLandmarker",
    "as_detector",
    "default_landmarker",
    "load_landmarker",
    "load_pretrained",
    "save_landmarker",
    "save_pretrained",
]
