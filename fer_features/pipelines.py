"""Pipelines from their specifications.

``hog_landmarks_svm`` is a pipeline with the features HOG and landmarks and an RBF support vector machine. A pipeline
specification is a list of extractors and a classifier, joined by ``_``. All combinations are possible. Specifications
joined by ``+`` are combined by soft voting. Presets are names of specifications with parameters.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from .classifiers import CLASSIFIERS, CalibratedPipeline, SoftVoting, uncalibrated
from .exceptions import FerError
from .extractors import EXTRACTORS, Align, Features, LocateFaces, Neutral
from .extractors.features import named_extractors
from .presets import PRESETS
from .samples.augmentation import validate_augmentation
from .samples.feature_blocks import stored_features
from .samples.table import COLUMNS, Samples

#: Largest number of valid names that a message lists in full.
MAX_LISTED_NAMES = 40


def make_pipeline(name: str, random_state: int = 0, **params: Any) -> Any:
    """Make a pipeline from its specification.

    Parameters
    ----------
    name : str
        Names of extractors joined by ``_``, followed by the name of a classifier, such as ``hog_flow_landmarks_svm``;
        several of these joined by ``+``, such as ``hog_svm+landmarks_svm``; or a preset.
    random_state : int, default=0
        Random state of all steps that have one.
    **params
        Parameters by their names in the pipeline, such as ``features__hog__orientations=8`` or ``align__size=96``.
        With ``+``, the specification of the member precedes them: ``hog_svm__align__size=96``; those of the step
        'faces', such as ``faces__method="crop"``, are also set for all members without it.

    Returns
    -------
    CalibratedPipeline or SoftVoting
        A scikit-learn pipeline with calibrated probabilities and the steps 'faces', 'align' (if an extractor requires
        images), 'neutral', 'features' and 'classifier'. For specifications with ``+``, a `SoftVoting` of them.

    Raises
    ------
    FerError
        For an unknown name or parameter; the message lists the valid ones.

    Examples
    --------
    >>> from fer_features import make_pipeline
    >>> model = make_pipeline("hog_landmarks_svm", features__hog__orientations=8)
    >>> list(model.named_steps)
    ['faces', 'align', 'neutral', 'features', 'classifier']
    """
    if not isinstance(name, str):
        raise FerError(f"a pipeline is specified by a text such as 'hog_svm', not by {type(name).__name__}")
    if name in PRESETS:
        preset, params = PRESETS[name], {**PRESETS[name].params, **params}
        if preset.specification != name:
            return make_pipeline(preset.specification, random_state, **params)
    specifications = name.split("+")
    for specification in specifications:
        if specifications.count(specification) > 1:
            raise FerError(f"the pipeline '{name}' contains '{specification}' twice")
    pipelines = [_make_single_pipeline(specification, random_state) for specification in specifications]
    model: Any = pipelines[0]
    if len(pipelines) > 1:  # soft voting calibrates its members
        members = [(s, uncalibrated(pipeline)) for s, pipeline in zip(specifications, pipelines, strict=True)]
        model = SoftVoting(members, random_state=random_state)
        shared = {key: value for key, value in params.items() if key.startswith("faces__")}
        params = {key: value for key, value in params.items() if key not in shared}
        params |= {f"{s}__{key}": value for s in specifications for key, value in shared.items()}
    set_parameters(model, params)
    _adapt_faces_and_alignment(model, params)
    for member in ensemble_members(model):
        for step in (*_steps_before_features(member), *(extractor for _, extractor in named_extractors(member))):
            step.validate_parameters()
        _check_mirror_invariance(member)
        if member.augmentation:
            validate_augmentation(member.augmentation, member.n_augmented_copies)
    return model


def _adapt_faces_and_alignment(model: Any, params: Mapping[str, Any]) -> None:
    """Without landmarks there is no alignment, and where no landmarks are needed, faces are not searched for."""
    named = model.estimators if isinstance(model, SoftVoting) else [("", model)]
    for name, member in named:
        prefix, steps = f"{name}__" if name else "", member.named_steps
        if "align" in steps and steps["faces"].method == "none" and f"{prefix}align__method" not in params:
            steps["align"].set_params(method="none")
        elif "landmarks" not in required_columns(member) and f"{prefix}faces__method" not in params:
            steps["faces"].set_params(method="none")


def _check_mirror_invariance(model: Any) -> None:
    """Raise an error if a mirror-invariant classifier would split features that are not of two images."""
    is_concatenated = model.named_steps["features"].mirror == "concatenate"
    if getattr(model.named_steps["classifier"], "mirror_invariant", False) and not is_concatenated:
        raise FerError(
            "classifier__mirror_invariant=True needs features__mirror=concatenate: the features of a face and of its "
            "mirror image"
        )


def _make_single_pipeline(name: str, random_state: int) -> CalibratedPipeline:
    *features, classifier = name.split("_")
    if classifier not in CLASSIFIERS:
        known = [*CLASSIFIERS, *(PRESETS if not features else ())]
        raise FerError(_unknown(f"the pipeline '{name}' should end in a classifier:", classifier, known))
    if not features:
        raise FerError(f"the pipeline '{name}' has no features: put some of {', '.join(EXTRACTORS)} before it")
    for feature in features:
        if feature not in EXTRACTORS:
            raise FerError(_unknown(f"in the pipeline '{name}': features:", feature, EXTRACTORS))
        if features.count(feature) > 1:
            raise FerError(f"the pipeline '{name}' contains '{feature}' twice")
    extractors = [(feature, EXTRACTORS[feature].make()) for feature in features]
    for _, extractor in extractors:
        if "random_state" in extractor.get_params():
            extractor.set_params(random_state=random_state)
    needs_images = any("images" in extractor.required_columns for _, extractor in extractors)
    align = [("align", Align())] if needs_images else []
    spec = CLASSIFIERS[classifier]
    before = [("faces", LocateFaces()), *align, ("neutral", Neutral())]
    steps = [*before, ("features", Features(extractors)), *spec.steps(random_state)]
    return CalibratedPipeline(steps, calibration_cv=spec.calibration_cv, random_state=random_state)


def ensemble_members(model: BaseEstimator) -> list[Any]:
    """The pipelines of a soft-voting ensemble; for any other model, a list of the model itself."""
    return [member for _, member in model.estimators] if isinstance(model, SoftVoting) else [model]


def fitted_members(model: BaseEstimator) -> list[Any]:
    """The fitted pipelines of a fitted soft-voting ensemble; for any other model, a list of the model itself."""
    return list(model.estimators_) if isinstance(model, SoftVoting) else [model]


def set_parameters(model: Any, params: Mapping[str, Any]) -> Any:
    """Set parameters of a pipeline by name.

    Returns
    -------
    estimator
        The model itself.

    Raises
    ------
    FerError
        For an unknown parameter, with the most similar valid names.
    """
    valid = model.get_params()
    for key in params:
        if key not in valid:
            raise FerError(_unknown("parameter:", key, [k for k in valid if "__" in k]))
    return model.set_params(**params)


def pipeline_name(model: BaseEstimator) -> str:
    """The specification of a pipeline, derived from its steps; for any other estimator the name of its class."""
    if isinstance(model, SoftVoting):
        return "+".join(pipeline_name(member) for member in ensemble_members(model))
    extractors = named_extractors(model)
    if not extractors:
        return type(model).__name__
    classifier = type(model.steps[-1][1])
    names = [name for name, spec in CLASSIFIERS.items() if type(spec.steps(0)[-1][1]) is classifier]
    return "_".join([*(name for name, _ in extractors), names[0] if names else classifier.__name__])


def parse_setting(text: str) -> tuple[str, Any]:
    """Name and value of a parameter from ``NAME=VALUE``.

    Parameters
    ----------
    text : str
        The value is a Python literal; anything else is a string.

    Raises
    ------
    FerError
        If there is no ``=`` or no name.

    Examples
    --------
    >>> parse_setting("features__hog__orientations=9")
    ('features__hog__orientations', 9)
    """
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise FerError(f"'{text}' is not NAME=VALUE, such as features__hog__orientations=9")
    try:
        return key, ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):  # the last two for deeply nested expressions
        return key, value


def required_columns(model: BaseEstimator) -> tuple[str, ...]:
    """Names of the columns that a pipeline requires, in the order of `COLUMNS`, other columns last.

    Examples
    --------
    >>> required_columns(make_pipeline("hog_svm"))
    ('images', 'landmarks')
    """
    required: set[str] = set()
    for member in ensemble_members(model):
        for step in (*_steps_before_features(member), *(extractor for _, extractor in named_extractors(member))):
            required.update(step.required_columns)
    return tuple(name for name in (*COLUMNS, *sorted(required - set(COLUMNS))) if name in required)


def check_columns(model: BaseEstimator, X: Samples) -> None:
    """Raise `FerError` if a table lacks a column that a pipeline requires and cannot compute.

    Parameters
    ----------
    model : estimator
        A pipeline or a soft-voting ensemble.
    X : Samples
    """
    for member in ensemble_members(model):
        faces = getattr(member, "named_steps", {}).get("faces")
        if stored_features(X):
            continue  # `Features` compares them with its extractors
        table = X if faces is None else faces.transform(X)
        for name in required_columns(member):
            table.column(name)


def transformed(model: BaseEstimator, X: Samples) -> Samples:
    """The table that the extractors of a single pipeline get: aligned, with the chosen neutral frames."""
    if not stored_features(X):
        for step in _steps_before_features(model):
            X = step.transform(X)
    return X


def can_extract(model: BaseEstimator, X: Samples) -> np.ndarray:
    """Samples whose features can be extracted: no required column is missing, such as all landmarks.

    Parameters
    ----------
    model : estimator
        A pipeline or a soft-voting ensemble.
    X : Samples

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    if stored_features(X):
        return ~X.missing("features")
    missing = np.zeros(len(X), bool)
    for member in ensemble_members(model):
        table = transformed(member, X)
        for _, extractor in named_extractors(member):
            for name in extractor.required_columns:
                missing |= table.missing(name)
    return ~missing


def _steps_before_features(model: BaseEstimator) -> list[Any]:
    steps = getattr(model, "named_steps", {})
    return [steps[name] for name in ("faces", "align", "neutral") if name in steps] if "features" in steps else []


def _unknown(context: str, name: str, valid: Iterable[str]) -> str:
    valid = list(valid)
    similar = difflib.get_close_matches(name, valid, 1, 0.5)
    listed = valid if len(valid) <= MAX_LISTED_NAMES else difflib.get_close_matches(name, valid, 8, 0.3)
    return (
        f"{context} '{name}' is unknown"
        + (f", did you mean '{similar[0]}'?" if similar else ";")
        + f" valid: {', '.join(listed)}"
    )
