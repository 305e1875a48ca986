"""Pictures of a comparison: differences with their intervals, and mean ranks with the critical difference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..evaluation.comparison import Comparison


def draw_comparison(found: Comparison, path: Path) -> None:
    """Draw differences of accuracy with intervals, and for three and more runs mean ranks, as a PNG.

    Parameters
    ----------
    found : Comparison
    path : Path

    Notes
    -----
    Mean ranks as Demsar (JMLR 2006) draws them: the best to the right, and a bar over those that Nemenyi's test does
    not tell apart.
    """
    # Imported here, for it takes longer than everything else that a command imports; the figure is drawn off screen.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lines = 0.35 * len(found.pairs)
    upper = 1.2 + 0.2 * len(found.ranks) if found.ranks else 0.0
    figure = Figure(figsize=(9, 1.6 + lines + upper), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    ratios = [upper, 1.0 + lines] if found.ranks else [1.0]
    axes = figure.subplots(len(ratios), 1, height_ratios=ratios, squeeze=False)[:, 0]
    if found.ranks:
        _draw_ranks(axes[0], found)
    _draw_differences(axes[-1], found)
    people = f"{found.n_subjects} subjects" if found.n_subjects else "subjects unknown"
    figure.suptitle(f"{found.dataset}: {found.n} rows, {people}, {found.protocol}", fontsize=10)
    figure.savefig(path, format="png", metadata={"Software": None})


def groups_alike(ranks: np.ndarray, critical: float) -> list[tuple[int, int]]:
    """First and last of each longest stretch of sorted mean ranks that lie closer than the critical difference.

    Parameters
    ----------
    ranks : ndarray, shape (k,)
        In rising order.
    critical : float

    Returns
    -------
    list of (int, int)
        Positions; stretches of one alone, or within another, are left out.
    """
    found: list[tuple[int, int]] = []
    for start in range(len(ranks)):
        end = int(np.searchsorted(ranks, ranks[start] + critical, side="left")) - 1
        if end > start and (not found or end > found[-1][1]):
            found.append((start, end))
    return found


def _draw_differences(axes: Any, found: Comparison) -> None:
    for i, pair in enumerate(found.pairs):
        clear = pair.interval[0] > 0 or pair.interval[1] < 0
        colour = "C0" if clear else "grey"
        axes.plot(pair.interval, [i, i], color=colour, linewidth=2)
        axes.plot(pair.difference, i, "o", color=colour)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(found.pairs)), [f"{p.first} - {p.second}" for p in found.pairs], fontsize=8)
    axes.set_ylim(len(found.pairs) - 0.5, -0.5)
    axes.set_xlabel("difference of accuracy, 95 % interval")


def _draw_ranks(axes: Any, found: Comparison) -> None:
    names = sorted(found.ranks, key=lambda name: found.ranks[name])
    ranks = np.array([found.ranks[name] for name in names])
    k, critical = len(names), found.critical_difference or 0.0
    axes.set_xlim(k + 0.6, 0.4)
    axes.set_ylim(-1.2 - 0.8 * (k // 2), 2.2)
    axes.axis("off")
    axes.plot([1, k], [0, 0], color="black", linewidth=1)
    for tick in range(1, k + 1):
        axes.plot([tick, tick], [0, 0.2], color="black", linewidth=1)
        axes.text(tick, 0.3, str(tick), ha="center", va="bottom", fontsize=8)
    axes.plot([k, k - min(critical, k - 1)], [1.5, 1.5], color="black", linewidth=1.5)
    axes.text(k, 1.6, f"critical difference {critical:.2f}", ha="left", va="bottom", fontsize=8)
    for i, (name, rank) in enumerate(zip(names, ranks, strict=True)):
        # The better half is written on the right, the other on the left, so that lines do not cross.
        right = i < (k + 1) // 2
        height = -1.0 - (i if right else k - 1 - i) * 0.8
        edge = 0.7 if right else k + 0.3
        axes.plot([rank, rank, edge], [0, height, height], color="black", linewidth=0.8)
        axes.text(edge, height + 0.1, f"{name}  {rank:.2f}", ha="right" if right else "left", va="bottom", fontsize=8)
    for i, (start, end) in enumerate(groups_alike(ranks, critical)):
        axes.plot(ranks[[start, end]], [-0.2 - 0.18 * i] * 2, color="C3", linewidth=3)
