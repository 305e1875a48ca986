"""How many frames a second recognition does on one core, where the time goes, and how memory grows with a video.

    python experiments/bench_live.py                          a model of cut-out stills; faces: a photograph
    python experiments/bench_live.py --landmarks FILE.joblib  models of aligned faces too, by this landmarker
    python experiments/bench_live.py --quick                  few frames: does the script still run?

From decoded frames of 640 x 480 to labels, one thread: the photograph of an astronaut that comes with scikit-image,
moving before a photograph. Models are fitted to the demo, which decides about their size and not about what they say.
Told are frames a second by time of the processor, which other work on the machine does not change much, and by the
clock. Memory: peak of a process of its own that predicts a video of 1,000 and of 10,000 frames of 320 x 240.
Writes the figures as JSON to experiments/results/.
"""

import argparse
import functools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import skimage.data
from threadpoolctl import threadpool_limits

from fer_features import load_dataset, make_pipeline
from fer_features._atomic import replacing
from fer_features.cli._parser import Parser, guarded, whole
from fer_features.faces import FaceDetector, load_landmarker
from fer_features.recognition import Recognizer, tracking
from fer_features.samples.table import Samples
from fer_features.version import versions

#: Name, pipeline, its parameters, frames from one detection to the next, frames a second that it should reach. Where
#: every frame is looked at, it is for faces of a quarter of its height and more, as a person before a camera has.
CROPS = {"align__method": "none", "align__size": 48, "features__hog__cell": 8}
APPEARANCE = (
    ("appearance, followed", "hog_linear", CROPS, 10, 60),
    ("appearance, detected in each frame", "hog_linear", CROPS, 1, 30),
)
ALIGNED = (
    ("aligned by landmarks, followed", "hog_linear", {}, 10, 40),
    ("neutral to apex, followed", "hogdiff_linear", {}, 10, 40),
    ("landmarks, followed", "landmarks_svm", {}, 10, 40),
    ("neutral to apex and landmarks, followed", "hogdiff_landmarks_linear", {}, 10, 40),
)
LENGTHS = 1_000, 10_000


def main() -> int:
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--landmarks", type=Path, metavar="FILE", help="a saved landmarker")
    parser.add_argument("--frames", type=whole(20), default=300, metavar="N", help="of each measurement (300)")
    parser.add_argument("--quick", action="store_true", help="20 frames, videos of 30 and 60")
    parser.add_argument("--out", type=Path, metavar="FILE", help="JSON (experiments/results/bench-live.json)")
    parser.add_argument("--one", metavar="VIDEO", help=argparse.SUPPRESS)  # what a process of its own is to do
    options = parser.parse_args()
    if options.one:
        return guarded(lambda: print(json.dumps(watched(options.one))))
    return guarded(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    cv2.setNumThreads(1)
    threadpool_limits(1)
    frames = scene(20 if options.quick else options.frames)
    landmarker = load_landmarker(options.landmarks) if options.landmarks else None
    X = load_dataset("demo")
    X = X[X["label"] >= 0]
    speeds = []
    for name, sentence, settings, every, wanted in (*APPEARANCE, *(ALIGNED if landmarker else ())):
        still = Samples.from_arrays(X.frame("images", -1)[:, :48, :48]) if settings else X
        model = make_pipeline(sentence, calibration=2, **settings).fit(still, X["label"])
        detector = FaceDetector(smallest=0.1 if every > 1 else 0.25)
        recognizer = Recognizer(model, landmarker=None if settings else landmarker, detector=detector, every=every)
        speeds.append({"name": name, "pipeline": sentence, "wanted": wanted, **measured(recognizer, frames)})
        show(speeds[-1])
    lengths = (30, 60) if options.quick else LENGTHS
    memory = [grown(n) for n in lengths]
    for row in memory:
        print(f"{row['frames']:6} frames: peak {row['peak_mb']:.0f} MB, {row['rows']} rows", flush=True)
    out = options.out or Path(__file__).parent / "results" / "bench-live.json"
    if not options.quick or options.out:
        with replacing(out) as temporary:
            record = {"versions": versions(), "speeds": speeds, "memory": memory}
            temporary.write_text(json.dumps(record, indent=1) + "\n")


def scene(n: int, size: tuple[int, int] = (480, 640)) -> list[np.ndarray]:
    """Frames (H, W, 3) in which a face moves on a slow circle."""
    behind = cv2.resize(skimage.data.camera(), size[::-1])
    face = cv2.cvtColor(skimage.data.astronaut()[0:220, 110:330], cv2.COLOR_RGB2GRAY)
    face = cv2.resize(face, None, fx=size[0] / 320, fy=size[0] / 320)
    frames = []
    for i in range(n):
        x = round(size[1] * 0.25 + size[1] * 0.1 * np.cos(i / 30))
        y = round(size[0] * 0.15 + size[0] * 0.1 * np.sin(i / 30))
        frame = behind.copy()
        frame[y : y + face.shape[0], x : x + face.shape[1]] = face
        frames.append(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
    return frames


def measured(recognizer: Recognizer, frames: list[np.ndarray]) -> dict:
    """Frames a second, and milliseconds a frame of each part."""
    spent: Counter = Counter()
    finder = recognizer.finder
    finder.detector = timed(finder.detector, "detection", spent)
    if finder.landmarker is not None:
        ways = {name: timed(getattr(finder.landmarker, name), "landmarks", spent) for name in ("locate", "track")}
        finder.landmarker = SimpleNamespace(**ways)
    plain = tracking.shifted
    tracking.shifted = timed(plain, "following boxes", spent)
    recognizer.probabilities = timed(recognizer.probabilities, "features and classifier", spent)
    try:
        for _ in recognizer.stream(frames[:5]):
            pass
        spent.clear()
        cpu, clock = time.process_time(), time.perf_counter()
        moments = list(recognizer.stream(frames))
        cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    finally:
        tracking.shifted = plain
    n = len(frames)
    parts = {name: 1000 * seconds / n for name, seconds in spent.items()}
    parts["everything else"] = 1000 * cpu / n - sum(parts.values())
    labelled = sum(bool(moment.faces and moment.faces[0].expression) for moment in moments)
    return {"cpu": n / cpu, "clock": n / clock, "labelled": labelled / n, "ms": parts}


def timed(function, name: str, spent: Counter):
    @functools.wraps(function)
    def wrapper(*arguments, **options):
        start = time.process_time()
        try:
            return function(*arguments, **options)
        finally:
            spent[name] += time.process_time() - start

    return wrapper


def show(row: dict) -> None:
    parts = ", ".join(f"{name} {ms:.1f}" for name, ms in sorted(row["ms"].items(), key=lambda part: -part[1]))
    print(
        f"{row['name']} ({row['pipeline']}): {row['cpu']:.0f} frames/s of one core, {row['clock']:.0f} by the clock "
        f"(wanted {row['wanted']}); {100 * row['labelled']:.0f} % labelled; ms a frame: {parts}",
        flush=True,
    )


def grown(n: int) -> dict:
    """Peak memory of a process that predicts a video of n frames."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "video.avi"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (320, 240))
        for start in range(0, n, 100):
            for frame in scene(min(100, n - start), (240, 320)):
                writer.write(frame)
        writer.release()
        command = [sys.executable, __file__, "--one", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {"frames": n, **json.loads(done.stdout)}


def watched(path: str) -> dict:
    """Rows of a video and the peak memory of this process, in MB."""
    cv2.setNumThreads(1)
    threadpool_limits(1)
    X = load_dataset("demo")
    images = X.frame("images", -1)[:, :48, :48]
    model = make_pipeline("hog_linear", calibration=0, **CROPS).fit(Samples.from_arrays(images), X["label"])
    rows = sum(len(moment.faces) for moment in Recognizer(model, neutral="median", every=50).stream(path))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"rows": rows, "peak_mb": peak / (2**20 if sys.platform == "darwin" else 2**10)}


if __name__ == "__main__":
    sys.exit(main())
