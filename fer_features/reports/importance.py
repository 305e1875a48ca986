"""What a model leans on, as colour over mean faces: by its weights or gains, or by hiding places of held-out faces."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from ..audit.base import Case
from ..evaluation.cross_validation import class_name
from ..evaluation.protocol import training_rows
from ..exceptions import FerError
from ..explain.contributions import by_place, check_leaning, columns_of, contributions, is_linear
from ..explain.locations import Places, places_of
from ..explain.occlusion import Occlusion, aligner, occlusion
from ..extractors.features import extractors_of
from ..pipelines import describable, members, name_of
from ..plotting.importance import Face, contrast, heat_maps, mean_face
from ..plotting.overlays import circles, over, painted
from ..samples.table import Samples
from .html import picture

#: Longer side of a painted face on the page in pixels.
SIDE = 176
#: Rows of each class that mean faces, and what linear models lean on, are taken over.
EACH = 200
#: Seconds that one fit may take for the sake of a picture.
PATIENCE = 20.0

#: Rows of a class that are no more than examples.
FEW = 3
#: Falls below this are no colour worth the name, however small the others are.
LEAST = 0.02

#: What colours mean; the first words say what is summed.
LEAD = (
    "how much the features of a place add to the lead of the class, which is its mean score on its own rows above that "
    "on all rows. 1 is what each place would have if all added the same; no colour is nothing, or against the class."
)
GAIN = (
    "gain (loss taken away in training) of all splits by the features of a place in the trees of the class. 1 is what "
    "each place would have if all gained the same. Gain does not tell what speaks for a class from what "
    "speaks against it."
)
SPOTS = " Measures between landmarks, such as the width of the mouth, count at their points."
HIDDEN = (
    "mean fall of the true class's {kind} when the place was hidden{how}, one place at a time, over {n} held-out rows "
    "({each} of each class){who}. No colour is no fall. Places that say the same cover for each other, so a "
    "small fall does not prove that a place says nothing."
)


def leans(
    model: BaseEstimator, fresh: BaseEstimator, X: Samples, predictions: pd.DataFrame, seconds: float, seed: int
) -> dict[str, Any]:
    """What a model leans on, drawn on the face.

    Parameters
    ----------
    model : estimator
        Fitted to the training rows.
    fresh : estimator
        The same, for fitting it to fewer rows where `model` has learnt from all that were judged.
    X : Samples
        The table that was judged.
    predictions : DataFrame
    seconds : float
        How long one fit takes.
    seed : int

    Returns
    -------
    dict
        'drawn': a list of 'title', 'cards', 'most', the words of the darkest colour, and 'caption'; 'absent': why
        nothing is drawn, or empty.
    """
    asked = [member for member in getattr(model, "fitted_", [model]) if _says(member)]
    drawn, absent = [], []
    for member in asked:
        of = "" if member is model else f" in {name_of(member)}, one of those that vote"
        one = _said(member, X, seed, of)
        drawn += one["drawn"]
        absent += one["absent"]
    if asked != [model]:
        one = _hidden(model, fresh, X, predictions, seconds, seed)
        drawn += one["drawn"]
        absent += one["absent"]
    return {"drawn": drawn, "absent": " ".join(absent)}


def _says(model: BaseEstimator) -> bool:
    try:
        check_leaning(model)
    except FerError:
        return False
    return True


def _said(model: BaseEstimator, X: Samples, seed: int, of: str) -> dict[str, Any]:
    """What a model says itself, extractor by extractor; `of` stands behind their names."""
    rows = _some(X, model, np.flatnonzero(training_rows(X) & describable(model, X)), seed)
    whole = contributions(model, X[rows])
    drawn, absent = [], []
    for feature, extractor in extractors_of(model):
        try:
            places = places_of(extractor)
        except FerError as error:
            absent.append(f"{error}.")
            continue
        part = whole[:, columns_of(model, feature)]
        drawn.append(_places(model, X[rows], feature, places, part, whole, f"{feature}{of}"))
    return {"drawn": drawn, "absent": absent}


def _places(
    model: BaseEstimator, X: Samples, feature: str, places: Places, part: np.ndarray, whole: np.ndarray, title: str
) -> dict[str, Any]:
    heat = heat_maps(by_place(part, places), places)
    codes = np.asarray(model.classes_)
    faces = _faces(model, X, codes)
    most = max(float(heat.max()), 1.0)
    cards = []
    for k, code in enumerate(codes):
        name = class_name(X, code)
        lines = [name]
        if len(extractors_of(model)) > 1:
            share = part[k].sum() / whole[k].sum() if whole[k].sum() > 0 else 0.0
            lines.append(f"{100 * share:.0f} % of the {'lead' if is_linear(model) else 'gain'} is of {feature}")
        face, canvas = faces[k]
        drawn = circles(canvas, face, places, heat[k] / most) if places.spots else over(canvas, heat[k] / most)
        cards.append({"pictures": [_jpeg(drawn, f"mean face of {name}: what {feature} leans on")], "lines": lines})
    caption = f"Colour on the mean apex of each class, {len(X)} training rows: " + (LEAD if is_linear(model) else GAIN)
    caption += SPOTS if ((places.spread > 0).sum(1) > 1).any() else ""
    return {"title": title, "cards": cards, "most": f"{most:.1f} times an even share", "caption": caption}


def _hidden(
    model: BaseEstimator, fresh: BaseEstimator, X: Samples, predictions: pd.DataFrame, seconds: float, seed: int
) -> dict[str, Any]:
    try:
        held_out, fitted, who = _held_out(model, fresh, X, predictions, seconds, seed)
        found = occlusion(fitted, held_out, seed)
    except FerError as error:
        return {"drawn": [], "absent": [f"Places were not hidden: {error}."]}
    codes = np.array(list(found.fall))
    faces = _faces(model, _sampled(held_out, seed), codes)
    most = max(max(float(fall.max()) for fall in found.fall.values()), LEAST)
    cards = []
    for (_, canvas), (code, fall) in zip(faces, found.fall.items(), strict=True):
        name = class_name(X, code)
        drawn = _jpeg(over(canvas, np.maximum(fall, 0) / most), f"mean face of {name}: what hiding a place costs")
        row, column = np.unravel_index(fall.argmax(), fall.shape)
        cards.append(
            {"pictures": [drawn], "lines": [name, f"most by {_where(int(row), int(column))}: {fall.max():.2f}"]}
        )
    title = f"Places hidden from {name_of(model)}"
    return {
        "drawn": [
            {"title": title, "cards": cards, "most": f"a fall of {most:.2f}", "caption": _caption(found, model, X, who)}
        ],
        "absent": [],
    }


def _caption(found: Occlusion, model: BaseEstimator, X: Samples, who: str) -> str:
    reads = {name for member in members(model) for _, extractor in extractors_of(member) for name in extractor.reads}
    moving = "landmarks" in reads and X.column("landmarks").shape[1] > 1
    how = [*["behind grey"] * ("images" in reads), *["by landmarks in it that moved with the head only"] * moving]
    kind = found.kind if found.kind == "probability" else "score above the mean of the classes"
    counts = found.rows.values()
    each = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
    caption = HIDDEN.format(kind=kind, how=f" {' and '.join(how)}", n=sum(counts), each=each, who=who)
    if min(counts) < FEW:
        caption += " So few rows are examples: describing them takes long."
    return f"Colour on the mean apex of each class: {caption}"


def _held_out(
    model: BaseEstimator, fresh: BaseEstimator, X: Samples, predictions: pd.DataFrame, seconds: float, seed: int
) -> tuple[Samples, BaseEstimator, str]:
    """Rows that a model has not learnt from, that model, and how it came about in words."""
    rows = np.unique(predictions["row"])
    if "part" in predictions:
        return X[rows], model, ""
    if seconds > PATIENCE:
        raise FerError(
            "the saved model has learnt from every row here, and fitting it anew without some of them takes "
            f"{seconds:.0f} s"
        )
    known = bool((predictions["subject"].astype(str) != "-1").all())
    table = X[rows]
    people = np.asarray(table["subject"]) if known else None
    train, test = Case(fresh, table, np.asarray(table["label"]), people, seed).folds(5)[0]
    fitted = fresh.fit(table[train], np.asarray(table["label"])[train])
    seen = np.isin(np.asarray(table["label"])[test], fitted.classes_)
    kind = f"{len(np.unique(people[test]))} people" if people is not None else f"{len(test)} rows"
    return table[test[seen]], fitted, f", by a model that was fitted without these {kind}"


def _some(X: Samples, model: BaseEstimator, rows: np.ndarray, seed: int) -> np.ndarray:
    """At most so many rows of each class of the model."""
    rng, label = np.random.default_rng(seed), np.asarray(X["label"])[rows]
    chosen = [rng.permutation(rows[label == code])[:EACH] for code in np.asarray(model.classes_)]
    return np.sort(np.concatenate(chosen))


def _sampled(X: Samples, seed: int) -> Samples:
    rng, label = np.random.default_rng(seed), np.asarray(X["label"])
    chosen = [rng.permutation(np.flatnonzero(label == code))[:EACH] for code in np.unique(label)]
    return X[np.sort(np.concatenate(chosen))]


def _faces(model: BaseEstimator, X: Samples, codes: np.ndarray) -> list[tuple[Face, np.ndarray]]:
    """The mean apex of each class, and painted; all of them stretched alike, so that they compare."""
    label = np.asarray(X["label"])
    Z = aligner(model, X).transform(X) if "images" in X else X
    faces = [mean_face(Z[label == code], -1) for code in codes]
    grey = contrast(faces)
    return [(face, painted(face, grey)) for face in faces]


def _jpeg(drawn: np.ndarray, alt: str) -> dict[str, Any]:
    """A picture that is made of fewer pixels than were painted, which JPEG keeps in a few kilobytes."""
    return picture(drawn, alt, SIDE)


def _where(row: int, column: int) -> str:
    """A cell in words."""
    height = ("forehead", "brows and eyes", "eyes and nose", "nose and cheeks", "mouth", "chin")[row]
    return f"{height}, {('left', 'left of the middle', 'middle', 'right of the middle', 'right')[column]}"
