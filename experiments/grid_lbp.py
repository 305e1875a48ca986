"""Grid search of LBP differences: radius and grid, with an SVM and with gradient boosting.

    python experiments/grid_lbp.py [--data DIR --subjects FILE] [--n-jobs N]

After an interruption the same command continues.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import grid_search
from grid_search import SVM, XGB, Grid

LBP: Grid = {
    "features__lbpdiff__radius": [1, 2, 3, (1, 2)],
    "features__lbpdiff__grid": [6, 8, 10],
}
GRIDS: dict[str, Grid] = {"lbpdiff_svm": {**LBP, **SVM}, "lbpdiff_xgb": {**LBP, **XGB}}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    return grid_search.main("grid_lbp", __doc__, GRIDS, arguments)


if __name__ == "__main__":
    sys.exit(main())
