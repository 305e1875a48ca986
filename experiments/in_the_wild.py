"""Accuracy on raw images and videos, without given boxes, landmarks or neutral frames.

    python experiments/in_the_wild.py --kdef NPZ [--landmarker FILE.npz] [--images-out DIR] [--n-subjects N]

Images and videos are composed from photographs of KDEF of subjects that were in the training of neither the model nor
the landmarker: images of 640 x 480 pixels with one or two faces of several sizes and roll angles in front of another
photograph, and videos from neutral to apex and back in which the face moves. The model and, unless it is given, the
landmarker are trained on the other subjects. For images (a model of the apex; all faces) and for videos (a model of the
neutral frame and the apex) the script reports the accuracy of ``fer-features predict``, the accuracy of the pipeline
with the true landmarks, the difference in percentage points, and the number of missed faces. Composed images show
subjects of KDEF; without --images-out they are removed.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import skimage.data
from command_line import script_parser
from experiment_data import kdef_pairs, kdef_photographs, neutral_apex_pairs, read_kdef
from result_tables import RESULTS_DIR, write_json

from fer_features import FerError, Samples, make_pipeline, save_model
from fer_features.cli import predict
from fer_features.cli._parser import int_at_least, run_command
from fer_features.expressions import FER22_CLASSES
from fer_features.faces import load_landmarker, save_landmarker
from fer_features.faces.landmarker_training import AnnotatedFrames, train_landmarker
from fer_features.recognition.face_view import FrameColumn
from fer_features.version import versions
from fer_features.vision.geometry import apply_affine

#: Height and width of the images and videos in pixels.
IMAGE_SIZE = (480, 640)
#: Widths of a photograph in pixels; the face has about two thirds of it.
PHOTOGRAPH_WIDTHS = (160, 230, 320)
#: Roll angles in degrees.
ROLL_ANGLES = (-8, 0, 8)
#: Number of frames of a video, and frames per second.
N_FRAMES, FPS = 40, 25
#: Every third image has two faces.
TWO_FACES_STEP = 3
#: A video is composed of every fifth pair: the six expressions of a session then all occur.
VIDEO_STEP = 5


@dataclasses.dataclass(frozen=True)
class ComposedFace:
    """A face in an image or video.

    Attributes
    ----------
    file : str
    label : int
        Code in `FER22_CLASSES`.
    frames : list of ndarray, shape (H, W), uint8
        The image; of a video the first frame and the apex.
    landmarks : list of ndarray, shape (68, 2)
        In pixels of these frames.
    """

    file: str
    label: int
    frames: list[np.ndarray]
    landmarks: list[np.ndarray]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__, "in_the_wild.json")
    parser.add_argument("--kdef", type=Path, required=True, metavar="NPZ", help="photographs of KDEF with landmarks")
    parser.add_argument(
        "--landmarker", type=Path, metavar="FILE", help="a landmarker that was not trained on the evaluated subjects"
    )
    parser.add_argument(
        "--n-subjects", type=int_at_least(2), default=30, metavar="N", help="the last N subjects are evaluated"
    )
    parser.add_argument("--images-out", type=Path, metavar="DIR", help="keep the composed images and videos there")
    options = parser.parse_args(arguments)
    return run_command(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Compose images and videos, evaluate them, and write the results."""
    kdef = read_kdef(options.kdef)
    test = np.isin(kdef["subjects"], np.unique(kdef["subjects"])[-options.n_subjects :])
    if test.all():
        raise FerError(f"--n-subjects {options.n_subjects}: {options.kdef} has no other subjects to train on")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        landmarker_path = options.landmarker
        if landmarker_path is not None:
            load_landmarker(landmarker_path)  # a damaged file is reported before the images are composed
        else:
            frames = AnnotatedFrames.from_samples(kdef_photographs(kdef)[~test], n_frames=1)
            landmarker_path = save_landmarker(train_landmarker(frames)[0], folder / "landmarker.npz")
        images_out = options.images_out or folder
        train = kdef_pairs(kdef, ~test)
        images, videos = compose_images(kdef, test, images_out), compose_videos(kdef, test, images_out)
        result = {
            "versions": versions(),
            "n_subjects": len(np.unique(kdef["subjects"][test])),
            "images": evaluate_faces(images, train, "hog_linear", landmarker_path, folder),
            "videos": evaluate_faces(videos, train, "hogdiff_landmarks_linear", landmarker_path, folder),
        }
    out = options.out or RESULTS_DIR / "in_the_wild.json"
    write_json(out, result)
    print(f"\nwritten to {out}")


def paste_photograph(
    canvas: np.ndarray, photograph: np.ndarray, landmarks: np.ndarray, matrix: np.ndarray
) -> np.ndarray:
    """Paste a photograph into a canvas by an affine map, with a soft edge; returns the landmarks in the canvas."""
    height, width = photograph.shape
    mask = cv2.GaussianBlur(np.pad(np.ones((height - 24, width - 24), np.float32), 12), (0, 0), 4)
    scale = np.hypot(*matrix[:, 0])
    if scale < 0.7:  # against aliasing
        photograph = cv2.GaussianBlur(photograph, (0, 0), 0.4 / scale)
    warped = cv2.warpAffine(photograph, matrix, canvas.shape[::-1]).astype(np.float32)
    alpha = cv2.warpAffine(mask, matrix, canvas.shape[::-1])
    canvas[:] = np.rint(alpha * warped + (1 - alpha) * canvas)
    return apply_affine(matrix, landmarks)


def placement(width: float, roll: float, x: float, y: float, side: int) -> np.ndarray:
    """The affine map of a square photograph whose centre is mapped to (x, y), `width` pixels wide and rotated."""
    matrix = cv2.getRotationMatrix2D((0, 0), roll, width / side)
    matrix[:, 2] = [x, y] - matrix[:, :2] @ np.full(2, (side - 1) / 2)
    return matrix


def random_background(rng: np.random.Generator) -> np.ndarray:
    """A photograph of scikit-image without a frontal face."""
    sources = (skimage.data.camera, skimage.data.brick, skimage.data.grass, skimage.data.gravel)
    return cv2.resize(sources[rng.integers(4)](), IMAGE_SIZE[::-1])


def compose_images(kdef: dict[str, np.ndarray], selected: np.ndarray, folder: Path) -> list[ComposedFace]:
    """Images with one face, and every third with two, of the apex photographs of the selected subjects."""
    rng, faces = np.random.default_rng(0), []
    (folder / "images").mkdir(parents=True, exist_ok=True)
    apexes = neutral_apex_pairs(kdef, selected)[:, 1].tolist()
    side = kdef["images"].shape[1]
    for k, apex in enumerate(apexes):
        canvas, pasted = random_background(rng), [apex]
        if k % TWO_FACES_STEP == 0:
            others = [i for i in apexes if kdef["subjects"][i] != kdef["subjects"][apex]]
            pasted.append(int(rng.choice(others)))
        file = folder / "images" / f"{k:04}.png"
        for n, i in enumerate(pasted):
            width = rng.choice(PHOTOGRAPH_WIDTHS[:2] if len(pasted) == 2 else PHOTOGRAPH_WIDTHS)
            x = 320 + rng.uniform(-120, 120) if len(pasted) == 1 else 170 + 300 * n + rng.uniform(-15, 15)
            matrix = placement(width, rng.choice(ROLL_ANGLES), x, 240 + rng.uniform(-60, 60), side)
            landmarks = paste_photograph(canvas, kdef["images"][i], kdef["landmarks68"][i], matrix)
            label = FER22_CLASSES.index(kdef["labels"][i])
            faces.append(ComposedFace(str(file), label, [canvas], [landmarks]))
        cv2.imwrite(str(file), canvas)
    return faces


def compose_videos(kdef: dict[str, np.ndarray], selected: np.ndarray, folder: Path) -> list[ComposedFace]:
    """Videos from neutral to apex and back: cross-faded photographs, and landmarks interpolated in the same way."""
    rng, faces = np.random.default_rng(1), []
    (folder / "videos").mkdir(parents=True, exist_ok=True)
    side = kdef["images"].shape[1]
    for k, pair in enumerate(neutral_apex_pairs(kdef, selected)[::VIDEO_STEP]):
        background, start, width = random_background(rng), rng.uniform(200, 400), rng.choice(PHOTOGRAPH_WIDTHS)
        file = folder / "videos" / f"{k:04}.avi"
        writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), FPS, IMAGE_SIZE[::-1])
        (neutral, apex), (neutral_landmarks, apex_landmarks) = kdef["images"][pair], kdef["landmarks68"][pair]
        frames, landmarks = [], []
        for t in range(N_FRAMES):
            intensity = min(1.0, 1.4 * max(0.0, np.sin(np.pi * (t - 4) / (N_FRAMES - 8))))
            photograph = np.rint((1 - intensity) * neutral + intensity * apex).astype(np.uint8)
            canvas = background.copy()
            matrix = placement(width, 6 * np.sin(t / 15), start + t, 240 + 10 * np.sin(t / 9), side)
            points = (1 - intensity) * neutral_landmarks + intensity * apex_landmarks
            points = paste_photograph(canvas, photograph, points, matrix)
            writer.write(cv2.cvtColor(canvas, cv2.COLOR_GRAY2BGR))
            if t in (0, N_FRAMES // 2):
                frames.append(canvas)
                landmarks.append(points)
        writer.release()
        faces.append(ComposedFace(str(file), FER22_CLASSES.index(kdef["labels"][pair[1]]), frames, landmarks))
    return faces


def evaluate_faces(
    faces: list[ComposedFace], train: Samples, pipeline: str, landmarker: Path, folder: Path
) -> dict[str, Any]:
    """Accuracy of ``fer-features predict`` on the files, and of the pipeline with the true landmarks."""
    model = make_pipeline(pipeline).fit(train, train.label_codes)
    classes = {str(code): name for code, name in enumerate(FER22_CLASSES)}
    path = save_model(model, folder / f"{pipeline}.joblib", {"classes": classes})
    true = np.array([face.label for face in faces])
    landmarks = np.array([face.landmarks for face in faces], np.float32)
    X = Samples({"images": FrameColumn([face.frames for face in faces]), "landmarks": landmarks})
    with_true_landmarks = model.predict(X)
    out = folder / f"{pipeline}.csv"
    options = ["--model", str(path), "--landmarker", str(landmarker), "--all-faces", "--out", str(out)]
    if predict.main([*options, *sorted({face.file for face in faces})]) != 0:
        raise FerError("fer-features predict failed on the composed images")
    table = pd.read_csv(out)
    predicted = [predicted_expression(face, table[table["file"] == face.file]) for face in faces]
    correct = np.array([name == FER22_CLASSES[label] for name, label in zip(predicted, true, strict=True)])
    accuracy, reference = float(correct.mean()), float((with_true_landmarks == true).mean())
    result = {
        "pipeline": pipeline,
        "n_faces": len(faces),
        "accuracy_predict": accuracy,
        "accuracy_true_landmarks": reference,
        "n_missed": sum(name is None for name in predicted),
        "difference_percentage_points": 100 * (reference - accuracy),
    }
    print(", ".join(f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in result.items()), flush=True)
    return result


def predicted_expression(face: ComposedFace, records: pd.DataFrame) -> str | None:
    """The expression that was predicted for a face.

    For a video the summary of its first track; for an image that of the box which contains the mean of the landmarks.
    None if the face was missed.
    """
    if len(face.frames) > 1:
        records = records[records["status"] == "summary"]
    else:
        x, y = face.landmarks[0].mean(0)
        left, top = records["x"], records["y"]
        inside_x = (left < x) & (x < left + records["width"])
        records = records[inside_x & (top < y) & (y < top + records["height"])]
    records = records.dropna(subset="expression")
    return None if records.empty else str(records.iloc[0]["expression"])


if __name__ == "__main__":
    sys.exit(main())
