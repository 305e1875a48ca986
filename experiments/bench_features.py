"""Run time and memory of each descriptor, compared with scikit-image and OpenCV on the same images in the same run.

    python experiments/bench_features.py            the table, on one core
    python experiments/bench_features.py --quick    few images, once, to test the script

The images are crops of the rendered faces of the synthetic demo, so that no files are needed. Times are CPU times for
one image or pair: medians of five rounds in which the libraries alternate. BLAS, OpenMP and OpenCV use one thread. The
memory is the peak that numpy allocated in the first call, including the result but not the input.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import cv2
from command_line import script_parser
from feature_benchmarks import Benchmark, Input, benchmarks
from measurement import MIB, peak_memory_mib
from result_tables import RESULTS_DIR, print_header, print_row, write_json
from threadpoolctl import threadpool_limits

from fer_features.cli._parser import int_at_least, run_command
from fer_features.version import versions

#: Images of the batch, images for the other libraries, and rounds; and the same with --quick.
N_IMAGES, N_OTHER_IMAGES, N_ROUNDS = 128, 8, 5
QUICK_N_IMAGES, QUICK_N_OTHER_IMAGES, QUICK_N_ROUNDS = 4, 1, 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__, "bench_features.json")
    parser.add_argument("--quick", action="store_true", help="few images, one round")
    parser.add_argument("--n-images", type=int_at_least(1), default=N_IMAGES, metavar="N", help="images of a batch")
    options = parser.parse_args(arguments)
    return run_command(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Measure all computations, print the table and write it."""
    n_images, n_other, n_rounds = options.n_images, N_OTHER_IMAGES, N_ROUNDS
    if options.quick:
        n_images, n_other, n_rounds = QUICK_N_IMAGES, QUICK_N_OTHER_IMAGES, QUICK_N_ROUNDS
    cv2.setNumThreads(1)
    print_header(["computation", "fer_features", "scikit-image", "speed-up", "OpenCV", "speed-up", "peak MiB"])
    results, notes = [], []
    with threadpool_limits(1):
        for benchmark in benchmarks(n_images):
            result = measure(benchmark, n_other, n_rounds)
            results.append(result)
            keys = [key for key in ("skimage_note", "opencv_note") if key in result]
            notes += [f"{benchmark.name}: {result[key]}" for key in keys]
            print_row(table_cells(result))
    print("\n".join(dict.fromkeys(notes)))
    peak = round(peak_memory_mib())
    out = options.out or RESULTS_DIR / "bench_features.json"
    record = {"results": results, "n_rounds": n_rounds, "n_images": n_images, "peak_memory_mib": peak}
    write_json(out, {**record, "versions": versions()})
    print(f"peak memory of the process {peak} MiB; written to {out}")


def measure(benchmark: Benchmark, n_other: int, n_rounds: int) -> dict[str, Any]:
    """Median CPU times for one input, their ratios to ours, and the peak memory of our first call."""
    tracemalloc.start()
    benchmark.ours(benchmark.inputs)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    some = benchmark.inputs[:n_other]
    others = {"skimage": benchmark.skimage, "opencv": benchmark.opencv}
    times: dict[str, list[float]] = {name: [] for name in ("fer_features", *others)}
    for _ in range(n_rounds):
        seconds = cpu_seconds(partial(benchmark.ours, benchmark.inputs))
        times["fer_features"].append(seconds / len(benchmark.inputs))
        for name, function in others.items():
            if callable(function):
                times[name].append(cpu_seconds(partial(call_for_each, function, some)) / len(some))
    result: dict[str, Any] = {"computation": benchmark.name, "peak_mib": round(peak / MIB, 1)}
    result["fer_features_us"] = statistics.median(times["fer_features"]) * 1e6
    for name, function in others.items():
        if callable(function):
            result[f"{name}_us"] = statistics.median(times[name]) * 1e6
            result[f"{name}_ratio"] = result[f"{name}_us"] / max(result["fer_features_us"], 1e-3)
        else:
            result[f"{name}_note"] = function
    return result


def call_for_each(function: Callable[..., object], inputs: list[Input]) -> None:
    """Call a function of single inputs for each input."""
    for one in inputs:
        function(*one)


def cpu_seconds(call: Callable[[], object]) -> float:
    """CPU time of a call."""
    start = time.process_time()
    call()
    return time.process_time() - start


def table_cells(result: dict[str, Any]) -> list[str]:
    """Cells of the table for one computation."""
    cells = [result["computation"], f"{result['fer_features_us']:,.1f} us"]
    for name in ("skimage", "opencv"):
        has_time = f"{name}_us" in result
        cells += [f"{result[f'{name}_us']:,.1f} us", f"{result[f'{name}_ratio']:.1f}"] if has_time else ["-", "-"]
    return [*cells, str(result["peak_mib"])]


if __name__ == "__main__":
    sys.exit(main())
