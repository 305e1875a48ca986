"""Classifiers for feature vectors, probability calibration, and soft voting."""

from .block_linear import BlockRidge, BlockSGD
from .block_nystroem import BlockNystroem
from .calibrated_pipeline import CalibratedPipeline, uncalibrated
from .classifier_registry import CLASSIFIERS, ClassifierSpec, register_classifier
from .hgb import HGB
from .kernel_ridge.classifier import KernelRidgeClassifier
from .linear_svm import LinearSVM
from .soft_voting import SoftVoting
from .svm import SVM
from .xgb import XGB

__all__ = [
    "CLASSIFIERS",
    "HGB",
    "SVM",
    "XGB",
    "BlockNystroem",
    "BlockRidge",
    "BlockSGD",
    "CalibratedPipeline",
    "ClassifierSpec",
    "KernelRidgeClassifier",
    "LinearSVM",
    "SoftVoting",
    "register_classifier",
    "uncalibrated",
]
