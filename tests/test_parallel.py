"""Parallel computation in worker processes."""

import os
import signal
import time

import pytest
from joblib import delayed

from fer_features import FerError
from fer_features._parallel import parallel, shutdown_workers
from fer_features.cli._guard import guard


def power_and_handler(x):
    return x**2, signal.getsignal(signal.SIGINT) == signal.SIG_IGN


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_results_are_in_order_and_workers_only_ignore_ctrl_c(n_jobs):
    before = signal.getsignal(signal.SIGINT)
    results = parallel((delayed(power_and_handler)(x) for x in range(5)), 5, n_jobs, batch_size=1)
    assert next(results) == (0, n_jobs > 1)
    assert list(results) == [(x**2, n_jobs > 1) for x in range(1, 5)]
    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.parametrize(("n_jobs", "n_calls"), [(40, 1), (-1, 1), (1, 0)])
def test_there_are_not_more_processes_than_calls(n_jobs, n_calls):
    assert list(parallel((delayed(os.getpid)() for _ in range(n_calls)), n_calls, n_jobs)) == [os.getpid()] * n_calls


@pytest.mark.parametrize("n_jobs", [0, -2, 1.5, "2", None])
def test_other_numbers_of_jobs_are_refused(n_jobs):
    with pytest.raises(FerError, match=r"n_jobs is .*: a number of processes of at least 1 is needed, or -1"):
        parallel([], 0, n_jobs)


def test_a_killed_worker_is_an_error_of_one_line(capsys):
    def work():
        list(parallel((delayed(os._exit)(3) for _ in range(2)), 2, 2))

    assert guard(work) == 2
    assert capsys.readouterr().err.startswith("error: a worker process was killed, probably for lack of memory")


def test_workers_that_compute_can_be_ended():
    results = parallel((delayed(time.sleep)(seconds) for seconds in (0, 600)), 2, 2, batch_size=1)
    next(results)
    start = time.monotonic()
    shutdown_workers()
    assert time.monotonic() - start < 30
