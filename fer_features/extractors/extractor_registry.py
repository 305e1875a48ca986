"""Extractors by name, as they occur in pipeline specifications."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, overload

from ..exceptions import FerError
from .base import Extractor
from .fisher import FisherVectors
from .flow import Flow
from .gabor import Gabor
from .geometry import Geometry
from .hog import HOG
from .hogtop import HOGTOP
from .landmarks import Landmarks
from .lbp import LBP
from .lbptop import LBPTOP
from .lmp import LMP
from .lpq import LPQ
from .mbh import MBH
from .patches import Patches
from .trajectory import Trajectory

Factory = TypeVar("Factory", bound=Callable[..., Extractor])


@dataclasses.dataclass(frozen=True)
class ExtractorSpec:
    """An extractor that pipeline specifications can name.

    Attributes
    ----------
    factory : callable
        A subclass of `Extractor`, or a function that returns an extractor.
    params : mapping of str to object, optional
        Parameters that the name implies.
    grid : mapping of str to list, optional
        Values worth searching where the extractor is the only one of a pipeline, by the name of the parameter.

    Examples
    --------
    >>> from fer_features.extractors import EXTRACTORS
    >>> spec = EXTRACTORS["hogdiff"]
    >>> spec.make()
    HOG(cells_per_block=3, frame='apex_minus_neutral')
    >>> spec.grid["pixels_per_cell"], spec.extractor_class.required_columns
    ([8, 16], ('images',))
    """

    factory: Callable[..., Extractor]
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    grid: Mapping[str, list[Any]] = dataclasses.field(default_factory=dict)

    def make(self) -> Extractor:
        """A new extractor."""
        return self.factory(**self.params)

    @property
    def extractor_class(self) -> type[Extractor]:
        """Class of the extractor, for its docstring, required columns, constraints and reference."""
        return self.factory if isinstance(self.factory, type) else type(self.make())


_DIFFERENCE = {"frame": "apex_minus_neutral"}
_HOG_PATCHES = {"descriptor": "hog", "patch_size": 32, "cells": 4, "cells_per_block": 4}
_LPQ_PATCHES = {"descriptor": "lpq", "points": "few", "patch_size": 32, "cells": 1}
_HOG_GRID = {"orientations": [6, 9, 12], "pixels_per_cell": [8, 16]}
_LBP_GRID = {"radius": [1, 2, 3], "grid": [6, 8]}

#: Name in a pipeline specification -> extractor. Extractors without a grid are slow, or have no parameter that matters
#: much.
EXTRACTORS: dict[str, ExtractorSpec] = {
    "landmarks": ExtractorSpec(Landmarks, grid={"registration": ["pose", "similarity"], "n_apex_frames": [1, 3]}),
    "hog": ExtractorSpec(HOG, grid=_HOG_GRID),
    "hogdiff": ExtractorSpec(HOG, {**_DIFFERENCE, "cells_per_block": 3}, _HOG_GRID),
    "lbp": ExtractorSpec(LBP, grid=_LBP_GRID),
    "lbpdiff": ExtractorSpec(LBP, _DIFFERENCE, _LBP_GRID),
    "flow": ExtractorSpec(Flow, grid={"grid": [6, 8], "min_motion": [0.25, 0.5]}),
    "gabor": ExtractorSpec(Gabor),
    "gabordiff": ExtractorSpec(Gabor, _DIFFERENCE),
    "fv": ExtractorSpec(FisherVectors),
    "fvface": ExtractorSpec(FisherVectors, {"align_size": 64}),
    "vlad": ExtractorSpec(FisherVectors, {"encoding": "vlad"}),
    "lpq": ExtractorSpec(LPQ),
    "lpqdiff": ExtractorSpec(LPQ, _DIFFERENCE),
    "patches": ExtractorSpec(Patches),
    "patchesdiff": ExtractorSpec(Patches, _DIFFERENCE),
    "hogpatches": ExtractorSpec(Patches, _HOG_PATCHES),
    "hogpatchesdiff": ExtractorSpec(Patches, {**_HOG_PATCHES, **_DIFFERENCE}),
    "lpqpatches": ExtractorSpec(Patches, _LPQ_PATCHES),
    "lpqpatchesdiff": ExtractorSpec(Patches, {**_LPQ_PATCHES, **_DIFFERENCE}),
    "lbptop": ExtractorSpec(LBPTOP),
    "hogtop": ExtractorSpec(HOGTOP),
    "trajectory": ExtractorSpec(Trajectory),
    "geometry": ExtractorSpec(Geometry),
    "mbh": ExtractorSpec(MBH),
    "lmp": ExtractorSpec(LMP),
}


@overload
def register_extractor(
    name: str,
    class_or_factory: None = None,
    params: Mapping[str, Any] | None = None,
    grid: Mapping[str, Iterable[Any]] | None = None,
) -> Callable[[Factory], Factory]: ...


@overload
def register_extractor(
    name: str,
    class_or_factory: Factory,
    params: Mapping[str, Any] | None = None,
    grid: Mapping[str, Iterable[Any]] | None = None,
) -> Factory: ...


def register_extractor(
    name: str,
    class_or_factory: Any = None,
    params: Mapping[str, Any] | None = None,
    grid: Mapping[str, Iterable[Any]] | None = None,
) -> Any:
    """Add an extractor to those that pipeline specifications can name.

    Parameters
    ----------
    name : str
        A word of a pipeline specification, such as ``brightness`` in ``brightness_svm``: letters, digits and hyphens.
    class_or_factory : type or callable, optional
        A subclass of `Extractor`, or a function that returns an extractor. Omitted where the function is used as a
        decorator.
    params : mapping of str to object, optional
        Parameters that the name implies.
    grid : mapping of str to iterable, optional
        Values worth searching, by the name of the parameter.

    Returns
    -------
    type or callable
        `class_or_factory`; without it, a decorator.

    Raises
    ------
    FerError
        For a name that is taken or has another character, for an object that does not make an extractor with these
        parameters, or for a parameter in `grid` that the extractor does not have.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import make_pipeline
    >>> from fer_features.extractors import EXTRACTORS, Appearance, register_extractor
    >>> @register_extractor("brightness")
    ... class Brightness(Appearance):
    ...     reference = "none"
    ...     def __init__(self, frame="apex"):
    ...         self.frame = frame
    ...     def extract_images(self, images):
    ...         return images.mean((1, 2))[:, None]
    ...     def image_feature_names(self):
    ...         return ["brightness[mean grey value]"]
    >>> list(make_pipeline("brightness_hog_svm").named_steps["features"].named_transformers)
    ['brightness', 'hog']
    >>> del EXTRACTORS["brightness"]
    """
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9-]+", name):
        raise FerError(f"the extractor name {name!r} must consist of letters, digits and hyphens, without '_' and '+'")
    if name in EXTRACTORS:
        raise FerError(f"the extractor name '{name}' is already taken: choose another one")
    if class_or_factory is None:
        return lambda decorated: register_extractor(name, decorated, params, grid)
    if not callable(class_or_factory):
        raise FerError(f"the extractor '{name}' is {class_or_factory!r}: a class or a function is needed")
    spec = ExtractorSpec(class_or_factory, dict(params or {}), {key: list(v) for key, v in (grid or {}).items()})
    try:
        extractor = spec.make()
    except TypeError as error:
        raise FerError(f"the extractor '{name}' cannot be made with the parameters {spec.params}: {error}") from error
    if not isinstance(extractor, Extractor):
        raise FerError(
            f"the extractor '{name}' is a {type(extractor).__name__}: a subclass of fer_features.extractors.Extractor "
            "is needed"
        )
    for key in spec.grid:
        if key not in extractor.get_params():
            raise FerError(f"grid of the extractor '{name}': {type(extractor).__name__} has no parameter '{key}'")
    EXTRACTORS[name] = spec
    return class_or_factory
