"""A search that is killed continues with the same command, and ends as an uninterrupted one."""

import json
import signal

import pytest

from fer_features.cli.search import main

from .conftest import signalled
from .test_search import without_times

#: Lines of the journal after which a search is killed, of 51.
N_LINES = 14

#: The command, which waits after each of these lines, so that it is not finished before it is killed.
SLOW_COMMAND = f"""
import sys, time
from fer_features.cli import main
from fer_features.model_selection.journal import Journal

add = Journal.add

def add_and_wait(journal, key, fit):
    add(journal, key, fit)
    time.sleep(0.2 if len(journal.results) > {N_LINES} else 0)

Journal.add = add_and_wait
sys.argv.insert(1, "search")
sys.exit(main())
"""


@pytest.fixture(scope="module")
def options(labelled_clips):
    shrinkage = ",".join(str(i / 7) for i in range(1, 5))
    grid = ("--set", "features__landmarks__n_apex_frames=1,3", "--set", f"classifier__shrinkage={shrinkage}")
    return ["--pipeline", "landmarks_lda", *labelled_clips, *grid, "--cv", "2fold", "--nested", "2fold"]


@pytest.fixture(scope="module")
def uninterrupted(options, tmp_path_factory):
    out = tmp_path_factory.mktemp("search") / "out"
    assert main([*options, "--out", str(out)]) == 0
    return without_times(out)


def kill_search(command, journal, signal_number):
    """Start a search in a session of its own, kill it when its journal has some lines, and wait for all processes."""

    def has_lines():
        # Some lines more, so that all workers are running.
        return journal.exists() and journal.read_bytes().count(b"\n") > N_LINES + 5

    return signalled(SLOW_COMMAND, command, journal.parent.with_name("log"), signal_number, has_lines)


@pytest.mark.slow
@pytest.mark.parametrize(("signal_number", "n_jobs"), [(signal.SIGKILL, 2), (signal.SIGINT, 2), (signal.SIGTERM, 1)])
def test_a_killed_search_continues_and_ends_as_an_uninterrupted_one(
    options, uninterrupted, tmp_path, signal_number, n_jobs, capsys
):
    out = tmp_path / "out"
    command = [*options, "--n-jobs", str(n_jobs), "--out", str(out)]
    code, messages = kill_search(command, out / "journal.jsonl", signal_number)
    if signal_number == signal.SIGKILL:
        assert code == -signal.SIGKILL
    else:
        assert code == 128 + signal_number, messages
        assert "Traceback" not in messages
        assert "the same command continues the search" in messages.splitlines()[-1]
    n_done = (out / "journal.jsonl").read_bytes().count(b"\n") - 1
    assert n_done >= N_LINES
    assert not (out / "scores.json").exists()
    assert main([*options, "--out", str(out)]) == 0
    assert f", {n_done} of them found in the journal" in capsys.readouterr().out
    entries = [json.loads(line) for line in (out / "journal.jsonl").read_text().splitlines()[1:]]
    assert len({(e["outer_fold"], e["candidate"], e["fold"]) for e in entries}) == len(entries)
    assert without_times(out) == uninterrupted
    assert not [p for p in (*out.iterdir(), *tmp_path.iterdir()) if p.name.endswith(".part")]
