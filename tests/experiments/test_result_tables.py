"""Files of results: computed once, complete at every time, and errors in one line."""

import json

import pytest

from fer_features import FerError


def test_a_result_is_computed_once(script, tmp_path):
    path, calls = tmp_path / "new" / "results.json", []

    def compute():
        calls.append(1)
        return {"accuracy": 0.5}

    for recompute in (False, False, True):
        file = script("result_tables").ResultFile(path, recompute)
        assert file.get("a", compute) == {"accuracy": 0.5}
        assert json.loads(path.read_text()) == {"a": {"accuracy": 0.5}}
    assert len(calls) == 2


def test_results_before_an_error_remain(script, tmp_path):
    path = tmp_path / "results.json"
    file = script("result_tables").ResultFile(path)
    file.get("a", lambda: {"accuracy": 0.5})
    with pytest.raises(ZeroDivisionError):
        file.get("b", lambda: {"accuracy": 1 / 0})
    assert json.loads(path.read_text()) == {"a": {"accuracy": 0.5}}


def test_an_invalid_file_raises(script, tmp_path):
    (tmp_path / "results.json").write_text("{")
    with pytest.raises(FerError, match=r"results\.json is not a JSON file"):
        script("result_tables").ResultFile(tmp_path / "results.json")


def test_tables_are_markdown(script, capsys):
    tables = script("result_tables")
    tables.print_header(["a", "b"])
    tables.print_row(["x", tables.fixed(0.1234), tables.fixed(None)])
    assert capsys.readouterr().out == "| a | b |\n|---|---|\n| x | 0.123 |  |\n"
