"""Optical flow: method, grid and what counts as still, with an SVM and with boosting.

python experiments/grid_flow.py [--data DIR --subjects FILE] [--jobs N]
"""

import sys

from gridding import SVM, XGB, main

FLOW = {
    "features__flow__method": ["farneback", "dis"],
    "features__flow__grid": [6, 8],
    "features__flow__still": [0.25, 0.5, 1.0],
}
GRIDS = {"flow_svm": {**FLOW, **SVM}, "flow_xgb": {**FLOW, **XGB}}

if __name__ == "__main__":
    sys.exit(main("grid_flow", __doc__.splitlines()[0], GRIDS))
