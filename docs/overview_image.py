"""Make docs/_static/overview.jpg, the image of the README: a report on rendered faces and an annotated photograph.

    python docs/overview_image.py chromium

The argument is the program of a Chromium browser. The photograph is the astronaut of scikit-image, which is in the
public domain.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import skimage.data

from fer_features import run_experiment
from fer_features.cli import main as fer_features

WIDTH = 1180
#: Rows of the report that are shown: the scores, and the confusion matrix.
SHOWN = (slice(20, 375), slice(1055, 1400))


def main(arguments):
    """Write the image."""
    (browser,) = arguments
    with tempfile.TemporaryDirectory() as folder:
        run, photo, marked = (Path(folder) / name for name in ("run", "astronaut.png", "marked"))
        run_experiment("hog_linear", "demo", cv="loso").save(run)
        cv2.imwrite(str(photo), cv2.cvtColor(skimage.data.astronaut()[:345, 55:400], cv2.COLOR_RGB2BGR))
        fer_features(
            ["predict", "--model", str(run), str(photo), "--annotate", str(marked), "--out", f"{folder}/p.csv"]
        )
        page = Path(folder) / "report.png"
        options = ("--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={WIDTH},1600")
        subprocess.run([browser, *options, f"--screenshot={page}", (run / "report.html").as_uri()], check=True)
        report = cv2.imread(str(page))
        face = cv2.imread(str(next(marked.iterdir())))
    left = np.concatenate([report[rows, 110 : WIDTH - 110] for rows in SHOWN])
    face = cv2.resize(face, None, fx=len(left) / len(face), fy=len(left) / len(face), interpolation=cv2.INTER_AREA)
    image = cv2.resize(np.concatenate([left, face], 1), None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(Path(__file__).parent / "_static" / "overview.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 85])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
