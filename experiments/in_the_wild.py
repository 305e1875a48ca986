"""Does a model keep its accuracy on raw pictures and videos, where nobody gives it boxes, landmarks or neutral frames?

    python experiments/in_the_wild.py --kdef kdef_frontal.npz [--landmarks FILE.joblib] [--pictures DIR] [--people N]

From photographs (KDEF; arrays images, landmarks68, labels, subjects, session) of people whom neither the model nor the
landmarker has seen: pictures of 640 x 480 with the face at several sizes and tilts before a photograph, pictures of two
people, and videos from neutral to apex and back, in which the face drifts. The model and, where none is given, the
landmarker are learnt from the others. Told are, for single frames (an apex model on pictures, all faces) and pairs
(neutral to apex, on videos): accuracy by `fer_features.cli.predict`, the same rows through the pipeline with the true
landmarks, the difference in points, and how many faces were missed. Writes experiments/results/in-the-wild.json.
Without --pictures what is drawn is removed again: it shows people.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import skimage.data

from fer_features import Samples, make_pipeline, save_model
from fer_features._atomic import replacing
from fer_features._progress import progress
from fer_features.cli import predict as command
from fer_features.cli._parser import Parser, guarded, whole
from fer_features.exceptions import FerError
from fer_features.expressions import FER22
from fer_features.faces import Landmarker, load_landmarker, save_landmarker
from fer_features.recognition.face_view import Frames
from fer_features.version import versions
from fer_features.vision.geometry import transform

SIZE = (480, 640)
#: Widths of a photograph in the picture and its tilts in degrees: the face is about two thirds as wide.
WIDTHS, TILTS = (160, 230, 320), (-8, 0, 8)
#: Frames of a video, and frames a second.
LENGTH, RATE = 40, 25


def main() -> int:
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--kdef", type=Path, required=True, metavar="NPZ", help="photographs with landmarks")
    parser.add_argument("--landmarks", type=Path, metavar="FILE", help="a landmarker that has not seen those judged")
    parser.add_argument("--people", type=whole(2), default=30, metavar="N", help="the last N are judged (30)")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="keep what is drawn there")
    parser.add_argument("--out", type=Path, metavar="FILE", help="JSON (experiments/results/in-the-wild.json)")
    options = parser.parse_args()
    return guarded(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    try:
        data = dict(np.load(options.kdef))
    except OSError as error:
        raise FerError(f"--kdef {options.kdef} cannot be read: {error.strerror or error}") from error
    people = np.unique(data["subjects"])
    judged = people[-options.people :]
    known = ~np.isin(data["subjects"], judged)
    with tempfile.TemporaryDirectory() as folder:
        work = options.pictures or Path(folder)
        landmarker = load_landmarker(options.landmarks) if options.landmarks else learnt(data, known)
        path = save_landmarker(landmarker, Path(folder) / "landmarks.joblib", {})
        result = {
            "versions": versions(),
            "people": len(judged),
            "pictures": judge(stills(data, judged, work), data, known, "hog_linear", path, Path(folder)),
            "videos": judge(videos(data, judged, work), data, known, "hogdiff_landmarks_linear", path, Path(folder)),
        }
    with replacing(options.out or Path(__file__).parent / "results" / "in-the-wild.json") as temporary:
        temporary.write_text(json.dumps(result, indent=1) + "\n")


def learnt(data: dict, known: np.ndarray) -> Landmarker:
    return Landmarker().fit(data["images"][known], data["landmarks68"][known])


def pairs(data: dict, rows: np.ndarray) -> list[tuple[int, int]]:
    """Rows of neutral and apex photographs of one person and session."""
    found = []
    for i in np.flatnonzero(rows & (data["labels"] != "neutral")):
        same = (data["subjects"] == data["subjects"][i]) & (data["session"] == data["session"][i])
        neutral = np.flatnonzero(same & (data["labels"] == "neutral"))
        if neutral.size:
            found.append((int(neutral[0]), int(i)))
    return found


def fitted(name: str, data: dict, known: np.ndarray):
    """A pipeline of the pairs of the people who are not judged."""
    rows = np.array(pairs(data, known))
    label = np.array([FER22.index(data["labels"][apex]) for _, apex in rows])
    X = Samples.from_arrays(
        data["images"][rows], data["landmarks68"][rows], label=label, subject=data["subjects"][rows[:, 1]]
    )
    return make_pipeline(name).fit(X, label)


def placed(picture: np.ndarray, points: np.ndarray, matrix: np.ndarray, canvas: np.ndarray) -> np.ndarray:
    """A photograph drawn into a canvas under an affine map, with a soft edge; returns the points there."""
    height, width = picture.shape
    edge = cv2.GaussianBlur(np.pad(np.ones((height - 24, width - 24), np.float32), 12), (0, 0), 4)
    scale = np.hypot(*matrix[:, 0])
    if scale < 0.7:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.4 / scale)
    drawn = cv2.warpAffine(picture, matrix, canvas.shape[::-1]).astype(np.float32)
    share = cv2.warpAffine(edge, matrix, canvas.shape[::-1])
    canvas[:] = np.rint(share * drawn + (1 - share) * canvas)
    return transform(matrix, points)


def at(width: float, tilt: float, x: float, y: float, side: int = 224) -> np.ndarray:
    """The map that puts the middle of a square photograph at (x, y), tilted, `width` pixels wide."""
    turn = cv2.getRotationMatrix2D((0, 0), tilt, width / side)
    turn[:, 2] = [x, y] - turn[:, :2] @ np.full(2, (side - 1) / 2)
    return turn


def background(rng: np.random.Generator) -> np.ndarray:
    source = [skimage.data.camera(), skimage.data.brick(), skimage.data.grass(), skimage.data.gravel()][rng.integers(4)]
    return cv2.resize(source, SIZE[::-1])


def stills(data: dict, judged: np.ndarray, work: Path) -> list[dict]:
    """Pictures with one face, and for every third two; each face with its file, place, label and landmarks."""
    rng, found = np.random.default_rng(0), []
    (work / "pictures").mkdir(parents=True, exist_ok=True)
    rows = [apex for _, apex in pairs(data, np.isin(data["subjects"], judged))]
    for k, row in enumerate(rows):
        canvas, faces = background(rng), [row]
        if k % 3 == 0:
            other = [r for r in rows if data["subjects"][r] != data["subjects"][row]]
            faces.append(int(rng.choice(other)))
        name = work / "pictures" / f"{k:04}.png"
        for n, face in enumerate(faces):
            width = rng.choice(WIDTHS[:2] if len(faces) == 2 else WIDTHS)
            x = 320 + rng.uniform(-120, 120) if len(faces) == 1 else 170 + 300 * n + rng.uniform(-15, 15)
            matrix = at(width, rng.choice(TILTS), x, 240 + rng.uniform(-60, 60))
            points = placed(data["images"][face], data["landmarks68"][face], matrix, canvas)
            found.append({"file": str(name), "label": FER22.index(data["labels"][face]), "points": points})
        cv2.imwrite(str(name), canvas)
        for face in found[-len(faces) :]:
            face["frames"], face["marks"] = [canvas], [face["points"]]
    return found


def videos(data: dict, judged: np.ndarray, work: Path) -> list[dict]:
    """Videos from neutral to apex and back, photographs cross-faded and the landmarks' means with them.

    Of every fifth pair: five and the six expressions of a session have no common divisor, so that all come.
    """
    rng, found = np.random.default_rng(1), []
    (work / "videos").mkdir(parents=True, exist_ok=True)
    for k, (neutral, apex) in enumerate(pairs(data, np.isin(data["subjects"], judged))[::5]):
        behind, start, width = background(rng), rng.uniform(200, 400), rng.choice(WIDTHS)
        name = work / "videos" / f"{k:04}.avi"
        writer = cv2.VideoWriter(str(name), cv2.VideoWriter.fourcc(*"MJPG"), RATE, SIZE[::-1])
        frames, marks = [], []
        for t in range(LENGTH):
            share = min(1.0, 1.4 * max(0.0, np.sin(np.pi * (t - 4) / (LENGTH - 8))))
            pictures, points = data["images"][[neutral, apex]], data["landmarks68"][[neutral, apex]]
            picture = np.rint((1 - share) * pictures[0] + share * pictures[1]).astype(np.uint8)
            canvas = behind.copy()
            matrix = at(width, 6 * np.sin(t / 15), start + t, 240 + 10 * np.sin(t / 9))
            marked = placed(picture, (1 - share) * points[0] + share * points[1], matrix, canvas)
            writer.write(cv2.cvtColor(canvas, cv2.COLOR_GRAY2BGR))
            if t in (0, LENGTH // 2):
                frames.append(canvas)
                marks.append(marked)
        writer.release()
        found.append({"file": str(name), "label": FER22.index(data["labels"][apex]), "frames": frames, "marks": marks})
    return found


def judge(faces: list[dict], data: dict, known: np.ndarray, name: str, landmarks: Path, folder: Path) -> dict:
    """Accuracy by the command on files, and by the pipeline on the same faces with their true landmarks."""
    model = fitted(name, data, known)
    classes = {str(code): word for code, word in enumerate(FER22)}
    path = save_model(model, folder / f"{name}.joblib", {"classes": classes})
    truth = np.array([face["label"] for face in faces])
    marks = np.array([face["marks"] for face in faces], np.float32)
    known_points = Samples({"images": Frames([face["frames"] for face in faces]), "landmarks": marks})
    by_hand = model.predict(known_points)
    files = sorted({face["file"] for face in faces})
    out = folder / f"{name}.csv"
    arguments = ["--model", str(path), "--landmarks", str(landmarks), "--faces", "all", "--out", str(out), *files]
    if command.main(arguments) != 0:
        raise FerError("predict failed on what was drawn")
    table = pd.read_csv(out)
    answers = [answer(face, table[table["file"] == face["file"]]) for face in progress(faces, len(faces), "judged")]
    right = np.array([said == FER22[label] for said, label in zip(answers, truth, strict=True)])
    result = {
        "pipeline": name,
        "faces": len(faces),
        "by_predict": float(right.mean()),
        "by_true_landmarks": float((by_hand == truth).mean()),
        "missed": int(sum(said is None for said in answers)),
    }
    result["difference_in_points"] = 100 * (result["by_true_landmarks"] - result["by_predict"])
    print(", ".join(f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in result.items()), flush=True)
    return result


def answer(face: dict, rows: pd.DataFrame) -> str | None:
    """What was said of a face: of a video by its clip, of a picture by the box that holds the face's middle."""
    if len(face["frames"]) > 1:
        clips = rows[rows["status"] == "clip"].dropna(subset="expression")
        return None if clips.empty else str(clips.iloc[0]["expression"])
    x, y = face["points"].mean(0)
    holds = (rows["x"] < x) & (x < rows["x"] + rows["width"]) & (rows["y"] < y) & (y < rows["y"] + rows["height"])
    found = rows[holds].dropna(subset="expression")
    return None if found.empty else str(found.iloc[0]["expression"])


if __name__ == "__main__":
    sys.exit(main())
