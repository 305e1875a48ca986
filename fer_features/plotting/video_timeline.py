"""The probabilities and the intensity of a face over time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from ..exceptions import FerError
from ..recognition.frame_results import FrameResult
from .literal_text import with_literal_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@with_literal_text
def plot_timeline(results: Iterable[FrameResult], face_id: int | None = None) -> Figure:
    """Plot the probabilities of the expressions of a face over time, and its motion from the neutral face.

    Parameters
    ----------
    results : iterable of FrameResult
        Such as ``recognizer.stream("clip.mp4")``.
    face_id : int, optional
        Number of the face; by default the face that is visible in most frames.

    Returns
    -------
    matplotlib.figure.Figure
        Frames without probabilities are gaps. The lower axes are absent without a neutral reference.

    Raises
    ------
    FerError
        If the face is in no frame.
    """
    from matplotlib.figure import Figure

    times, frames = [], []
    for result in results:
        times.append(result.frame.timestamp)
        frames.append({face.face_id: face for face in result.faces})
    counts = np.unique([number for faces in frames for number in faces], return_counts=True)
    if face_id is None and len(counts[0]):
        face_id = int(counts[0][counts[1].argmax()])
    if face_id is None or face_id not in counts[0]:
        raise FerError("no frame shows a face" if face_id is None else f"no frame shows face_id={face_id}")
    faces = [one.get(face_id) for one in frames]
    names = list(dict.fromkeys(name for face in faces if face is not None for name in face.probabilities))
    motion = [np.nan if face is None or face.neutral_distance is None else face.neutral_distance for face in faces]
    has_motion = bool(np.isfinite(motion).any())
    figure = Figure(figsize=(8, 4.5 if has_motion else 3), layout="constrained")
    axes = figure.subplots(1 + has_motion, 1, sharex=True, squeeze=False)[:, 0]
    for k, name in enumerate(names):
        values = [np.nan if face is None else face.probabilities.get(name, np.nan) for face in faces]
        axes[0].plot(times, values, linestyle=("solid", "dashed", "dotted")[k % 3], label=name)
    axes[0].set(ylim=(0, 1.02), ylabel="probability", title=f"face {face_id}")
    if names:
        axes[0].legend(fontsize="small", ncols=4)
    if has_motion:
        axes[1].plot(times, motion, color="black")
        axes[1].set(ylabel="motion from neutral", ylim=(0, None))
    axes[-1].set_xlabel("time in seconds")
    return figure
