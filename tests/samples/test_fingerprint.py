"""Fingerprint: equal for equal data, and different after any change of the hashed columns."""

import h5py
import numpy as np
import pytest

from fer_features.samples.columns import H5Column
from fer_features.samples.fingerprint import fingerprint
from fer_features.samples.table import Samples

N = 12


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {
        "images": rng.integers(0, 256, (N, 3, 12, 10)).astype(np.uint8),
        "landmarks": rng.uniform(1, 9, (N, 3, 68, 2)),
        "label": np.arange(N) % 3,
    }


@pytest.fixture
def X(arrays):
    return Samples.from_arrays(**arrays)


def test_fingerprint_does_not_depend_on_the_storage(tmp_path, arrays):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("a", data=arrays["images"], chunks=(2, 1, 12, 10), compression="gzip")
    lazy = Samples.from_arrays(**{**arrays, "images": H5Column(tmp_path / "a.h5", "a")})
    assert fingerprint(lazy) == fingerprint(Samples.from_arrays(**arrays))


@pytest.mark.parametrize("name", ["images", "landmarks", "label"])
def test_fingerprint_changes_with_one_value(arrays, name):
    changed = arrays[name].copy()
    changed.reshape(-1)[-1] += 1
    assert fingerprint(Samples.from_arrays(**{**arrays, name: changed})) != fingerprint(Samples.from_arrays(**arrays))


def test_fingerprint_of_some_columns_ignores_the_others(X, arrays):
    other = Samples.from_arrays(**{**arrays, "label": arrays["label"] + 1})
    pixels = ("images", "landmarks")
    assert fingerprint(other, pixels) == fingerprint(X, pixels)
    assert fingerprint(X, ("images",)) != fingerprint(X, ("landmarks",)) != fingerprint(X, pixels)


def test_fingerprint_changes_with_the_samples_and_their_order(X):
    tables = [X, X[:-1], X[::-1], X[[*range(N), 0]]]
    assert len({fingerprint(table) for table in tables}) == len(tables)


@pytest.mark.parametrize("kind", [np.int8, np.int32, np.uint8])
def test_fingerprint_does_not_depend_on_the_type_of_labels(arrays, kind):
    stored = Samples.from_arrays(**{**arrays, "label": arrays["label"].astype(kind)})
    assert fingerprint(stored) == fingerprint(Samples.from_arrays(**arrays))


def test_fingerprint_of_text_columns(arrays):
    names = np.array(["joy", "fear", "anger"])[arrays["label"]]
    changed = names.copy()
    changed[-1] = "joy"
    one, two = (Samples.from_arrays(id=ids) for ids in (names, changed))
    assert fingerprint(one, ("id",)) != fingerprint(two, ("id",))


def test_fingerprint_covers_all_batches():
    images = np.zeros((130, 1, 2, 5), np.uint8)
    other = images.copy()
    other[-1, 0, 1, 1] = 1
    assert fingerprint(Samples.from_arrays(images)) != fingerprint(Samples.from_arrays(other))


def test_values_are_read_once_for_several_requests(X, monkeypatch):
    first = fingerprint(X)
    monkeypatch.setattr(Samples, "__getitem__", None)
    assert fingerprint(X) == first


def test_slices_have_their_own_fingerprint(X):
    assert len({fingerprint(X), fingerprint(X[1:]), fingerprint(X, ("images",))}) == 3
