"""Figure of the cumulative error distribution of a landmarker."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..faces.landmark_evaluation import FAILURE_THRESHOLD, ErrorCurve


def plot_error_curve(curve: ErrorCurve, path: Path) -> None:
    """Write the cumulative error distribution, the fraction of faces with at most a given error, as a PNG file.

    Parameters
    ----------
    curve : ErrorCurve
    path : Path
        The file to write.
    """
    # Matplotlib is imported here, because it takes longer than all other imports of a command. The Agg canvas needs no
    # display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3.6), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot(100 * np.array(curve.nme), 100 * np.array(curve.fraction))
    axes.set_xlim(0, 100 * FAILURE_THRESHOLD)
    axes.set_ylim(0, 101)
    axes.grid(alpha=0.3)
    axes.set_xlabel("normalized mean error, % of the outer eye distance")
    axes.set_ylabel("% of faces with at most this error")
    figure.savefig(path, format="png", metadata={"Software": None})
