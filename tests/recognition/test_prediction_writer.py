"""Tables of predictions in CSV and JSON."""

import csv
import json

import pytest

from fer_features import FerError
from fer_features.recognition.prediction_writer import open_prediction_writer
from fer_features.recognition.records import RECORD_COLUMNS, PredictionRecord

RECORDS = [
    PredictionRecord("a", 0, 0.0, 1, expression="joy", probabilities={"joy": 0.75, "fear": 0.25}),
    PredictionRecord("b", 0, 0.0, status="no face"),
    PredictionRecord("a", 0, 0.0, 1, status="summary", expression="joy", probabilities={"joy": 0.75, "fear": 0.25}),
]


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_records_are_written(tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    with open_prediction_writer(path, ["joy", "fear"]) as writer:
        for record in RECORDS:
            writer.add(record)
        assert not path.exists()
    if suffix == ".json":
        content = json.loads(path.read_text())
        assert content["classes"] == ["joy", "fear"]
        assert content["frames"] == [record.to_dict() for record in RECORDS[:2]]
        assert content["tracks"] == [RECORDS[2].to_dict()]
        return
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [*RECORD_COLUMNS, "probability_joy", "probability_fear"]
    assert [row["status"] for row in rows] == ["ok", "no face", "summary"]
    assert rows[1]["probability_joy"] == ""


@pytest.mark.parametrize("name", ["=1+1", "+a", "-a", "@a", "\t=1"])
def test_names_are_not_formulas_in_a_spreadsheet(tmp_path, name):
    with open_prediction_writer(tmp_path / "out.csv", [name]) as writer:
        writer.add(PredictionRecord(name, expression=name, x=-2.5, probabilities={name: 1.0}))
    with open(tmp_path / "out.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["file"], row["expression"], row["x"]) == (f"'{name}", f"'{name}", "-2.5")
    assert row[f"probability_{name}"] == "1.0"


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_names_that_are_not_utf8_are_written(tmp_path, suffix):
    with open_prediction_writer(tmp_path / f"out{suffix}", []) as writer:
        writer.add(PredictionRecord("a\udcff.png", status="unreadable"))
    assert "udcff" in (tmp_path / f"out{suffix}").read_text(encoding="utf-8")


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(FerError, match=r"\.csv or \.json"), open_prediction_writer(tmp_path / "out.txt", []):
        pass


def test_no_writer_without_a_path():
    with open_prediction_writer(None, []) as writer:
        assert writer is None
