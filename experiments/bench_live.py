"""Speed of recognition in videos on one core, time by component, and memory as a function of the length of a video.

    python experiments/bench_live.py                     with the landmarker of the package
    python experiments/bench_live.py --landmarker FILE   with another one
    python experiments/bench_live.py --quick             few frames, to test the script

From decoded frames of 640 x 480 pixels to labels, in one thread. The frames show the photograph of an astronaut of
scikit-image, which moves in front of another photograph. The models are fitted on the synthetic demo, which determines
their size; their predictions are not evaluated. Frames per second are computed from CPU time, which depends little on
other processes, and from wall time. Memory is the peak of a process that predicts a video of 1,000 or 10,000 frames of
320 x 240 pixels.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage.data
from command_line import script_parser
from measurement import measure_in_subprocess, peak_memory_mib
from result_tables import RESULTS_DIR, write_json
from threadpoolctl import threadpool_limits

from fer_features import Recognizer, Samples, load_dataset, make_pipeline
from fer_features.cli._parser import int_at_least, run_command
from fer_features.faces import FaceDetector, load_landmarker
from fer_features.faces.localizer import FaceLocalizer
from fer_features.synthetic import generate
from fer_features.version import versions


@dataclass(frozen=True)
class LiveModel:
    """A pipeline with parameters, the frames from one detection to the next, and the target in frames per second."""

    name: str
    pipeline: str
    detect_interval: int
    target_fps: int
    params: dict[str, Any] = field(default_factory=dict)


#: Parameters of a model of face crops of 48 x 48 pixels.
CROP_PARAMS = {"align__method": "none", "align__size": 48, "features__hog__pixels_per_cell": 8}
CROP_MODELS = (
    LiveModel("appearance, tracked", "hog_linear", 10, 60, CROP_PARAMS),
    LiveModel("appearance, detected in each frame", "hog_linear", 1, 30, CROP_PARAMS),
)
ALIGNED_MODELS = (
    LiveModel("aligned by landmarks, tracked", "hog_linear", 10, 60),
    LiveModel("neutral to apex, tracked", "hogdiff_linear", 10, 60),
    LiveModel("landmarks, tracked", "landmarks_svm", 10, 60),
    LiveModel("neutral to apex and landmarks, tracked", "hogdiff_landmarks_linear", 10, 60),
)
#: Smallest face as a fraction of the frame: of the default, and of a subject in front of a camera where faces are
#: detected in each frame.
MIN_FACE, MIN_FACE_IN_EACH_FRAME = 0.1, 0.25
#: Numbers of frames of the videos for the measurement of memory.
VIDEO_LENGTHS, QUICK_VIDEO_LENGTHS = (1_000, 10_000), (30, 60)
#: Frames that are processed before the measurement.
N_WARMUP_FRAMES = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__, "bench_live.json")
    parser.add_argument("--landmarker", type=Path, metavar="FILE", help="a saved landmarker")
    parser.add_argument(
        "--n-frames", type=int_at_least(20), default=300, metavar="N", help="frames of each measurement of speed"
    )
    parser.add_argument("--quick", action="store_true", help="20 frames, and videos of 30 and 60 frames")
    parser.add_argument("--measure", metavar="JSON", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        return run_command(lambda: print(json.dumps(predict_video(**json.loads(options.measure)))))
    return run_command(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Measure speed and memory, print and write them."""
    cv2.setNumThreads(1)
    with threadpool_limits(1):
        frames = moving_face(20 if options.quick else options.n_frames)
        landmarker = load_landmarker(options.landmarker) if options.landmarker else None
        X = training_samples(options.quick)
        speeds = []
        for live in (*CROP_MODELS, *ALIGNED_MODELS):
            speeds.append(measure_speed(live, X, landmarker, frames))
            print_speed(speeds[-1])
    memory = []
    for n_frames in QUICK_VIDEO_LENGTHS if options.quick else VIDEO_LENGTHS:
        memory.append({"n_frames": n_frames, **measure_memory(n_frames, options.quick)})
        row = memory[-1]
        print(f"{n_frames:6} frames: peak {row['peak_memory_mib']:.0f} MiB, {row['n_faces']} faces", flush=True)
    out = options.out or RESULTS_DIR / "bench_live.json"
    write_json(out, {"versions": versions(), "speeds": speeds, "memory": memory})
    print(f"\nwritten to {out}")


def training_samples(quick: bool) -> Samples:
    """The labelled samples of the demo; with `quick` a few samples of the same kind."""
    if not quick:
        X = load_dataset("demo")
        return X[X.is_labelled]
    sequences = generate(n_subjects=2, n_test_subjects=0, n_repeats=2, n_frames=2)
    return Samples.from_arrays(sequences.images, sequences.landmarks, sequences.label, sequences.subject)


def fit_model(live: LiveModel, X: Samples, calibration_cv: int) -> Any:
    """Fit a model, on crops if it takes crops."""
    crops = Samples.from_arrays(X.frame("images", -1)[:, :48, :48]) if live.params else X
    return make_pipeline(live.pipeline, calibration_cv=calibration_cv, **live.params).fit(crops, X.label_codes)


def moving_face(n: int, size: tuple[int, int] = (480, 640)) -> list[np.ndarray]:
    """Frames (H, W, 3) in which a face moves slowly on a circle."""
    background = cv2.resize(skimage.data.camera(), size[::-1])
    face = cv2.cvtColor(skimage.data.astronaut()[0:220, 110:330], cv2.COLOR_RGB2GRAY)
    face = cv2.resize(face, None, fx=size[0] / 320, fy=size[0] / 320)
    frames = []
    for i in range(n):
        x = round(size[1] * 0.25 + size[1] * 0.1 * np.cos(i / 30))
        y = round(size[0] * 0.15 + size[0] * 0.1 * np.sin(i / 30))
        frame = background.copy()
        frame[y : y + face.shape[0], x : x + face.shape[1]] = face
        frames.append(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
    return frames


class ComponentTimes:
    """CPU seconds by component."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    @contextlib.contextmanager
    def measure(self, component: str) -> Iterator[None]:
        """Add the CPU time of this context to a component."""
        start = time.process_time()
        try:
            yield
        finally:
            self.seconds[component] += time.process_time() - start  # type: ignore[assignment]


class TimedLandmarker:
    """A landmarker whose time is measured."""

    def __init__(self, landmarker: Any, times: ComponentTimes):
        self.landmarker, self.times = landmarker, times

    def detect_landmarks(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks of faces in boxes."""
        with self.times.measure("landmarks"):
            return self.landmarker.detect_landmarks(image, boxes)

    def track(self, image: np.ndarray, landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks in the next frame."""
        with self.times.measure("landmarks"):
            return self.landmarker.track(image, landmarks)


class TimedLocalizer(FaceLocalizer):
    """A localizer whose detection and landmarks are measured."""

    def __init__(self, localizer: FaceLocalizer, times: ComponentTimes):
        def detect(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            with times.measure("detection"):
                return localizer.detector(image)

        landmarker = localizer.landmarker
        super().__init__(detect, None if landmarker is None else TimedLandmarker(landmarker, times))


class TimedRecognizer(Recognizer):
    """A recognizer whose components are measured."""

    localizer: FaceLocalizer

    def __init__(self, model: Any, **params: Any):
        super().__init__(model, **params)
        self.times = ComponentTimes()
        self.localizer = TimedLocalizer(self.localizer, self.times)
        self.search = dataclasses.replace(self.search, localizer=self.localizer)

    def predict_proba(self, X: Samples) -> np.ndarray:
        """Probabilities of classes."""
        with self.times.measure("features and classifier"):
            return super().predict_proba(X)


def measure_speed(live: LiveModel, X: Samples, landmarker: Any, frames: list[np.ndarray]) -> dict[str, Any]:
    """Frames per second, and milliseconds per frame of each component."""
    detector = FaceDetector(min_face=MIN_FACE if live.detect_interval > 1 else MIN_FACE_IN_EACH_FRAME)
    recognizer = TimedRecognizer(
        fit_model(live, X, calibration_cv=2),
        landmarker=None if live.params else landmarker,
        detector=detector,
        detect_interval=live.detect_interval,
    )
    for _ in recognizer.stream(frames[:N_WARMUP_FRAMES]):
        pass
    recognizer.times.seconds.clear()
    cpu, wall = time.process_time(), time.perf_counter()
    results = list(recognizer.stream(frames))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    n = len(frames)
    ms_per_frame = {name: 1000 * seconds / n for name, seconds in recognizer.times.seconds.items()}
    ms_per_frame["everything else"] = 1000 * cpu / n - sum(ms_per_frame.values())
    labelled = sum(bool(result.faces and result.faces[0].expression) for result in results)
    return {
        "name": live.name,
        "pipeline": live.pipeline,
        "target_fps": live.target_fps,
        "fps_cpu": n / cpu,
        "fps_wall": n / wall,
        "labelled_fraction": labelled / n,
        "ms_per_frame": ms_per_frame,
    }


def print_speed(row: dict[str, Any]) -> None:
    """Print the speed of one model."""
    components = sorted(row["ms_per_frame"].items(), key=lambda item: -item[1])
    listed = ", ".join(f"{name} {ms:.1f}" for name, ms in components)
    print(
        f"{row['name']} ({row['pipeline']}): {row['fps_cpu']:.0f} frames per second of CPU time "
        f"(target {row['target_fps']}), {row['fps_wall']:.0f} of wall time; "
        f"{100 * row['labelled_fraction']:.0f} % of frames with an expression; ms per frame: {listed}",
        flush=True,
    )


def measure_memory(n_frames: int, quick: bool) -> dict[str, Any]:
    """Peak memory of a process that predicts a video of `n_frames` frames."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "video.avi"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (320, 240))
        for start in range(0, n_frames, 100):
            for frame in moving_face(min(100, n_frames - start), (240, 320)):
                writer.write(frame)
        writer.release()
        return measure_in_subprocess(__file__, {"path": str(path), "quick": quick})


def predict_video(path: str, quick: bool) -> dict[str, Any]:
    """Number of faces in the frames of a video, and the peak memory of this process."""
    cv2.setNumThreads(1)
    with threadpool_limits(1):
        model = fit_model(CROP_MODELS[0], training_samples(quick), calibration_cv=0)
        stream = Recognizer(model, neutral="median", detect_interval=50).stream(path)
        n_faces = sum(len(result.faces) for result in stream)
    return {"n_faces": n_faces, "peak_memory_mib": peak_memory_mib()}


if __name__ == "__main__":
    sys.exit(main())
