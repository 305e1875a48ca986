"""Shape predictors of dlib: a small file written by this test, damaged files, and equality with dlib."""

import math
import os
from pathlib import Path

import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.faces import RegressionTreeLandmarker, load_landmarker
from fer_features.faces.dlib_files import MAX_FILE_BYTES, read_shape_predictor
from fer_features.faces.regression_trees import fit_by_trees
from fer_features.vision.geometry import MEAN_FACE

#: File of dlib, and photographs of KDEF, for the comparison with dlib.
PREDICTOR, KDEF = (os.environ.get(name, "") for name in ("FER_FEATURES_DLIB_PREDICTOR", "FER_FEATURES_KDEF"))
#: Shapes of the small predictor.
N_STAGES, N_TREES, N_SPLITS, N_PIXELS = 2, 3, 3, 5


def integer(value):
    """An integer as dlib::serialize writes it."""
    size = max((abs(value).bit_length() + 7) // 8, 1)
    return bytes([size | (0x80 if value < 0 else 0)]) + abs(value).to_bytes(size, "little")


def number(value):
    """A float as dlib::serialize writes it: mantissa and exponent, without trailing zero bytes of the mantissa."""
    if not math.isfinite(value):
        return integer(0) + integer(32002 if math.isnan(value) else 32000 if value > 0 else 32001)
    fraction, exponent = math.frexp(value)
    mantissa, exponent = int(fraction * 2**24), exponent - 24
    while mantissa and mantissa % 256 == 0:
        mantissa, exponent = mantissa // 256, exponent + 8
    return integer(mantissa) + integer(exponent if mantissa else 0)


def vector(items):
    """A vector whose elements are written."""
    return integer(len(items)) + b"".join(items)


def column(values, sign=-1):
    """A matrix with one column; newer files have negative sizes."""
    return integer(sign * len(values)) + integer(sign) + b"".join(map(number, values))


def small_predictor(n_points=68, seed=0, **changes):
    """Content of a shape predictor with random trees, as a dictionary of its parts before they are written."""
    rng = np.random.default_rng(seed)
    parts = {
        "version": 1,
        "initial": ((MEAN_FACE + [1.4, 0.8]) / 3).astype(np.float32).ravel()[: 2 * n_points],
        "pixels": rng.integers(0, N_PIXELS, (N_STAGES, N_TREES, N_SPLITS, 2)).tolist(),
        "thresholds": rng.normal(0, 20, (N_STAGES, N_TREES, N_SPLITS)).astype(np.float32),
        "leaves": rng.normal(0, 0.02, (N_STAGES, N_TREES, N_SPLITS + 1, 2 * n_points)).astype(np.float32),
        "anchors": rng.integers(0, n_points, (N_STAGES, N_PIXELS)).tolist(),
        "offsets": rng.normal(0, 0.1, (N_STAGES, N_PIXELS, 2)).astype(np.float32),
    }
    parts["leaves"][0, 0, 0, :4] = [0, 0.5, 1, -0.25]  # numbers with fewer bytes than the others
    return parts | changes


def write(parts, sign=-1):
    """Content of the file of a shape predictor."""
    forests = [
        vector(
            [
                vector([integer(a) + integer(b) + number(t) for (a, b), t in zip(pairs, limits, strict=True)])
                + vector([column(leaf, sign) for leaf in leaves])
                for pairs, limits, leaves in zip(*stage, strict=True)
            ]
        )
        for stage in zip(parts["pixels"], parts["thresholds"], parts["leaves"], strict=True)
    ]
    return (
        integer(parts["version"])
        + column(parts["initial"], sign)
        + vector(forests)
        + vector([vector([integer(i) for i in anchors]) for anchors in parts["anchors"]])
        + vector([vector([number(x) + number(y) for x, y in offsets]) for offsets in parts["offsets"]])
    )


@pytest.fixture
def save(tmp_path):
    """Function that writes a file and returns its path."""

    def save(content):
        path = tmp_path / "predictor.dat"
        path.write_bytes(content)
        return path

    return save


@pytest.mark.parametrize("sign", [-1, 1], ids=["newer", "older"])
def test_all_parts_are_read(save, sign):
    parts = small_predictor()
    predictor = read_shape_predictor(save(write(parts, sign)))

    def points(values):
        return values[..., 0::2] + 1j * values[..., 1::2]

    assert np.array_equal(predictor.initial_shape, points(parts["initial"]))
    assert len(predictor.stages) == N_STAGES
    for i, stage in enumerate(predictor.stages):
        assert stage.anchors.tolist() == parts["anchors"][i]
        assert np.array_equal(stage.offsets, points(parts["offsets"][i])[:, 0])
        assert np.moveaxis(stage.pixels, 0, 2).tolist() == parts["pixels"][i]
        assert np.array_equal(stage.thresholds, parts["thresholds"][i])
        assert np.array_equal(stage.leaves, points(parts["leaves"][i]))


@pytest.mark.parametrize("value", [0, 1, -1, 255, 256, -65536, 2**40, -(2**63)])
def test_integers_of_all_lengths_are_read(save, value):
    with pytest.raises(FerError, match=rf"its format is {value}, not 1" if value != 1 else "ends too early"):
        read_shape_predictor(save(integer(value)))


def test_load_landmarker_reads_files_with_the_suffix_of_dlib(save, tmp_path):
    path = save(write(small_predictor())).rename(tmp_path / "PREDICTOR.DAT")
    assert isinstance(load_landmarker(path), RegressionTreeLandmarker)


def deep_tree(n_splits):
    """Parts in which each tree has so many splits."""
    shape = (N_STAGES, N_TREES, n_splits)
    return {
        "pixels": np.zeros((*shape, 2), int).tolist(),
        "thresholds": np.zeros(shape, np.float32),
        "leaves": np.zeros((*shape[:2], n_splits + 1, 136), np.float32),
    }


def with_value(key, index, value):
    """A change of one value of a part."""
    array = np.array(small_predictor()[key], dtype=object)
    array[index] = value
    return {key: array.tolist()}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "format is 2"),
        (with_value("pixels", (0, 0, 0, 0), N_PIXELS), "pixels that are not defined"),
        (with_value("pixels", (1, 2, 2, 1), -1), "pixels that are not defined"),
        (with_value("pixels", (1, 2, 2, 1), 2**62), "pixels that are not defined"),
        (with_value("anchors", (0, 0), 68), "index out of range"),
        (with_value("anchors", (1, 4), -1), "index out of range"),
        (with_value("thresholds", (0, 0, 0), math.nan), "no finite number"),
        (with_value("leaves", (0, 0, 0, 5), math.inf), "no finite number"),
        (with_value("leaves", (1, 2, 3, 135), 2.0**200), "no finite number"),
        (with_value("offsets", (1, 4, 1), -math.inf), "no finite number"),
        (with_value("initial", 0, math.nan), "no finite number"),
        ({"initial": np.full(136, 0.5)}, "all points of its initial shape are equal"),
        (deep_tree(2), "not complete"),
        ({"anchors": small_predictor()["anchors"][:1]}, "1 elements in place of 2"),
        ({"pixels": [], "thresholds": [], "leaves": [], "anchors": [], "offsets": []}, "no trees"),
        ({"pixels": [[], []], "thresholds": [[], []], "leaves": [[], []]}, "a stage has no trees"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-",
)
def test_invalid_content_is_refused_in_one_line(save, changes, message):
    with pytest.raises(FerError, match=message) as error:
        read_shape_predictor(save(write(small_predictor(**changes))))
    assert "\n" not in str(error.value)
    assert "predictor.dat is damaged, or not a shape predictor of dlib with 68 landmarks" in str(error.value)


def test_trees_of_different_depth_are_refused(save):
    parts = small_predictor()
    parts["pixels"][1][2] = parts["pixels"][1][2][:1]
    for key, n in (("thresholds", 1), ("leaves", 2)):
        parts[key] = [list(stage) for stage in parts[key]]
        parts[key][1][2] = parts[key][1][2][:n]
    with pytest.raises(FerError, match="differ in depth"):
        read_shape_predictor(save(write(parts)))


def test_predictor_of_five_landmarks_is_refused(save):
    with pytest.raises(FerError, match="10 x 1 numbers in place of 136 x 1"):
        read_shape_predictor(save(write(small_predictor(n_points=5))))


def test_truncated_files_are_refused(save):
    content = write(small_predictor())
    for length in [*range(40), *range(40, len(content), 97), len(content) - 1]:
        with pytest.raises(FerError, match="is damaged"):
            read_shape_predictor(save(content[:length]))


def test_content_after_the_end_is_refused(save):
    with pytest.raises(FerError, match="3 bytes follow its end"):
        read_shape_predictor(save(write(small_predictor()) + b"\1\2\3"))


def test_damaged_files_are_refused_or_give_finite_arrays(save):
    content = write(small_predictor())
    rng = np.random.default_rng(0)
    n_refused = 0
    for _ in range(300):
        damaged = bytearray(content)
        for position in rng.integers(0, len(content), 3):
            damaged[position] = rng.integers(0, 256)
        try:
            predictor = read_shape_predictor(save(bytes(damaged)))
        except FerError:
            n_refused += 1
            continue
        assert all(np.isfinite(stage.leaves).all() and np.isfinite(stage.offsets).all() for stage in predictor.stages)
        with np.errstate(all="raise"):
            points, confidence = predictor.detect_landmarks(np.zeros((40, 40), np.uint8), np.array([[5, 5, 30, 30.0]]))
        assert np.isfinite(points).all()
        assert 0 <= confidence[0] <= 1
    assert 100 < n_refused < 300


@pytest.mark.parametrize("length", [10**6, 2**62, -1])
def test_declared_lengths_allocate_nothing(save, length):
    parts = small_predictor()
    start = integer(1) + column(parts["initial"])
    for content in (start + integer(length), start + integer(1) + integer(length)):
        with pytest.raises(FerError, match="which is not possible"):
            read_shape_predictor(save(content + bytes(2000)))


def test_large_files_and_special_files_are_refused(tmp_path):
    path = tmp_path / "large.dat"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(FerError, match="is larger than 400 MB"):
        read_shape_predictor(path)
    os.mkfifo(tmp_path / "pipe.dat")
    with pytest.raises(FerError, match="is a named pipe"):
        load_landmarker(tmp_path / "pipe.dat")
    with pytest.raises(FerError, match="does not exist"):
        load_landmarker(tmp_path / "other.dat")


@pytest.mark.skipif(
    not (Path(PREDICTOR).is_file() and Path(KDEF).is_file()),
    reason="FER_FEATURES_DLIB_PREDICTOR and FER_FEATURES_KDEF must name a shape predictor and photographs",
)
def test_landmarks_equal_those_of_dlib():
    dlib = pytest.importorskip("dlib")
    ours, reference = read_shape_predictor(PREDICTOR), dlib.shape_predictor(PREDICTOR)
    with np.load(KDEF) as photographs:
        images, landmarks = photographs["images"][:100], photographs["landmarks68"][:100]
    for image, points in zip(images, landmarks, strict=True):
        low, side = points.min(0).astype(int), int(np.ptp(points, 0).max())
        rectangle = dlib.rectangle(int(low[0]), int(low[1]), int(low[0]) + side, int(low[1]) + side)
        expected = np.array([complex(point.x, point.y) for point in reference(image, rectangle).parts()])
        difference = fit_by_trees(image, ours.initial_shape, ours.stages, side, complex(*low)) - expected
        assert max(np.abs(difference.real).max(), np.abs(difference.imag).max()) <= 0.5
