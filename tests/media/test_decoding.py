"""Decoding of image files: the decoder decides what is damaged, and no header makes it reserve too much memory."""

import struct
import threading
import time
import zlib

import cv2
import numpy as np
import pytest

from fer_features.media import decoding
from fer_features.media.decoding import MAX_PIXELS, UnreadableImage, decode_image
from fer_features.vision.grayscale import to_grayscale

SUFFIXES = (".png", ".jpg", ".bmp", ".tif", ".webp", ".pgm")
MESSAGE = "is not an image, or is damaged or truncated"


@pytest.fixture(scope="module")
def photograph():
    import skimage.data

    return skimage.data.camera()[40:240, 150:330]


def encode(image, suffix):
    return cv2.imencode(suffix, image)[1].tobytes()


def decode(path, content):
    path.write_bytes(content)
    return decode_image(path)


def check_refused(path, content, message=MESSAGE):
    with pytest.raises(UnreadableImage, match=message):
        decode(path, content)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_data_after_the_end_are_ignored(tmp_path, photograph, suffix):
    content = encode(photograph, suffix)
    expected = decode(tmp_path / "a", content)
    for more in (b"\0" * 3000, b"ftypmp42" + bytes(range(256)) * 20, content):
        np.testing.assert_array_equal(decode(tmp_path / "a", content + more), expected)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("fraction", [0.01, 0.3, 0.9])
def test_truncated_files_are_refused(tmp_path, photograph, suffix, fraction, capfd):
    content = encode(photograph, suffix)
    check_refused(tmp_path / "a", content[: int(fraction * len(content))])
    assert capfd.readouterr().err == ""


# Of a JPEG file, zeros can be valid data.
@pytest.mark.parametrize(
    ("suffix", "damage"),
    [
        *((suffix, damage) for suffix in (".png", ".jpg", ".tif") for damage in ("noise", "missing", "truncated")),
        *((suffix, "zeros") for suffix in (".png", ".tif")),
    ],
)
def test_damage_inside_of_compressed_data_is_found(tmp_path, photograph, suffix, damage, capfd):
    content = bytearray(encode(photograph, suffix))
    middle = len(content) // 2
    if damage == "zeros":
        content[middle : middle + 500] = bytes(500)
    elif damage == "noise":
        content[middle : middle + 500] = np.random.default_rng(0).bytes(500)
    elif damage == "missing":
        del content[middle : middle + 60]
    else:  # with a proper end
        content[middle:] = content[-12:]
    check_refused(tmp_path / "a", bytes(content))
    assert capfd.readouterr().err == ""


def test_harmless_messages_of_the_jpeg_decoder_are_ignored(tmp_path, photograph, capfd):
    content = encode(photograph, ".jpg")
    padded = content[:-2] + bytes(5) + content[-2:]  # extraneous bytes before the end
    np.testing.assert_array_equal(decode(tmp_path / "a", padded), decode(tmp_path / "a", content))
    assert capfd.readouterr().err == ""


def test_messages_of_other_threads_are_passed_on(tmp_path, photograph, capfd):
    def write():
        import os

        while not done.is_set():
            os.write(2, b"a message of another thread\n")
            counts.append(1)
            time.sleep(0.0005)

    done, counts = threading.Event(), []
    thread = threading.Thread(target=write)
    thread.start()
    content = encode(photograph, ".jpg")[:-500] + encode(photograph, ".jpg")[-2:]
    for _ in range(40):
        check_refused(tmp_path / "a", content)
    done.set()
    thread.join()
    assert capfd.readouterr().err == "a message of another thread\n" * len(counts)


def png_of_zeros(width, height):
    """A valid PNG file of black pixels, which is small for every size."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    compressor = zlib.compressobj()
    rows = b"".join(compressor.compress(bytes(width + 1)) for _ in range(min(height, 500))) + compressor.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(20_000, 20_000), (12_000, 12_000), (MAX_PIXELS + 1, 1), (65_000, 65_000)])
def test_too_many_pixels_are_refused_before_they_are_decoded(tmp_path, size, monkeypatch):
    monkeypatch.setattr(decoding, "_decode", lambda *_: pytest.fail("decoded"))
    check_refused(tmp_path / "a", png_of_zeros(*size), f"has more than {MAX_PIXELS:,} pixels")


def test_large_files_are_refused_before_they_are_read(tmp_path):
    with open(tmp_path / "a.png", "wb") as file:
        file.truncate(1 << 32)
    with pytest.raises(UnreadableImage, match="has more than 536,870,912 bytes"):
        decode_image(tmp_path / "a.png")


def test_transparent_pixels_are_white_in_training_as_in_prediction(tmp_path, photograph):
    pixels = np.repeat(photograph[..., None], 4, -1)
    pixels[..., 3] = 255
    pixels[:, :60, 3] = 0
    cv2.imwrite(str(tmp_path / "a.png"), pixels)
    image = to_grayscale(decode_image(tmp_path / "a.png"))
    assert (image[:, :60] == 255).all()
    np.testing.assert_array_equal(image[:, 60:], photograph[:, 60:])
