"""The error contract of the commands, on hostile inputs, options, environments and signals.

`make torture` runs the same fuzzer for half an hour. Each violation is printed with the command that repeats its case.
"""

import sys
import time

import numpy as np
import pytest

from . import hostile_options
from .contract import Case, Outcome, snapshot, violations
from .fuzzer import CATEGORIES, PROCESSES, Fuzzer, cases, describe, table
from .templates import write_sequences

#: Cases of each category, and the time after which no further case is begun, in seconds.
N_SEEDS, MAX_SECONDS = 6, 10

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")


@pytest.mark.slow
def test_no_command_violates_the_contract():
    end = time.monotonic() + MAX_SECONDS
    with Fuzzer() as fuzzer:
        for category, seed in cases([*CATEGORIES, *PROCESSES]):
            if seed == N_SEEDS or time.monotonic() > end:
                break
            fuzzer.run(category, seed)
        print(table(fuzzer))
    assert not fuzzer.found, "\n".join(describe(*one) for one in fuzzer.found)


@pytest.mark.parametrize("make", [hostile_options.pipeline_parameters, hostile_options.grids])
def test_the_same_seed_gives_the_same_case(make, tmp_path):
    write_sequences(tmp_path)
    found = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        case = make(np.random.default_rng(3), tmp_path / name, tmp_path)
        found.append((case, snapshot(tmp_path / name)))
    assert found[0] == found[1]


VALID = Outcome(2, "error: one line\n")


@pytest.mark.parametrize(
    ("outcome", "after", "kind"),
    [
        (VALID, {"x": "1"}, None),
        (Outcome(0, "warning: one line\n"), {"x": "1", "out": "folder"}, None),
        (Outcome(None, ""), {"x": "1"}, "hang"),
        (Outcome(-11, ""), {"x": "1"}, "crash"),
        (Outcome(1, "Traceback (most recent call last):\nValueError\n"), {"x": "1"}, "internal error"),
        (Outcome(70, "error: this is a bug\n"), {"x": "1"}, "internal error"),
        (Outcome(1, "error: one line\n"), {"x": "1"}, "exit code"),
        (Outcome(2, ""), {"x": "1"}, "error lines"),
        (Outcome(2, "error: one\nerror: two\n"), {"x": "1"}, "error lines"),
        (Outcome(0, "libpng warning\n"), {"x": "1"}, "stray output"),
        (VALID, {"x": "2"}, "input changed"),
        (VALID, {}, "input changed"),
        (VALID, {"x": "1", "tmp/y": "1"}, "temporary file left"),
        (VALID, {"x": "1", ".fer.part": "1"}, "temporary file left"),
        (VALID, {"x": "1", "out/y": "1"}, "unexpected file"),
        (Outcome(2, "error: one line\n", processes=("python",)), {"x": "1"}, "process left"),
        (Outcome(2, "error: one line\n", memory_mb=9000.0), {"x": "1"}, "memory"),
    ],
)
def test_each_violation_is_found(outcome, after, kind):
    found = violations(Case(["run"]), outcome, {"x": "1"}, after)
    assert [one.partition(":")[0] for one in found] == ([] if kind is None else [kind])


def test_success_with_a_wrong_input_is_a_violation():
    case = Case(["check"], must_fail=True)
    assert violations(case, Outcome(1, ""), {}, {}) == ["accepted: success where the input is wrong"]
    assert violations(Case(["check"]), Outcome(1, ""), {}, {}) == []
