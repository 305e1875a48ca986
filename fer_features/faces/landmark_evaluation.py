"""How far landmarks found are from those known: errors by the eye distance, failures, the cumulative curve."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

from .._progress import progress
from ..exceptions import FerError
from ..samples.table import Samples
from ..vision.shape_model import outer_eye_distance
from . import LOST, Landmarker
from .framing import find_boxes

#: An error of more than this share of the eye distance is a failure.
FAILURE = 0.10
#: Where the cumulative curve is told, shares of the eye distance.
CURVE = np.linspace(0, FAILURE, 41)


@dataclasses.dataclass(frozen=True)
class Pictures:
    """Single pictures with landmarks and who is in them.

    Attributes
    ----------
    images : list of ndarray, (H, W) uint8
    landmarks : ndarray, shape (n, 68, 2)
    subject : ndarray, shape (n,)
    grouped : bool
        Whether subjects are known; else each row of the table counts as a person of its own.
    """

    images: list[np.ndarray]
    landmarks: np.ndarray
    subject: np.ndarray
    grouped: bool

    def __len__(self) -> int:
        return len(self.images)


def pictures_of(X: Samples, frames: int = 3) -> Pictures:
    """Some frames of each row that have landmarks, evenly spread from the first to the last.

    Neighbouring frames of a clip are nearly the same picture and teach nothing new.

    Raises
    ------
    FerError
        Where the table has no images or no landmarks.
    """
    check_landmarks(X)
    length = X.column("landmarks").shape[1] if len(X) else 0
    at = np.unique(np.rint(np.linspace(0, length - 1, min(frames, length))).astype(int))
    known = "subject" in X and bool((np.asarray(X["subject"]).astype(str) != "-1").all())
    people = np.asarray(X["subject"]) if known else np.arange(len(X))
    images: list[np.ndarray] = []
    landmarks, subject = [], []
    for t in at:
        points = np.asarray(X.frame("landmarks", int(t)), np.float64)
        usable = np.flatnonzero(np.isfinite(points).all((1, 2)))
        images += list(X[usable].frame("images", int(t))) if usable.size else []
        landmarks.append(points[usable])
        subject.append(people[usable])
    if not images:
        raise FerError("no row of these data has landmarks in any frame: nothing to learn from or to judge by")
    return Pictures(images, np.concatenate(landmarks), np.concatenate(subject), known)


def check_landmarks(X: Samples) -> None:
    """Refuse a table that has no pictures or no landmarks."""
    for name in ("images", "landmarks"):
        X.column(name)


def learn_landmarks(model: Any, X: Samples, seed: int) -> dict[str, Any]:
    """Give a fitted pipeline a landmarker, learned from these rows, as ``landmarker_``; returns what is told of it."""
    pictures = pictures_of(X)
    model.landmarker_ = fitted(Landmarker(random_state=seed), pictures)
    return about(model.landmarker_, pictures)


def point_errors(points: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Mean distance of the 68 points as a share of the outer eye distance, (n,)."""
    return np.linalg.norm(points - landmarks, axis=-1).mean(-1) / outer_eye_distance(landmarks)


def judge(landmarker: Landmarker, pictures: Pictures) -> dict[str, np.ndarray]:
    """What a fitted landmarker finds in pictures, boxes from its detector.

    Returns
    -------
    dict
        Of 'error' (n,), NaN where the detector missed the face, 'confidence' (n,), and 'seconds' (n,) of processor time
        of the landmarks of one face, without detection.
    """
    boxes = find_boxes(pictures.images, pictures.landmarks, landmarker.detector)
    found = {name: np.full(len(pictures), np.nan) for name in ("error", "confidence", "seconds")}
    for i in np.flatnonzero(np.isfinite(boxes).all(1)):
        start = time.process_time()
        points, confidence = landmarker.locate(pictures.images[i], boxes[i : i + 1])
        found["seconds"][i] = time.process_time() - start
        found["error"][i] = point_errors(points, pictures.landmarks[i : i + 1])[0]
        found["confidence"][i] = confidence[0]
    return found


def cross_validate(
    landmarker: Landmarker, pictures: Pictures, cv: str = "10fold", seed: int = 0, jobs: int = 1
) -> dict[str, np.ndarray]:
    """What landmarkers find in the faces of people that they have not seen; as `judge`, with 'fold' (n,) int.

    Raises
    ------
    FerError
        For an unknown protocol, or fewer people than folds.
    """
    people = len(np.unique(pictures.subject))
    number = cv.removesuffix("fold")
    if cv != "loso" and not (number.isdigit() and cv.endswith("fold") and int(number) >= 2):
        raise FerError(f"no protocol '{cv}': 'loso', '5fold', '10fold' or another number of folds is needed")
    if people < (2 if cv == "loso" else int(number)):
        raise FerError(f"{people} subject(s) are fewer than {cv} needs: use --cv {max(people, 2)}fold or fewer")
    folds = LeaveOneGroupOut() if cv == "loso" else GroupKFold(int(number), shuffle=True, random_state=seed)
    splits = list(folds.split(np.zeros(people_rows := len(pictures)), groups=pictures.subject))
    outcomes = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(_fold)(clone(landmarker), pictures, train, test) for train, test in splits
    )
    found = {name: np.full(people_rows, np.nan) for name in ("error", "confidence", "seconds")}
    found["fold"] = np.full(people_rows, -1)
    for k, ((_, test), outcome) in enumerate(zip(splits, progress(outcomes, len(splits), "folds"), strict=True)):
        found["fold"][test] = k
        for name, values in outcome.items():
            found[name][test] = values
    return found


def _fold(landmarker: Landmarker, pictures: Pictures, train: np.ndarray, test: np.ndarray) -> dict[str, np.ndarray]:
    return judge(fitted(landmarker, part(pictures, train)), part(pictures, test))


def part(pictures: Pictures, rows: np.ndarray) -> Pictures:
    """Some of the pictures."""
    images = [pictures.images[i] for i in rows]
    return Pictures(images, pictures.landmarks[rows], pictures.subject[rows], pictures.grouped)


def fitted(landmarker: Landmarker, pictures: Pictures) -> Landmarker:
    """The landmarker after learning from pictures."""
    return landmarker.fit(pictures.images, pictures.landmarks)


def about(landmarker: Landmarker, pictures: Pictures) -> dict[str, Any]:
    """What manifests say of a landmarker and of what it learned from, ready for JSON."""
    return {
        "n_faces": landmarker.n_faces_,
        "n_missed": landmarker.n_missed_,
        "n_subjects": len(np.unique(pictures.subject)) if pictures.grouped else None,
        "parameters": {k: v for k, v in landmarker.get_params().items() if k != "detector"},
    }


def figures(found: dict[str, np.ndarray], pictures: Pictures) -> dict[str, Any]:
    """What is reported of errors, ready for JSON; distances are shares of that of the outer eye corners."""
    error = found["error"]
    seen = np.isfinite(error)
    if not seen.any():
        raise FerError(f"the detector found the right face in none of {len(error)} pictures")
    judged = error[seen]
    failed = ~seen | (np.nan_to_num(error, nan=1.0) > FAILURE)
    people = np.unique(pictures.subject)
    of = [judged[pictures.subject[seen] == one].mean() for one in people if (pictures.subject[seen] == one).any()]
    return {
        "normalised_by": "distance of the outer eye corners (points 36 and 45)",
        "n": len(error),
        "n_subjects": len(people) if pictures.grouped else None,
        "grouped": pictures.grouped,
        "detected": float(seen.mean()),
        "mean": float(judged.mean()),
        "median": float(np.median(judged)),
        "subject_deviation": float(np.std(of)),
        "p95": float(np.percentile(judged, 95)),
        "max": float(judged.max()),
        "failures": float(failed.mean()),
        "failure_above": FAILURE,
        "confident": float((found["confidence"][seen] >= LOST).mean()),
        "ms_a_face": float(1000 * np.median(found["seconds"][seen])),
        "curve": {
            "error": [round(float(at), 4) for at in CURVE],
            "share": [float((np.nan_to_num(error, nan=np.inf) <= at).mean()) for at in CURVE],
        },
    }


def words(report: dict[str, Any]) -> str:
    """The figures in a few lines."""
    people = f"{report['n_subjects']} people" if report["grouped"] else "people unknown: NOT grouped by subject"
    return (
        f"{report['n']} faces, {people}; the right face detected in {100 * report['detected']:.1f} %\n"
        f"error {100 * report['mean']:.2f} % of the outer eye distance, median {100 * report['median']:.2f} %, "
        f"deviation over people {100 * report['subject_deviation']:.2f}\n"
        f"failures (above {100 * FAILURE:.0f} %, or not detected) {100 * report['failures']:.2f} %; "
        f"{report['ms_a_face']:.1f} ms a face"
    )


def draw_curve(curves: dict[str, Sequence[float]], path: Path) -> None:
    """Draw the cumulative curve, the share of faces with at most an error, as a PNG."""
    # Imported here, for it takes longer than everything else that a command imports; the figure is drawn off screen.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3.6), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot(100 * np.array(curves["error"]), 100 * np.array(curves["share"]))
    axes.set_xlim(0, 100 * FAILURE)
    axes.set_ylim(0, 101)
    axes.grid(alpha=0.3)
    axes.set_xlabel("mean error of the 68 points, % of the outer eye distance")
    axes.set_ylabel("% of faces with at most this error")
    figure.savefig(path, format="png", metadata={"Software": None})
