"""Facial expression recognition with handcrafted features, evaluated by subject.

The public functions and classes are imported when they are first used, so that ``import fer_features`` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .exceptions import FerError
from .version import __version__

if TYPE_CHECKING:
    from ._cluster import cluster
    from .classifiers import register_classifier
    from .datasets import load_dataset, register_dataset
    from .evaluation import EvaluationResult
    from .extractors import register_extractor
    from .model_conversion import convert_model
    from .persistence import load_model, save_model
    from .pipelines import make_pipeline
    from .recognition import FacePrediction, Recognizer
    from .samples.data_info import DataInfo
    from .samples.table import Samples
    from .workflow import check, compare, evaluate, inspect_data, run_experiment, search

__all__ = [
    "DataInfo",
    "EvaluationResult",
    "FacePrediction",
    "FerError",
    "Recognizer",
    "Samples",
    "__version__",
    "check",
    "cluster",
    "compare",
    "convert_model",
    "evaluate",
    "inspect_data",
    "load_dataset",
    "load_model",
    "make_pipeline",
    "register_classifier",
    "register_dataset",
    "register_extractor",
    "run_experiment",
    "save_model",
    "search",
]

#: Name -> module that defines it, as in the imports for type checkers above.
_MODULES = {
    "DataInfo": "samples.data_info",
    "EvaluationResult": "evaluation",
    "FacePrediction": "recognition",
    "Recognizer": "recognition",
    "Samples": "samples.table",
    "check": "workflow",
    "cluster": "_cluster",
    "compare": "workflow",
    "convert_model": "model_conversion",
    "evaluate": "workflow",
    "inspect_data": "workflow",
    "load_dataset": "datasets",
    "load_model": "persistence",
    "make_pipeline": "pipelines",
    "register_classifier": "classifiers",
    "register_dataset": "datasets",
    "register_extractor": "extractors",
    "run_experiment": "workflow",
    "save_model": "persistence",
    "search": "workflow",
}


if not TYPE_CHECKING:  # type checkers would accept any attribute of a module with this function

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
