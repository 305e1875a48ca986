"""Checks of a score: random against grouped folds, label permutation, subject identifiability, learning curve.

Checks find subjects or identical images in several splits; subject ids that the images contradict; labels or ids that a
pipeline reads when it predicts; steps that were fitted before the folds were drawn; steps whose output for a sample
depends on other samples; labels that do not depend on the subject; and a first frame that already shows the expression.

They cannot find what was done to the files before they were read, such as features selected or images retouched with
all labels known; arrays fitted on all samples and passed to a step as a parameter; settings that were chosen because of
their score on the same samples; and subjects who occur under two names and do not look similar, or of whom only stills
are given.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from ..classifiers import CLASSIFIERS
from ..evaluation.learning_curve import curve_points, subset_of_subjects
from ..evaluation.protocol import Folds
from ..evaluation.statistics import bootstrap_ratio
from ..exceptions import FerError
from ..extractors.features import named_extractors
from ..inputs import resolve_inputs
from ..pipelines import ensemble_members
from ..samples.table import Samples
from .context import (
    AuditContext,
    Check,
    CurveFigure,
    ValueFigure,
    audit_context,
    cross_val_predictions,
    percentage_points,
)
from .data_checks import check_class_balance, check_duplicates, check_neutral_frame, check_subjects_known
from .identity_checks import check_subjects_match_images
from .leakage_checks import check_label_leakage, check_prefitted_steps, check_row_independence

#: Samples for the checks that fit the pipeline many times; complete subjects are drawn where there are more.
MAX_SAMPLES = 2000

#: Random subsets of subjects per point of the learning curve.
N_CURVE_REPEATS = 3

#: Samples per class that the smallest training set of the learning curve should have.
MIN_SAMPLES_PER_CLASS = 5

#: Samples of a subject that are needed to identify the subject in others.
MIN_SAMPLES_PER_SUBJECT = 4


def iterate_checks(
    model: str | BaseEstimator,
    X: str | Path | Samples,
    *,
    split: str = "grouped",
    n_permutations: int = 50,
    max_samples: int = MAX_SAMPLES,
    seed: int = 0,
    n_jobs: int = 1,
) -> Iterator[Check]:
    """Check whether the score of a pipeline can be trusted, yielding each result as soon as it is known.

    Parameters
    ----------
    model : str or estimator
        Pipeline specification, or any scikit-learn classifier that takes `Samples`. It is cloned, not fitted.
    X : Samples, or path of a data set
        As for `evaluate`.
    split : {'grouped', 'random'}, default 'grouped'
        The folds of the score to be checked: grouped by subject, or random samples, which fail if subjects leak.
    n_permutations : int, default 50
        Permutations of the labels; the smallest p-value is ``1 / (1 + n_permutations)``.
    max_samples : int, default 2000
        Samples for the checks that fit the pipeline many times.
    seed : int, default 0
        Random state of folds, permutations and subsets.
    n_jobs : int, default 1
        Fits run in parallel worker processes.

    Yields
    ------
    Check

    Raises
    ------
    FerError
        For a single class or subject, or without a sample to train on.
    """
    if n_permutations < 1:
        raise FerError(f"n_permutations is {n_permutations}: it must be at least 1")
    if split not in ("grouped", "random"):
        raise FerError(f"split is '{split}': use 'grouped' or 'random'")
    model, X, _ = resolve_inputs(model, X, seed)
    context = audit_context(model, X, max_samples, seed, n_jobs)
    folds = context.folds(10)  # refuses data that cannot be split before the first result
    yield check_subjects_known(X)
    yield check_subjects_match_images(context)
    yield check_class_balance(context)
    yield check_duplicates(X)
    yield check_neutral_frame(context)
    yield check_prefitted_steps(model, context.X)
    yield check_label_leakage(context)
    yield check_row_independence(context)
    yield check_random_vs_grouped(context, folds, split)
    yield check_permuted_labels(context, n_permutations)
    yield check_subject_identifiability(context)
    yield check_learning_curve(context)


def check_random_vs_grouped(context: AuditContext, folds: Folds, split: str = "grouped") -> Check:
    """Accuracy with random folds against accuracy with as many folds grouped by subject, on the same samples."""
    name = "random and grouped folds"
    if context.subject is None:
        return Check(name, "warning", "subjects are unknown, so folds ignore them and scores may be too high")
    random = context.folds(len(folds), grouped=False)
    tasks = [(context.model, context.label, random), (context.model, context.label, folds)]
    predictions = cross_val_predictions(context, tasks, "random and grouped folds")
    by_sample, by_subject = (predicted == context.label for predicted in predictions)
    gap, low, high = _paired_difference(by_sample.astype(float) - by_subject, context.units, context.seed)
    accuracy = float(by_sample.mean()), float(by_subject.mean())
    details = {"random": accuracy[0], "grouped": accuracy[1], "n_folds": [len(random), len(folds)]}
    details |= {"gap": gap, "ci95": [low, high], "split": split}
    text = (
        f"{accuracy[0]:.3f} by random {len(random)}-fold, {accuracy[1]:.3f} by {len(folds)}-fold grouped by subject: "
        f"{percentage_points(gap)} percentage points difference (95 % CI {percentage_points(low)} to "
        f"{percentage_points(high)})"
    )
    rows = (("random folds", accuracy[0], None, None), ("folds grouped by subject", accuracy[1], None, None))
    figure = ValueFigure(rows, "Accuracy with random folds and with folds grouped by subject")
    if low <= 0:
        text += "; shared subjects make no clear difference"
        return Check(name, "pass", text, details, figure)
    if split == "random":
        text += "; a score by random folds is too high by this difference"
        return Check(name, "fail", text, details, figure)
    return Check(name, "warning", f"{text}; trust only scores grouped by subject", details, figure)


def check_permuted_labels(context: AuditContext, n_permutations: int = 50) -> Check:
    """Balanced accuracy with permuted labels, which must be at the chance level 1 / k, and a permutation p-value.

    Labels are permuted within each subject. This preserves how often each subject shows each expression and the
    similarity of the samples of a subject, since samples of different subjects are not exchangeable. Where most
    subjects show one expression only, labels are permuted over all samples instead. The p-value is
    ``(1 + number of permutations that reach the real value) / (1 + n_permutations)`` (M. Ojala, G. Garriga,
    "Permutation tests for studying classifier performance", JMLR 11, 2010).
    """
    name = "permuted labels"
    rng = np.random.default_rng(context.seed)
    within, units = context.subject is not None, context.units
    groups = [np.arange(len(units))]
    if within:
        of_subject = [np.flatnonzero(units == unit) for unit in range(units.max() + 1)]
        n_varied = sum(len(indices) for indices in of_subject if len(np.unique(context.label[indices])) > 1)
        within = n_varied >= len(units) / 2
        groups = of_subject if within else groups
    targets = [context.label]
    for _ in range(n_permutations):
        target = context.label.copy()
        for indices in groups:
            target[indices] = rng.permutation(target[indices])
        targets.append(target)
    folds = context.folds(5)
    tasks = [(context.model, target, folds) for target in targets]
    predictions = cross_val_predictions(context, tasks, "permuted labels")
    real, *permuted = (
        float(balanced_accuracy_score(target, predicted))
        for target, predicted in zip(targets, predictions, strict=True)
    )
    chance = 1 / len(np.unique(context.label))
    mean, sd = float(np.mean(permuted)), float(np.std(permuted, ddof=1)) if len(permuted) > 1 else 0.0
    p = (1 + sum(value >= real for value in permuted)) / (1 + n_permutations)
    details = {"real": real, "permuted_mean": mean, "permuted_sd": sd, "permuted_max": max(permuted)}
    details |= {"chance": chance, "p": p, "n_permutations": n_permutations, "within_subjects": within}
    text = (
        f"balanced accuracy {mean:.3f} (SD {sd:.3f}) with permuted labels (chance {chance:.3f}), {real:.3f} with real "
        "labels"
    )
    rows = (
        ("real labels", real, None, None),
        (f"{n_permutations} permutations, mean and two SD", mean, mean - 2 * sd, mean + 2 * sd),
    )
    about = "Balanced accuracy with real and permuted labels; the line is the chance level"
    figure = ValueFigure(rows, about, chance)
    # The mean of permutations with this SD deviates from chance by random variation alone.
    if mean - chance > max(0.02, 4 * sd / np.sqrt(n_permutations)):
        return Check(name, "fail", f"{text}: above chance, so labels leak", details, figure)
    if p > max(0.05, 1 / (1 + n_permutations)):
        return Check(name, "warning", f"{text}, p {p:.3f}: not clearly above chance", details, figure)
    return Check(name, "pass", f"{text}, p {p:.3f}", details, figure)


def check_subject_identifiability(context: AuditContext) -> Check:
    """Accuracy of a linear classifier that identifies the subject from the same features.

    Folds are random, stratified by subject. If features identify the subject, random folds let a pipeline recognize
    the subjects of the test samples; folds grouped by subject do not.
    """
    name = "subject identifiability"
    if context.subject is None:
        return Check(name, "skipped", "subjects are unknown")
    units = context.units
    kept = np.flatnonzero(np.bincount(units)[units] >= MIN_SAMPLES_PER_SUBJECT)
    pipelines = [one for one in map(_linear_on_features, ensemble_members(context.model)) if one is not None]
    if not pipelines or len(np.unique(units[kept])) < 2:
        few = f"subjects have fewer than {MIN_SAMPLES_PER_SUBJECT} samples each"
        return Check(name, "skipped", few if pipelines else "the pipeline has no step before its classifier")
    part = AuditContext(context.model, context.X[kept], units[kept], None, context.seed, context.n_jobs)
    folds = part.folds(5)
    tasks = [(pipeline, part.label, folds) for pipeline in pipelines]
    correct = [predicted == part.label for predicted in cross_val_predictions(part, tasks, "subject identifiability")]
    best = max(correct, key=lambda one: one.mean())
    codes = np.unique(part.label, return_inverse=True)[1]
    low, high = map(float, bootstrap_ratio(np.bincount(codes, best), np.bincount(codes), context.seed))
    accuracy, chance = float(best.mean()), float(np.bincount(codes).max() / len(codes))
    n = int(codes.max()) + 1
    details = {"accuracy": accuracy, "ci95": [low, high], "chance": chance, "n_subjects": n}
    text = f"a linear classifier identifies {n} subjects with accuracy {accuracy:.3f} (chance {chance:.3f})"
    about = "Accuracy of identifying the subject; the line is the chance level"
    figure = ValueFigure(((f"{n} subjects", accuracy, low, high),), about, chance)
    if low > 2 * chance:
        text += ": all samples of a subject must be in the same fold"
        return Check(name, "warning", text, details, figure)
    return Check(name, "pass", text, details, figure)


def check_learning_curve(context: AuditContext) -> Check:
    """Accuracy against the number of training subjects, on the same test subjects.

    The gain of the last doubling has a CI by bootstrap over subjects: above zero, more subjects would help.
    """
    name = "learning curve"
    if context.subject is None:
        return Check(name, "skipped", "subjects are unknown")
    folds, units, label = context.folds(5), context.units, context.label
    full = min(len(np.unique(units[train])) for train, _ in folds)
    per_class = len(units) / (units.max() + 1) / len(np.unique(label))  # samples per subject and class
    candidates = (full // 8, full // 4, full // 2)
    sizes = sorted({size for size in candidates if size >= 2 and size * per_class >= MIN_SAMPLES_PER_CLASS})
    if not sizes:
        return Check(name, "skipped", f"{full} training subjects are too few for a smaller training set")
    rng = np.random.default_rng(context.seed)

    def reduced(size: int) -> Folds:
        return [(train[subset_of_subjects(label[train], units[train], size, rng)], test) for train, test in folds]

    subset = [(size, [reduced(size) for _ in range(N_CURVE_REPEATS)]) for size in sizes] + [(full, [reduced(full)])]
    points = curve_points(context.model, context.X, label, subset, n_jobs=context.n_jobs)
    accuracy = tuple(float(correct.mean()) for correct in points.correct)
    gain, low, high = _paired_difference(points.correct[-1] - points.correct[-2], units, context.seed)
    details = {"n_subjects": list(points.sizes), "accuracy": list(accuracy), "gain": gain, "ci95": [low, high]}
    text = (
        f"accuracy {', '.join(f'{value:.3f}' for value in accuracy)} with {', '.join(map(str, points.sizes))} "
        f"subjects; the last doubling gained {percentage_points(gain)} percentage points (95 % CI "
        f"{percentage_points(low)} to {percentage_points(high)})"
    )
    figure = CurveFigure(points.sizes, accuracy)
    if low > 0:
        return Check(name, "warning", f"{text}: more subjects would help", details, figure)
    return Check(name, "pass", f"{text}: more subjects would not clearly help", details, figure)


def _linear_on_features(model: Any) -> Pipeline | None:
    """A pipeline of the same features with a linear classifier; None where nothing precedes the classifier."""
    steps = getattr(model, "steps", [])
    if named_extractors(model):
        names = [name for name, _ in steps]
        return clone(Pipeline([*steps[: names.index("features") + 1], *CLASSIFIERS["linear"].steps(0)]))
    # Features of another pipeline may have any scale, and its steps any names, so that names are generated.
    before = [step for _, step in steps[:-1]]
    return clone(make_pipeline(*before, StandardScaler(), RidgeClassifier())) if before else None


def _paired_difference(gain: np.ndarray, units: np.ndarray, seed: int) -> tuple[float, float, float]:
    """Mean of a paired difference with its 95 % CI by bootstrap over units."""
    low, high = bootstrap_ratio(np.bincount(units, gain), np.bincount(units), seed)
    return float(gain.mean()), float(low), float(high)
