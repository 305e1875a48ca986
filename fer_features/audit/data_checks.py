"""Checks of the data: who is who, who shows what, pictures on both sides, what the first frame shows."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import balanced_accuracy_score

from ..classifiers import CLASSIFIERS
from ..evaluation.cross_validation import class_name
from ..evaluation.metrics import bootstrap, confusion_by_subject
from ..evaluation.protocol import official_parts, training_rows
from ..extractors import HOG, Align
from ..extractors.features import centre_and_scale
from ..samples.duplicates import copies_in, exact_duplicates, joined, near_duplicates
from ..samples.table import Samples
from ..vision.displacement import registered
from ..vision.geometry import MEAN_FACE, similarity, transform
from .base import Case, Check, points

#: Rows up to which pictures that are nearly equal are looked for: time grows with the square.
NEARLY = 5000

#: Part of the judged rows from which equal pictures in training make a score worthless, not merely a little high.
MANY = 0.01

#: Drawings of labels for what they would tell by chance.
SHUFFLES = 100


def who_is_known(X: Samples) -> Check:
    """Are subjects known, and how surely?"""
    name = "who is who"
    people = np.asarray(X["subject"])[training_rows(X)].astype(str) if "subject" in X else np.array(["-1"])
    known = np.unique(people[people != "-1"])
    figures = {"from": X.info.subjects_from, "confidence": X.info.subjects_confidence, "n_subjects": len(known)}
    if not len(known):
        why = "subjects are unknown: any score may leak; give --subjects FILE, or a data set that names them"
        return Check(name, "look", figures, why)
    if X.info.leakage:
        return Check(name, "look", figures, X.info.leakage)
    told = f"{len(known)} subjects, from {X.info.subjects_from}"
    if X.info.subjects_from == "inferred":
        told = f"{len(known)} subjects inferred from neutral frames, confidence {X.info.subjects_confidence:.2f}"
    unknown = int((people == "-1").sum())
    if unknown:
        return Check(name, "look", figures | {"unknown": unknown}, f"{told}; {unknown} rows are nobody's and left out")
    return Check(name, "fine", figures, told)


def class_balance(case: Case) -> Check:
    """Does every person show every expression, about as often?

    Where people show different expressions, who it is tells what is shown. How much is measured by the rows that the
    most frequent expression of each person gets right, against the same with labels shuffled over all rows.
    """
    name = "classes by subject"
    codes, label = np.unique(case.label, return_inverse=True)
    counts = np.bincount(label)
    ratio = float(counts.max() / counts.min())
    rare = class_name(case.X, codes[counts.argmin()])
    told = f"the most frequent class has {ratio:.1f} times the rows of '{rare}'"
    if case.people is None:
        figures: dict[str, Any] = {"ratio": ratio}
        return Check(name, "look" if ratio > 5 else "fine", figures, f"subjects are unknown; {told}")
    people = case.units
    n = int(people.max()) + 1

    def person_alone(label: np.ndarray) -> float:
        table = np.zeros((n, len(codes)), int)
        np.add.at(table, (people, label), 1)
        return float(table.max(1).sum() / len(label))

    rng = np.random.default_rng(case.seed)
    alone = person_alone(label)
    by_chance = float(np.mean([person_alone(rng.permutation(label)) for _ in range(SHUFFLES)]))
    shown = {class_name(case.X, code): len(np.unique(people[label == i])) for i, code in enumerate(codes)}
    figures = {"ratio": ratio, "shown_by": shown, "n_subjects": n, "person_alone": alone, "by_chance": by_chance}
    knowing = f"knowing the person alone gets {alone:.3f} right ({by_chance:.3f} if people did not matter)"
    if alone >= 0.9 and alone - by_chance > 0.3:
        return Check(name, "broken", figures, f"{knowing}: expression and person are one")
    if alone - by_chance > 0.1:
        return Check(name, "look", figures, f"{knowing}: people show different expressions")
    few = [f"'{key}' by {value}" for key, value in shown.items() if value < n / 2]
    if few:
        return Check(name, "look", figures, f"few of {n} subjects show some classes: {', '.join(few)}")
    if ratio > 5:
        return Check(name, "look", figures, f"{told}: look at balanced accuracy")
    least = min(shown.values())
    return Check(name, "fine", figures, f"every class is shown by at least {least} of {n} subjects; {knowing}")


def duplicates_across(X: Samples) -> Check:
    """Do equal or nearly equal pictures, or people, stand on both sides of a split?

    Sides are the official parts where a part beside training has labels, else people: folds by subject keep a person's
    copies together. Where nobody is known any copy counts.
    """
    name = "copies across splits"
    labelled = np.asarray(X["label"]) >= 0
    split = np.asarray(X["split"]) if "split" in X else None
    parts = official_parts(split[labelled]) if split is not None else ()
    X = X[labelled]
    split = split[labelled] if split is not None and parts else None
    people = np.asarray(X["subject"]).astype(str) if "subject" in X else np.full(len(X), "-1")
    shared: list[str] = []
    if split is not None:
        test = np.isin(split, parts)
        both = np.intersect1d(people[test], people[split == "train"])
        shared = [str(who) for who in both if who != "-1"]
    if "images" not in X:
        if shared:
            return Check(name, "broken", {"subjects": shared}, f"{len(shared)} subject(s) stand in two official parts")
        return Check(name, "skipped", {}, "there are no pictures to compare")

    def across(group: np.ndarray) -> tuple[int, int]:
        """Rows with a copy on the other side, and how many could have one."""
        if split is not None:
            test = np.flatnonzero(np.isin(split, parts))
            return int(copies_in(group, test, np.flatnonzero(split == "train")).sum()), len(test)
        side = np.where(people == "-1", np.arange(len(people)).astype(str), np.char.add("person ", people))
        pairs = np.unique(np.stack([group, np.unique(side, return_inverse=True)[1]], 1), axis=0)
        sides = np.bincount(pairs[:, 0], minlength=len(group))
        return int((sides[group] > 1).sum()), len(group)

    group = exact_duplicates(X)
    exact, n = across(group)
    figures: dict[str, Any] = {"exact": exact, "of": n, "subjects": shared}
    label = np.asarray(X["label"])
    several = np.unique(np.stack([group, label], 1), axis=0)
    contradictory = int((np.bincount(several[:, 0]) > 1).sum())
    figures["contradictory_groups"] = contradictory
    told = f"{exact} of {n} rows have an equal picture on another side"
    if len(X) <= NEARLY:
        near, _ = across(joined(group, near_duplicates(X, group=group)))
        figures["near"] = near - exact
        told += f", {near - exact} more a nearly equal one"
    if contradictory:
        told += f"; {contradictory} picture(s) have several labels"
    if shared:
        return Check(name, "broken", figures, f"{len(shared)} subject(s) stand in two official parts; {told}")
    if exact > MANY * n:
        return Check(name, "broken", figures, f"{told}; learn by --drop-duplicates, and quote the score without copies")
    if exact or contradictory or figures.get("near"):
        return Check(name, "look", figures, told)
    return Check(name, "fine", figures, told)


def neutral_first(case: Case) -> Check:
    """Does frame 0 look neutral?

    A neutral face does not tell the expression that follows: a linear classifier of the first frame alone, under folds
    by subject, must be at chance; the last frame alone says what could be told. This finds clips that run backwards or
    begin late, which the way that points go cannot. Where there are landmarks, the distance from frame 0 must grow to
    the end as well, free of head motion.
    """
    name = "frame 0 is neutral"
    X = case.X
    column = "images" if "images" in X else "landmarks"
    if column not in X or np.shape(X.column(column))[1] < 2:
        return Check(name, "skipped", {}, "these are stills")
    folds = case.folds(5)
    classes, truth = np.unique(case.label, return_inverse=True)
    chance = 1 / len(classes)
    recall, low = {}, 0.0
    for frame in (-1, 0):
        features = _of_frame(X, frame)
        usable = np.isfinite(features).all(1)
        found = np.zeros(len(truth), int)
        for train, test in folds:
            train, test = train[usable[train]], test[usable[test]]
            mean, divisor = centre_and_scale(features[train], "column")
            judge = CLASSIFIERS["linear"].steps(case.seed)[-1][1].fit((features[train] - mean) / divisor, truth[train])
            found[test] = judge.predict((features[test] - mean) / divisor)
        recall[frame] = float(balanced_accuracy_score(truth[usable], found[usable]))
        counts = confusion_by_subject(truth[usable], found[usable], case.units[usable], len(classes))
        low = bootstrap(counts, case.seed)["balanced_accuracy"][0]
    figures: dict[str, Any] = {"first": recall[0], "last": recall[-1], "chance": chance, "low": low}
    told = f"mean recall {recall[0]:.3f} from frame 0 alone, {recall[-1]:.3f} from the last (chance {chance:.3f})"
    grows = True
    if "landmarks" in X:
        points_of = registered(X["landmarks"], frames=np.shape(X.column("landmarks"))[1] - 1)
        distance = np.linalg.norm(points_of - points_of[:, :1], axis=-1).mean(-1)
        motion = np.nanmean(distance[np.isfinite(distance).all(1)], 0)
        figures["motion"] = [round(float(value), 4) for value in motion]
        grows = bool(motion[-1] >= 0.9 * motion.max())
        told += f"; points move {motion[-1]:.3f} inter-ocular distances to the end, {motion.max():.3f} at most"
    if low > chance and recall[0] - chance > 0.5 * max(recall[-1] - chance, 0.1):
        return Check(name, "broken", figures, f"{told}: the first frame shows the expression")
    if low > chance and recall[0] - chance > 0.05:
        why = f"{told}: frame 0 tells {points(recall[0] - chance)} points more than a neutral face would"
        return Check(name, "look", figures, why)
    if not grows:
        return Check(name, "look", figures, f"{told}: the last frame is not the apex")
    return Check(name, "fine", figures, told)


def _of_frame(X: Samples, frame: int) -> np.ndarray:
    """HOG of one frame of each clip, or its points on the mean face, (n, d); NaN where there is no face."""
    points_there = np.asarray(X.frame("landmarks", frame)) if "landmarks" in X else None
    if "images" not in X and points_there is not None:
        upright = transform(similarity(points_there, MEAN_FACE), points_there)
        return upright.reshape(len(X), -1).astype(np.float32)
    method = "none" if points_there is None else "procrustes"
    blocks = []
    for start in range(0, len(X), 256):
        rows = slice(start, start + 256)
        still = Samples.from_arrays(
            images=np.asarray(X[rows].frame("images", frame))[:, None],
            landmarks=None if points_there is None else points_there[rows][:, None],
        )
        still = Align(method=method).fit(still).transform(still)
        blocks.append(HOG().fit(still).transform(still))
    return np.concatenate(blocks)
