"""A bounded fuzzer of the commands: hostile inputs, options and signals, which are determined by a seed.

python -m tests.torture.fuzzer --seconds 1800                # all categories, with totals
python -m tests.torture.fuzzer --category images --seed 17   # one case again; its folder is kept
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from .contract import Case, Outcome, snapshot, violations
from .hostile_images import class_folders, openface_tables, predictions
from .hostile_layouts import file_tables, foreign_trees, landmark_files, packed_files
from .hostile_models import changed_caches, changed_models, changed_runs, full_disks
from .hostile_options import grids, option_values, pipeline_parameters
from .hostile_sequences import damaged_sequences
from .hostile_tables import damaged_fer2013, subject_files
from .processes import interrupted_command, odd_environment
from .templates import make_templates

ROOT = Path(__file__).parents[2]
#: Category -> function that writes the files of a case and returns it.
CATEGORIES: dict[str, Callable[[np.random.Generator, Path, Path], Case]] = {
    "sequences": damaged_sequences,
    "fer2013": damaged_fer2013,
    "subjects": subject_files,
    "images": class_folders,
    "tables": file_tables,
    "trees": foreign_trees,
    "packed": packed_files,
    "landmarks": landmark_files,
    "predict": predictions,
    "openface": openface_tables,
    "options": option_values,
    "parameters": pipeline_parameters,
    "grids": grids,
    "models": changed_models,
    "runs": changed_runs,
    "caches": changed_caches,
    "disks": full_disks,
}
#: Categories whose commands are processes of their own: signals and variables concern the imports too.
PROCESSES: dict[str, Callable[[np.random.Generator, Path, Path], tuple[Case, Outcome]]] = {
    "signals": interrupted_command,
    "environment": odd_environment,
}
#: Longer commands count as hanging, in seconds; on an idle machine none needs more than 10.
TIME_LIMIT = 60.0


class Fuzzer:
    """Runs cases in a folder; a context manager, which removes the folder.

    Attributes
    ----------
    totals : Counter
        Cases by category.
    found : list of (category, seed, command line, violation)
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="torture-"))
        self.totals: collections.Counter[str] = collections.Counter()
        self.found: list[tuple[str, int, str, str]] = []
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        self._worker = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.worker"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.templates = self.folder / "templates"
        (self.templates / "tmp").mkdir(parents=True)
        make_templates(self.templates, self._run_valid)

    def __enter__(self) -> Fuzzer:
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.kill()
        self._worker.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, category: str, seed: int) -> list[str]:
        """Run one case and return its violations; the folder of a case without any is removed."""
        rng = np.random.default_rng([seed, zlib.crc32(category.encode())])
        folder = self.folder / f"{category}-{seed}"
        (folder / "tmp").mkdir(parents=True)
        if category in PROCESSES:
            case, outcome = PROCESSES[category](rng, folder, self.templates)
            after = snapshot(folder)
            before = {name: what for name, what in after.items() if (self.templates / name).exists()}
        else:
            case = CATEGORIES[category](rng, folder, self.templates)
            before = snapshot(folder)
            outcome = self._run(case, folder)
            after = snapshot(folder)
        found = violations(case, outcome, before, after)
        self.totals[category] += 1
        self.found += [(category, seed, shlex.join(case.arguments), violation) for violation in found]
        if not found:
            shutil.rmtree(folder, ignore_errors=True)
            for suffix in (".stdout", ".stderr"):
                Path(f"{folder}{suffix}").unlink(missing_ok=True)
        return found

    def _run(self, case: Case, folder: Path) -> Outcome:
        request = {"arguments": case.arguments, "folder": str(folder), "limit": TIME_LIMIT}
        assert self._worker.stdin is not None
        assert self._worker.stdout is not None
        self._worker.stdin.write(json.dumps(request | {"max_file_size": case.max_file_size}) + "\n")
        self._worker.stdin.flush()
        answer = json.loads(self._worker.stdout.readline())
        return Outcome(answer["code"], answer["stderr"], answer["memory_mb"], tuple(answer["processes"]))

    def _run_valid(self, arguments: list[str]) -> None:
        outcome = self._run(Case(arguments), self.templates)
        if outcome.code != 0:
            raise RuntimeError(f"{shlex.join(arguments)}: {outcome.stderr}")


def cases(categories: list[str], first_seed: int = 0) -> Iterator[tuple[str, int]]:
    """Categories in turn, with increasing seeds, without an end."""
    seed = first_seed
    while True:
        for category in categories:
            yield category, seed
        seed += 1


def table(fuzzer: Fuzzer) -> str:
    """Numbers of cases and of violations by category, and the violations."""
    kinds = sorted({violation.partition(":")[0] for *_, violation in fuzzer.found})
    lines = [f"{'category':12s}{'cases':>7s}{'failed':>8s}  " + ", ".join(kinds)]
    for category, n in fuzzer.totals.items():
        of_category = [one for one in fuzzer.found if one[0] == category]
        n_failed = len({seed for _, seed, _, _ in of_category})
        counts = [sum(one[3].startswith(kind + ":") for one in of_category) for kind in kinds]
        lines.append(f"{category:12s}{n:7d}{n_failed:8d}  " + ", ".join(map(str, counts)))
    n_failed = len({one[:2] for one in fuzzer.found})
    lines.append(f"{'total':12s}{sum(fuzzer.totals.values()):7d}{n_failed:8d}")
    return "\n".join(lines)


def describe(category: str, seed: int, command: str, violation: str) -> str:
    """A violation, and the command that repeats its case."""
    again = f"python -m tests.torture.fuzzer --category {category} --seed {seed}"
    return f"{violation[:300]}\n    fer-features {command[:300]}\n    {again}"


def main() -> int:
    """Run cases for some time, or one case; returns 1 after a violation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="end after this time")
    parser.add_argument("--n-seeds", type=int, default=sys.maxsize, help="end after so many cases of each category")
    parser.add_argument("--category", choices=[*CATEGORIES, *PROCESSES], action="append")
    parser.add_argument("--seed", type=int, help="run this case only, and keep its folder")
    parser.add_argument("--first-seed", type=int, default=0)
    options = parser.parse_args()
    categories = options.category or [*CATEGORIES, *PROCESSES]
    with Fuzzer() as fuzzer:
        if options.seed is not None:
            found = [violation for category in categories for violation in fuzzer.run(category, options.seed)]
            kept = fuzzer.folder.with_name(f"{fuzzer.folder.name}-{categories[0]}-{options.seed}")
            shutil.copytree(fuzzer.folder, kept, symlinks=True, ignore=_special_files)
            print("\n".join(found) or "no violation", f"\n{kept}")
            return int(bool(found))
        end = time.monotonic() + options.seconds
        for category, seed in cases(categories, options.first_seed):
            if time.monotonic() > end or seed - options.first_seed >= options.n_seeds:
                break
            for violation in fuzzer.run(category, seed):
                print(describe(category, seed, fuzzer.found[-1][2], violation), flush=True)
        print(table(fuzzer), flush=True)
    return int(bool(fuzzer.found))


def _special_files(folder: str, names: list[str]) -> list[str]:
    paths = [Path(folder, name) for name in names]
    return [one.name for one in paths if not (one.is_symlink() or one.is_file() or one.is_dir())]


if __name__ == "__main__":
    sys.exit(main())
