"""Pipelines compared on the same rows: differences by subject, tests, what changed where."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..exceptions import FerError
from .cross_validation import Result
from .metrics import bootstrap, bootstrap_rows, confusion_by_subject
from .run_folders import Run, differences, load_run, names_of
from .statistics import bootstrap_ratio, critical_difference, friedman, holm, mcnemar, mean_ranks, signed_rank

#: Subjects named in words for each pair, those that differ most.
NAMED = 5


@dataclasses.dataclass(frozen=True)
class Pair:
    """One pipeline against another.

    Attributes
    ----------
    first, second : str
    difference : float
        Accuracy of the first less that of the second.
    interval : (float, float)
        95 %, by bootstrap over subjects.
    only_first, only_second : int
        Rows that one alone has right; of repeated folds rows that it has right more often.
    mcnemar, mcnemar_holm : float
        P-value over rows, and corrected for the number of pairs.
    wilcoxon, wilcoxon_holm : float or None
        P-value over subjects; None where no subjects are known.
    classes : dict of str to (float, float, float)
        Difference of recall with its interval, for classes whose interval excludes 0.
    subjects : dict of str to float
        Difference of accuracy of the subjects where it is not 0, the largest first.
    """

    first: str
    second: str
    difference: float
    interval: tuple[float, float]
    only_first: int
    only_second: int
    mcnemar: float
    mcnemar_holm: float
    wilcoxon: float | None
    wilcoxon_holm: float | None
    classes: dict[str, tuple[float, float, float]]
    subjects: dict[str, float]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    Attributes
    ----------
    dataset, protocol : str
    n, n_subjects : int
        Judged rows, and people; 0 where these are unknown.
    accuracy : dict of str to (float, float, float)
        Name of a run to its accuracy with its 95 % interval.
    pairs : tuple of Pair
    ranks : dict of str to float
        Mean rank over subjects, 1 for the best; empty with two runs or unknown subjects.
    friedman, critical_difference : float or None
        P-value that all rank alike; how far apart mean ranks must be to differ.
    notes : tuple of str
        What a reader should know.
    """

    dataset: str
    protocol: str
    n: int
    n_subjects: int
    accuracy: dict[str, tuple[float, float, float]]
    pairs: tuple[Pair, ...]
    ranks: dict[str, float]
    friedman: float | None
    critical_difference: float | None
    notes: tuple[str, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One line a pair."""
        return pd.DataFrame(
            {
                "first": p.first,
                "second": p.second,
                "difference": p.difference,
                "low": p.interval[0],
                "high": p.interval[1],
                "only first right": p.only_first,
                "only second right": p.only_second,
                "McNemar": p.mcnemar,
                "McNemar, Holm": p.mcnemar_holm,
                "Wilcoxon": p.wilcoxon,
                "Wilcoxon, Holm": p.wilcoxon_holm,
            }
            for p in self.pairs
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return dataclasses.asdict(self)

    def to_markdown(self) -> str:
        """Tables and lines to paste."""
        people = f"{self.n_subjects} subjects" if self.n_subjects else "subjects unknown"
        ranked = bool(self.ranks)
        lines = [f"{self.dataset}: {self.n} rows, {people}, {self.protocol}", ""]
        lines += [
            "| pipeline | accuracy | 95 % interval |" + (" mean rank |" if ranked else ""),
            "|---|---|---|" + ("---|" if ranked else ""),
        ]
        for name, (value, low, high) in self.accuracy.items():
            rank = f" {self.ranks[name]:.2f} |" if ranked else ""
            lines.append(f"| {_cell(name)} | {value:.3f} | {low:.3f} to {high:.3f} |{rank}")
        lines += [
            "",
            "| first | second | difference | 95 % interval | right alone | McNemar, Holm | Wilcoxon, Holm |",
            "|---|---|---|---|---|---|---|",
        ]
        for p in self.pairs:
            cells = [
                *(_cell(name) for name in (p.first, p.second)),
                f"{p.difference:+.3f}",
                f"{p.interval[0]:+.3f} to {p.interval[1]:+.3f}",
                f"{p.only_first} against {p.only_second}",
                f"{_p(p.mcnemar)}, {_p(p.mcnemar_holm)}",
                "-" if p.wilcoxon is None else f"{_p(p.wilcoxon)}, {_p(p.wilcoxon_holm)}",
            ]
            lines.append("| " + " | ".join(cells) + " |")
        where = [line for p in self.pairs for line in _where(p, self.n_subjects)]
        return "\n".join(
            [*lines, *(["", *(f"* {line}" for line in [*where, *self.notes])] if where or self.notes else [])]
        )

    def __str__(self) -> str:
        """The difference of each pair in a line."""
        width = max(len(f"{p.first} - {p.second}") for p in self.pairs)
        lines = [f"{self.dataset}: {self.n} rows, {self.n_subjects or 'unknown'} subjects, {self.protocol}"]
        for p in self.pairs:
            tested = f"McNemar {_p(p.mcnemar_holm)}"
            tested += "" if p.wilcoxon is None else f", Wilcoxon {_p(p.wilcoxon_holm)}"
            lines.append(
                f"  {f'{p.first} - {p.second}':{width}s}  {p.difference:+.3f}  "
                f"95 % interval {p.interval[0]:+.3f} to {p.interval[1]:+.3f}  p (Holm): {tested}"
            )
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])


def compare(
    runs: Sequence[Result | str | Path], names: Sequence[str] | None = None, seed: int = 0, draws: int = 2000
) -> Comparison:
    """Compare pipelines that were judged on the same rows by the same folds.

    Parameters
    ----------
    runs : sequence of Result, str or Path
        What `evaluate` returned, or folders that `run` wrote; two or more.
    names : sequence of str, optional
        One a run; the pipeline's name where not given, with the folder where several have it.
    seed : int
        Of the bootstrap.
    draws : int

    Returns
    -------
    Comparison

    Raises
    ------
    FerError
        Where runs rest on other data, protocols, rows, folds or subjects, each of which is named.

    Notes
    -----
    Units are subjects: they are drawn for intervals and ranked for tests. McNemar's test takes rows for independent,
    which those of a person are not. Each test is corrected by Holm over all pairs. Classes and subjects where two
    pipelines differ are not corrected: they say where to look, not what is proved. Of the official split the part that
    stands for the pipeline is compared. Models are not trained anew: how much another training set would change is not
    in any of these figures.
    """
    if len(runs) < 2:
        raise FerError("two or more runs are needed for a comparison")
    loaded = [load_run(run) for run in runs]
    labels = list(names) if names is not None else names_of(loaded)
    if len(labels) != len(runs) or len(set(labels)) != len(labels):
        raise FerError(f"{len(runs)} runs need as many different names, and these are {', '.join(labels)}")
    first = loaded[0]
    refusals = [
        line
        for run, name in zip(loaded[1:], labels[1:], strict=True)
        for line in differences(first, run, labels[0], name)
    ]
    if refusals:
        raise FerError("these runs cannot be compared: " + "; ".join(refusals))
    table = first.predictions
    hits = np.stack([(r.predictions["truth"] == r.predictions["prediction"]).to_numpy(float) for r in loaded], 1)
    known = bool((table["subject"] != "-1").any())
    people, unit = np.unique(table["subject"] if known else table["row"], return_inverse=True)
    rows_of = np.bincount(unit)
    by_unit = np.stack([np.bincount(unit, column) for column in hits.T], 1) / rows_of[:, None]
    classes = first.scores["classes"]
    pairs = []
    for a, b in itertools.combinations(range(len(loaded)), 2):
        pairs.append(
            _pair(labels[a], labels[b], hits[:, a] - hits[:, b], table, unit, people, classes, known, seed, draws)
        )
    for test in ("mcnemar", "wilcoxon") if known else ("mcnemar",):
        corrected = holm(np.array([getattr(pair, test) for pair in pairs]))
        changes: list[dict[str, Any]] = [{f"{test}_holm": float(p)} for p in corrected]
        pairs = [dataclasses.replace(pair, **change) for pair, change in zip(pairs, changes, strict=True)]
    ranked = known and len(loaded) > 2
    friedman_p = friedman(by_unit) if ranked else None
    return Comparison(
        first.scores["dataset"] + (" (synthetic)" if first.scores["synthetic"] else ""),
        first.scores["protocol"],
        int(table["row"].nunique()),
        len(people) if known else 0,
        {name: _accuracy(run, known, seed) for name, run in zip(labels, loaded, strict=True)},
        tuple(pairs),
        dict(zip(labels, map(float, mean_ranks(by_unit)), strict=True)) if ranked else {},
        friedman_p,
        critical_difference(len(loaded), len(people)) if ranked else None,
        tuple(_notes(loaded, len(people) if known else 0, friedman_p)),
    )


def _pair(
    first: str,
    second: str,
    gain: np.ndarray,
    table: pd.DataFrame,
    unit: np.ndarray,
    people: np.ndarray,
    classes: list[str],
    known: bool,
    seed: int,
    draws: int,
) -> Pair:
    """Everything of one pair but Holm's correction; `gain` is +1 where the first alone is right, -1 the second."""
    columns = [np.ones(len(table), bool), *((table["truth"] == name).to_numpy() for name in classes)]
    top = np.stack([np.bincount(unit, gain * of) for of in columns], 1)
    bottom = np.stack([np.bincount(unit, of) for of in columns], 1)
    low, high = bootstrap_ratio(top, bottom, seed, draws)
    value = top.sum(0) / np.maximum(bottom.sum(0), 1)
    differs = {
        name: (float(value[i]), float(low[i]), float(high[i]))
        for i, name in enumerate(classes, 1)
        if low[i] > 0 or high[i] < 0
    }
    of_row = pd.Series(gain).groupby(table["row"]).sum()
    counts = int((of_row > 0).sum()), int((of_row < 0).sum())
    by_unit = top[:, 0] / bottom[:, 0]
    order = np.argsort(-np.abs(by_unit), kind="stable")
    return Pair(
        first,
        second,
        float(value[0]),
        (float(low[0]), float(high[0])),
        *counts,
        mcnemar(*counts),
        1.0,
        signed_rank(by_unit) if known else None,
        None,
        differs,
        {str(people[i]): float(by_unit[i]) for i in order if by_unit[i]} if known else {},
    )


def _accuracy(run: Run, known: bool, seed: int) -> tuple[float, float, float]:
    table, classes = run.predictions, run.scores["classes"]
    place = {name: i for i, name in enumerate(classes)}
    truth, predicted = (table[name].map(place).to_numpy() for name in ("truth", "prediction"))
    who = table["subject"].to_numpy() if known else np.zeros(len(table), int)
    counts = confusion_by_subject(truth, predicted, who, len(classes))
    limits = bootstrap(counts, seed) if known else bootstrap_rows(counts.sum(0), seed)
    low, high = limits["accuracy"]
    return float((truth == predicted).mean()), low, high


def _notes(runs: list[Run], n_subjects: int, friedman_p: float | None) -> list[str]:
    notes = []
    if not n_subjects:
        notes.append("subjects are unknown: rows were drawn instead, so intervals are too narrow and p-values too low")
    else:
        notes.append("McNemar takes rows for independent, and those of a person are not: believe Wilcoxon, by subject")
        if 2 ** (1 - n_subjects) > 0.05:
            notes.append(f"with {n_subjects} subjects Wilcoxon's p cannot fall below {2 ** (1 - n_subjects):.3f}")
    if friedman_p is not None:
        notes.append(f"Friedman's test that all rank alike: p {_p(friedman_p)}")
    notes += sorted({f"CAUTION: {run.scores['leakage']}" for run in runs if run.scores["leakage"]})
    if any(run.scores.get("versions") != runs[0].scores.get("versions") for run in runs):
        notes.append("these runs were made by different versions of packages")
    return notes


def _where(pair: Pair, n_subjects: int) -> list[str]:
    lines = []
    against = f"{_cell(pair.first)} against {_cell(pair.second)}"
    if pair.classes:
        told = (f"{name} {d:+.3f} ({low:+.3f} to {high:+.3f})" for name, (d, low, high) in pair.classes.items())
        lines.append(f"{against}, recall: {', '.join(told)}")
    if pair.subjects:
        most = ", ".join(f"{name} {d:+.3f}" for name, d in itertools.islice(pair.subjects.items(), NAMED))
        lines.append(f"{against}, subjects: {len(pair.subjects)} of {n_subjects} differ, most {most}")
    return lines


def _cell(name: str) -> str:
    return f"`{name}`".replace("|", "\\|")


def _p(p: float | None) -> str:
    return "-" if p is None else f"{p:.3f}" if p >= 0.001 else "< 0.001"
