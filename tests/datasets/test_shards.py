"""Folders of features that are damaged, incomplete or of another extraction: one line, and the same command repairs."""

import contextlib
import io
import json
import resource
import shutil
import signal
import zipfile

import numpy as np
import pytest

from fer_features import FerError, Samples, evaluate, load_dataset, run_experiment
from fer_features.datasets.shards import MANIFEST
from fer_features.samples import feature_blocks
from fer_features.workflow import feature_shards
from fer_features.workflow.feature_shards import write_shards

PIPELINE = "landmarks_ridge"


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(feature_shards, "SAMPLES_PER_SHARD", 10)
    monkeypatch.setattr(feature_blocks, "_compared", set())


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    label = np.arange(24) % 3
    points = rng.normal(size=(24, 2, 68, 2)) + label[:, None, None, None] * np.linspace(0, 1, 68)[:, None]
    ids = rng.permutation(24).astype(str)  # in no order
    return Samples.from_arrays(landmarks=points, label=label, subject=np.arange(24) // 6, id=ids)


@pytest.fixture(scope="module")
def extracted(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feature_shards, "SAMPLES_PER_SHARD", 10)
        write_shards(PIPELINE, table, folder)
    return folder


@pytest.fixture
def shards(extracted, tmp_path):
    return shutil.copytree(extracted, tmp_path / "out")


def edit_line(folder, number, **changes):
    lines = [json.loads(line) for line in (folder / MANIFEST).read_text().splitlines()]
    lines[number] |= changes
    (folder / MANIFEST).write_text("".join(json.dumps(line) + "\n" for line in lines))


def rewrite(path, change):
    np.save(path, change(np.load(path)))


BLOCK = "block-000001"


def unpack_to(path, n_bytes, n_values=None):
    """Replace a file by a small archive of an array of zeros, which may say that it is larger."""
    header = io.BytesIO()
    shape = (n_values or n_bytes,)
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("usable.npy", "w") as file:
        file.write(header.getvalue() + bytes(n_bytes))


#: What is done to a folder, part of the message, and whether the same command repairs it.
DAMAGES = {
    "truncated array": (lambda f: (f / f"{BLOCK}.npy").write_bytes((f / f"{BLOCK}.npy").read_bytes()[:-40]), "npy", 1),
    "empty array": (lambda f: (f / f"{BLOCK}.npy").write_bytes(b""), "npy", 1),
    "other type": (lambda f: rewrite(f / f"{BLOCK}.npy", lambda x: x.astype(int)), "it holds int64", 1),
    "other precision": (lambda f: rewrite(f / f"{BLOCK}.npy", lambda x: x.astype("f2")), "others than", 1),
    "other width": (lambda f: rewrite(f / f"{BLOCK}.npy", lambda x: x[:, 1:]), "it holds float32 of the shape", 1),
    "another block": (lambda f: shutil.copy(f / "block-000000.npy", f / f"{BLOCK}.npy"), "others than", 1),
    "changed value": (
        lambda f: rewrite(f / f"{BLOCK}.npy", lambda x: x + (x == x.max())),
        "others than",
        1,
    ),
    "missing array": (lambda f: (f / f"{BLOCK}.npy").unlink(), f"{BLOCK}.npy cannot be read", 1),
    "missing columns": (lambda f: (f / f"{BLOCK}.npz").unlink(), "is damaged", 1),
    "columns of another block": (lambda f: shutil.copy(f / "block-000000.npz", f / f"{BLOCK}.npz"), "other values", 1),
    "damaged columns": (lambda f: (f / f"{BLOCK}.npz").write_bytes(b"PK\3\4"), "is damaged", 1),
    "small archive": (lambda f: unpack_to(f / f"{BLOCK}.npz", 110_000_000), r"unpack to 1100\d+, more than", 1),
    "shape without values": (lambda f: unpack_to(f / f"{BLOCK}.npz", 10, 10**15), "does not fit into memory", 1),
    "missing line": (
        lambda f: (f / MANIFEST).write_text(
            "".join((f / MANIFEST).read_text().splitlines(True)[:3] + ['{"complete":24}\n'])
        ),
        "numbers of samples differ",
        1,
    ),
    "number of samples": (lambda f: edit_line(f, 0, n_samples=25), "numbers of samples differ", 0),
    "size of a block": (lambda f: edit_line(f, 3, n=9), "other values", 0),
    "no extractors": (lambda f: edit_line(f, 1, extraction={}), "is damaged", 0),
    "texts for numbers": (lambda f: edit_line(f, 0, n_blocks="many"), "is damaged", 0),
    "other format": (lambda f: edit_line(f, 0, format=1), "is not the manifest", 0),
    "not JSON": (lambda f: (f / MANIFEST).write_text("{]\n"), "is not the manifest", 0),
    "lists": (lambda f: (f / MANIFEST).write_text("[1]\n[2]\n"), "is not the manifest", 0),
    "deep": (lambda f: (f / MANIFEST).write_text("[" * 100_000 + "\n"), "is not the manifest", 0),
    "empty": (lambda f: (f / MANIFEST).write_text(""), "0 of 0 blocks", 0),
    "later version": (
        lambda f: edit_line(f, 0, versions={"fer_features": "9.0", "cv2": "5.0"}),
        r"was extracted with fer_features 9\.0, but .* is installed: install 9\.0, or extract",
        0,
    ),
    "no versions": (lambda f: edit_line(f, 0, versions=None), "an unknown version", 0),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_one_line_and_the_same_command_repairs_files(damage, shards, extracted, table):
    apply, message, is_repaired = DAMAGES[damage]
    apply(shards)
    with pytest.raises(FerError, match=message) as error:
        evaluate(PIPELINE, load_dataset(shards), cv="2fold")
    assert "\n" not in str(error.value)
    if is_repaired:
        repaired = write_shards(PIPELINE, table, shards)
        np.testing.assert_array_equal(repaired["features"], load_dataset(extracted)["features"])
        assert {path.name for path in shards.iterdir()} == {path.name for path in extracted.iterdir()}


def test_the_order_of_blocks_in_the_manifest_has_no_meaning(shards, extracted):
    lines = (shards / MANIFEST).read_text().splitlines(True)
    (shards / MANIFEST).write_text("".join([*lines[:2], *lines[:1:-1]]))
    X, expected = load_dataset(shards), load_dataset(extracted)
    for name in ("features", "id", "label"):
        np.testing.assert_array_equal(X[name], expected[name])


def test_two_extractions_at_once_are_refused(table, tmp_path, monkeypatch):
    real = feature_shards.extract_block

    def second(*args):
        with pytest.raises(FerError, match=r"another process extracts features into .*: wait for it"):
            write_shards(PIPELINE, table, tmp_path)
        return real(*args)

    monkeypatch.setattr(feature_shards, "extract_block", second)
    assert len(write_shards(PIPELINE, table, tmp_path)) == len(table)


@contextlib.contextmanager
def largest_file(n_bytes):
    """No file can become larger, as if the disk were full."""
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("file", ["block-000000.npy", "block-000000.npz", MANIFEST])
def test_a_full_disk_is_one_line_and_the_same_command_continues(file, table, tmp_path, extracted):
    n_bytes = (extracted / file).stat().st_size - 10
    with pytest.raises(FerError, match=r"cannot write|cannot be written") as error, largest_file(n_bytes):
        write_shards(PIPELINE, table, tmp_path / "out")
    assert "\n" not in str(error.value)
    assert not list(tmp_path.rglob("*.part"))
    listed = (tmp_path / "out" / MANIFEST).read_text().count('"block-') if (tmp_path / "out" / MANIFEST).exists() else 0
    assert len(list((tmp_path / "out").glob("*.npy"))) >= listed
    write_shards(PIPELINE, table, tmp_path / "out")
    for path in extracted.iterdir():
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (("subject", "id"), "label"),
        (("label", "id"), "subject"),
        (("label", "subject", "id"), "subject"),
    ],
)
def test_labels_that_are_absent_and_a_single_subject_are_one_line(table, columns, message, tmp_path):
    kept = {name: table[name] for name in ("landmarks", *columns)}
    if len(columns) == 3:
        kept["subject"] = np.zeros(len(table), int)
    X = write_shards(PIPELINE, Samples(kept, table.info), tmp_path)
    with pytest.raises(FerError, match=message) as error:
        run_experiment(PIPELINE, X, cv="loso")
    assert "\n" not in str(error.value)
