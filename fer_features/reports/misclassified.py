"""The mistakes that a model was surest of, as pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from ..explain.occlusion import aligner
from ..plotting.overlays import sketch
from ..samples.table import Samples
from ..vision.displacement import registered
from .html import picture

#: Mistakes shown.
MISTAKES = 12
#: Longer side of a face in pixels.
SIDE = 128


def mistakes(predictions: pd.DataFrame, X: Samples, model: BaseEstimator) -> dict[str, Any]:
    """The mistakes that the model was surest of, as pictures.

    Parameters
    ----------
    predictions : DataFrame
        As `evaluate` gives them.
    X : Samples
        The table that was judged.
    model : estimator
        Whose alignment cuts the faces out.

    Returns
    -------
    dict
        'kind' ('probability' or 'score'), 'cards', 'all': how many mistakes there are, 'frames'.
    """
    columns = [name for name in predictions if name.startswith(("probability_", "score_"))]
    kind = columns[0].split("_")[0]
    wrong = predictions[predictions["truth"] != predictions["prediction"]]
    values = wrong[columns].to_numpy(float)
    names = [name.removeprefix(f"{kind}_") for name in columns]
    position = {name: k for k, name in enumerate(names)}
    rows = np.arange(len(wrong))
    said = values[rows, wrong["prediction"].map(position).to_numpy(int)]
    true = np.nan_to_num(values[rows, wrong["truth"].map(position).to_numpy(int)])
    sure = said if kind == "probability" else said - true
    wrong = wrong.assign(said=said, true=true, sure=sure).sort_values("sure", ascending=False, kind="stable")
    surest = wrong.drop_duplicates("row").head(MISTAKES)
    frames = X.column("images" if "images" in X else "landmarks").shape[1]
    cards = []
    for line in surest.to_dict("records"):
        lines = [
            f"{line['truth']} taken for {line['prediction']}",
            f"{kind} {line['said']:.2f}; of {line['truth']} {line['true']:.2f}",
            f"row {line['row']}" + (f", subject {line['subject']}" if str(line["subject"]) != "-1" else ""),
        ]
        if str(line["id"]) != str(line["row"]):
            lines.append(f"id {line['id']}")
        if line.get("copy_in_training"):
            lines.append("an equal picture stands in training")
        about = f"row {line['row']}, {line['truth']} taken for {line['prediction']}"
        cards.append({"pictures": _two(X[[line["row"]]], model, about), "lines": lines})
    return {"kind": kind, "cards": cards, "all": len(wrong), "frames": frames}


def _two(one: Samples, model: BaseEstimator, about: str) -> list[dict[str, Any]]:
    """Neutral and apex of a row, side by side; of a single picture that alone."""
    if "images" in one:
        Z = aligner(model, one).transform(one)
        frames = {"neutral": 0, "apex": -1} if Z.column("images").shape[1] > 1 else {"face": 0}
        return [picture(Z.frame("images", t)[0], f"{about}: {name}", SIDE) for name, t in frames.items()]
    shapes = registered(one["landmarks"])[0]
    shapes = np.asarray(shapes[[0, -1]] if len(shapes) > 1 else shapes, float)
    ends = shapes.min((0, 1)), shapes.max((0, 1))
    names = ["neutral", "apex"] if len(shapes) > 1 else ["face"]
    return [
        picture(sketch([points], ends), f"{about}: {name}", SIDE) for name, points in zip(names, shapes, strict=True)
    ]
