"""Any picture file the right way up as 8-bit pixels, or one line that says what is wrong."""

import cv2
import numpy as np
import pytest
from PIL import Image

from fer_features import FerError
from fer_features.datasets.folders import read_picture as read_for_training
from fer_features.recognition.image_io import grey_of, read_picture


@pytest.fixture
def colours():
    """A smooth picture, (40, 60, 3), red to the right and green downwards."""
    y, x = np.mgrid[0:40, 0:60]
    return np.stack([4 * x, 6 * y, np.full_like(x, 90)], -1).astype(np.uint8)


def saved(path, array, mode=None, **options):
    picture = Image.fromarray(array)
    (picture.convert(mode) if mode else picture).save(path, **options)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.ppm", "a.webp"])
def test_lossless_formats_give_their_pixels(tmp_path, colours, name):
    options = {"lossless": True} if name.endswith("webp") else {}
    np.testing.assert_array_equal(read_picture(saved(tmp_path / name, colours, **options))[..., ::-1], colours)


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_pixels_are_those_that_training_reads(tmp_path, photographs, name):
    path = tmp_path / name
    cv2.imwrite(str(path), photographs[0])
    np.testing.assert_array_equal(grey_of(read_picture(path)), read_for_training(path)[0])


def test_cmyk(tmp_path, colours):
    found = read_picture(saved(tmp_path / "a.jpg", colours, "CMYK", quality=98))
    assert np.abs(found[..., ::-1].astype(int) - colours).mean() < 6


def test_sixteen_bits_lose_the_lower_eight(tmp_path):
    deep = (np.arange(40 * 60).reshape(40, 60) * 27).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "a.png"), deep)
    np.testing.assert_allclose(read_picture(tmp_path / "a.png").astype(int), deep >> 8, atol=1)
    np.testing.assert_array_equal(grey_of(deep), deep >> 8)


def test_what_is_transparent_is_white(tmp_path, colours):
    alpha = np.full((40, 60, 1), 255, np.uint8)
    alpha[:, :30] = 0
    found = read_picture(saved(tmp_path / "a.png", np.concatenate([colours, alpha], 2)))
    np.testing.assert_array_equal(found[:, :30], 255)
    np.testing.assert_array_equal(found[:, 30:, ::-1], colours[:, 30:])


@pytest.mark.parametrize(("turn", "operation"), [(3, 2), (6, 3), (8, 1)])
def test_the_cameras_turn_is_obeyed(tmp_path, colours, turn, operation):
    exif = Image.Exif()
    exif[0x112] = turn
    found = read_picture(saved(tmp_path / "a.jpg", colours, exif=exif, quality=98))
    expected = np.rot90(colours, operation)
    assert found.shape == expected.shape
    assert np.abs(found[..., ::-1].astype(int) - expected).mean() < 6


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (3000, 4000)])
def test_any_size(tmp_path, shape):
    cv2.imwrite(str(tmp_path / "a.png"), np.full(shape, 77, np.uint8))
    assert read_picture(tmp_path / "a.png").shape[:2] == shape


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("text.jpg", b"this is no picture", "no picture, or damaged"),
        ("empty.png", b"", "is empty"),
        ("short.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "cut short"),
    ],
)
def test_what_is_no_picture_is_told(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FerError, match=rf"{name} .*{words}") as told:
        read_picture(tmp_path / name)
    assert "\n" not in str(told.value)


def test_half_a_picture_is_told(tmp_path, photographs):
    cv2.imwrite(str(tmp_path / "a.jpg"), photographs[2])
    content = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(content[: len(content) // 2])
    with pytest.raises(FerError, match="cut short"):
        read_picture(tmp_path / "a.jpg")


def test_grey_of_arrays(colours):
    grey = grey_of(colours)
    assert grey.shape == (40, 60)
    np.testing.assert_array_equal(grey_of(grey), grey)
    np.testing.assert_array_equal(grey_of(grey[..., None]), grey)
    opaque = np.concatenate([colours, np.full((40, 60, 1), 255, np.uint8)], 2)
    np.testing.assert_array_equal(grey_of(opaque), grey)
    for wrong in (colours.astype(float), colours[..., :2], np.zeros((0, 5), np.uint8)):
        with pytest.raises(FerError):
            grey_of(wrong)
