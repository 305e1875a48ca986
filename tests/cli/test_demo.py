"""``fer-features demo``: the files that it writes, and user errors."""

import h5py
import numpy as np
import pytest

from fer_features import load_dataset
from fer_features.cli.demo import FILE_STEMS, main


def test_writes_fer22_files(tmp_path, capsys):
    folder = tmp_path / "new"
    arguments = [str(folder), "--subjects=1", "--test-subjects=1", "--repeats=1", "--test-repeats=1"]
    assert main(arguments) == 0
    assert "synthetic" in capsys.readouterr().out
    expected = {
        "data_train_images": ((6, 10, 150, 120), np.uint8),
        "data_train_landmarks": ((6, 10, 68, 2), np.float32),
        "data_train_labels": ((6,), np.float64),
        "data_test_images": ((6, 10, 150, 120), np.uint8),
        "data_test_landmarks": ((6, 10, 68, 2), np.float32),
        "solution/data_train_subjects": ((6,), np.int64),
        "solution/data_test_subjects": ((6,), np.int64),
        "solution/data_test_labels": ((6,), np.float64),
    }
    assert set(expected) == set(FILE_STEMS)
    written = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert written == sorted(f"{stem}.h5" for stem in expected)
    for stem, (shape, dtype) in expected.items():
        with h5py.File(folder / f"{stem}.h5") as file:
            key = stem.split("/")[-1]
            assert list(file) == [key]
            assert (file[key].shape, file[key].dtype) == (shape, dtype)
    info = load_dataset(folder, infer_subjects=False).info
    assert (info.dataset, info.synthetic) == ("fer22", True)

    assert main(arguments) == 2
    assert "--force" in capsys.readouterr().err
    assert main([*arguments, "--force"]) == 0


def test_unwritable_folder_exits_with_2_and_one_line(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main([str(tmp_path / "file" / "folder")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "cannot write" in error


def test_a_full_disk_leaves_no_folder(tmp_path, capsys, monkeypatch):
    def full(*_, **__):
        raise RuntimeError("unable to extend file properly")

    monkeypatch.setattr(h5py.Group, "create_dataset", full)
    assert main([str(tmp_path / "out"), "--subjects=1", "--test-subjects=1", "--repeats=1", "--test-repeats=1"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "unable to extend" in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("argument", ["--seed=-1", "--subjects=0", "--repeats=x"])
def test_invalid_arguments_exit_with_2(tmp_path, argument):
    with pytest.raises(SystemExit) as stop:
        main([str(tmp_path), argument])
    assert stop.value.code == 2
