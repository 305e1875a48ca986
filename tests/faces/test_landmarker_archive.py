"""Tests of the file of a landmarker: round trip, refusals, and the file of the package."""

import json
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest

import fer_features
from fer_features.exceptions import FerError
from fer_features.faces.landmarker import Landmarker
from fer_features.faces.landmarker_archive import (
    DEFAULT_FILE,
    default_landmarker,
    load_landmarker_archive,
    save_landmarker,
)
from fer_features.vision.cascaded_regression import CascadeStage
from fer_features.vision.landmark_features import BOX_DESCRIPTOR_LENGTH

ROOT = Path(fer_features.__file__).parents[1]


@pytest.fixture
def small():
    """A landmarker of random weights with two stages."""
    rng = np.random.default_rng(0)

    def array(*shape):
        return rng.normal(size=shape).astype(np.float32)

    stages = [CascadeStage(cell, array(128), array(128, 3), 0.1 * array(68 * 3 + 1, 136)) for cell in (8, 4)]
    coefs = array(2, 68 * 3 + 1), array(68 * 3 + 1)
    return Landmarker(array(68, 2), 0.1 * array(BOX_DESCRIPTOR_LENGTH + 1, 136), stages, *coefs)


@pytest.fixture
def path(small, tmp_path):
    return save_landmarker(small, tmp_path / "landmarker.npz")


@pytest.fixture
def arrays(path):
    with np.load(path) as archive:
        return dict(archive)


def rewritten(path, arrays):
    np.savez(path, **arrays)
    return path


def test_round_trip(small, path):
    loaded = load_landmarker_archive(path)
    np.testing.assert_array_equal(loaded.mean_shape, small.mean_shape)
    np.testing.assert_array_equal(loaded.confidence_coef, small.confidence_coef)
    np.testing.assert_array_equal(loaded.error_coefs, small.error_coefs)
    np.testing.assert_allclose(loaded.box_weights, small.box_weights, rtol=1e-3, atol=1e-6)
    for a, b in zip(loaded.stages, small.stages, strict=True):
        assert a.cell_size == b.cell_size
        np.testing.assert_array_equal(a.components, b.components)
        np.testing.assert_allclose(a.weights, b.weights, rtol=1e-3, atol=1e-6)


def test_a_second_round_trip_changes_nothing(path, tmp_path):
    loaded = load_landmarker_archive(path)
    again = load_landmarker_archive(save_landmarker(loaded, tmp_path / "again.npz"))
    np.testing.assert_array_equal(again.box_weights, loaded.box_weights)
    np.testing.assert_array_equal(again.stages[1].weights, loaded.stages[1].weights)


def test_weights_beyond_float16_are_not_written(small, tmp_path):
    small.stages[0].weights[0, 0] = 1e6
    with pytest.raises(FerError, match="float16"):
        save_landmarker(small, tmp_path / "large.npz")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": np.array(1, np.int32)}, "version 1"),
        ({"format": np.array("1")}, "'format'"),
        ({"cell_sizes": np.array([], np.int32)}, "cell_sizes"),
        ({"cell_sizes": np.array([8, 500], np.int32)}, "cell_sizes"),
        ({"cell_sizes": np.array([8, 0], np.int32)}, "cell_sizes"),
        ({"cell_sizes": np.array([8, 6, 4], np.int32)}, "'components_2' is missing"),
        ({"mean_shape": np.zeros((5, 2))}, "'mean_shape' is"),
        ({"mean_shape": np.full((68, 2), np.nan)}, "not finite"),
        ({"weights_1": np.zeros((7, 136))}, "'weights_1' is"),
        ({"weights_1": np.zeros((205, 136), int)}, "'weights_1' is"),
        ({"components_0": np.zeros((128, 0))}, "components_0"),
        ({"confidence_coef": np.zeros(3)}, "confidence_coef"),
        ({"error_coefs": np.zeros(205)}, "error_coefs"),
        ({"components_1": np.zeros((128, 2)), "weights_1": np.zeros((137, 136))}, "the same number of components"),
        ({"extra": np.zeros(3)}, "unknown array 'extra'"),
    ],
)
def test_invalid_arrays_are_refused_in_one_line(path, arrays, change, message):
    with pytest.raises(FerError, match=message) as error:
        load_landmarker_archive(rewritten(path, arrays | change))
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("name", ["format", "mean_shape", "box_weights", "components_0", "weights_1", "error_coefs"])
def test_a_missing_array_is_refused(path, arrays, name):
    del arrays[name]
    with pytest.raises(FerError, match=f"'{name}' is missing"):
        load_landmarker_archive(rewritten(path, arrays))


def test_pickled_arrays_are_refused(path, arrays):
    arrays["mean_shape"] = np.array([{"a": 1}], dtype=object)
    with pytest.raises(FerError, match="not a landmarker file"):
        load_landmarker_archive(rewritten(path, arrays))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"text", b"\x93NUMPY\x01\x00"])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "broken.npz"
    path.write_bytes(content)
    with pytest.raises(FerError, match="not a landmarker file"):
        load_landmarker_archive(path)


def test_an_archive_of_excessive_size_is_refused_before_it_is_read(path, arrays):
    np.savez_compressed(path, extra=np.zeros(110_000_000, np.uint8), **arrays)
    with pytest.raises(FerError, match="more than 100 MB"):
        load_landmarker_archive(path)


def test_a_truncated_file_is_refused(path):
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(FerError, match="not a landmarker file"):
        load_landmarker_archive(path)


def test_an_absent_file_and_a_single_array_are_refused(tmp_path):
    with pytest.raises(FerError, match="not a landmarker file"):
        load_landmarker_archive(tmp_path / "absent.npz")
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(FerError, match="not a landmarker file"):
        load_landmarker_archive(tmp_path / "one.npy")


def test_the_shipped_file_is_small_and_loads_quickly():
    assert DEFAULT_FILE.stat().st_size < 5_000_000
    load_landmarker_archive(DEFAULT_FILE)
    start = time.process_time()
    load_landmarker_archive(DEFAULT_FILE)
    assert time.process_time() - start < 0.05
    assert default_landmarker() is default_landmarker()


def test_the_card_says_what_the_shipped_file_was_fitted_on():
    card = json.loads(DEFAULT_FILE.with_suffix(".json").read_text())
    assert "no photographs" in card["fitted_on"]
    assert card["n_photos"] == 3 * card["n_portraits"]
    assert card["kdef"]["n_photographs"] == 979
    assert set(card["versions"]) >= {"fer_features", "numpy"}


def test_the_files_are_package_data():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    package = ROOT / "fer_features"
    shipped = {path for pattern in settings["fer_features"] for path in package.glob(pattern)}
    assert {DEFAULT_FILE, DEFAULT_FILE.with_suffix(".json")} <= shipped


def test_importing_the_package_does_not_load_the_file():
    code = "import fer_features.faces.landmarker_archive as f; print(f.default_landmarker.cache_info().currsize)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "0"
