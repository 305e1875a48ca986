"""Small trees of image files in the layouts of data sets, and what is to be read from them."""

import shutil
import zlib
from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from fer_features import FerError, load_dataset
from fer_features.media.file_tree import file_tree

RNG = np.random.default_rng(0)

#: Files that are found beside the data of people.
OTHER_FILES = (".DS_Store", "Thumbs.db", "readme.txt", "__MACOSX/._image.png")


@dataclass(frozen=True)
class Expected:
    """What is to be read of a sample; `images` are its frames."""

    images: tuple
    label: str
    subject: str = ""
    split: str = ""
    session: str = ""


def write_image(path, shape=(48, 48)):
    """Write an image of noise; returns its pixels, which are those that are read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = RNG.integers(0, 256, shape).astype(np.uint8)
    assert cv2.imwrite(str(path), image)
    return cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)


def write_images(root, names, shape=(48, 48)):
    """Write an image for each name relative to a folder; returns their pixels by name."""
    return {name: write_image(root / name, shape) for name in names}


def write_text(path, text):
    """Write a text file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def write_other_files(root):
    """Write files that are not data."""
    for name in OTHER_FILES:
        write_text(root / name, "not data")


def write_video(path, n_frames=6, shape=(48, 64)):
    """Write a video, different for each name, in which a square grows until the last frame."""
    path.parent.mkdir(parents=True, exist_ok=True)
    left, top, grey = zlib.crc32(path.name.encode()) % np.array([16, 13, 81])
    codec = {".mp4": "mp4v", ".avi": "MJPG", ".flv": "FLV1", ".mpeg": "PIM1"}[path.suffix]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 25, shape[::-1])
    assert writer.isOpened()
    for t in range(n_frames):
        frame = np.full((*shape, 3), 40 + grey, np.uint8)
        frame[top : top + 4 + 4 * t, left : left + 4 + 4 * t] = 240 - grey
        writer.write(frame)
    writer.release()


def found_in(layout, root):
    """The records that a layout finds in a folder, by id."""
    return {record.id: record for record in layout.find_records(file_tree(root)).records}


def touch(root, names):
    """Make empty files."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def check_stills(path, expected, dataset, **options):
    """Check that still images are read as expected, and return them."""
    X = load_dataset(path, **options)
    assert X.info.dataset == dataset
    assert sorted(X["id"]) == sorted(expected)
    for i, name in enumerate(X["id"]):
        one = expected[name]
        assert (X["images"][i][0] == one.images[0]).all(), name
        label = X.info.classes[X.label_codes[i]] if X.label_codes[i] >= 0 else ""
        assert label == one.label, name
        for column in ("subject", "split", "session"):
            value = getattr(one, column)
            assert (X[column][i] if column in X else "") == value, (name, column)
    return X


def check_faults(path, *parts, kept=None, **options):
    """Check that faults stop with one line that has the parts, and that `kept` samples are read without them."""
    with pytest.raises(FerError) as caught:
        load_dataset(path, **options)
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message, message
    if kept is not None:
        X = load_dataset(path, on_error="skip", **options)
        assert sorted(X["id"]) == sorted(kept)
        return X
    return None


def copy_shuffled(source, target, lists, rng):
    """Copy a tree in a random order of creation, and the lines of its lists in a random order.

    `lists` are names of files, and whether they have a header.
    """
    files = [file for file in sorted(source.rglob("*")) if file.is_file()]
    for i in rng.permutation(len(files)):
        copy = target / files[i].relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(files[i], copy)
        if files[i].name in lists:
            lines = copy.read_text().splitlines()
            header, rows = (lines[:1], lines[1:]) if lists[files[i].name] else ([], lines)
            copy.write_text("\n".join([*header, *rng.permutation(rows)]) + "\n")
