"""Small trees of image files in the layouts of data sets."""

import cv2
import numpy as np

from fer_features.media.file_tree import file_tree

RNG = np.random.default_rng(0)


def write_image(path, shape=(48, 48)):
    """Write an image of noise; returns its pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = RNG.integers(0, 256, shape).astype(np.uint8)
    assert cv2.imwrite(str(path), image)
    return image


def write_images(root, names, shape=(48, 48)):
    """Write an image for each name relative to a folder; returns their pixels by name."""
    return {name: write_image(root / name, shape) for name in names}


def write_video(path, n_frames=6, shape=(48, 64)):
    """Write a video in which a bright square grows until its last frame; returns the number of frames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    codec = {".mp4": "mp4v", ".avi": "MJPG", ".flv": "FLV1", ".mpeg": "PIM1"}[path.suffix]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 25, shape[::-1])
    assert writer.isOpened()
    for t in range(n_frames):
        frame = np.full((*shape, 3), 60, np.uint8)
        cv2.rectangle(frame, (8, 8), (12 + 4 * t, 12 + 4 * t), (200, 200, 200), -1)
        writer.write(frame)
    writer.release()
    return n_frames


def found_in(layout, root):
    """The records that a layout finds in a folder, by id."""
    return {record.id: record for record in layout.find_records(file_tree(root)).records}


def touch(root, names):
    """Make empty files."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
