"""Versions: of this package, and of what its numbers depend on."""

from __future__ import annotations

__version__ = "0.1.0"


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    # Imported when asked for: the build reads this file without any of them installed.
    import platform

    import cv2
    import h5py
    import joblib
    import numpy
    import pandas
    import scipy
    import skimage
    import sklearn
    import xgboost

    modules = (numpy, scipy, sklearn, skimage, cv2, xgboost, h5py, pandas, joblib)
    return {
        "fer_features": __version__,
        "python": platform.python_version(),
        **{module.__name__: module.__version__ for module in modules},
    }
