"""Comparison of pipelines on the same samples: paired differences, tests over subjects, mean ranks."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..exceptions import FerError
from ..samples.groups import group_codes
from .comparison_result import Comparison, PairedDifference, format_p_value
from .metrics import compute_metrics
from .results import EvaluationResult, correct_of, subjects_of
from .run_folders import EvaluatedRun, incompatibilities, load_run, run_names
from .statistics import bootstrap_ratio, critical_difference, friedman, holm, mcnemar, mean_ranks, signed_rank


def compare_runs(
    runs: Sequence[EvaluationResult | str | Path],
    names: Sequence[str] | None = None,
    seed: int = 0,
    n_bootstrap: int = 2000,
) -> Comparison:
    """Compare pipelines that were evaluated on the same samples; `fer_features.compare` describes the parameters."""
    if n_bootstrap < 1 or seed < 0:
        raise FerError(f"n_bootstrap is {n_bootstrap} and seed {seed}: at least 1 and at least 0 are needed")
    if len(runs) < 2:
        raise FerError("a comparison needs two or more runs")
    loaded = [load_run(run) for run in runs]
    labels = list(names) if names is not None else run_names(loaded)
    if len(labels) != len(runs) or len(set(labels)) != len(labels):
        raise FerError(f"{len(runs)} runs need as many different names, and these are {', '.join(labels)}")
    first = loaded[0]
    reasons = [
        reason
        for run, name in zip(loaded[1:], labels[1:], strict=True)
        for reason in incompatibilities(first, run, labels[0], name)
    ]
    if reasons:
        raise FerError("these runs cannot be compared: " + "; ".join(reasons))
    table = first.predictions
    correct = np.stack([correct_of(run.predictions).astype(float) for run in loaded], 1)
    known = subjects_of(table) is not None
    ids = table["subject" if known else "sample"].to_numpy()
    unit = group_codes(ids)
    subjects = ids[np.unique(unit, return_index=True)[1]]
    accuracy = np.stack([np.bincount(unit, column) for column in correct.T], 1) / np.bincount(unit)[:, None]
    pairs = [
        _pair(
            labels[a],
            labels[b],
            correct[:, a] - correct[:, b],
            table,
            unit,
            subjects if known else None,
            first.scores.classes,
            seed,
            n_bootstrap,
        )
        for a, b in itertools.combinations(range(len(loaded)), 2)
    ]
    for test in ("mcnemar", "wilcoxon") if known else ("mcnemar",):
        corrected = holm(np.array([getattr(pair, test) for pair in pairs]))
        changes: list[dict[str, Any]] = [{f"{test}_holm": float(p)} for p in corrected]
        pairs = [dataclasses.replace(pair, **change) for pair, change in zip(pairs, changes, strict=True)]
    ranked = known and len(loaded) > 2
    friedman_p = friedman(accuracy) if ranked else None
    return Comparison(
        dataset=first.scores.data.title,
        protocol=first.scores.protocol,
        n_samples=int(table["sample"].nunique()),
        n_subjects=len(subjects) if known else 0,
        accuracy={name: _accuracy(run, seed) for name, run in zip(labels, loaded, strict=True)},
        pairs=tuple(pairs),
        mean_ranks=dict(zip(labels, map(float, mean_ranks(accuracy)), strict=True)) if ranked else {},
        friedman=friedman_p,
        critical_difference=critical_difference(len(loaded), len(subjects)) if ranked else None,
        notes=tuple(_notes(loaded, len(subjects) if known else 0, friedman_p)),
    )


def _pair(
    first: str,
    second: str,
    gain: np.ndarray,
    table: pd.DataFrame,
    unit: np.ndarray,
    subjects: np.ndarray | None,
    classes: Sequence[str],
    seed: int,
    n_bootstrap: int,
) -> PairedDifference:
    """A pair without Holm's correction; `gain` is +1 where only the first is correct, -1 where only the second is."""
    masks = [np.ones(len(table), bool), *((table["true"] == name).to_numpy() for name in classes)]
    top = np.stack([np.bincount(unit, gain * mask) for mask in masks], 1)
    bottom = np.stack([np.bincount(unit, mask) for mask in masks], 1)
    low, high = bootstrap_ratio(top, bottom, seed, n_bootstrap)
    value = top.sum(0) / np.maximum(bottom.sum(0), 1)
    by_sample = pd.Series(gain).groupby(table["sample"]).sum()
    discordant = int((by_sample > 0).sum()), int((by_sample < 0).sum())
    by_unit = top[:, 0] / bottom[:, 0]
    order = np.argsort(-np.abs(by_unit), kind="stable")
    return PairedDifference(
        first=first,
        second=second,
        difference=float(value[0]),
        ci95=(float(low[0]), float(high[0])),
        only_first=discordant[0],
        only_second=discordant[1],
        mcnemar=mcnemar(*discordant),
        mcnemar_holm=1.0,
        wilcoxon=None if subjects is None else signed_rank(by_unit),
        wilcoxon_holm=None,
        recall_differences={
            name: (float(value[i]), float(low[i]), float(high[i]))
            for i, name in enumerate(classes, 1)
            if low[i] > 0 or high[i] < 0
        },
        subject_differences={}
        if subjects is None
        else {str(subjects[i]): float(by_unit[i]) for i in order if by_unit[i]},
    )


def _accuracy(run: EvaluatedRun, seed: int) -> tuple[float, float, float]:
    table, classes = run.predictions, list(run.scores.classes)
    index = {name: i for i, name in enumerate(classes)}
    true, predicted = (table[name].map(index).to_numpy() for name in ("true", "predicted"))
    metrics = compute_metrics(true, predicted, subjects_of(table), classes, seed)
    low, high = metrics.ci95["accuracy"]
    return metrics.accuracy, low, high


def _notes(runs: list[EvaluatedRun], n_subjects: int, friedman_p: float | None) -> list[str]:
    notes = []
    if not n_subjects:
        notes.append(
            "subjects are unknown: samples were resampled instead, so intervals are too narrow and p-values too small"
        )
    else:
        notes.append(
            "McNemar's test assumes independent samples, and those of one subject are not: prefer Wilcoxon's test, "
            "over subjects"
        )
        if 2 ** (1 - n_subjects) > 0.05:
            smallest = 2 ** (1 - n_subjects)
            notes.append(f"with {n_subjects} subjects the smallest p-value of Wilcoxon's test is {smallest:.3f}")
    if friedman_p is not None:
        notes.append(f"Friedman's test of equal ranks: p {format_p_value(friedman_p)}")
    notes += sorted({f"warning: {run.scores.leakage}" for run in runs if run.scores.leakage})
    if any(run.scores.versions != runs[0].scores.versions for run in runs):
        notes.append("these runs were made with different versions of packages")
    return notes
