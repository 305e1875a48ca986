"""Laws of progress: the items come through whatever is shown, and nothing is shown that was not asked for."""

import contextlib
import io
import re
import sys
from types import SimpleNamespace

import pytest

from fer_features import _progress as module
from fer_features._progress import progress, shown


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still but for what a test adds to it."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


class Terminal(io.StringIO):
    def isatty(self):
        return True


def work(clock, seconds, n=10):
    """Items that take some seconds each."""
    for i in range(n):
        clock.now += seconds
        yield i


def test_items_come_through_in_order_shown_or_not(clock):
    assert list(progress(work(clock, 5), 10, "x")) == list(range(10))
    with shown():
        assert list(progress(work(clock, 5), 10, "x")) == list(range(10))
        assert list(progress([], 0, "x")) == []


@pytest.mark.parametrize("show", [False, True])
def test_items_are_taken_one_at_a_time(show):
    taken = []

    def source():
        for i in range(3):
            taken.append(i)
            yield i

    with shown() if show else contextlib.nullcontext():
        stream = progress(source(), 3, "x")
        next(stream)
    assert taken == [0]


def test_nothing_is_printed_unless_asked_for(clock, capsys):
    list(progress(work(clock, 100), 10, "x"))
    assert capsys.readouterr() == ("", "")


def test_nothing_is_printed_after_shown_has_ended_even_by_an_error(clock, capsys):
    with pytest.raises(ValueError, match="no"), shown():
        raise ValueError("no")
    list(progress(work(clock, 100), 10, "x"))
    assert capsys.readouterr() == ("", "")


def test_short_work_says_nothing(clock, capsys):
    with shown():
        list(progress(work(clock, module.PATIENCE / 11), 10, "x"))
    assert capsys.readouterr() == ("", "")


def test_short_work_draws_no_bar_on_a_terminal_either(clock, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with shown():
        list(progress(work(clock, module.PATIENCE / 4, n=3), 3, "x"))
    assert terminal.getvalue() == ""


def test_long_work_says_plain_lines_on_standard_error_seldom_and_a_last_one(clock, capsys):
    with shown():
        list(progress(work(clock, 4), 10, "folds"))
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"(folds: \d+ of 10, about \d+ s left\n)+", err)
    assert [int(n) for n in re.findall(r"(\d+) of 10", err)] == [3, 6, 9, 10]
    assert "about 0 s left" in err.splitlines()[-1]


def test_time_left_is_time_an_item_by_items_left(clock, capsys):
    with shown():
        stream = progress(work(clock, 20, n=3), 10, "x")
        for _ in range(2):
            next(stream)
    assert "1 of 10, about 180 s left" in capsys.readouterr().err


def test_a_terminal_gets_one_line_that_is_gone_at_the_end(clock, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with shown():
        list(progress(work(clock, 2), 10, "folds"))
    text = terminal.getvalue()
    assert "\n" not in text
    assert text.endswith("\r\x1b[K")
    bars = re.findall(r"\[([#.]*)\] (\d+)/10", text)
    assert [int(done) for _, done in bars] == list(range(1, 11))
    assert {len(bar) for bar, _ in bars} == {24}
    assert bars[-1][0] == 24 * "#"


def test_an_error_in_the_work_comes_through(clock):
    def broken():
        yield 1
        raise KeyError("gone")

    with shown(), pytest.raises(KeyError, match="gone"):
        list(progress(broken(), 2, "x"))


def test_a_label_may_change_as_work_goes_on(clock, capsys):
    best = iter(range(100))
    with shown():
        list(progress(work(clock, 20), 10, lambda: f"best {next(best)}"))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == [f"best {i}" for i in range(len(lines))]
    assert len(lines) == 10
