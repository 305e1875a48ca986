"""Facial expression recognition with handcrafted features that a person can train, and believe."""

from .datasets import load_dataset
from .evaluation import Result, evaluate
from .exceptions import FerError
from .persistence import load_model, save_model
from .pipelines import make_pipeline
from .recognition import Face, Recognizer
from .samples.table import Samples
from .version import __version__

__all__ = [
    "Face",
    "FerError",
    "Recognizer",
    "Result",
    "Samples",
    "__version__",
    "evaluate",
    "load_dataset",
    "load_model",
    "make_pipeline",
    "save_model",
]
