"""Figure of a comparison: differences of accuracy with CIs, and mean ranks with the critical difference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..evaluation.comparison_result import Comparison
from .literal_text import with_literal_text


@with_literal_text
def draw_comparison(comparison: Comparison, path: Path) -> None:
    """Write differences of accuracy with 95 % CI, and mean ranks where there are any, as PNG.

    Parameters
    ----------
    comparison : Comparison
    path : Path

    Notes
    -----
    Mean ranks are plotted as a critical difference diagram: the best rank is on the right, and a bar connects pipelines
    that Nemenyi's test does not distinguish.

    References
    ----------
    J. Demsar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7, 2006.
    """
    # Imported here because it is slow to import; the figure is drawn without a display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    pairs_height = 0.35 * len(comparison.pairs)
    ranks_height = 1.2 + 0.2 * len(comparison.mean_ranks) if comparison.mean_ranks else 0.0
    figure = Figure(figsize=(9, 1.6 + pairs_height + ranks_height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    ratios = [ranks_height, 1.0 + pairs_height] if comparison.mean_ranks else [1.0]
    axes = figure.subplots(len(ratios), 1, height_ratios=ratios, squeeze=False)[:, 0]
    if comparison.mean_ranks:
        _plot_ranks(axes[0], comparison)
    _plot_differences(axes[-1], comparison)
    subjects = f"{comparison.n_subjects} subjects" if comparison.n_subjects else "subjects unknown"
    title = f"{comparison.dataset}: {comparison.n_samples} samples, {subjects}, {comparison.protocol}"
    figure.suptitle(title, fontsize=10)
    figure.savefig(path, format="png", metadata={"Software": None})


def nonsignificant_groups(mean_ranks: np.ndarray, critical_difference: float) -> list[tuple[int, int]]:
    """Groups of adjacent mean ranks that differ by less than the critical difference.

    Parameters
    ----------
    mean_ranks : ndarray, shape (k,)
        In ascending order.
    critical_difference : float

    Returns
    -------
    list of (int, int)
        Positions of the first and last rank of each group of two or more that is not a part of a larger group.

    Examples
    --------
    >>> nonsignificant_groups(np.array([1.0, 1.4, 2.0, 3.0]), 1.1)
    [(0, 2), (2, 3)]
    """
    groups: list[tuple[int, int]] = []
    for first in range(len(mean_ranks)):
        last = int(np.searchsorted(mean_ranks, mean_ranks[first] + critical_difference, side="left")) - 1
        if last > first and (not groups or last > groups[-1][1]):
            groups.append((first, last))
    return groups


def _plot_differences(axes: Any, comparison: Comparison) -> None:
    """Plot the difference of each pair with its CI; grey if the CI includes 0."""
    for i, pair in enumerate(comparison.pairs):
        excludes_zero = pair.ci95[0] > 0 or pair.ci95[1] < 0
        color = "C0" if excludes_zero else "grey"
        axes.plot(pair.ci95, [i, i], color=color, linewidth=2)
        axes.plot(pair.difference, i, "o", color=color)
    axes.axvline(0, color="black", linewidth=0.8)
    names = [f"{pair.first} - {pair.second}" for pair in comparison.pairs]
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("difference of accuracy, 95 % CI")


def _plot_ranks(axes: Any, comparison: Comparison) -> None:
    """Plot the critical difference diagram."""
    names = sorted(comparison.mean_ranks, key=lambda name: comparison.mean_ranks[name])
    ranks = np.array([comparison.mean_ranks[name] for name in names])
    k, critical_difference = len(names), comparison.critical_difference or 0.0
    axes.set_xlim(k + 0.6, 0.4)
    axes.set_ylim(-1.2 - 0.8 * (k // 2), 2.2)
    axes.axis("off")
    axes.plot([1, k], [0, 0], color="black", linewidth=1)
    for tick in range(1, k + 1):
        axes.plot([tick, tick], [0, 0.2], color="black", linewidth=1)
        axes.text(tick, 0.3, str(tick), ha="center", va="bottom", fontsize=8)
    axes.plot([k, k - min(critical_difference, k - 1)], [1.5, 1.5], color="black", linewidth=1.5)
    axes.text(k, 1.6, f"critical difference {critical_difference:.2f}", ha="left", va="bottom", fontsize=8)
    for i, (name, rank) in enumerate(zip(names, ranks, strict=True)):
        # Names of the better half are on the right and the others on the left, so that lines do not cross.
        right = i < (k + 1) // 2
        height = -1.0 - (i if right else k - 1 - i) * 0.8
        edge = 0.7 if right else k + 0.3
        axes.plot([rank, rank, edge], [0, height, height], color="black", linewidth=0.8)
        axes.text(edge, height + 0.1, f"{name}  {rank:.2f}", ha="right" if right else "left", va="bottom", fontsize=8)
    for i, group in enumerate(nonsignificant_groups(ranks, critical_difference)):
        axes.plot(ranks[list(group)], [-0.2 - 0.18 * i] * 2, color="C3", linewidth=3)
