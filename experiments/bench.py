"""How many times faster this package is than other libraries, compared with the history of such measurements.

    python experiments/bench.py --quick             fails if a ratio has fallen by more than a third
    python experiments/bench.py --quick --record    adds the ratios to the history

The history is `experiments/results/bench.json`, a list of records of all ratios. Each computation is compared with that
of a library on the same input in the same process, in one thread. Times are CPU times, the smallest of several rounds
in which the two alternate, so that other processes hardly matter. A ratio that seems to have fallen is measured again.
``--quick`` uses fewer images; ratios are compared with the last record of the same kind. Ratios depend on the
processor: where they differ for that reason, add a record of the new machine.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Iterator, Sequence
from functools import partial

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
N_ROUNDS, N_MEASUREMENTS = 3, 4
#: A ratio below this fraction of the recorded one is a failure.
MIN_FRACTION = 2 / 3


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
    same_kind = [record["ratios"] for record in history if record["quick"] == options.quick]
    if not (same_kind or options.record):
        raise FerError(f"{path} has no ratios to compare with: --record writes them")
    recorded: dict[str, float] = {} if options.record else same_kind[-1]
    cv2.setNumThreads(1)
    ratios: dict[str, float] = {}
    print_header(["computation", "compared with", "times faster", "recorded"])
    with threadpool_limits(1):
        for one in comparisons(options.quick):
            ratios[one.key] = round(ratio_of(one, recorded.get(one.key, 0.0) * MIN_FRACTION), 2)
            print_row([one.name, one.peer, ratios[one.key], recorded.get(one.key, "")])
    if options.record:
        record = {
            "date": datetime.date.today().isoformat(),
            "quick": options.quick,
            "ratios": ratios,
            "versions": versions(),
        }
        write_json(path, {"history": [*history, record]})
        print(f"written to {path}")
        return
    if set(ratios) != set(recorded):
        changed = sorted(set(ratios) ^ set(recorded))
        raise FerError(f"computations were added or removed since the last record in {path}: {'; '.join(changed)}")
    fallen = [
        f"{key}: {ratio} times, recorded {recorded[key]}"
        for key, ratio in ratios.items()
        if ratio < MIN_FRACTION * recorded[key]
    ]
    if fallen:
        raise FerError(f"slower by more than a third than the last record in {path}: {'; '.join(fallen)}")
    print(f"no ratio is below two thirds of the last record in {path}")


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
