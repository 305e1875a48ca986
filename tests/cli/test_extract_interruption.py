"""An extraction that is killed leaves complete blocks only, and continues to the same files with the same command."""

import signal

import pytest

from fer_features.cli import main
from fer_features.datasets.shards import MANIFEST
from fer_features.workflow import feature_shards

from .conftest import signalled

#: Blocks after which an extraction is killed.
N_BLOCKS = 3
#: The command with small blocks, which waits within each file after these, so that it is killed while it writes.
SLOW_COMMAND = f"""
import sys, time
from fer_features.cli import main
from fer_features.workflow import feature_shards, shard_folder

feature_shards.SAMPLES_PER_SHARD = 5
write, blocks = shard_folder.write_file, []

def write_slowly(path, content):
    if bytes(content[:6]) == b"\\x93NUMPY":
        blocks.append(path)
    if len(blocks) > {N_BLOCKS}:
        path.write_bytes(bytes(content)[:100])
        time.sleep(60)
    write(path, content)

shard_folder.write_file = write_slowly
sys.argv.insert(1, "extract")
sys.exit(main())
"""


def content_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def interrupted(words, out, signal_number):
    """Exit code and messages of an extraction in a session of its own that gets a signal while it writes a block."""

    def has_blocks():
        return (out / MANIFEST).exists() and (out / MANIFEST).read_bytes().count(b"block-") >= N_BLOCKS

    words = [*words, "--out", str(out)]
    return signalled(SLOW_COMMAND, words, out.with_name("log"), signal_number, has_blocks, pause=0.2)


@pytest.mark.parametrize(("signal_number", "n_jobs"), [(signal.SIGKILL, 2), (signal.SIGINT, 1)])
def test_a_killed_extraction_leaves_complete_blocks_and_continues(
    labelled_clips, tmp_path, signal_number, n_jobs, monkeypatch
):
    words = ["--pipeline", "landmarks_ridge", *labelled_clips, "--pca", "4", "--n-jobs", str(n_jobs)]
    code, log = interrupted(words, tmp_path / "out", signal_number)
    if signal_number == signal.SIGINT:
        assert code == 130, log
        assert "complete blocks are kept in" in log
    else:
        assert code == -signal_number
    monkeypatch.setattr(feature_shards, "SAMPLES_PER_SHARD", 5)
    assert main(["extract", *words, "--out", str(tmp_path / "expected"), "--quiet"]) == 0
    expected, kept = content_of(tmp_path / "expected"), content_of(tmp_path / "out")
    blocks = [name for name in kept if name.endswith(".npy")]
    assert len(blocks) == N_BLOCKS
    assert all(kept[name] == expected[name] for name in blocks)  # none is half written
    assert main(["extract", *words, "--out", str(tmp_path / "out"), "--quiet"]) == 0
    assert content_of(tmp_path / "out") == expected
