"""HDF5 files are written completely or not at all."""

import errno

import h5py
import numpy as np
import pytest

from fer_features import FerError
from fer_features.samples import hdf5_writing
from fer_features.samples.hdf5_writing import h5_output


def test_content_is_written(tmp_path):
    with h5_output(tmp_path / "a.h5", 10) as file:
        file["x"] = np.arange(5)
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["x"][()].tolist() == [0, 1, 2, 3, 4]
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]


@pytest.mark.parametrize("error", [RuntimeError("unable to extend\n file"), OSError(errno.ENOSPC, "No space left")])
def test_failures_leave_the_old_file(tmp_path, error):
    path = tmp_path / "a.h5"
    path.write_bytes(b"old")
    message = r"cannot write .*a\.h5: (unable to extend file|No space left)"
    with pytest.raises(FerError, match=message), h5_output(path, 10):
        raise error
    assert path.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]


def test_full_disk_is_found_before_hdf5_writes(tmp_path, monkeypatch):
    def no_space(path, n_bytes):
        assert n_bytes == 1 << 40
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(hdf5_writing, "_reserve", no_space)
    with pytest.raises(FerError, match="No space left"), h5_output(tmp_path / "a.h5", 1 << 40):
        pytest.fail("the file was opened")
    assert not list(tmp_path.iterdir())
