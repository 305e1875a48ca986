"""Parallel computation in worker processes."""

import signal

import pytest
from joblib import delayed

from fer_features._parallel import parallel


def power_and_handler(x):
    return x**2, signal.getsignal(signal.SIGINT) == signal.SIG_IGN


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_results_are_in_order_and_workers_only_ignore_ctrl_c(n_jobs):
    before = signal.getsignal(signal.SIGINT)
    results = parallel(n_jobs, batch_size=1)(delayed(power_and_handler)(x) for x in range(5))
    assert next(results) == (0, n_jobs > 1)
    assert list(results) == [(x**2, n_jobs > 1) for x in range(1, 5)]
    assert signal.getsignal(signal.SIGINT) == before
