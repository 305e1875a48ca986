"""Checks of the data: known subjects, classes by subject, duplicates across splits, and the neutral frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import balanced_accuracy_score

from ..classifiers import CLASSIFIERS
from ..evaluation.metrics import confusion_by_subject, metrics_from_confusion
from ..evaluation.statistics import bootstrap_confusion
from ..extractors import HOG, Align
from ..extractors.scaling import fit_block_scaling
from ..samples.data_info import SUBJECT_SOURCES, class_name
from ..samples.duplicates import exact_duplicates, has_duplicate_in, merge_groups, near_duplicates
from ..samples.image_columns import clean_images
from ..samples.splits import evaluation_splits, split_column, training_mask
from ..samples.table import Samples
from ..vision.geometry import MEAN_FACE, apply_affine, estimate_similarity
from ..vision.registration import register_landmarks
from .context import AuditContext, Check, percentage_points

#: Samples up to which near-duplicates are searched: the time grows with the square of their number.
MAX_NEAR_DUPLICATE_SAMPLES = 5000

#: Fraction of evaluated samples with a duplicate in the training samples from which scores are untrustworthy.
MAX_DUPLICATE_FRACTION = 0.01

#: Permutations of the labels for the accuracy of the majority class of each subject by chance.
N_PERMUTATIONS = 100

#: Class frequencies whose ratio is above this are imbalanced.
MAX_CLASS_RATIO = 5

#: Samples of which HOG features of single frames are computed at once.
FRAME_BATCH_SIZE = 256


def check_subjects_known(X: Samples) -> Check:
    """Whether the subjects of the training samples are known, and with which confidence."""
    name = "subject identities"
    info, groups = X.info, X[training_mask(X)].groups
    n_subjects = 0 if groups is None else len(np.unique(groups[groups >= 0]))
    details = {
        "subjects_from": info.subjects_from,
        "confidence": info.subjects_confidence,
        "n_subjects": n_subjects,
    }
    if groups is None:
        text = "subjects are unknown, so scores may be too high: use subjects=FILE, or a data set with subjects"
        return Check(name, "warning", text, details)
    if info.leakage:
        return Check(name, "warning", info.leakage, details)
    text = f"{n_subjects} subjects, {SUBJECT_SOURCES.get(info.subjects_from, info.subjects_from)}"
    if info.subjects_confidence is not None:
        text += f", confidence {info.subjects_confidence:.2f}"
    n_unknown = int((groups < 0).sum())
    if n_unknown:
        text += f"; the subject of {n_unknown} samples is unknown, and these are excluded"
        return Check(name, "warning", text, details | {"n_unknown": n_unknown})
    return Check(name, "pass", text, details)


def check_class_balance(context: AuditContext) -> Check:
    """Whether every subject shows every expression with a similar frequency.

    If subjects show different expressions, the subject predicts the label. The accuracy of predicting the most
    frequent class of each subject is compared with the same accuracy after permutation of the labels.
    """
    name = "classes by subject"
    codes, label = np.unique(context.label, return_inverse=True)
    counts = np.bincount(label)
    ratio = float(counts.max() / counts.min())
    rarest = class_name(context.X.info, codes[counts.argmin()])
    imbalance = f"the most frequent class has {ratio:.1f} times the samples of '{rarest}'"
    if context.subject is None:
        status = "warning" if ratio > MAX_CLASS_RATIO else "pass"
        return Check(name, status, f"subjects are unknown; {imbalance}", {"ratio": ratio})
    units = context.units
    n = int(units.max()) + 1

    def majority_accuracy(label: np.ndarray) -> float:
        table = np.zeros((n, len(codes)), int)
        np.add.at(table, (units, label), 1)
        return float(table.max(1).sum() / len(label))

    rng = np.random.default_rng(context.seed)
    accuracy = majority_accuracy(label)
    by_chance = float(np.mean([majority_accuracy(rng.permutation(label)) for _ in range(N_PERMUTATIONS)]))
    shown_by = {class_name(context.X.info, code): len(np.unique(units[label == i])) for i, code in enumerate(codes)}
    details: dict[str, Any] = {"ratio": ratio, "shown_by": shown_by, "n_subjects": n}
    details |= {"majority_by_subject": accuracy, "by_chance": by_chance}
    text = f"the majority class of each subject has accuracy {accuracy:.3f} ({by_chance:.3f} with permuted labels)"
    if accuracy >= 0.9 and accuracy - by_chance > 0.3:
        return Check(name, "fail", f"{text}: expression and subject are confounded", details)
    if accuracy - by_chance > 0.1:
        return Check(name, "warning", f"{text}: subjects show different expressions", details)
    few = [f"'{key}' by {value}" for key, value in shown_by.items() if value < n / 2]
    if few:
        return Check(name, "warning", f"few of {n} subjects show some classes: {', '.join(few)}", details)
    if ratio > MAX_CLASS_RATIO:
        return Check(name, "warning", f"{imbalance}: report balanced accuracy", details)
    text = f"every class is shown by at least {min(shown_by.values())} of {n} subjects; {text}"
    return Check(name, "pass", text, details)


def check_duplicates(X: Samples) -> Check:
    """Whether identical or nearly identical images, or subjects, are in training and test samples.

    Predefined splits are compared where one besides 'train' has labels, else subjects: folds grouped by subject keep
    the duplicates of a subject together. A sample of an unknown subject counts as a subject of its own.
    """
    name = "duplicates across splits"
    X = X[X.is_labelled]
    split = split_column(X)
    evaluated = evaluation_splits(split)
    split = split if evaluated else None
    known = X.groups is not None
    groups = X.groups if X.groups is not None else np.full(len(X), -1)
    shared: list[str] = []
    if split is not None and known:
        test = np.isin(split, evaluated)
        both = np.intersect1d(groups[test], groups[split == "train"])
        subject = np.asarray(X["subject"])
        shared = [str(subject[groups == group][0]) for group in both if group >= 0]
    if "images" not in X:
        if shared:
            text = f"{len(shared)} subject(s) are in several predefined splits"
            return Check(name, "fail", text, {"subjects": shared})
        return Check(name, "skipped", "there are no images to compare")

    def count_across(duplicate_group: np.ndarray) -> tuple[int, int]:
        """Number of samples with such a duplicate, and of those that could have one."""
        if split is not None:
            test = np.flatnonzero(np.isin(split, evaluated))
            train = np.flatnonzero(split == "train")
            return int(has_duplicate_in(duplicate_group, test, train).sum()), len(test)
        unit = np.where(groups < 0, groups.max(initial=-1) + 1 + np.arange(len(groups)), groups)
        pairs = np.unique(np.stack([duplicate_group, unit], 1), axis=0)
        n_units = np.bincount(pairs[:, 0], minlength=len(duplicate_group))
        return int((n_units[duplicate_group] > 1).sum()), len(duplicate_group)

    duplicate_group = exact_duplicates(X)
    n_exact, n = count_across(duplicate_group)
    labels_of_group = np.unique(np.stack([duplicate_group, X.label_codes], 1), axis=0)
    n_contradictory = int((np.bincount(labels_of_group[:, 0]) > 1).sum())
    details: dict[str, Any] = {"n_exact": n_exact, "n_samples": n, "subjects": shared}
    details["n_contradictory_groups"] = n_contradictory
    where = "in another split" if split is not None else "of another subject" if known else "in another sample"
    text = f"{n_exact} of {n} samples have an identical image {where}"
    if len(X) <= MAX_NEAR_DUPLICATE_SAMPLES:
        n_all, _ = count_across(merge_groups(duplicate_group, near_duplicates(X, group=duplicate_group)))
        details["n_near"] = n_all - n_exact
        text += f", {n_all - n_exact} more have a nearly identical one"
    if n_contradictory:
        text += f"; {n_contradictory} image(s) have several labels"
    if shared:
        return Check(name, "fail", f"{len(shared)} subject(s) are in several predefined splits; {text}", details)
    if n_exact > MAX_DUPLICATE_FRACTION * n:
        text += "; train with drop_duplicates=True, and report the accuracy excluding duplicates"
        return Check(name, "fail", text, details)
    if n_exact or n_contradictory or details.get("n_near"):
        return Check(name, "warning", text, details)
    return Check(name, "pass", text, details)


def check_neutral_frame(context: AuditContext) -> Check:
    """Whether frame 0 is neutral.

    A neutral face does not predict the following expression: a linear classifier of the first frame must be at the
    chance level with folds grouped by subject; the classifier of the last frame shows what can be reached. This
    detects reversed clips and clips that begin late. With landmarks, the distance from frame 0, without head motion,
    must also be largest at the end.
    """
    name = "neutral frame"
    X = context.X
    column = "images" if "images" in X else "landmarks"
    if column not in X or np.shape(X.column(column))[1] < 2:
        return Check(name, "skipped", "the samples are stills")
    folds = context.folds(5)
    classes, true = np.unique(context.label, return_inverse=True)
    chance = 1 / len(classes)
    accuracy, low = {}, 0.0
    for frame in (-1, 0):
        features = _frame_features(X, frame)
        usable = np.isfinite(features).all(1)
        predicted = np.zeros(len(true), int)
        for train, test in folds:
            train, test = train[usable[train]], test[usable[test]]
            mean, divisor = fit_block_scaling(features[train], "standardize")
            classifier = CLASSIFIERS["linear"].steps(context.seed)[-1][1]
            classifier.fit((features[train] - mean) / divisor, true[train])
            predicted[test] = classifier.predict((features[test] - mean) / divisor)
        accuracy[frame] = float(balanced_accuracy_score(true[usable], predicted[usable]))
        counts = confusion_by_subject(true[usable], predicted[usable], context.units[usable], len(classes))
        low = float(bootstrap_confusion(counts, metrics_from_confusion, context.seed)["balanced_accuracy"][0])
    first, last = accuracy[0], accuracy[-1]
    details: dict[str, Any] = {"first": first, "last": last, "chance": chance, "ci95_low": low}
    text = f"balanced accuracy {first:.3f} from frame 0, {last:.3f} from the last frame (chance {chance:.3f})"
    increases = True
    if "landmarks" in X:
        landmarks = register_landmarks(X["landmarks"], n_apex_frames=np.shape(X.column("landmarks"))[1] - 1)
        distance = np.linalg.norm(landmarks - landmarks[:, :1], axis=-1).mean(-1)
        motion = np.nanmean(distance[np.isfinite(distance).all(1)], 0)
        details["motion"] = [round(float(value), 4) for value in motion]
        increases = bool(motion[-1] >= 0.9 * motion.max())
        text += f"; mean landmark motion {motion[-1]:.3f} interocular distances at the end, maximum {motion.max():.3f}"
    if low > chance and first - chance > 0.5 * max(last - chance, 0.1):
        return Check(name, "fail", f"{text}: the first frame shows the expression", details)
    if low > chance and first - chance > 0.05:
        text += f": frame 0 is {percentage_points(first - chance)} percentage points above chance"
        return Check(name, "warning", text, details)
    if not increases:
        return Check(name, "warning", f"{text}: the last frame is not the apex", details)
    return Check(name, "pass", text, details)


def _frame_features(X: Samples, frame: int) -> np.ndarray:
    """HOG of one frame of each clip, or its landmarks aligned to the mean face, (n, d); NaN without landmarks."""
    landmarks = np.asarray(X.frame("landmarks", frame)) if "landmarks" in X else None
    if "images" not in X and landmarks is not None:
        aligned = apply_affine(estimate_similarity(landmarks, MEAN_FACE), landmarks)
        return aligned.reshape(len(X), -1).astype(np.float32)
    method = "none" if landmarks is None else "procrustes"
    blocks = []
    for start in range(0, len(X), FRAME_BATCH_SIZE):
        part = slice(start, start + FRAME_BATCH_SIZE)
        columns: dict[str, Any] = {"images": clean_images(list(X[part].frame("images", frame)))[0]}
        if landmarks is not None:
            columns["landmarks"] = landmarks[part][:, None]
        stills = Samples(columns, check_input=False)
        stills = Align(method=method).fit(stills).transform(stills)
        blocks.append(HOG().fit(stills).transform(stills))
    return np.concatenate(blocks)
