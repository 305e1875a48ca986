"""LBP of the change since neutral: radius and grid, with an SVM and with boosting.

python experiments/grid_lbp.py [--data DIR --subjects FILE] [--jobs N]
"""

import sys

from gridding import SVM, XGB, main

LBP = {
    "features__lbpdiff__radius": [1, 2, 3, (1, 2)],
    "features__lbpdiff__grid": [6, 8, 10],
}
GRIDS = {"lbpdiff_svm": {**LBP, **SVM}, "lbpdiff_xgb": {**LBP, **XGB}}

if __name__ == "__main__":
    sys.exit(main("grid_lbp", __doc__.splitlines()[0], GRIDS))
