"""Decoding of image files: 8-bit upright pixels, or an error of one line."""

import cv2
import numpy as np
import pytest
from PIL import Image

from fer_features import FerError
from fer_features.datasets.grey_frames import grey_frame
from fer_features.media.decoding import decode_image
from fer_features.recognition.image_io import as_grayscale, load_image


@pytest.fixture
def colours():
    """A smooth image (40, 60, 3): red increases to the right, green downwards."""
    y, x = np.mgrid[0:40, 0:60]
    return np.stack([4 * x, 6 * y, np.full_like(x, 90)], -1).astype(np.uint8)


def save_image(path, array, mode=None, **options):
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(path, **options)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.ppm", "a.webp"])
def test_lossless_formats_keep_the_pixels(tmp_path, colours, name):
    options = {"lossless": True} if name.endswith("webp") else {}
    np.testing.assert_array_equal(load_image(save_image(tmp_path / name, colours, **options))[..., ::-1], colours)


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_pixels_are_those_of_training(tmp_path, photographs, name):
    path = tmp_path / name
    cv2.imwrite(str(path), photographs[0])
    np.testing.assert_array_equal(as_grayscale(load_image(path)), grey_frame(decode_image(path)).image)


def test_cmyk_is_converted(tmp_path, colours):
    image = load_image(save_image(tmp_path / "a.jpg", colours, "CMYK", quality=98))
    assert np.abs(image[..., ::-1].astype(int) - colours).mean() < 6


def test_16_bit_images_lose_the_lower_byte(tmp_path):
    image = (np.arange(40 * 60).reshape(40, 60) * 27).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "a.png"), image)
    np.testing.assert_allclose(load_image(tmp_path / "a.png").astype(int), image >> 8, atol=1)
    np.testing.assert_array_equal(as_grayscale(image), image >> 8)


def test_transparent_pixels_are_white(tmp_path, colours):
    alpha = np.full((40, 60, 1), 255, np.uint8)
    alpha[:, :30] = 0
    image = load_image(save_image(tmp_path / "a.png", np.concatenate([colours, alpha], 2)))
    np.testing.assert_array_equal(image[:, :30], 255)
    np.testing.assert_array_equal(image[:, 30:, ::-1], colours[:, 30:])


@pytest.mark.parametrize(("orientation", "quarter_turns"), [(3, 2), (6, 3), (8, 1)])
def test_exif_orientation_is_applied(tmp_path, colours, orientation, quarter_turns):
    exif = Image.Exif()
    exif[0x112] = orientation
    image = load_image(save_image(tmp_path / "a.jpg", colours, exif=exif, quality=98))
    expected = np.rot90(colours, quarter_turns)
    assert image.shape == expected.shape
    assert np.abs(image[..., ::-1].astype(int) - expected).mean() < 6


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (3000, 4000)])
def test_any_size_is_read(tmp_path, shape):
    cv2.imwrite(str(tmp_path / "a.png"), np.full(shape, 77, np.uint8))
    assert load_image(tmp_path / "a.png").shape[:2] == shape


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("text.jpg", b"this is a text", "not an image, or is damaged"),
        ("empty.png", b"", "is empty"),
        ("short.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "truncated"),
    ],
)
def test_invalid_files_are_refused_in_one_line(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FerError, match=rf"{name} .*{message}") as error:
        load_image(tmp_path / name)
    assert "\n" not in str(error.value)


def test_truncated_jpeg_is_refused(tmp_path, photographs):
    cv2.imwrite(str(tmp_path / "a.jpg"), photographs[2])
    content = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(content[: len(content) // 2])
    with pytest.raises(FerError, match="truncated"):
        load_image(tmp_path / "a.jpg")


def test_as_grayscale_of_arrays(colours):
    grey = as_grayscale(colours)
    assert grey.shape == (40, 60)
    np.testing.assert_array_equal(as_grayscale(grey), grey)
    np.testing.assert_array_equal(as_grayscale(grey[..., None]), grey)
    opaque = np.concatenate([colours, np.full((40, 60, 1), 255, np.uint8)], 2)
    np.testing.assert_array_equal(as_grayscale(opaque), grey)
    for invalid in (colours.astype(float), colours[..., :2], np.zeros((0, 5), np.uint8)):
        with pytest.raises(FerError):
            as_grayscale(invalid)
