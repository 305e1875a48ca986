"""How many times faster this package is than other libraries, compared with the history of such measurements.

    python experiments/bench.py --quick             fails if a ratio has fallen by more than a third
    python experiments/bench.py --quick --record    adds the ratios to the history

The history is `experiments/results/bench.json`, a list of records of all ratios. Each computation is compared with that
of a library on the same input in the same process, in one thread. Times are CPU times, the smallest of several rounds
in which the two alternate, so that other processes hardly matter. A ratio that seems to have fallen is measured again.
``--quick`` uses fewer images; ratios are compared with the last record of the same kind and processor. Ratios depend on
the processor: on one without a record, a ratio fails only below a third of the smallest recorded one.
"""

from __future__ import annotations

import argparse
import datetime
import platform
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
from bench_features import call_for_each, cpu_seconds
from classifier_benchmarks import Comparison, classifier_comparisons
from command_line import script_parser
from feature_benchmarks import benchmarks
from result_tables import RESULTS_DIR, print_header, print_row, read_json, write_json
from threadpoolctl import threadpool_limits

from fer_features import FerError
from fer_features.cli._parser import run_command
from fer_features.version import versions

#: Images of a batch, and images for the other libraries; and the same with --quick.
N_IMAGES, N_OTHER_IMAGES = 128, 8
QUICK_N_IMAGES, QUICK_N_OTHER_IMAGES = 32, 2
#: Rounds of a measurement, and measurements of a ratio that seems to have fallen.
N_ROUNDS, N_MEASUREMENTS = 3, 10
#: A ratio below this fraction of the recorded one is a failure: of the same processor, and of other ones.
MIN_FRACTION, MIN_FRACTION_OTHER_PROCESSOR = 2 / 3, 1 / 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__, "bench.json")
    parser.add_argument("--quick", action="store_true", help="few images")
    parser.add_argument("--record", action="store_true", help="add the ratios to the history instead of comparing them")
    options = parser.parse_args(arguments)
    return run_command(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Measure all ratios; record them or compare them with the history.

    Raises
    ------
    FerError
        If a ratio has fallen, or if there is nothing to compare with.
    """
    path = options.out or RESULTS_DIR / "bench.json"
    history = read_json(path).get("history", [])
    processor = processor_name()
    same_kind = [] if options.record else [record for record in history if record["quick"] == options.quick]
    if not (same_kind or options.record):
        raise FerError(f"{path} has no ratios to compare with: --record writes them")
    minimum = minimum_ratios(same_kind, processor)
    cv2.setNumThreads(1)
    ratios: dict[str, float] = {}
    print_header(["computation", "compared with", "times faster", "at least"])
    with threadpool_limits(1):
        for one in comparisons(options.quick):
            ratios[one.key] = round(ratio_of(one, minimum.get(one.key, 0.0)), 2)
            print_row([one.name, one.peer, ratios[one.key], minimum.get(one.key, "")])
    if options.record:
        record = {
            "date": datetime.date.today().isoformat(),
            "quick": options.quick,
            "processor": processor,
            "ratios": ratios,
            "versions": versions(),
        }
        write_json(path, {"history": [*history, record]})
        print(f"written to {path}")
        return
    if set(ratios) != set(minimum):
        changed = sorted(set(ratios) ^ set(minimum))
        raise FerError(f"computations were added or removed since the last record in {path}: {'; '.join(changed)}")
    fallen = [f"{key}: {ratio} times, at least {minimum[key]}" for key, ratio in ratios.items() if ratio < minimum[key]]
    if fallen:
        raise FerError(f"slower than the records in {path} permit on {processor}: {'; '.join(fallen)}")
    print(f"no ratio is below the minimum that the records in {path} give for {processor}")


def processor_name() -> str:
    """Vendor, family and model of the processor; its architecture where these are not known."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    values = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    parts = [values.get(name, "") for name in ("vendor_id", "cpu family", "model")]
    return " ".join(parts) if all(parts) else platform.machine()


def minimum_ratios(records: Sequence[dict[str, Any]], processor: str) -> dict[str, float]:
    """The ratio of each computation below which the script fails.

    Parameters
    ----------
    records : sequence of dict
        In the order of time.
    processor : str
        Its last record is used. Without one, the smallest ratio of the last records of all others, with more tolerance.
    """
    last = {record["processor"]: record["ratios"] for record in records}
    if processor in last:
        return {key: round(MIN_FRACTION * ratio, 2) for key, ratio in last[processor].items()}
    keys = list(records[-1]["ratios"]) if records else []
    smallest = {key: min(ratios[key] for ratios in last.values() if key in ratios) for key in keys}
    return {key: round(MIN_FRACTION_OTHER_PROCESSOR * ratio, 2) for key, ratio in smallest.items()}


def comparisons(quick: bool) -> Iterator[Comparison]:
    """All comparisons: of descriptors, of alignment, and of classifiers."""
    n_images, n_other = (QUICK_N_IMAGES, QUICK_N_OTHER_IMAGES) if quick else (N_IMAGES, N_OTHER_IMAGES)
    for benchmark in benchmarks(n_images):
        # The other library computes another optical flow than this package: a ratio would compare the methods.
        if callable(benchmark.skimage) and not benchmark.name.startswith("flow"):
            some = benchmark.inputs[:n_other]
            yield Comparison(
                benchmark.name,
                "scikit-image",
                partial(benchmark.ours, benchmark.inputs),
                partial(call_for_each, benchmark.skimage, some),
                len(benchmark.inputs) / len(some),
            )
    yield from classifier_comparisons(quick)


def ratio_of(comparison: Comparison, minimum: float) -> float:
    """CPU time of the other library divided by that of this package; measured again while it is below `minimum`."""
    ours, theirs = [], []
    for _ in range(N_MEASUREMENTS):
        for _ in range(N_ROUNDS):
            ours.append(cpu_seconds(comparison.ours))
            theirs.append(cpu_seconds(comparison.theirs))
        ratio = min(theirs) / max(min(ours), 1e-9) * comparison.work_ratio
        if ratio >= minimum:
            break
    return ratio


if __name__ == "__main__":
    sys.exit(main())
