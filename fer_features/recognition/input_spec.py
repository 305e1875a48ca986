"""The input that a fitted pipeline expects of a face, derived from the pipeline itself."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline

from ..exceptions import FerError
from ..pipelines import required_columns
from ..samples.table import COLUMNS, DataInfo, Samples
from ..vision.geometry import MEAN_FACE


@dataclasses.dataclass(frozen=True)
class InputSpec:
    """Input of a fitted pipeline.

    Attributes
    ----------
    columns : tuple of str
        'images', 'landmarks' or both.
    n_frames : int
        1: the current face. 2: the neutral face and the current face.
    crop_size : (int, int) or None
        Height and width in pixels of the face crops that the pipeline was trained on. None if the pipeline aligns faces
        in full frames by landmarks.
    faces : {'given', 'detect', 'crop', 'none'}
        How the faces of the training images were located; see `fer_features.extractors.LocateFaces`.
    face_in_crop : ndarray, shape (4,), or None
        Where they are in the face crops; see `fer_features.recognition.face_in_crop`.
    """

    columns: tuple[str, ...]
    n_frames: int
    crop_size: tuple[int, int] | None
    faces: str = "given"
    face_in_crop: np.ndarray | None = None

    @property
    def search_method(self) -> str:
        """How faces are searched for in images: training images with given landmarks are scenes."""
        return "detect" if self.faces == "given" else self.faces


def infer_input_spec(model: BaseEstimator) -> InputSpec:
    """Derive the input specification of a fitted estimator.

    Parameters
    ----------
    model : estimator
        A fitted pipeline of this package, or an ensemble, search or calibrated classifier that contains such pipelines.

    Returns
    -------
    InputSpec

    Raises
    ------
    FerError
        If the estimator contains no pipeline of this package, or cannot predict from single frames.

    Notes
    -----
    The number of frames is determined by a prediction for a synthetic sample, so that no list of extractors has to be
    maintained.
    """
    pipelines = find_pipelines(model)
    if not pipelines:
        raise FerError(
            f"{type(model).__name__} contains no pipeline of fer_features: build one by make_pipeline, or train one by "
            "fer-features run"
        )
    read = {name for pipeline in pipelines for name in required_columns(pipeline)}
    methods = {p.named_steps["neutral"].method for p in pipelines if "neutral" in p.named_steps}
    for method in sorted(methods & {"subject", "median"}):
        raise FerError(
            f"the model uses the neutral method '{method}', which needs complete clips or several samples of a "
            "subject: train it with neutral__method='first' for single frames; neutral='median' of the prediction "
            "estimates the neutral face"
        )
    columns = tuple(name for name in COLUMNS if name in read)
    crop_size = _crop_size(pipelines) if "images" in columns else None
    n_frames = _n_frames(model, columns, crop_size)
    step = faces_step(model)
    faces = getattr(step, "method_", "given")
    return InputSpec(columns, n_frames, crop_size, faces, getattr(model, "face_in_crop_", None))


def faces_step(model: BaseEstimator) -> Any:
    """The step of a fitted estimator that located the faces of its training images, or another of its kind, or None."""
    steps = [p.named_steps["faces"] for p in find_pipelines(model) if "faces" in p.named_steps]
    return min(steps, key=lambda step: not hasattr(step, "landmarker_"), default=None)


def find_pipelines(model: Any) -> list[Pipeline]:
    """Return all pipelines of this package inside an estimator, fitted or not, without repetition."""
    found: list[Pipeline] = []
    visited: set[int] = set()

    def visit(value: Any) -> None:
        if id(value) in visited:
            return
        visited.add(id(value))
        if isinstance(value, Pipeline) and "features" in value.named_steps:
            found.append(value)
        elif isinstance(value, list | tuple):
            for item in value:
                visit(item)
        elif isinstance(value, BaseEstimator) or type(value).__module__.startswith("sklearn."):
            for item in getattr(value, "__dict__", {}).values():
                visit(item)

    visit(model)
    return found


def _crop_size(pipelines: list[Pipeline]) -> tuple[int, int] | None:
    steps = [p.named_steps["align"] for p in pipelines if "align" in p.named_steps]
    steps = [align for align in steps if align.method == "none"]
    if not steps:
        return None
    # The size of the training images, not the size that the step resizes them to: a face that is sharper than all
    # training faces would have other features.
    sizes = [
        align.image_size_ for align in steps if getattr(align, "image_size_", None) and None not in align.image_size_
    ]
    height, width = sizes[0] if sizes else (steps[0].size, steps[0].size)
    return int(height), int(width)


def _n_frames(model: Any, columns: tuple[str, ...], crop_size: tuple[int, int] | None) -> int:
    for n_frames in (1, 2):
        try:
            model.predict(_synthetic_sample(columns, n_frames, crop_size or (160, 160)))
        except (FerError, NotFittedError) as error:
            if n_frames == 2:
                raise FerError(f"the model cannot predict single frames or pairs of frames: {error}") from error
        else:
            return n_frames
    raise AssertionError


def _synthetic_sample(columns: tuple[str, ...], n_frames: int, size: tuple[int, int]) -> Samples:
    noise = np.random.default_rng(0).integers(0, 256, (1, n_frames, *size), dtype=np.uint8)
    face = np.float32(MEAN_FACE * size[1] / 4 + [size[1] / 2, size[0] / 3])
    landmarks = np.broadcast_to(face, (1, n_frames, 68, 2)).copy()
    given = {"images": noise, "landmarks": landmarks}
    info = DataInfo(landmarks_located=True)
    return Samples({name: values for name, values in given.items() if name in columns}, info)
