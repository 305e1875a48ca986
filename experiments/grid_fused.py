"""HOG, LBP and landmarks together: scaling and how much landmarks weigh, with an SVM and with boosting.

python experiments/grid_fused.py [--data DIR --subjects FILE] [--jobs N]
"""

import sys

from gridding import SVM, XGB, main

FUSED = {
    "features__scale": ["column", "block"],
    "features__transformer_weights": [{"landmarks": weight} for weight in (0.5, 1.0, 2.0)],
}
GRIDS = {"hogdiff_lbpdiff_landmarks_svm": {**FUSED, **SVM}, "hogdiff_lbpdiff_landmarks_xgb": {**FUSED, **XGB}}

if __name__ == "__main__":
    sys.exit(main("grid_fused", __doc__.splitlines()[0], GRIDS))
