"""Extractors: scikit-learn transformers from `Samples` to feature vectors."""

from .align import Align
from .appearance import Appearance
from .base import Extractor
from .extractor_registry import EXTRACTORS, ExtractorSpec, register_extractor
from .features import Features
from .hog import HOG
from .landmarks import Landmarks
from .lbp import LBP
from .locate_faces import LocateFaces
from .neutral import Neutral

__all__ = [
    "EXTRACTORS",
    "HOG",
    "LBP",
    "Align",
    "Appearance",
    "Extractor",
    "ExtractorSpec",
    "Features",
    "Landmarks",
    "LocateFaces",
    "Neutral",
    "register_extractor",
]
