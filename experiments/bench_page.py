"""Speed of the live page from end to end, shares of several cameras, and memory over time.

    python experiments/bench_page.py               30 minutes and some more
    python experiments/bench_page.py --minutes 2   memory for a shorter time
    python experiments/bench_page.py --quick       few seconds, to test the script

The command ``fer-features live`` runs as a process of its own. Chromium shows its page with a fake camera: a video of
640 x 480 pixels at 30 frames per second in which the photograph of an astronaut of scikit-image moves in front of
another photograph. A frame counts when its result is on the page; its delay is the time from the capture of the image
to the end of drawing. The model compares faces with the neutral face; it is fitted on the synthetic demo, and its
predictions are not evaluated. The cameras that share a server are connections without a browser, each of which sends
the next frame after the answer. Memory is the resident memory of the server, and the heap of the page.

Run it on a machine that does nothing else: the browser, the server and the fake camera share the cores.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
from bench_live import moving_face, training_samples
from command_line import script_parser
from joblib import cpu_count
from result_tables import RESULTS_DIR, write_json
from websockets.sync.client import connect

from fer_features import FerError, make_pipeline
from fer_features.cli._parser import int_at_least, run_command
from fer_features.trained_model import TrainedModel, fit_on_training_samples
from fer_features.version import versions

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT))
from tests.reports.browser import Browser, find_browser  # noqa: E402

PIPELINE = "hogdiff_landmarks_linear"
#: Targets on two cores.
TARGET_FPS, TARGET_DELAY_MS, TARGET_SHARE = 25, 80, 0.7
#: Cameras that share a server.
N_CAMERAS = 4
#: Seconds before a measurement, in which the page reaches its speed.
WARMUP_SECONDS = 3.0
#: Seconds between two measurements of memory.
MEMORY_INTERVAL_SECONDS = 10.0

#: Number, delay and state of the frames that are shown in a number of seconds.
COLLECT = """new Promise(resolve => {
    const label = document.getElementById('expression'), delays = [], start = performance.now();
    const first = Number(label.dataset.frame);
    const timer = setInterval(() => delays.push(Number(document.getElementById('delay').textContent)), 250);
    setTimeout(() => {
        clearInterval(timer);
        const seconds = (performance.now() - start) / 1000;
        resolve({fps: (Number(label.dataset.frame) - first) / seconds, delays, state: label.textContent});
    }, SECONDS * 1000);
})"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__, "bench_page.json")
    parser.add_argument("--minutes", type=int_at_least(1), default=30, metavar="N", help="duration for the memory")
    parser.add_argument("--seconds", type=int_at_least(1), default=20, metavar="N", help="duration for the speed")
    parser.add_argument("--quick", action="store_true", help="2 s for the speed and 20 s for the memory")
    options = parser.parse_args(arguments)
    return run_command(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Measure, print and write the results."""
    if find_browser() is None:
        raise FerError("Chromium or Chrome is needed: apt-get install chromium")
    seconds, memory_seconds = (2, 20) if options.quick else (options.seconds, 60 * options.minutes)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frames = [cv2.imencode(".jpg", frame)[1].tobytes() for frame in moving_face(190)]
        (folder / "camera.mjpeg").write_bytes(b"".join(frames))
        fit_model(folder / "model", options.quick)
        with live_command(folder / "model") as (process, address):
            shares = camera_shares(address, frames, seconds)
            print(
                f"{N_CAMERAS} cameras: {', '.join(f'{fps:.1f}' for fps in shares)} frames per second, the slowest "
                f"{min(shares) / max(shares):.2f} of the fastest (target {TARGET_SHARE})",
                flush=True,
            )
            with Browser(
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={folder / 'camera.mjpeg'}",
            ) as browser:
                browser.open(address, 1280)
                browser.wait("Number(document.getElementById('fps').textContent) > 0")
                time.sleep(WARMUP_SECONDS)
                speed = page_speed(browser, seconds)
                print(
                    f"page: {speed['fps']:.1f} frames per second (target {TARGET_FPS}), median delay "
                    f"{speed['delay_ms']:.0f} ms (target below {TARGET_DELAY_MS}); {cpu_count()} cores",
                    flush=True,
                )
                memory = memory_over_time(browser, process.pid, memory_seconds)
                errors = browser.errors()
    growth = {key: memory[-1][key] - memory[len(memory) // 5][key] for key in ("server_mib", "page_mib")}
    print(
        f"memory from minute {memory[len(memory) // 5]['minute']:.1f} to minute {memory[-1]['minute']:.1f}: server "
        f"{growth['server_mib']:+.1f} MiB of {memory[-1]['server_mib']:.0f}, page {growth['page_mib']:+.1f} MiB of "
        f"{memory[-1]['page_mib']:.0f}; {memory[-1]['frame']} frames, {len(errors)} errors on the console"
    )
    out = options.out or RESULTS_DIR / "bench_page.json"
    record = {"versions": versions(), "n_cores": cpu_count(), "page": speed, "cameras_fps": shares, "memory": memory}
    write_json(out, record)
    print(f"\nwritten to {out}")


def fit_model(folder: Path, quick: bool) -> None:
    """Fit a model on the demo, with probabilities, and save it."""
    X = training_samples(quick)
    model = fit_on_training_samples(make_pipeline(PIPELINE, calibration_cv=2), X)
    TrainedModel(model, X, PIPELINE).save(folder)


@contextlib.contextmanager
def live_command(model: Path) -> Iterator[tuple[subprocess.Popen, str]]:
    """The process of ``fer-features live``, and the address of its page."""
    command = [sys.executable, "-m", "fer_features", "live", "--model", str(model), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(30)


def page_speed(browser: Browser, seconds: float) -> dict[str, Any]:
    """Frames per second on the page, and the median over time of the median delay that it shows."""
    found = browser.value(COLLECT.replace("SECONDS", str(seconds)))
    return {"fps": found["fps"], "delay_ms": statistics.median(found["delays"]), "state": found["state"]}


def camera_shares(address: str, frames: list[bytes], seconds: float) -> list[float]:
    """Frames per second of cameras that share a server."""
    url = address.replace("http", "ws", 1).replace("/?", "/live?")
    counts, stop = [0] * N_CAMERAS, threading.Event()
    barrier = threading.Barrier(N_CAMERAS + 1)

    def send(number: int) -> None:
        with connect(url, max_size=None) as socket:
            socket.recv()
            barrier.wait()
            while not stop.is_set():
                i = counts[number]
                socket.send(struct.pack("<d", i / 30) + frames[i % len(frames)])
                assert json.loads(socket.recv())["type"] == "result"
                counts[number] += 1

    threads = [threading.Thread(target=send, args=(number,)) for number in range(N_CAMERAS)]
    for thread in threads:
        thread.start()
    barrier.wait()
    start = time.perf_counter()
    time.sleep(seconds)
    stop.set()
    elapsed = time.perf_counter() - start
    for thread in threads:
        thread.join()
    return [n_frames / elapsed for n_frames in counts]


def memory_over_time(browser: Browser, pid: int, seconds: float) -> list[dict[str, float]]:
    """Memory of the server and of the page, at regular times."""
    browser.call("Performance.enable")
    start, rows = time.monotonic(), []
    while time.monotonic() < start + seconds:
        browser.call("HeapProfiler.collectGarbage")
        metrics = {one["name"]: one["value"] for one in browser.call("Performance.getMetrics")["metrics"]}
        row = {
            "minute": (time.monotonic() - start) / 60,
            "server_mib": resident_memory_mib(pid),
            "page_mib": metrics["JSHeapUsedSize"] / 2**20,
            "frame": int(browser.value("document.getElementById('expression').dataset.frame")),
        }
        rows.append(row)
        time.sleep(min(MEMORY_INTERVAL_SECONDS, seconds / 10))
    return rows


def resident_memory_mib(pid: int) -> float:
    """Resident memory of a process in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


if __name__ == "__main__":
    sys.exit(main())
