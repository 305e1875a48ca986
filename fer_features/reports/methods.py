"""What a run did, in words that a reviewer could check."""

from __future__ import annotations

from typing import Any

from ..extractors import EXTRACTORS
from ..extractors.features import extractors_of
from ..pipelines import members, name_of
from ..samples.table import Samples

#: Where subjects come from.
SOURCES = {
    "dataset": "named by the data",
    "file": "given in a file",
    "inferred": "inferred from neutral frames, which may be wrong",
    "arrays": "given with the data",
}


def facts(scores: dict[str, Any], model: Any, X: Samples, settings: dict[str, Any]) -> dict[str, str]:
    """What was done: a short title to a few sentences, in the order in which they are told."""
    info, folds = X.info, scores["folds"]
    counts = ", ".join(f"{name} {one['n']}" for name, one in scores["per_class"].items())
    synthetic = " Its faces are drawn: scores on them say nothing about people." if scores["synthetic"] else ""
    source = f", {info.source}" if info.source and info.source != info.dataset else ""
    train = [fold["n_train"] for fold in folds]
    trained = f"{train[0]}" if min(train) == max(train) else f"{min(train)} to {max(train)}"
    found = {
        "Data": f"{info.dataset}{source}.{synthetic}",
        "Judged rows": f"{scores['n']}: {counts}.",
        "People": people(scores),
        "Pipeline": "; ".join(described(member) for member in members(model)) + ".",
        "Settings": ", ".join(f"{k}={v}" for k, v in settings.items()) or "those that the name stands for",
        "Protocol": f"{scores['protocol']}: {len(folds)} fit{'s' if len(folds) > 1 else ''} to {trained} rows each. "
        + protocol(scores),
        "Learnt where": "What describes each row by itself is computed once. Whatever learns (scaling, reduction, "
        "codebooks, the classifier, how sure it may be) learnt from the training rows of each fold alone.",
        "Intervals": intervals(scores),
        "Copies": copies(scores),
        "Left out": "; ".join(f"{n} rows: {why}" for why, n in scores["left_out"].items()) or "nothing with a label",
        "Notes": "; ".join(scores["notes"]),
        "Fingerprint": f"{scores['fingerprint']} (of pictures, landmarks and labels)",
        "Versions": ", ".join(f"{name} {version}" for name, version in scores["versions"].items()),
    }
    return {title: text for title, text in found.items() if text}


def people(scores: dict[str, Any]) -> str:
    """How many there are and how they are known."""
    if not scores["n_subjects"]:
        return "Not known: nobody can say whether one person stands in training and among the judged rows."
    words = f"{scores['n_subjects']}, {SOURCES.get(scores['subjects_from'], scores['subjects_from'])}"
    if scores["subjects_confidence"] is not None and scores["subjects_from"] == "inferred":
        words += f" (confidence {scores['subjects_confidence']:.2f})"
    return f"{words}."


def protocol(scores: dict[str, Any]) -> str:
    """What the protocol keeps apart."""
    if "parts" in scores:
        return "The official parts were taken as they are; the training part alone was learnt from."
    if scores["n_subjects"]:
        return "All rows of a person were held out together, so nobody was judged by a model that had seen them."
    return "Rows were held out one by one, whoever they show."


def intervals(scores: dict[str, Any]) -> str:
    """What 95 % stands for."""
    if scores["n_subjects"]:
        return (
            "95 %, by drawing people with replacement (2,000 times): how the figure would vary with other people of "
            "the same kind. Models were not trained anew for it."
        )
    return "95 %, by drawing rows with replacement (2,000 times), for want of subjects; they are too narrow."


def copies(scores: dict[str, Any]) -> str:
    """Judged pictures that stand in training too."""
    n = scores["n_duplicates"]
    if not n:
        return "No judged picture stands in training, pixel by pixel."
    alone = scores["accuracy_no_duplicates"]
    without = "" if alone is None else f" Without them accuracy is {alone:.3f}."
    stand = "judged picture stands" if n == 1 else "judged pictures stand"
    return f"{n} {stand} in training too, pixel by pixel.{without}"


def leakage(scores: dict[str, Any]) -> tuple[str, str]:
    """A mark ('check' or 'good') and whether the score may be too high."""
    if "search" in scores:
        mark, told = leakage({key: value for key, value in scores.items() if key != "search"})
        return "check", f"{choice(scores['search'])} {told if mark == 'check' else ''}".rstrip()
    if scores["leakage"]:
        more = f" {copies(scores)}" if scores["n_duplicates"] else ""
        return "check", f"{scores['leakage'][:1].upper()}{scores['leakage'][1:]}.{more}"
    told = "No leak is known: no person stands on both sides of a split."
    if scores["n_duplicates"]:
        return "check", copies(scores)
    if scores["subjects_from"] == "inferred":
        return "check", "No leak is known, if the inferred subjects are right: check them in subjects.csv."
    return "good", f"{told} fer_features check looks for leaks that cannot be seen here."


def choice(search: dict[str, Any]) -> str:
    """What choosing settings by a score does to it."""
    told = f"The settings were chosen among {search['candidates']} by this very score, which is therefore too high."
    if search["nested_score"] is None:
        return f"{told} An honest one needs outer folds: --nested."
    figure = {"macro_f1": "macro-F1"}.get(search["score"], search["score"].replace("_", " "))
    return (
        f"{told} By outer folds, which the choice had not seen, {figure} is {search['nested_score']:.3f}: report that."
    )


def described(model: Any) -> str:
    """The steps of one pipeline, in their order, with papers."""
    steps = getattr(model, "named_steps", {})
    if "features" not in steps:
        return name_of(model)
    words = []
    if "align" in steps:
        align = steps["align"]
        how = {"procrustes": "brought upright by all landmarks", "eyes": "brought upright by the eyes"}
        words.append(f"faces {how.get(align.method, 'taken whole')}, {align.size} pixels wide")
    named = [
        f"{name} ({EXTRACTORS[name][0].cites})" if name in EXTRACTORS else name for name, _ in extractors_of(model)
    ]
    words.append(f"features {' and '.join(named)}")
    last = list(steps)[list(steps).index("features") + 1 :]
    words += [f"{key} {type(steps[key]).__name__}" for key in last if steps[key] != "passthrough"]
    return f"{name_of(model)}: {', '.join(words)}"
