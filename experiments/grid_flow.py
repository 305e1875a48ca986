"""Grid search of optical flow: method, grid and motion threshold, with an SVM and with gradient boosting.

    python experiments/grid_flow.py [--data DIR --subjects FILE] [--n-jobs N]

After an interruption the same command continues.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import grid_search
from grid_search import SVM, XGB, Grid

FLOW: Grid = {
    "features__flow__method": ["farneback", "dis"],
    "features__flow__grid": [6, 8],
    "features__flow__min_motion": [0.25, 0.5, 1.0],
}
GRIDS: dict[str, Grid] = {"flow_svm": {**FLOW, **SVM}, "flow_xgb": {**FLOW, **XGB}}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    return grid_search.main("grid_flow", __doc__, GRIDS, arguments)


if __name__ == "__main__":
    sys.exit(main())
