"""Extractors: scikit-learn transformers from `Samples` to features. Adding one is a file and a line here."""

from typing import Any

from .align import Align
from .base import Extractor
from .features import Features
from .fisher import FisherVectors
from .flow import Flow
from .gabor import Gabor
from .geometry import Geometry
from .hog import HOG
from .hogtop import HOGTOP
from .landmarks import Landmarks
from .lbp import LBP
from .lbptop import LBPTOP
from .lmp import LMP
from .lpq import LPQ
from .mbh import MBH
from .neutral import Neutral
from .patches import Patches
from .trajectory import Trajectory

#: Name in a pipeline -> class and the parameters that the name stands for.
EXTRACTORS: dict[str, tuple[type[Extractor], dict[str, Any]]] = {
    "landmarks": (Landmarks, {}),
    "hog": (HOG, {}),
    "hogdiff": (HOG, {"of": "difference", "block": 3}),
    "lbp": (LBP, {}),
    "lbpdiff": (LBP, {"of": "difference"}),
    "flow": (Flow, {}),
    "gabor": (Gabor, {}),
    "gabordiff": (Gabor, {"of": "difference"}),
    "fv": (FisherVectors, {}),
    "vlad": (FisherVectors, {"encoding": "vlad"}),
    "lpq": (LPQ, {}),
    "lpqdiff": (LPQ, {"of": "difference"}),
    "patches": (Patches, {}),
    "patchesdiff": (Patches, {"of": "difference"}),
    "lbptop": (LBPTOP, {}),
    "hogtop": (HOGTOP, {}),
    "trajectory": (Trajectory, {}),
    "geometry": (Geometry, {}),
    "mbh": (MBH, {}),
    "lmp": (LMP, {}),
}

__all__ = ["EXTRACTORS", "HOG", "LBP", "Align", "Extractor", "Features", "Flow", "Landmarks", "Neutral"]
