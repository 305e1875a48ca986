"""Can a score be believed? Checks of a pipeline, its folds and its data, one verdict each.

What these can find: people, or equal pictures, on both sides of a split; labels or ids that a pipeline reads at
prediction; steps that were fitted before the folds were drawn; steps that look at rows which they were not given, or at
the other rows of a batch; labels that do not depend on the person; a first frame that shows the expression.

What they cannot find: what was done to the files before they were read (features scaled or chosen, pictures retouched
with all labels in view); arrays learnt from all rows and given to a step as a plain parameter; settings chosen because
they did well on these very rows, for which only people that nobody has looked at yet help; people who stand in the data
under two names and do not look alike to the search for duplicates.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from ..classifiers import CLASSIFIERS
from ..evaluation.statistics import bootstrap_ratio
from ..exceptions import FerError
from ..pipelines import members
from ..samples.table import Samples
from .base import Case, Check, Folds, examined, judged, points
from .data_checks import class_balance, duplicates_across, neutral_first, who_is_known
from .leakage_checks import hidden_labels, rows_apart, unfitted_steps

#: Rows that pipelines are fitted to again and again; whole people are drawn where there are more.
MOST = 2000

#: Drawings of people for each point of the learning curve, and rows of a class that the least of them should have.
DRAWS = 3
LEAST = 5

#: Rows of a person from which others of them can be recognised.
PER_PERSON = 4


def checks(
    model: BaseEstimator,
    X: Samples,
    *,
    split: str = "grouped",
    permutations: int = 50,
    most: int = MOST,
    seed: int = 0,
    jobs: int = 1,
) -> Iterator[Check]:
    """Check a pipeline and its data, one verdict after the other.

    Parameters
    ----------
    model : estimator
        As made by `make_pipeline`, or any scikit-learn classifier that takes `Samples`. It is cloned, not fitted.
    X : Samples
        As for `evaluate`.
    split : {'grouped', 'random'}
        What your own score rests on: folds by subject, or folds of rows, which are broken where people leak.
    permutations : int
        Of labels; the least p-value is ``1 / (1 + permutations)``.
    most : int
        Rows that are fitted again and again; where there are more, whole people are drawn.
    seed, jobs : int

    Yields
    ------
    Check

    Raises
    ------
    FerError
        For one class, one subject, or no row to learn from.
    """
    if split not in ("grouped", "random"):
        raise FerError(f"split is '{split}': 'grouped' or 'random' is needed")
    case = examined(model, X, most, seed, jobs)
    folds = case.folds(10)  # refuses data that cannot be judged before anything is said
    yield who_is_known(X)
    yield class_balance(case)
    yield duplicates_across(X)
    yield neutral_first(case)
    yield unfitted_steps(model)
    yield hidden_labels(case)
    yield rows_apart(case)
    yield split_gap(case, folds, split)
    yield permuted_labels(case, permutations)
    yield recognisability(case)
    yield learning_curve(case)


def check(model: BaseEstimator, X: Samples, **options: Any) -> list[Check]:
    """All checks of a pipeline and its data; see `checks`."""
    return list(checks(model, X, **options))


def split_gap(case: Case, folds: Folds, split: str = "grouped") -> Check:
    """Accuracy by folds of rows against folds by subject, with as many folds, on the same rows.

    The interval is of the paired difference, by bootstrap over subjects.
    """
    name = "random split"
    if case.people is None:
        return Check(name, "look", {}, "subjects are unknown, so folds are of rows and the score may leak")
    random = case.folds(len(folds), grouped=False)
    tasks = [(case.model, case.label, random), (case.model, case.label, folds)]
    by_row, by_person = (found == case.label for found in judged(case, tasks, "random and grouped folds"))
    gap, low, high = _difference(by_row.astype(float) - by_person, case.units, case.seed)
    figures = {"random": float(by_row.mean()), "grouped": float(by_person.mean()), "folds": [len(random), len(folds)]}
    figures |= {"gap": gap, "ci95": [low, high], "split": split}
    told = (
        f"{by_row.mean():.3f} by random {len(random)}-fold, {by_person.mean():.3f} by {len(folds)}-fold grouped by "
        f"subject: {points(gap)} points apart (95 % interval {points(low)} to {points(high)})"
    )
    if low <= 0:
        return Check(name, "fine", figures, f"{told}; people on both sides make no clear difference")
    if split == "random":
        return Check(name, "broken", figures, f"{told}; a score by random folds is too high by that much")
    return Check(name, "look", figures, f"{told}; believe scores by subject only")


def permuted_labels(case: Case, permutations: int = 50) -> Check:
    """Mean recall under folds by subject with labels permuted, which must be chance, 1 / k; and a p-value.

    Labels are permuted within each person. That keeps what must not count as evidence: how often each person shows each
    expression, and how alike rows of a person are; rows of different people could not be exchanged freely. Where most
    people show one expression only, nothing would change, and labels are permuted over all rows instead. The p-value is
    ``(1 + those that reach the real figure) / (1 + permutations)``; mean recall has the same chance level whatever the
    classes' sizes.
    """
    name = "permuted labels"
    rng = np.random.default_rng(case.seed)
    within, units = case.people is not None, case.units
    if within:
        rows_of = [np.flatnonzero(units == unit) for unit in range(units.max() + 1)]
        varied = sum(len(rows) for rows in rows_of if len(np.unique(case.label[rows])) > 1)
        within = varied >= len(units) / 2
    targets = [case.label]
    for _ in range(permutations):
        target = case.label.copy()
        for rows in rows_of if within else [np.arange(len(target))]:
            target[rows] = rng.permutation(target[rows])
        targets.append(target)
    folds = case.folds(5)
    found = judged(case, [(case.model, target, folds) for target in targets], "permuted labels")
    real, *permuted = (
        float(balanced_accuracy_score(target, prediction)) for target, prediction in zip(targets, found, strict=True)
    )
    chance = 1 / len(np.unique(case.label))
    mean, spread = float(np.mean(permuted)), float(np.std(permuted, ddof=1)) if len(permuted) > 1 else 0.0
    p = (1 + sum(value >= real for value in permuted)) / (1 + permutations)
    figures = {"real": real, "permuted_mean": mean, "permuted_sd": spread, "permuted_max": max(permuted)}
    figures |= {"chance": chance, "p": p, "permutations": permutations, "within_subjects": within}
    told = f"mean recall {mean:.3f} +- {spread:.3f} with permuted labels (chance {chance:.3f}), {real:.3f} with real"
    # Of permutations that each scatter by `spread` the mean is off by this much by chance alone.
    above = mean - chance
    if above > max(0.02, 4 * spread / np.sqrt(permutations)):
        return Check(name, "broken", figures, f"{told}: what is not there is found, so labels leak")
    if p > max(0.05, 1 / (1 + permutations)):
        return Check(name, "look", figures, f"{told}, p {p:.3f}: the score is not clearly above chance")
    return Check(name, "fine", figures, f"{told}, p {p:.3f}")


def recognisability(case: Case) -> Check:
    """How well a linear classifier tells from the same features who it is.

    Folds are of rows, stratified by person. Features that know the person let a random split recognise test people in
    training; a score by subject does not gain from it.
    """
    name = "who it is, from the features"
    if case.people is None:
        return Check(name, "skipped", {}, "subjects are unknown")
    who = case.units
    kept = np.flatnonzero(np.bincount(who)[who] >= PER_PERSON)
    described = [pipeline for pipeline in map(_features_alone, members(case.model)) if pipeline is not None]
    if not described or len(np.unique(who[kept])) < 2:
        few = f"people have fewer than {PER_PERSON} rows each"
        return Check(name, "skipped", {}, few if described else "the pipeline has no step before its classifier")
    part = Case(case.model, case.X[kept], who[kept], None, case.seed, case.jobs)
    folds = part.folds(5)
    tasks = [(pipeline, part.label, folds) for pipeline in described]
    hits = [found == part.label for found in judged(part, tasks, "telling people apart")]
    best = max(hits, key=lambda right: right.mean())
    units = np.unique(part.label, return_inverse=True)[1]
    low, high = bootstrap_ratio(np.bincount(units, best), np.bincount(units), case.seed)
    accuracy, chance = float(best.mean()), float(np.bincount(units).max() / len(units))
    n = int(units.max()) + 1
    figures = {"accuracy": accuracy, "ci95": [float(low), float(high)], "chance": chance, "n_subjects": n}
    told = f"a linear classifier tells {n} people apart in {accuracy:.3f} of rows (chance {chance:.3f})"
    if low > 2 * chance:
        return Check(name, "look", figures, f"{told}: rows of one person must stay on one side of every split")
    return Check(name, "fine", figures, told)


def learning_curve(case: Case) -> Check:
    """Accuracy against the number of people learnt from, judged on the same held-out people.

    The gain of the last doubling has an interval by bootstrap over subjects: where it is above zero, more people would
    help.
    """
    name = "learning curve"
    if case.people is None:
        return Check(name, "skipped", {}, "subjects are unknown")
    folds = case.folds(5)
    units = case.units
    whole = min(len(np.unique(units[train])) for train, _ in folds)
    of_class = len(units) / (units.max() + 1) / len(np.unique(case.label))  # rows of one person, one class
    sizes = sorted({size for size in (whole // 8, whole // 4, whole // 2) if size >= 2 and size * of_class >= LEAST})
    if not sizes:
        return Check(name, "skipped", {}, f"{whole} people to learn from are too few to leave half of them out")
    rng = np.random.default_rng(case.seed)
    tasks = {size: [_fewer(case, folds, size, rng) for _ in range(DRAWS)] for size in sizes}
    tasks[whole] = [_fewer(case, folds, whole, rng)]
    flat = [(case.model, case.label, part) for parts in tasks.values() for part in parts]
    found = iter(judged(case, flat, "learning curve"))
    hits = {size: np.mean([next(found) == case.label for _ in parts], axis=0) for size, parts in tasks.items()}
    curve = {size: float(right.mean()) for size, right in hits.items()}
    gain, low, high = _difference(hits[whole] - hits[sizes[-1]], units, case.seed)
    figures = {"people": list(curve), "accuracy": list(curve.values()), "gain": gain, "ci95": [low, high]}
    told = (
        f"{', '.join(f'{value:.3f}' for value in curve.values())} with {', '.join(map(str, curve))} people; "
        f"the last doubling gained {points(gain)} points (95 % interval {points(low)} to {points(high)})"
    )
    if low > 0:
        return Check(name, "look", figures, f"{told}: more people would help")
    return Check(name, "fine", figures, f"{told}: more people of this kind would not clearly help")


def _fewer(case: Case, folds: Folds, size: int, rng: np.random.Generator) -> Folds:
    """The folds with so many of their training people, drawn so that they show every class if that can be done."""
    found = []
    units = case.units
    for train, test in folds:
        people = np.unique(units[train])
        for _ in range(50):
            rows = train[np.isin(units[train], rng.permutation(people)[:size])]
            if len(np.unique(case.label[rows])) == len(np.unique(case.label[train])):
                break
        found.append((rows, test))
    return found


def _features_alone(model: Any) -> Pipeline | None:
    """A pipeline of the same features that ends in a linear classifier; None where nothing comes before it."""
    steps = getattr(model, "steps", [])
    names = [name for name, _ in steps]
    if "features" in names:
        before, last = steps[: names.index("features") + 1], CLASSIFIERS["linear"].steps(0)
    else:  # of another make, whose features may have any scale
        before, last = steps[:-1], [("scale", StandardScaler()), ("classifier", RidgeClassifier())]
    return Pipeline([*((name, clone(step)) for name, step in before), *last]) if before else None


def _difference(gain: np.ndarray, units: np.ndarray, seed: int) -> tuple[float, float, float]:
    """Mean of a paired difference with its 95 % interval by bootstrap over units."""
    low, high = bootstrap_ratio(np.bincount(units, gain), np.bincount(units), seed)
    return float(gain.mean()), float(low), float(high)
