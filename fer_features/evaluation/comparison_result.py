"""The result of a comparison of pipelines, and its tables."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import pandas as pd

from .._markdown import escape_markdown, markdown_code
from .._serialization import to_jsonable

#: Subjects listed for each pair: those with the largest difference.
MAX_LISTED_SUBJECTS = 8


@dataclasses.dataclass(frozen=True)
class PairedDifference:
    """One pipeline compared with another.

    Attributes
    ----------
    first, second : str
    difference : float
        Accuracy of the first minus accuracy of the second.
    ci95 : (float, float)
        By bootstrap over subjects.
    only_first, only_second : int
        Discordant pairs: samples that only one pipeline predicts correctly; with repeated folds samples that it
        predicts correctly more often.
    mcnemar, mcnemar_holm : float
        P-value over samples, and with Holm's correction over all pairs.
    wilcoxon, wilcoxon_holm : float or None
        P-value over subjects; None where no subjects are known.
    recall_differences : dict of str to (float, float, float)
        Difference of recall with its 95 % CI, for the classes whose interval excludes 0.
    subject_differences : dict of str to float
        Difference of accuracy of the subjects where it is not 0, the largest first.
    """

    first: str
    second: str
    difference: float
    ci95: tuple[float, float]
    only_first: int
    only_second: int
    mcnemar: float
    mcnemar_holm: float
    wilcoxon: float | None
    wilcoxon_holm: float | None
    recall_differences: dict[str, tuple[float, float, float]]
    subject_differences: dict[str, float]


@dataclasses.dataclass(frozen=True, repr=False)
class Comparison:
    """A comparison of pipelines.

    Attributes
    ----------
    dataset, protocol : str
    n_samples, n_subjects : int
        `n_subjects` is 0 where subjects are unknown.
    accuracy : dict of str to (float, float, float)
        Accuracy of each run with its 95 % CI.
    pairs : tuple of PairedDifference
    mean_ranks : dict of str to float
        Mean rank over subjects, 1 for the best; empty with two runs or unknown subjects.
    friedman, critical_difference : float or None
        P-value of Friedman's test, and smallest significant difference of mean ranks.
    notes : tuple of str

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples, compare, evaluate
    >>> landmarks = np.random.default_rng(0).normal(50, 9, (24, 2, 68, 2))
    >>> X = Samples.from_arrays(
    ...     landmarks=landmarks, label=np.tile(["fear", "joy"], 12), subject=np.repeat(np.arange(6), 4)
    ... )
    >>> runs = [evaluate(name, X, cv="2fold") for name in ("landmarks_linear", "landmarks_lda")]
    >>> comparison = compare(runs, n_bootstrap=100)
    >>> list(comparison.accuracy)
    ['landmarks_linear', 'landmarks_lda']
    >>> len(comparison.to_frame())  # one pair
    1
    >>> print(comparison.to_markdown().splitlines()[0])
    arrays: 24 samples, 6 subjects, stratified 2-fold grouped by subject, seed 0
    """

    dataset: str
    protocol: str
    n_samples: int
    n_subjects: int
    accuracy: dict[str, tuple[float, float, float]]
    pairs: tuple[PairedDifference, ...]
    mean_ranks: dict[str, float]
    friedman: float | None
    critical_difference: float | None
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row per pair of pipelines."""
        return pd.DataFrame(
            {
                "first": p.first,
                "second": p.second,
                "difference": p.difference,
                "ci95_low": p.ci95[0],
                "ci95_high": p.ci95[1],
                "only_first_correct": p.only_first,
                "only_second_correct": p.only_second,
                "mcnemar": p.mcnemar,
                "mcnemar_holm": p.mcnemar_holm,
                "wilcoxon": p.wilcoxon,
                "wilcoxon_holm": p.wilcoxon_holm,
            }
            for p in self.pairs
        )

    def to_dict(self) -> dict[str, Any]:
        """All values, ready for JSON."""
        return to_jsonable(self)

    def to_markdown(self) -> str:
        """Tables and remarks as Markdown."""
        subjects = f"{self.n_subjects} subjects" if self.n_subjects else "subjects unknown"
        ranked = bool(self.mean_ranks)
        title = f"{self.dataset}: {self.n_samples} samples, {subjects}, {self.protocol}"
        lines = [escape_markdown(title), ""]
        lines += [
            "| pipeline | accuracy | 95 % CI |" + (" mean rank |" if ranked else ""),
            "|---|---|---|" + ("---|" if ranked else ""),
        ]
        for name, (value, low, high) in self.accuracy.items():
            rank = f" {self.mean_ranks[name]:.2f} |" if ranked else ""
            lines.append(f"| {markdown_code(name)} | {value:.3f} | {low:.3f} to {high:.3f} |{rank}")
        lines += [
            "",
            "| first | second | difference | 95 % CI | discordant pairs | McNemar, Holm | Wilcoxon, Holm |",
            "|---|---|---|---|---|---|---|",
        ]
        for p in self.pairs:
            cells = [
                *(markdown_code(name) for name in (p.first, p.second)),
                f"{p.difference:+.3f}",
                f"{p.ci95[0]:+.3f} to {p.ci95[1]:+.3f}",
                f"{p.only_first} / {p.only_second}",
                f"{format_p_value(p.mcnemar)}, {format_p_value(p.mcnemar_holm)}",
                "-" if p.wilcoxon is None else f"{format_p_value(p.wilcoxon)}, {format_p_value(p.wilcoxon_holm)}",
            ]
            lines.append("| " + " | ".join(cells) + " |")
        remarks = [line for p in self.pairs for line in _details(p, self.n_subjects)]
        remarks += [escape_markdown(note) for note in self.notes]
        return "\n".join([*lines, *(["", *(f"* {line}" for line in remarks)] if remarks else [])])

    def __str__(self) -> str:
        width = max(len(f"{p.first} - {p.second}") for p in self.pairs)
        subjects = self.n_subjects or "unknown"
        lines = [f"{self.dataset}: {self.n_samples} samples, {subjects} subjects, {self.protocol}"]
        for p in self.pairs:
            tests = f"McNemar {format_p_value(p.mcnemar_holm)}"
            tests += "" if p.wilcoxon is None else f", Wilcoxon {format_p_value(p.wilcoxon_holm)}"
            lines.append(
                f"  {f'{p.first} - {p.second}':{width}s}  {p.difference:+.3f}  "
                f"95 % CI {p.ci95[0]:+.3f} to {p.ci95[1]:+.3f}  p (Holm): {tests}"
            )
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.accuracy)}: {self.n_samples} samples of {self.dataset})"

    def _repr_html_(self) -> str:
        return self.to_frame().round(3).to_html(index=False, border=0)


def format_p_value(p: float | None) -> str:
    """A p-value with three decimals, or '< 0.001'; '-' for None."""
    return "-" if p is None else f"{p:.3f}" if p >= 0.001 else "< 0.001"


def _details(pair: PairedDifference, n_subjects: int) -> list[str]:
    lines = []
    names = f"{markdown_code(pair.first)} - {markdown_code(pair.second)}"
    if pair.recall_differences:
        items = pair.recall_differences.items()
        listed = (f"{escape_markdown(name)} {d:+.3f} ({low:+.3f} to {high:+.3f})" for name, (d, low, high) in items)
        lines.append(f"{names}, difference of recall: {', '.join(listed)}")
    if pair.subject_differences:
        largest = itertools.islice(pair.subject_differences.items(), MAX_LISTED_SUBJECTS)
        listed = (f"{escape_markdown(name)} {d:+.3f}" for name, d in largest)
        n = len(pair.subject_differences)
        lines.append(f"{names}: accuracy differs for {n} of {n_subjects} subjects, most for {', '.join(listed)}")
    return lines
