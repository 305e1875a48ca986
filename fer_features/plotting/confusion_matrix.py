"""Pictures of results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def draw_confusion(scores: dict[str, Any], path: Path) -> None:
    """Draw the confusion matrix of a set of scores, shares by true class with counts, as a PNG.

    Parameters
    ----------
    scores : dict
        With 'confusion', 'classes' and what the title says.
    path : Path
    """
    # Imported here, for it takes longer than everything else that a command imports; the figure is drawn off screen.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    counts = np.array(scores["confusion"])
    classes = scores["classes"]
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    figure = Figure(figsize=(1.6 + 0.8 * len(classes), 1.8 + 0.75 * len(classes)), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for i, j in np.ndindex(counts.shape):
        text = f"{share[i, j]:.2f}\n{counts[i, j]}" if counts[i, j] else "0"
        axes.text(j, i, text, ha="center", va="center", color="white" if share[i, j] > 0.55 else "black", fontsize=9)
    axes.set_xticks(range(len(classes)), classes, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(classes)), classes)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    synthetic = " (synthetic)" if scores["synthetic"] else ""
    axes.set_title(
        f"{scores['pipeline']} on {scores['dataset']}{synthetic}\n"
        f"accuracy {scores['accuracy']:.3f}\n{scores['protocol']}",
        fontsize=10,
    )
    figure.savefig(path, format="png", metadata={"Software": None})
