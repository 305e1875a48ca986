"""Version of this package, and versions of the libraries that its results depend on."""

from __future__ import annotations

import functools

__version__ = "0.2.0"


def versions() -> dict[str, str]:
    """Versions of this package, of Python, and of the libraries that numerical results depend on.

    Returns
    -------
    dict of str to str
        Name of the package -> version.
    """
    return dict(_versions())


@functools.cache
def _versions() -> dict[str, str]:
    """The installed versions, which are read from files."""
    # Imported here: setuptools reads `__version__` from this file before any dependency is installed.
    import platform
    from importlib.metadata import version

    import cv2  # several distributions provide it, so that metadata cannot be looked up by one name

    distributions = {
        "numpy": "numpy",
        "scipy": "scipy",
        "sklearn": "scikit-learn",
        "skimage": "scikit-image",
        "xgboost": "xgboost",
        "h5py": "h5py",
        "pandas": "pandas",
        "joblib": "joblib",
    }
    return {
        "fer_features": __version__,
        "python": platform.python_version(),
        "cv2": cv2.__version__,
        **{module: version(distribution) for module, distribution in distributions.items()},
    }
