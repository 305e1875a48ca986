"""Names to scikit-learn Pipelines: ``hog_landmarks_svm`` is HOG and landmarks, then an RBF support vector machine.

The only place that knows both extractors and classifiers. A name is a sentence: features joined by ``_``, then
a classifier. Every combination exists; none is listed. Sentences joined by ``+`` vote. A few names stand for a
sentence with its settings: `PRESETS`.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from .classifiers import CLASSIFIERS, CalibratedPipeline, LateFusion, uncalibrated
from .exceptions import FerError
from .extractors import EXTRACTORS, Align, Features, Neutral
from .extractors.features import extractors_of
from .samples.augmentation import checked_kinds
from .samples.table import COLUMNS, Samples


@dataclasses.dataclass(frozen=True)
class Preset:
    """A name that stands for a pipeline with its settings.

    Attributes
    ----------
    name : str
        The sentence, or the preset that this one changes. A preset that has the name of its sentence stands for it
        wherever that is asked for alone, though not among others with ``+``.
    params : dict
        Its settings.
    about : str
        What it is for, for listings.
    """

    name: str
    params: dict[str, Any]
    about: str

    def __str__(self) -> str:
        """The sentence and its settings, as they would be typed."""
        return " ".join([self.name, *(f"--set {k}={v}" for k, v in self.params.items())])


PRESETS = {
    "best": Preset(
        "hogdiff_patchesdiff_linear+landmarks_geometry_svm+mbh_svm",
        {
            f"{member}_svm__classifier__{key}": value
            for member in ("landmarks_geometry", "mbh")
            for key, value in (("C", 1), ("gamma", 0.3))
        },
        "sequences: texture, shape and motion vote, so that none has the say where people and cameras are other ones",
    ),
    "hog_krr": Preset(
        "hog_krr",
        {
            "align__size": 48,
            "features__hog__cell": (12, 8, 6),
            "features__hog__orientations": 8,
            "features__hog__signed": True,
            "features__scale": "block",
            "features__mirror": "beside",
            "classifier__mirror": True,
            "classifier__even": 1000,
            "classifier__odd": 700,
            "classifier__gamma": 2,
            "classifier__ridge": 0.1,
        },
        "stills of cut-out faces such as FER2013, in minutes",
    ),
    "fv_krr": Preset(
        "fv_krr",
        {
            "align__size": 48,
            "features__fv__bins": (2, 3, 4, 6),
            "features__fv__step": 3,
            "features__fv__components": 48,
            "features__fv__words": 64,
            "features__fv__cell_components": 300,
            "features__fv__n_sample": 200_000,
            "features__scale": "block",
            "features__mirror": "beside",
            "classifier__mirror": True,
            "classifier__even": 1500,
            "classifier__odd": 1000,
            "classifier__gamma": 2,
            "classifier__ridge": 0.1,
        },
        "stills of cut-out faces such as FER2013, thousands of them",
    ),
    "stills": Preset(
        "fv_krr",
        {"features__fv__turns": (0, 8, -8), "classifier__ridge": 0.05},
        "stills of cut-out faces: fv_krr that sees each picture turned to both sides as well, in three times the time",
    ),
    "small": Preset(
        "hog_krr",
        {"classifier__even": 150, "classifier__odd": 100, "classifier__landmarks": 5000},
        "stills of cut-out faces: a model of a few megabytes for live use",
    ),
}


def make_pipeline(name: str, seed: int = 0, **params: Any) -> Any:
    """The classifier that a name stands for.

    Parameters
    ----------
    name : str
        Names of extractors joined by ``_``, then the name of a classifier, such as ``hog_flow_landmarks_svm``; several
        of these joined by ``+``, such as ``hog_svm+landmarks_svm``; or one of `PRESETS`.
    seed : int
        Random state of the steps that have one.
    **params
        Parameters by their names in the pipeline: ``features__hog__orientations=8``, ``align__size=96``; with ``+``
        the name of the member stands before them: ``hog_svm__align__size=96``.

    Returns
    -------
    CalibratedPipeline or LateFusion
        A scikit-learn pipeline with the steps 'align' (where an extractor reads images), 'neutral', 'features' and
        'classifier', which has calibrated probabilities; of names with ``+`` a `LateFusion` of such pipelines.

    Raises
    ------
    FerError
        For an unknown part of the name or an unknown parameter; the message lists the valid ones.
    """
    if name in PRESETS:
        preset, params = PRESETS[name], {**PRESETS[name].params, **params}
        if preset.name != name:
            return make_pipeline(preset.name, seed, **params)
    names = name.split("+")
    for one in names:
        if names.count(one) > 1:
            raise FerError(f"the pipeline '{name}' names '{one}' twice")
    sentences = [_sentence(one, seed) for one in names]
    model: Any = sentences[0]
    if len(names) > 1:  # the vote calibrates its members
        model = LateFusion([(one, uncalibrated(each)) for one, each in zip(names, sentences, strict=True)], seed=seed)
    set_parameters(model, params)
    _check_mirrors(model)
    for member in members(model):
        if member.augment:
            checked_kinds(member.augment, member.copies)
    return model


def _check_mirrors(model: Any) -> None:
    """Refuse a classifier that takes half of the features for a mirror's where they are not, which no array shows."""
    for member in members(model):
        beside = member.named_steps["features"].mirror == "beside"
        if getattr(member.named_steps["classifier"], "mirror", False) and not beside:
            raise FerError("classifier__mirror=True needs features__mirror=beside: a face and its mirror side by side")


def _sentence(name: str, seed: int) -> CalibratedPipeline:
    *features, classifier = name.split("_")
    if classifier not in CLASSIFIERS:
        known = [*CLASSIFIERS, *(PRESETS if not features else ())]
        raise FerError(_unknown(f"the pipeline '{name}' should end in a classifier:", classifier, known))
    if not features:
        raise FerError(f"the pipeline '{name}' names no features: put some of {', '.join(EXTRACTORS)} before it")
    for feature in features:
        if feature not in EXTRACTORS:
            raise FerError(_unknown(f"in the pipeline '{name}': features:", feature, EXTRACTORS))
        if features.count(feature) > 1:
            raise FerError(f"the pipeline '{name}' names '{feature}' twice")
    extractors = [(f, EXTRACTORS[f][0](**EXTRACTORS[f][1])) for f in features]
    for _, extractor in extractors:
        if "seed" in extractor.get_params():
            extractor.set_params(seed=seed)
    align = [("align", Align())] if any("images" in extractor.reads for _, extractor in extractors) else []
    describe = [*align, ("neutral", Neutral()), ("features", Features(extractors))]
    last = CLASSIFIERS[classifier]
    return CalibratedPipeline([*describe, *last.steps(seed)], calibration=last.calibration, seed=seed)


def members(model: BaseEstimator) -> list[BaseEstimator]:
    """The pipelines that vote in a late fusion, or the model itself."""
    return [member for _, member in model.members] if isinstance(model, LateFusion) else [model]


def set_parameters(model: Any, params: Mapping[str, Any]) -> Any:
    """Set parameters of a pipeline by name; an unknown one is refused with the nearest valid names."""
    valid = model.get_params()
    for key in params:
        if key not in valid:
            raise FerError(_unknown("parameter:", key, [k for k in valid if "__" in k]))
    return model.set_params(**params)


def name_of(model: BaseEstimator) -> str:
    """The name of a pipeline of ours, found from its steps; the class of any other estimator."""
    if isinstance(model, LateFusion):
        return "+".join(name_of(member) for member in members(model))
    extractors = extractors_of(model)
    if not extractors:
        return type(model).__name__
    last = model.named_steps["classifier"]
    kinds = {type(entry.steps(0)[-1][1]): name for name, entry in CLASSIFIERS.items()}
    return "_".join([*(name for name, _ in extractors), kinds.get(type(last), type(last).__name__)])


def parse_setting(text: str) -> tuple[str, Any]:
    """``'features__hog__orientations=9'`` as ``('features__hog__orientations', 9)``; the value is a Python literal,
    or else text.
    """
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise FerError(f"--set {text}: NAME=VALUE is needed, such as features__hog__orientations=9")
    try:
        return key, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return key, value


def columns_read(model: BaseEstimator) -> tuple[str, ...]:
    """Names of the columns that a pipeline of ours needs, in the order of `COLUMNS`."""
    needed: set[str] = set()
    for member in members(model):
        for step in (*_before_features(member), *(extractor for _, extractor in extractors_of(member))):
            needed.update(step.reads)
    return tuple(name for name in COLUMNS if name in needed)


def prepared(model: BaseEstimator, X: Samples) -> Samples:
    """The table as the extractors of one pipeline of ours see it: aligned, with the chosen neutral frames."""
    for step in _before_features(model):
        X = step.transform(X)
    return X


def describable(model: BaseEstimator, X: Samples) -> np.ndarray:
    """Which rows a pipeline can describe, (n,) bool: the others lack what it reads, such as all landmarks."""
    missing = np.zeros(len(X), bool)
    for member in members(model):
        table = prepared(member, X)
        for _, extractor in extractors_of(member):
            for name in extractor.reads:
                missing |= table.missing(name)
    return ~missing


def _before_features(model: BaseEstimator) -> list[Any]:
    steps = getattr(model, "named_steps", {})
    return [steps[name] for name in ("align", "neutral") if name in steps] if "features" in steps else []


def _unknown(what: str, name: str, valid: Iterable[str]) -> str:
    valid = list(valid)
    near = difflib.get_close_matches(name, valid, 1, 0.5)
    listed = valid if len(valid) <= 40 else difflib.get_close_matches(name, valid, 8, 0.3)
    return (
        f"{what} '{name}' is unknown"
        + (f", did you mean '{near[0]}'?" if near else ";")
        + f" valid: {', '.join(listed)}"
    )
