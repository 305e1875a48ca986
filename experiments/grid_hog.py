"""HOG of the change since neutral: cells, orientations and blocks, with an SVM and with boosting.

python experiments/grid_hog.py [--data DIR --subjects FILE] [--jobs N]
"""

import sys

from gridding import SVM, XGB, main

HOG = {
    "features__hogdiff__orientations": [6, 9, 12],
    "features__hogdiff__cell": [8, 16],
    "features__hogdiff__block": [2, 3],
}
GRIDS = {"hogdiff_svm": {**HOG, **SVM}, "hogdiff_xgb": {**HOG, **XGB}}

if __name__ == "__main__":
    sys.exit(main("grid_hog", __doc__.splitlines()[0], GRIDS))
