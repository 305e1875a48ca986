"""Grid search of HOG, LBP and landmarks together: scaling and weight of the landmarks, with an SVM and with boosting.

    python experiments/grid_fused.py [--data DIR --subjects FILE] [--n-jobs N]

After an interruption the same command continues.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import grid_search
from grid_search import SVM, XGB, Grid

FUSED: Grid = {
    "features__scale": ["standardize", "block"],
    "features__transformer_weights": [{"landmarks": weight} for weight in (0.5, 1.0, 2.0)],
}
GRIDS: dict[str, Grid] = {
    "hogdiff_lbpdiff_landmarks_svm": {**FUSED, **SVM},
    "hogdiff_lbpdiff_landmarks_xgb": {**FUSED, **XGB},
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    return grid_search.main("grid_fused", __doc__, GRIDS, arguments)


if __name__ == "__main__":
    sys.exit(main())
