"""Valid inputs from which hostile ones are made: data, models, runs, images and videos."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import skimage.data

from ..conftest import draw_clips, write_h5

#: The options of a quick run.
QUICK = ["--quiet", "--cv", "2fold", "--set", "calibration_cv=0"]


def make_templates(folder: Path, run: Callable[[list[str]], None]) -> None:
    """Write all templates into a folder: fer22 (24 clips of 4 subjects, 6 of a test split), subjects.csv, fer2013.csv,
    faces (class folders) and faces.h5, media, grid.json, the runs A, B (of landmarks), H and S (of stills), and the
    cache of H.

    Parameters
    ----------
    folder : Path
    run : callable
        Runs a command in this folder.
    """
    write_sequences(folder)
    _write_stills(folder)
    _write_media(folder / "media")
    (folder / "grid.json").write_text('{"classifier__shrinkage": [0.1, 0.5]}\n')
    sequences = ["--data", "fer22", "--subjects", "subjects.csv", *QUICK]
    run(["pack", "faces", "faces.h5", "--quiet"])
    run(["run", "--pipeline", "landmarks_lda", *sequences, "--out", "A"])
    run(["run", "--pipeline", "hog_lda", *sequences, "--out", "H", "--cache", "cache"])
    run(["run", "--pipeline", "landmarks_logreg", *sequences, "--out", "B"])
    run(["run", "--pipeline", "hog_linear", "--data", "faces", *QUICK, "--out", "S"])


def copy_template(templates: Path, name: str, folder: Path) -> Path:
    """Copy a template into the folder of a case."""
    target = folder / name
    if (templates / name).is_dir():
        shutil.copytree(templates / name, target)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(templates / name, target)
    return target


def write_sequences(folder: Path) -> None:
    """Write fer22, 24 clips of 4 subjects and 6 of a test split, and subjects.csv."""
    images, landmarks, label, subject = draw_clips()
    test_images, test_landmarks, _, _ = draw_clips(n_subjects=1, seed=1)
    data = folder / "fer22"
    write_h5(data, "data_train_images", images)
    write_h5(data, "data_train_landmarks", np.rint(landmarks).astype(np.int64))
    write_h5(data, "data_train_labels", label.astype(float))
    write_h5(data, "data_test_images", test_images)
    write_h5(data, "data_test_landmarks", np.rint(test_landmarks).astype(np.int64))
    with open(folder / "subjects.csv", "w", newline="") as file:
        csv.writer(file).writerows([["subject"], *([f"S{s}"] for s in subject)])


def _write_stills(folder: Path) -> None:
    """40 faces of 25 x 25 pixels, as class folders, and scaled to 48 x 48 as FER2013."""
    faces = np.rint(255 * skimage.data.lfw_subset()[:80:2]).astype(np.uint8)
    rows = [["emotion", "pixels", "Usage"]]
    for i, face in enumerate(faces):
        target = folder / "faces" / ("happy", "sad", "anger")[i % 3] / f"S{i % 8}_{i}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(target), face)
        pixels = cv2.resize(face, (48, 48)).ravel()
        rows.append([i % 7, " ".join(map(str, pixels)), "PublicTest" if i >= 30 else "Training"])
    with open(folder / "fer2013.csv", "w", newline="") as file:
        csv.writer(file).writerows(rows)


def _write_media(folder: Path) -> None:
    folder.mkdir()
    photograph = np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])[:300, 60:380]
    cv2.imwrite(str(folder / "photo.png"), photograph)
    cv2.imwrite(str(folder / "photo.jpg"), photograph)
    height, width = photograph.shape[:2]
    writer = cv2.VideoWriter(str(folder / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (width, height))
    for i in range(6):
        writer.write(np.roll(photograph, 2 * i, 1))
    writer.release()
    header = ["frame", "face_id", "timestamp", "confidence", "success"]
    header += [f"{axis}_{i}" for axis in "xy" for i in range(68)]
    points = draw_clips(n_subjects=1, n_frames=1)[1][0, 0]
    with open(folder / "openface.csv", "w", newline="") as file:
        rows = [[i + 1, 0, i / 10, 0.98, 1, *points[:, 0].round(1), *points[:, 1].round(1)] for i in range(6)]
        csv.writer(file).writerows([header, *rows])
