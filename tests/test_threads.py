"""Threads: results in order, few of them pending, and an early end after an error."""

import threading

import pytest

from fer_features import _threads as threads
from fer_features._threads import map_in_threads


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_results_come_in_order_and_few_are_computed_ahead(n_threads, monkeypatch):
    monkeypatch.setattr(threads, "cpu_count", lambda: n_threads)
    started, lock = [], threading.Lock()

    def negate(item):
        with lock:
            started.append(item)
        return -item

    for n_used, result in enumerate(map_in_threads(negate, list(range(40)))):
        assert result == -n_used
        assert len(started) <= n_used + threads.MAX_PENDING_PER_THREAD * n_threads
    assert sorted(started) == list(range(40))


def test_error_cancels_the_remaining_items(monkeypatch):
    monkeypatch.setattr(threads, "cpu_count", lambda: 2)
    started = []

    def fail_at_three(item):
        started.append(item)
        if item == 3:
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(map_in_threads(fail_at_three, list(range(100))))
    assert len(started) < 20
