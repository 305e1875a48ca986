"""Tests of progress: items pass through unchanged, and messages appear only where they are enabled."""

import contextlib
import io
import re
import sys
import time
import warnings
from types import SimpleNamespace

import pytest

from fer_features import _progress as module
from fer_features._progress import log, progress, progress_enabled, stage, stages


@pytest.fixture(autouse=True)
def delay(monkeypatch):
    """The delays that commands use; other tests have longer ones."""
    monkeypatch.setattr(module, "DELAY_SECONDS", 1.0)
    monkeypatch.setattr(module, "LOG_INTERVAL_SECONDS", 10.0)


@pytest.fixture
def clock(monkeypatch, delay):
    """A clock that only the test advances."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(module._LogLines, "latest", -module.LOG_INTERVAL_SECONDS)
    return clock


class Terminal(io.StringIO):
    """A terminal: interprets carriage returns."""

    def isatty(self):
        return True

    def lines(self):
        """Visible lines that are not blank."""
        visible = []
        for line in self.getvalue().split("\n"):
            cells = []
            for text in line.split("\r"):
                cells[: len(text)] = text
            visible.append("".join(cells).rstrip())
        return [line for line in visible if line]


@pytest.fixture
def terminal(monkeypatch):
    """Standard error as a terminal, with bars that are drawn at once and at every item."""
    terminal = Terminal()
    # The module's own name: pytest replaces `sys.stderr` between the fixture and the test.
    monkeypatch.setattr(module, "sys", SimpleNamespace(stderr=terminal, modules=sys.modules))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(module, "DELAY_SECONDS", 0)
    monkeypatch.setattr(module, "REFRESH_SECONDS", 0)
    return terminal


def work(clock, seconds, n=10):
    """Items of which each takes some seconds."""
    for i in range(n):
        clock.now += seconds
        yield i


def test_items_pass_through_in_order(clock):
    assert list(progress(work(clock, 5), 10, "x")) == list(range(10))
    with progress_enabled():
        assert list(progress(work(clock, 5), 10, "x")) == list(range(10))
        assert list(progress([], 0, "x")) == []


def test_items_pass_through_a_bar(terminal):
    with progress_enabled():
        assert list(progress(range(10), 10, "x")) == list(range(10))
        assert list(progress([], 0, "x")) == []


@pytest.mark.parametrize("enabled", [False, True])
def test_items_are_taken_one_at_a_time(enabled):
    taken = []

    def source():
        for i in range(3):
            taken.append(i)
            yield i

    with progress_enabled(enabled):
        stream = progress(source(), 3, "x")
        next(stream)
    assert taken == [0]


def test_nothing_is_printed_by_default(clock, capsys):
    list(progress(work(clock, 100), 10, "x"))
    log("x")
    with stages(1):
        stage("x")
    assert capsys.readouterr() == ("", "")


def test_nothing_is_printed_after_the_context_ended_by_an_exception(clock, capsys):
    with pytest.raises(ValueError, match="no"), progress_enabled():
        raise ValueError("no")
    list(progress(work(clock, 100), 10, "x"))
    assert capsys.readouterr() == ("", "")


def test_enabled_false_keeps_the_outer_setting(capsys):
    with progress_enabled(False):
        log("hidden")
    with progress_enabled(), progress_enabled(False):
        log("printed")
    assert capsys.readouterr().err == "printed\n"


def test_short_work_prints_nothing(clock, capsys):
    with progress_enabled():
        list(progress(work(clock, module.DELAY_SECONDS / 11), 10, "x"))
    assert capsys.readouterr() == ("", "")


def test_short_work_draws_no_bar(terminal, monkeypatch):
    monkeypatch.setattr(module, "DELAY_SECONDS", 30)
    with progress_enabled():
        list(progress(range(100), 100, "x"))
    assert terminal.getvalue() == ""


def test_long_work_prints_plain_lines_at_intervals_and_at_the_end(clock, capsys):
    with progress_enabled():
        list(progress(work(clock, 4), 10, "folds"))
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"(folds: \d+ of 10, about \d+ s left\n)+", err)
    assert [int(n) for n in re.findall(r"(\d+) of 10", err)] == [3, 6, 9, 10]
    assert "about 0 s left" in err.splitlines()[-1]


def test_remaining_time_is_the_mean_time_per_item_times_the_remaining_items(clock, capsys):
    with progress_enabled():
        stream = progress(work(clock, 20, n=3), 10, "x")
        for _ in range(2):
            next(stream)
    assert "1 of 10, about 180 s left" in capsys.readouterr().err


def test_nested_loops_share_the_interval_of_plain_lines(clock, capsys):
    with progress_enabled():
        for _ in progress(range(4), 4, "folds"):
            list(progress(work(clock, 3), 10, "images"))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "folds 0/4: images: 4 of 10, about 18 s left"
    assert {line.split(":")[0] for line in lines} == {"folds 0/4", "folds 1/4", "folds 2/4", "folds 3/4"}
    assert len(lines) <= 120 / module.LOG_INTERVAL_SECONDS + 5  # and one at the end of each loop


def test_a_dumb_terminal_gets_plain_lines(clock, terminal, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    with progress_enabled():
        list(progress(work(clock, 4), 10, "folds"))
    assert terminal.lines()[-1] == "folds: 10 of 10, about 0 s left"
    assert "\r" not in terminal.getvalue()


def test_a_bar_is_one_line_that_disappears(terminal):
    with progress_enabled():
        list(progress(range(10), 10, "folds"))
    text = terminal.getvalue()
    assert "\n" not in text
    assert terminal.lines() == []
    assert list(dict.fromkeys(re.findall(r"folds: +\d+%.* (\d+)/10 ", text.replace("\r", "\n")))) == [
        str(done) for done in range(1, 11)
    ]


def test_nested_bars_use_one_line(terminal):
    with progress_enabled():
        for _ in progress(range(2), 2, "folds"):
            list(progress(range(3), 3, "images"))
    text = terminal.getvalue()
    assert "\n" not in text
    assert "\x1b[A" not in text
    assert terminal.lines() == []
    shown = re.findall(r"((?:folds \d/2: )?\w+): +\d+%.*? (\d/\d) ", text.replace("\r", "\n"))
    assert ("folds 0/2: images", "2/3") in shown
    assert ("folds 1/2: images", "3/3") in shown
    assert ("folds", "1/2") in shown


def test_a_message_does_not_garble_a_bar(terminal):
    with progress_enabled():
        for i in progress(range(4), 4, "folds"):
            if i == 2:
                log("the model takes 2 GB")
    assert terminal.lines() == ["the model takes 2 GB"]


def test_an_exception_in_the_loop_passes_through_and_removes_the_bar(terminal):
    def failing():
        yield 1
        raise KeyError("gone")

    with progress_enabled(), pytest.raises(KeyError, match="gone"):
        list(progress(failing(), 2, "x"))
    assert terminal.lines() == []
    assert module._running == []


def test_an_exception_of_the_caller_removes_the_bars(terminal):
    def interrupted():
        for _ in progress(range(2), 2, "folds"):
            for i in progress(range(5), 5, "images"):
                if i == 3:
                    raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught, progress_enabled():
        interrupted()
    assert terminal.lines() == []
    assert caught.tb is not None  # the traceback keeps the loops alive
    assert module._running == []


def test_a_loop_can_end_outside_the_context(terminal):
    with progress_enabled():
        stream = progress(range(3), 3, "x")
        next(stream)
    assert list(stream) == [1, 2]
    assert terminal.lines() == []


def test_a_loop_that_is_left_early_removes_its_bar(terminal):
    with progress_enabled():
        for i in progress(range(5), 5, "x"):
            if i == 3:
                break
        log("after")
    assert terminal.lines() == ["after"]
    assert module._running == []


def test_a_label_can_change(clock, capsys):
    best = iter(range(100))
    with progress_enabled():
        list(progress(work(clock, 20), 10, lambda: f"best {next(best)}"))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == [f"best {i}" for i in range(len(lines))]
    assert len(lines) == 10


def test_stages_that_last_are_numbered(monkeypatch, capsys):
    monkeypatch.setattr(module, "DELAY_SECONDS", 0.05)
    with progress_enabled(), stages(3):
        stage("read")
        stage("fit")
        time.sleep(0.2)
        stage("predict")
    assert capsys.readouterr().err == "stage 2 of 3: fit\n"


def test_stages_print_their_duration_with_timings(clock, capsys):
    with progress_enabled(timings=True), stages(2):
        stage("read")
        clock.now += 3.25
        stage("fit")
    assert capsys.readouterr().err == "stage 1 of 2: read: 3.2 s\nstage 2 of 2: fit: 0.0 s\n"


def test_stages_of_a_nested_context_are_not_printed(clock, capsys):
    with progress_enabled(timings=True), stages(1):
        stage("search")
        with stages(2):
            stage("evaluate")
        clock.now += 1
    assert capsys.readouterr().err == "stage 1 of 1: search: 1.0 s\n"


def test_stages_end_with_their_context(monkeypatch, capsys):
    monkeypatch.setattr(module, "DELAY_SECONDS", 0.05)
    with contextlib.suppress(ValueError), progress_enabled(), stages(1):
        stage("read")
        raise ValueError
    time.sleep(0.15)
    stage("outside")
    assert capsys.readouterr().err == ""


def test_a_notebook_without_widgets_gets_a_bar_and_no_warning(terminal, monkeypatch):
    terminal.isatty = lambda: False
    shell = SimpleNamespace(kernel=None, config={"IPKernelApp": {}})
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    module._tqdm.cache_clear()
    with warnings.catch_warnings(), progress_enabled():
        warnings.simplefilter("error")
        list(progress(range(3), 3, "folds"))
    module._tqdm.cache_clear()
    assert "folds: 100%" in terminal.getvalue()
    assert terminal.lines() == []
