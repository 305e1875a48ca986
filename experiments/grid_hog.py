"""Grid search of HOG differences: cells, orientations and blocks, with an SVM and with gradient boosting.

    python experiments/grid_hog.py [--data DIR --subjects FILE] [--n-jobs N]

After an interruption the same command continues.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import grid_search
from grid_search import SVM, XGB, Grid

HOG: Grid = {
    "features__hogdiff__orientations": [6, 9, 12],
    "features__hogdiff__pixels_per_cell": [8, 16],
    "features__hogdiff__cells_per_block": [2, 3],
}
GRIDS: dict[str, Grid] = {"hogdiff_svm": {**HOG, **SVM}, "hogdiff_xgb": {**HOG, **XGB}}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    return grid_search.main("grid_hog", __doc__, GRIDS, arguments)


if __name__ == "__main__":
    sys.exit(main())
