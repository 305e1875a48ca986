"""Grid search of landmark displacements: registration and apex frames, with an SVM and with gradient boosting.

    python experiments/grid_landmarks.py [--data DIR --subjects FILE] [--n-jobs N]

After an interruption the same command continues.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import grid_search
from grid_search import SVM, XGB, Grid

LANDMARKS: Grid = {
    "features__landmarks__registration": ["pose", "affine_camera", "affine", "similarity"],
    "features__landmarks__n_apex_frames": [1, 3],
}
GRIDS: dict[str, Grid] = {"landmarks_svm": {**LANDMARKS, **SVM}, "landmarks_xgb": {**LANDMARKS, **XGB}}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    return grid_search.main("grid_landmarks", __doc__, GRIDS, arguments)


if __name__ == "__main__":
    sys.exit(main())
