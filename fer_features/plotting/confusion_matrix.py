"""Confusion matrix as an image file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..evaluation.scores import Scores
from .literal_text import with_literal_text


@with_literal_text
def draw_confusion_matrix(scores: Scores, path: Path) -> None:
    """Write the confusion matrix as PNG: fractions of each true class, with counts.

    Parameters
    ----------
    scores : Scores
    path : Path
    """
    # Imported here because it is slow to import; the figure is drawn without a display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    counts, classes = np.array(scores.metrics.confusion), scores.classes
    fraction = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    figure = Figure(figsize=(1.6 + 0.8 * len(classes), 1.8 + 0.75 * len(classes)), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.imshow(fraction, cmap="Blues", vmin=0, vmax=1)
    for i, j in np.ndindex(counts.shape):
        text = f"{fraction[i, j]:.2f}\n{counts[i, j]}" if counts[i, j] else "0"
        color = "white" if fraction[i, j] > 0.55 else "black"
        axes.text(j, i, text, ha="center", va="center", color=color, fontsize=9)
    axes.set_xticks(range(len(classes)), classes, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(classes)), classes)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(f"{scores.title}\naccuracy {scores.metrics.accuracy:.3f}\n{scores.protocol}", fontsize=10)
    figure.savefig(path, format="png", metadata={"Software": None})
