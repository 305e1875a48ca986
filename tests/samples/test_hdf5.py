"""HDF5: values come from the file itself, are complete, or the file is refused in one line."""

import os

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.exceptions import FerError
from fer_features.samples import hdf5
from fer_features.samples.columns import H5Column
from fer_features.samples.hdf5 import h5_flag, h5_keys, h5_layout, iterate_h5, read_h5

VALUES = np.random.default_rng(0).integers(0, 256, (6, 2, 5, 7)).astype(np.uint8)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "a.h5"


def write(path, make):
    path.parent.mkdir(exist_ok=True)
    with h5py.File(path, "w") as file:
        make(file)


def virtual(source, key="x", source_shape=VALUES.shape, part=np.s_[:]):
    """A virtual dataset 'a' of a dataset of another file."""
    layout = h5py.VirtualLayout(VALUES.shape, "u1")
    layout[part] = h5py.VirtualSource(source, key, source_shape)[part]
    return lambda file: file.create_virtual_dataset("a", layout)


def each_reader(path):
    yield lambda: h5_layout(path, "a")
    yield lambda: read_h5(path, "a")
    yield lambda: H5Column(path, "a")[:]


def check_refused(path, message):
    for read in each_reader(path):
        with pytest.raises(FerError, match=message) as error:
            read()
        assert "\n" not in str(error.value)


STORED = {
    "contiguous": {},
    "chunked": {"chunks": (4, 1, 5, 7)},
    "compressed": {"chunks": (1, 1, 5, 7), "compression": "gzip", "shuffle": True},
    "constant": {"compression": "gzip"},
}


@pytest.mark.parametrize("name", STORED)
def test_values_of_complete_datasets_are_read(path, name):
    values = VALUES * (name != "constant")
    write(path, lambda file: file.create_dataset("a", data=values, **STORED[name]))
    assert h5_layout(path, "a") == (values.shape, np.dtype("u1"))
    np.testing.assert_array_equal(read_h5(path, "a"), values)
    for got, selection in zip(iterate_h5(path, "a", [np.s_[1:3], np.s_[4, 0]]), [np.s_[1:3], np.s_[4, 0]], strict=True):
        np.testing.assert_array_equal(got, values[selection])
    assert h5_keys(path) == ["a"]


SECRET = "outside of the file, in .*secret.txt.*external storage"
REFUSED = {
    "external storage": (lambda f: f.create_dataset("a", (4,), "u1", external=[("secret.txt", 0, 4)]), SECRET),
    "external link": (lambda f: f.__setitem__("a", h5py.ExternalLink("other.h5", "x")), "an external link to other.h5"),
    "soft link": (lambda f: f.__setitem__("a", h5py.SoftLink("/x")), "a soft link"),
    "group": (lambda f: f.create_group("a"), "'a' is a group, not a dataset"),
    "other key": (lambda f: f.__setitem__("b", VALUES), "no dataset 'a'; its keys: b"),
    "no key": (lambda f: None, "no dataset 'a'; its keys: none"),
    "null dataspace": (lambda f: f.create_dataset("a", data=h5py.Empty("u1")), "empty: it has no values"),
    "never written": (lambda f: f.create_dataset("a", VALUES.shape, "u1"), "incomplete: 0 of 420 bytes"),
    "declared only": (lambda f: f.create_dataset("a", (10**12,), "f8", chunks=(10,)), "incomplete: 0 of 100000000000"),
    "partly written": (
        lambda f: f.create_dataset("a", VALUES.shape, "u1", chunks=(1, 2, 5, 7)).__setitem__(0, VALUES[0]),
        "incomplete: 1 of 6 chunks",
    ),
    "virtual, missing": (virtual("missing.h5"), "virtual dataset of missing.h5, which does not exist"),
    "virtual, above": (virtual("../above.h5"), "above.h5, which is outside of the folder"),
    "virtual, other key": (virtual("other.h5", "y"), "other.h5 has no dataset 'y'"),
    "virtual, external": (virtual("other.h5", "link"), "other.h5: 'link' is an external link"),
    "virtual, virtual": (virtual("other.h5", "virtual"), "values are in other files"),
    "virtual, smaller": (virtual("other.h5", "small"), r"shape \(3, 2, 5, 7\): values are missing"),
    "virtual, gap": (virtual("other.h5", part=np.s_[:4]), "no source for 140 values"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_values_that_are_elsewhere_or_nowhere_are_refused(path, name):
    make, message = REFUSED[name]
    path.parent.mkdir()
    (path.parent / "secret.txt").write_text("a password")

    def other(file):
        file["x"], file["small"], file["link"] = VALUES, VALUES[:3], h5py.ExternalLink("../above.h5", "x")
        layout = h5py.VirtualLayout(VALUES.shape, "u1")
        layout[:] = h5py.VirtualSource(".", "x", VALUES.shape)
        file.create_virtual_dataset("virtual", layout)

    write(path.parent / "other.h5", other)
    write(path.parent.parent / "above.h5", lambda file: file.__setitem__("x", VALUES))
    write(path, make)
    check_refused(path, message)


@pytest.mark.parametrize("part", [np.s_[:], np.s_[:, :1]])
def test_virtual_datasets_of_files_in_the_folder_are_read(path, part):
    path.parent.mkdir()
    write(path.parent / "other.h5", lambda file: file.__setitem__("x", VALUES))
    layout = h5py.VirtualLayout(VALUES.shape, "u1")
    for selection in (part, np.s_[:, 1:]):
        layout[selection] = h5py.VirtualSource("other.h5", "x", VALUES.shape)[selection]
    write(path, lambda file: file.create_virtual_dataset("a", layout))
    np.testing.assert_array_equal(read_h5(path, "a"), VALUES)


def test_values_that_do_not_fit_into_memory_are_refused(path, monkeypatch):
    write(path, lambda file: file.create_dataset("a", data=VALUES))
    monkeypatch.setattr(hdf5.os, "sysconf", lambda name: 10)
    with pytest.raises(FerError, match=r"needs 0\.0 GB of memory"):
        read_h5(path, "a")


def test_named_pipe_is_refused(path):
    path.parent.mkdir()
    os.mkfifo(path)
    check_refused(path, "is a named pipe")


def test_file_that_is_replaced_between_two_reads_is_checked_again(path):
    write(path, lambda file: file.create_dataset("a", data=VALUES))
    column = H5Column(path, "a")
    write(path, REFUSED["external storage"][0])
    with pytest.raises(FerError, match="external storage"):
        column[[0]]


@pytest.mark.parametrize("value", [np.zeros(3), "yes", np.float64(1), h5py.Empty("f8"), np.zeros((), [("a", "i4")])])
def test_attribute_that_is_not_a_single_truth_value_is_no_flag(path, value):
    write(path, lambda file: file.create_dataset("a", data=VALUES).attrs.__setitem__("flag", value))
    assert h5_flag(path, "a", "flag") is False
    assert h5_flag(path, "a", "other") is False


def test_true_attribute_is_a_flag(path):
    write(path, lambda file: file.create_dataset("a", data=VALUES).attrs.__setitem__("flag", True))
    assert h5_flag(path, "a", "flag") is True


@given(st.lists(st.tuples(st.integers(0, 2047), st.integers(0, 7)), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_damaged_headers_are_refused_in_one_line(tmp_path_factory, flips):
    path = tmp_path_factory.mktemp("damaged") / "a.h5"
    write(path, lambda file: file.create_dataset("a", data=VALUES, chunks=(2, 2, 5, 7)))
    content = bytearray(path.read_bytes())
    for position, bit in flips:
        content[position % len(content)] ^= 1 << bit
    path.write_bytes(content)
    for read in each_reader(path):
        message = ""
        try:
            read()
        except FerError as error:
            message = str(error)
        assert "\n" not in message
