"""How long features take from files to table, and how time and memory grow with the data.

    python experiments/bench_scale.py --data DIR    a fer22 folder first, then growth and cores on the demo
    python experiments/bench_scale.py               growth and cores alone
    python experiments/bench_scale.py --quick       few rows: does the script still run?

Files: loading included, nothing kept from before, subjects not inferred. Growth: the demo's rows repeated in fer22
files in a temporary folder, so that pixels are read when they are needed. Each size and each number of cores is
measured in a process of its own. Its memory beyond what importing takes is told in three parts: columns that are read
whole (landmarks, labels), the work of describing all rows when nothing is kept of them, and the table of features.
Writes the figures as JSON to experiments/results/.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
from joblib import cpu_count

from fer_features import make_pipeline
from fer_features import synthetic as demo
from fer_features._atomic import replacing
from fer_features.cli._parser import Parser, guarded, whole
from fer_features.datasets import fer22
from fer_features.exceptions import FerError
from fer_features.extractors.features import extractors_of
from fer_features.pipelines import prepared
from fer_features.samples.table import Samples
from fer_features.version import versions

#: Of a fer22 folder: what is described, as a pipeline, its parameters, and the seconds it should stay below.
FILES = (
    ("landmark features", "landmarks_trajectory_geometry_svm", {}, 1),
    ("HOG, LBP, flow from neutral to apex", "hog_lbp_flow_svm", {}, 8),
    ("flow from neutral to every later frame", "flow_svm", {"features__flow__pairs": "clip"}, 60),
)
GROWTH = "hog_lbp_flow_landmarks_svm"
TIMES = 1, 4, 16
QUICK_ROWS = 24
MB = 2**20


def main() -> int:
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, metavar="DIR", help="a folder of fer22 files")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS} rows of the demo, 1 and 2 times")
    parser.add_argument("--rounds", type=whole(1), default=1, metavar="N", help="the shortest of N is told (1)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="JSON (experiments/results/bench-scale.json)")
    parser.add_argument("--one", metavar="JSON", help=argparse.SUPPRESS)  # what a process of its own is to do
    options = parser.parse_args()
    if options.one:
        return guarded(lambda: print(json.dumps(one(**json.loads(options.one)))))
    return guarded(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    if options.data and not fer22.recognises(options.data):
        raise FerError(f"{options.data} is not a folder of fer22 files: it has no data_train_*.h5")
    record: dict = {"cores": cpu_count(), "rounds": options.rounds}
    if options.data:
        record["data"], record["files"] = str(options.data.name), from_files(options.data, options.rounds)
    with tempfile.TemporaryDirectory() as folder:
        record["growth"] = growth(Path(folder), options.quick)
        record["threads"] = threads(Path(folder) / "1", options.rounds)
    out = options.out or Path(__file__).parent / "results" / "bench-scale.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as temporary:
        temporary.write_text(json.dumps({**record, "versions": versions()}, indent=1) + "\n")
    print(f"\nwritten to {out}")


def from_files(data: Path, rounds: int) -> list[dict]:
    """Seconds from files to table for each line of `FILES`."""
    print("| from files to table | rows | features | seconds | CPU seconds | bar |\n|---|---|---|---|---|---|")
    found = []
    for what, pipeline, params, bar in FILES:
        row = measure({"folder": str(data), "pipeline": pipeline, "params": params}, rounds)
        found.append({"work": what, "bar": bar, **row})
        cells = what, row["rows"], row["features"], f"{row['seconds']:.2f}", f"{row['cpu']:.2f}", bar
        print(f"| {' | '.join(map(str, cells))} |", flush=True)
    return found


def growth(folder: Path, quick: bool) -> list[dict]:
    """Time and memory on the demo repeated."""
    print("\n| demo | rows | seconds | ms a row | columns MB | work MB | table MB | peak MB |\n" + "|---" * 8 + "|")
    X = demo.load() if not quick else demo.load()[:QUICK_ROWS]
    X, found = X[X["label"] >= 0], []
    for times in (1, 2) if quick else TIMES:
        write(X, times, folder / str(times))
        row = {"times": times, **alone({"folder": str(folder / str(times)), "pipeline": GROWTH, "stream": True})}
        found.append(row)
        cells = [f"{times} x", row["rows"], f"{row['seconds']:.1f}", f"{row['seconds'] / row['rows'] * 1e3:.1f}"]
        cells += [f"{row[key]:.0f}" for key in ("columns_mb", "work_mb", "table_mb", "peak_mb")]
        print(f"| {' | '.join(map(str, cells))} |", flush=True)
    return found


def threads(folder: Path, rounds: int) -> list[dict]:
    """The same work on one core and on two."""
    print("\n| extractor | seconds on 1 core | on 2 | times as fast |\n|---|---|---|---|")
    found = []
    for name in GROWTH.split("_")[:-1]:
        work = {"folder": str(folder), "pipeline": f"{name}_svm"}
        one, two = (measure(work, rounds, cores=n)["seconds"] for n in (1, 2))
        found.append({"extractor": name, "one": one, "two": two})
        print(f"| {name} | {one:.2f} | {two:.2f} | {one / two:.2f} |", flush=True)
    return found


def write(X: Samples, times: int, folder: Path) -> None:
    """Rows repeated in fer22 files, a block at a time: this process must not grow, for those it starts inherit it."""
    folder.mkdir()
    for name, dtype in (("images", np.uint8), ("landmarks", np.float32), ("labels", np.float64)):
        column = X.column(name.removesuffix("s") if name == "labels" else name)
        stem = f"data_train_{name}"
        with h5py.File(folder / f"{stem}.h5", "w") as file:
            data = file.create_dataset(stem, (times * len(X), *np.shape(column)[1:]), dtype)
            for start in range(0, len(X), 16):
                block = column[X.rows[start : start + 16]]
                for k in range(times):
                    data[k * len(X) + start : k * len(X) + start + len(block)] = block


def measure(work: dict, rounds: int, cores: int | None = None) -> dict:
    """The shortest of some rounds, each in a process of its own."""
    return min((alone(work, cores) for _ in range(rounds)), key=lambda row: row["seconds"])


def alone(work: dict, cores: int | None = None) -> dict:
    """What `one` finds in a new process, on so many cores where told."""
    # Where a process can be held to some cores, all its threads are; elsewhere those of the extractors at least.
    environment = {**os.environ, **({"LOKY_MAX_CPU_COUNT": str(cores)} if cores else {})}
    hold = None
    if cores and hasattr(os, "sched_setaffinity"):
        some = sorted(os.sched_getaffinity(0))[:cores]
        hold = lambda: os.sched_setaffinity(0, some)  # noqa: E731
    command = [sys.executable, __file__, "--one", json.dumps(work)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, preexec_fn=hold, check=False)
    if done.returncode:
        raise FerError(f"the process for {work['pipeline']} on {work['folder']} ended with {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def one(folder: str, pipeline: str, params: dict | None = None, stream: bool = False) -> dict:
    """Seconds and memory of describing the training part of a fer22 folder, in this process.

    With `stream` all rows are first described and forgotten, which tells the memory of the work from the table's.
    """
    model = make_pipeline(pipeline, **(params or {}))
    imported = memory()
    start, cpu = time.perf_counter(), time.process_time()
    X = fer22.load(Path(folder))
    X = prepared(model, X[X["split"] == "train"])
    loaded, reading = memory(), (time.perf_counter() - start, time.process_time() - cpu)
    extractors = [extractor.fit(X) for _, extractor in extractors_of(model)]
    if stream:
        for extractor in extractors:
            for _ in extractor._batches(X):
                pass
    worked = memory()
    start, cpu = time.perf_counter() - reading[0], time.process_time() - reading[1]
    tables = [extractor.transform(X) for extractor in extractors]
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return {
        "rows": len(X),
        "features": sum(table.shape[1] for table in tables),
        "seconds": seconds,
        "cpu": cpu,
        "columns_mb": (loaded - imported) / MB,
        "work_mb": (worked - loaded) / MB,
        "table_mb": sum(table.nbytes for table in tables) / MB,
        "peak_mb": memory() / MB,
    }


def memory() -> float:
    """Peak of this process in bytes."""
    # What Linux tells by getrusage counts in the peak of the process that started this one.
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) * 1024 for line in status.open() if line.startswith("VmHWM"))
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    sys.exit(main())
