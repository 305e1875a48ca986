"""Run time and memory of feature extraction: from files to features, and as a function of the number of samples.

    python experiments/bench_scale.py --data DIR    a fer22 folder, then growth and cores on the synthetic demo
    python experiments/bench_scale.py               growth and cores alone
    python experiments/bench_scale.py --fer2013 CSV     only features in files, on copies of the images of FER2013
    python experiments/bench_scale.py --quick       few samples, to test the script

Files: loading is included, no features are cached, and subjects are not inferred. Growth: the samples of the demo are
repeated in fer22 files in a temporary folder, so that pixels are read when they are needed. Each size and each number
of cores is measured in a process of its own. Its memory beyond that of the imports has three parts: the columns that
are read at once (landmarks and labels), the working memory of extraction, and the feature table.

Features in files: CPU time and memory of extraction and of training block by block for several numbers of samples,
accuracy on FER2013, and from these the costs of millions of images; see `block_benchmarks`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import block_benchmarks
import h5py
import numpy as np
from command_line import script_parser
from joblib import cpu_count
from measurement import MIB, measure_in_subprocess, peak_memory_mib
from result_tables import RESULTS_DIR, ResultFile, fixed, print_header, print_row, write_json

from fer_features import FerError, Samples, load_dataset, make_pipeline
from fer_features.cli._parser import int_at_least, run_command
from fer_features.datasets.fer22 import FER22, load_fer22
from fer_features.extractors.features import named_extractors
from fer_features.pipelines import transformed
from fer_features.synthetic import generate
from fer_features.version import versions

#: Features of a fer22 folder: what they are, pipeline, its parameters, and the target in seconds.
FILES: tuple[tuple[str, str, dict[str, Any], int], ...] = (
    ("landmark features", "landmarks_trajectory_geometry_svm", {}, 1),
    ("HOG, LBP, flow from neutral to apex", "hog_lbp_flow_svm", {}, 8),
    ("flow from neutral to every later frame", "flow_svm", {"features__flow__pairs": "clip"}, 60),
)
#: Extractors whose growth and threads are measured.
EXTRACTOR_NAMES = ("hog", "lbp", "flow", "landmarks")
#: How often the samples of the demo are repeated.
N_REPEATS = (1, 4, 16)
QUICK_N_REPEATS = (1, 2)
#: Numbers of images whose features are kept in files.
N_IMAGES = (50_000, 100_000, 200_000)
QUICK_N_IMAGES = (60, 120)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__, "bench_scale.json")
    parser.add_argument("--data", type=Path, metavar="DIR", help="a folder of fer22 files")
    parser.add_argument("--fer2013", type=Path, metavar="CSV", help="fer2013.csv, for features in files")
    parser.add_argument("--quick", action="store_true", help="12 samples, repeated 1 and 2 times; 60 and 120 images")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="for copies and features of FER2013, which are kept")
    parts = block_benchmarks.PARTS
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts, help="of the measurements on FER2013")
    parser.add_argument("--recompute", action="store_true", help="compute stored results on FER2013 again")
    parser.add_argument("--rounds", type=int_at_least(1), default=1, metavar="N", help="report the fastest of N rounds")
    parser.add_argument("--measure", metavar="JSON", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        return run_command(lambda: print(json.dumps(measured(**json.loads(options.measure)))))
    return run_command(lambda: run_blocks(options) if options.fer2013 else run(options))


def run(options: argparse.Namespace) -> None:
    """Measure everything, print the tables and write them."""
    if options.data and not FER22.can_load(options.data):
        raise FerError(f"{options.data} is not a folder of fer22 files: it has no data_train_*.h5")
    record: dict[str, Any] = {"n_cores": cpu_count(), "n_rounds": options.rounds}
    if options.data:
        record["data"], record["files"] = options.data.name, measure_files(options.data, options.rounds)
    with tempfile.TemporaryDirectory() as folder:
        record["growth"] = measure_growth(Path(folder), options.quick)
        record["threads"] = measure_threads(Path(folder) / "1", options.rounds)
    out = options.out or RESULTS_DIR / "bench_scale.json"
    write_json(out, {**record, "versions": versions()})
    print(f"\nwritten to {out}")


def run_blocks(options: argparse.Namespace) -> None:
    """Measure features in files."""
    results = ResultFile(options.out or RESULTS_DIR / "bench_scale-fer2013.json", options.recompute)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        sizes = QUICK_N_IMAGES if options.quick else N_IMAGES
        measurements = block_benchmarks.Measurements(__file__, results, options.fer2013, folder, sizes, options.rounds)
        if "growth" in options.parts or "cluster" in options.parts:
            work = measurements.growth()
        if "accuracy" in options.parts:
            measurements.accuracy(options.quick)
        if "cluster" in options.parts:
            measurements.costs(work)
    print(f"\nwritten to {results.path}")


def measured(function: str = "extraction_cost", **task: Any) -> dict[str, Any]:
    """The result of a measurement by its name, in this process."""
    return {"extraction_cost": extraction_cost, **block_benchmarks.MEASUREMENTS}[function](**task)


def measure_files(data: Path, n_rounds: int) -> list[dict[str, Any]]:
    """Time from files to features for each entry of `FILES`."""
    print_header(["from files to features", "samples", "features", "seconds", "CPU seconds", "target"])
    results = []
    for features, pipeline, params, target in FILES:
        cost = fastest_round({"folder": str(data), "pipeline": pipeline, "params": params}, n_rounds)
        results.append({"work": features, "target_seconds": target, **cost})
        times = [fixed(cost[key], 2) for key in ("seconds", "cpu_seconds")]
        print_row([features, cost["n_samples"], cost["n_features"], *times, target])
    return results


def measure_growth(folder: Path, quick: bool) -> list[dict[str, Any]]:
    """Time and memory on the repeated samples of the demo."""
    print()
    parts = ("columns", "work", "table", "peak")
    print_header(["demo", "samples", "seconds", "ms per sample", *(f"{part} MiB" for part in parts)])
    X, results = demo_samples(quick), []
    for n_repeats in QUICK_N_REPEATS if quick else N_REPEATS:
        write_repeated(X, n_repeats, folder / str(n_repeats))
        task = {"folder": str(folder / str(n_repeats)), "pipeline": "_".join([*EXTRACTOR_NAMES, "svm"])}
        cost = measure_in_subprocess(__file__, {**task, "discard_first": True})
        results.append({"n_repeats": n_repeats, **cost})
        times = [fixed(cost["seconds"], 1), fixed(1000 * cost["seconds"] / cost["n_samples"], 1)]
        memory = [fixed(cost[f"{part}_mib"], 0) for part in parts]
        print_row([f"{n_repeats} x", cost["n_samples"], *times, *memory])
    return results


def measure_threads(folder: Path, n_rounds: int) -> list[dict[str, Any]]:
    """Time of each extractor on one core and on two."""
    print()
    print_header(["extractor", "seconds on 1 core", "on 2 cores", "speed-up"])
    results = []
    for name in EXTRACTOR_NAMES:
        task = {"folder": str(folder), "pipeline": f"{name}_svm"}
        one, two = (fastest_round(task, n_rounds, n_cores)["seconds"] for n_cores in (1, 2))
        results.append({"extractor": name, "seconds_1_core": one, "seconds_2_cores": two})
        print_row([name, fixed(one, 2), fixed(two, 2), fixed(one / two, 2)])
    return results


def demo_samples(quick: bool) -> Samples:
    """The labelled samples of the demo; with `quick` a few samples of the same kind."""
    if not quick:
        X = load_dataset("demo")
        return X[X.is_labelled]
    sequences = generate(n_subjects=2, n_test_subjects=0, n_repeats=1, n_frames=2)
    return Samples.from_arrays(sequences.images, sequences.landmarks, sequences.label, sequences.subject)


def write_repeated(X: Samples, n_repeats: int, folder: Path) -> None:
    """Write repeated samples as fer22 files, in batches that keep the memory of this process small."""
    folder.mkdir()
    for name, dtype in (("images", np.uint8), ("landmarks", np.float32), ("labels", np.float64)):
        column = X.column(name.removesuffix("s") if name == "labels" else name)
        stem = f"data_train_{name}"
        with h5py.File(folder / f"{stem}.h5", "w") as file:
            data = file.create_dataset(stem, (n_repeats * len(X), *np.shape(column)[1:]), dtype)
            for start in range(0, len(X), 16):
                batch = column[X.indices[start : start + 16]]
                for k in range(n_repeats):
                    data[k * len(X) + start : k * len(X) + start + len(batch)] = batch


def fastest_round(task: dict[str, Any], n_rounds: int, n_cores: int | None = None) -> dict[str, Any]:
    """The fastest of some rounds, each in a process of its own."""
    rounds = [measure_in_subprocess(__file__, task, n_cores) for _ in range(n_rounds)]
    return min(rounds, key=lambda cost: cost["seconds"])


def extraction_cost(
    folder: str, pipeline: str, params: dict[str, Any] | None = None, discard_first: bool = False
) -> dict[str, Any]:
    """Time and memory of extracting the features of the training split of a fer22 folder, in this process.

    Parameters
    ----------
    folder : str
    pipeline : str
        Pipeline specification.
    params : dict, optional
        Parameters of the pipeline.
    discard_first : bool, default=False
        Extract all features once before and discard them. The memory that this takes is the working memory, without the
        feature table.
    """
    model = make_pipeline(pipeline, **(params or {}))
    memory_imports = peak_memory_mib()
    start, cpu_start = time.perf_counter(), time.process_time()
    X = load_fer22(Path(folder))
    X = transformed(model, X[X["split"] == "train"])
    loading, cpu_loading = time.perf_counter() - start, time.process_time() - cpu_start
    memory_columns = peak_memory_mib()
    extractors = [extractor.fit(X) for _, extractor in named_extractors(model)]
    if discard_first:
        for extractor in extractors:
            for _ in extractor.extract_batches(X):
                pass
    memory_work = peak_memory_mib()
    start, cpu_start = time.perf_counter(), time.process_time()
    tables = [extractor.transform(X) for extractor in extractors]
    return {
        "n_samples": len(X),
        "n_features": sum(table.shape[1] for table in tables),
        "seconds": loading + time.perf_counter() - start,
        "cpu_seconds": cpu_loading + time.process_time() - cpu_start,
        "columns_mib": memory_columns - memory_imports,
        "work_mib": memory_work - memory_columns,
        "table_mib": sum(table.nbytes for table in tables) / MIB,
        "peak_mib": peak_memory_mib(),
    }


if __name__ == "__main__":
    sys.exit(main())
