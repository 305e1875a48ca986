"""Methods of a run as text that a reviewer can check."""

from __future__ import annotations

import dataclasses
from typing import Any

from ..evaluation.metric_types import Metrics
from ..evaluation.scores import Scores
from ..evaluation.search_scores import SearchSummary
from ..evaluation.summary import HEADLINE_METRICS
from ..extractors import EXTRACTORS
from ..extractors.features import named_extractors
from ..pipelines import ensemble_members, pipeline_name
from ..samples.data_info import SUBJECT_SOURCES
from ..samples.table import Samples
from .html import sentence_case

#: Alignment of face crops, by method.
ALIGNMENTS = {"procrustes": "aligned by all landmarks", "eyes": "aligned by the eyes"}


@dataclasses.dataclass(frozen=True)
class LeakageStatement:
    """Whether scores may be too high.

    Attributes
    ----------
    level : {'pass', 'warning'}
    text : str
    """

    level: str
    text: str


def methods(scores: Scores, model: Any, X: Samples, settings: dict[str, Any]) -> dict[str, str]:
    """Data, pipeline and protocol of a run: titles with texts, in the order in which they are shown."""
    info, folds, m = X.info, scores.folds, scores.metrics
    counts = ", ".join(f"{name} {one.n_samples}" for name, one in m.per_class.items())
    synthetic = " Its images are rendered: the scores do not apply to real faces." if scores.data.synthetic else ""
    source = f", {info.source}" if info.source and info.source != info.dataset else ""
    n_train = [fold.n_train for fold in folds]
    trained = f"{n_train[0]}" if min(n_train) == max(n_train) else f"{min(n_train)} to {max(n_train)}"
    n_fits = "1 fit" if len(folds) == 1 else f"{len(folds)} fits, each"
    excluded = "; ".join(f"{n} samples: {reason}" for reason, n in scores.excluded.items())
    found = {
        "Data": f"{info.dataset}{source}.{synthetic}",
        "Evaluated samples": f"{m.n_samples} ({counts}).",
        "Subjects": _subjects(scores),
        "Pipeline": "; ".join(_steps(member) for member in ensemble_members(model)) + ".",
        "Settings": ", ".join(f"{k}={v}" for k, v in settings.items()) or "defaults of the pipeline",
        "Protocol": f"{scores.protocol}: {n_fits} on {trained} samples. {_protocol(scores)}",
        "Fitted on": "Features that depend on one sample only are computed once. Scaling, dimensionality reduction, "
        "codebooks, classifier and calibration are fitted on the training samples of each fold only.",
        "Intervals": _intervals(m),
        "Duplicates": duplicates(m),
        "Excluded": excluded or "none",
        "Notes": "; ".join((*scores.data.notes, *scores.notes)),
        "Fingerprint": f"{scores.data.fingerprint} (of images, landmarks and labels)",
        "Versions": ", ".join(f"{name} {version}" for name, version in scores.versions.items()),
    }
    return {title: text for title, text in found.items() if text}


def duplicates(metrics: Metrics) -> str:
    """The number of evaluated images that also occur in the training samples, as text."""
    n = metrics.n_duplicates
    if not n:
        return "No evaluated image is identical to a training image."
    excluding = metrics.accuracy_excluding_duplicates
    more = "" if excluding is None else f" Excluding {'it' if n == 1 else 'them'}, accuracy is {excluding:.3f}."
    return f"{n} evaluated {'image is' if n == 1 else 'images are'} identical to a training image.{more}"


def leakage_statement(scores: Scores) -> LeakageStatement:
    """Whether the scores may be too high, and why."""
    if scores.search is not None:
        other = leakage_statement(scores.replace(search=None))
        more = f" {other.text}" if other.level == "warning" else ""
        return LeakageStatement("warning", f"{_selection(scores.search)}{more}")
    if scores.leakage:
        more = f" {duplicates(scores.metrics)}" if scores.metrics.n_duplicates else ""
        return LeakageStatement("warning", f"{sentence_case(scores.leakage)}.{more}")
    if scores.metrics.n_duplicates:
        return LeakageStatement("warning", duplicates(scores.metrics))
    if scores.data.subjects_from == "inferred":
        text = "No leakage is known if the inferred subjects are correct: check them in subjects.csv."
        return LeakageStatement("warning", text)
    text = "No leakage is known: training and evaluated samples have no subject in common. "
    return LeakageStatement("pass", f"{text}The command fer-features check runs more tests.")


def _subjects(scores: Scores) -> str:
    data, n = scores.data, scores.metrics.n_subjects
    if not n:
        return "Unknown: a subject may be in both training and evaluated samples."
    text = f"{n}, {SUBJECT_SOURCES.get(data.subjects_from, data.subjects_from)}"
    if data.subjects_confidence is not None and data.subjects_from == "inferred":
        text += f" (confidence {data.subjects_confidence:.2f})"
    return f"{text}."


def _protocol(scores: Scores) -> str:
    if scores.splits:
        return "The predefined splits were used unchanged; the model was trained on the training split only."
    if scores.metrics.n_subjects and "NOT grouped" not in scores.protocol:
        return "All samples of a subject are in the same fold: training and test samples have no subject in common."
    return "Folds ignore subjects."


def _intervals(metrics: Metrics) -> str:
    if metrics.n_subjects:
        return (
            "95 % CI by bootstrap over subjects (2,000 resamples): the variation to be expected with other subjects of "
            "the same population. The models were not trained again for each resample."
        )
    return "95 % CI by bootstrap over samples (2,000 resamples), because subjects are unknown: they are too narrow."


def _selection(search: SearchSummary) -> str:
    text = (
        f"The settings were selected among {search.n_candidates} candidates by these scores, which are therefore "
        "optimistic."
    )
    if search.nested is None:
        return f"{text} A nested search estimates an unbiased score."
    name = HEADLINE_METRICS[search.scoring]
    return f"{text} By nested cross-validation the {name} is {search.nested.score:.3f}: report this value."


#: How landmarks were found, where they were not given.
LOCATED_FACES = {
    "detect": "faces detected by a boosted cascade, landmarks by cascaded regression",
    "crop": "landmarks found by cascaded regression in images that are crops of faces",
}


def _steps(model: Any) -> str:
    """The steps of one pipeline with references."""
    steps = getattr(model, "named_steps", {})
    if "features" not in steps:
        return pipeline_name(model)
    parts = []
    faces = getattr(steps.get("faces"), "method", "")
    if faces in LOCATED_FACES:
        parts.append(LOCATED_FACES[faces])
    if "align" in steps:
        align = steps["align"]
        parts.append(f"faces {ALIGNMENTS.get(align.method, 'used without alignment')}, {align.size} pixels wide")
    features = [
        f"{name} ({EXTRACTORS[name].extractor_class.reference})" if name in EXTRACTORS else name
        for name, _ in named_extractors(model)
    ]
    parts.append(f"features {' and '.join(features)}")
    later = list(steps)[list(steps).index("features") + 1 :]
    parts += [f"{key} {type(steps[key]).__name__}" for key in later if steps[key] != "passthrough"]
    return f"{pipeline_name(model)}: {', '.join(parts)}"
