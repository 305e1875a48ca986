"""The table of speeds still runs, on a few pictures; no time is asserted."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "experiments" / "bench_features.py"


def test_the_table_runs_and_is_kept_as_it_was_printed(tmp_path):
    out = tmp_path / "rows.json"
    done = subprocess.run([sys.executable, SCRIPT, "--quick", "--out", out], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = json.loads(out.read_text())["rows"]
    for row in rows:
        assert f"| {row['work']} | {row['ours_us']:,.1f} us |" in done.stdout
        assert "skimage_ratio" in row
        assert ("opencv_ratio" in row) != ("opencv_note" in row)
    for word in ("HOG", "LBP", "Gabor", "alignment", "Farneback", "DIS"):
        for size in (48, 128):
            assert any(word in row["work"] and f"{size} px" in row["work"] for row in rows)
    assert any("Fisher" in row["work"] for row in rows)
    assert "OpenCV 5 has no HOGDescriptor" in done.stdout
