"""Landmark displacement: what head motion may do and frames averaged over, with an SVM and with boosting.

python experiments/grid_landmarks.py [--data DIR --subjects FILE] [--jobs N]
"""

import sys

from gridding import SVM, XGB, main

LANDMARKS = {
    "features__landmarks__register": ["pose", "affine_camera", "affine", "similarity"],
    "features__landmarks__late": [1, 3],
}
GRIDS = {"landmarks_svm": {**LANDMARKS, **SVM}, "landmarks_xgb": {**LANDMARKS, **XGB}}

if __name__ == "__main__":
    sys.exit(main("grid_landmarks", __doc__.splitlines()[0], GRIDS))
