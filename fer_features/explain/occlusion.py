"""Occlusion sensitivity: the decrease of the score of the true class when a cell of the face is occluded.

The method applies to any model. The pixels of a cell of the aligned face are set to grey in every frame. Where the
model uses landmarks, the landmarks in the cell follow the head motion only, as if that part of the face stayed neutral.
Cells with redundant information can each be occluded without a decrease: a small decrease does not prove that a cell is
irrelevant.

References
----------
M. Zeiler, R. Fergus, "Visualizing and understanding convolutional networks", ECCV 2014,
doi:10.1007/978-3-319-10590-1_53.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from sklearn.base import BaseEstimator
from threadpoolctl import threadpool_limits

from ..evaluation.fit_predict import predict_with_scores
from ..exceptions import FerError
from ..extractors import Align
from ..extractors.align import AlignedImages
from ..extractors.features import named_extractors
from ..pipelines import ensemble_members, required_columns
from ..samples.columns import LazyColumn, stack_if_equal
from ..samples.table import Samples
from ..vision.crop import ALIGNMENTS
from ..vision.geometry import apply_affine, estimate_similarity

#: Cells from top to bottom and from left to right, nearly square on a crop of 128 x 160 pixels.
N_ROWS, N_COLUMNS = 6, 5
#: Number of held-out samples of each class, if the time allows.
MAX_SAMPLES_PER_CLASS = 8
#: CPU time in seconds within which further samples are used; one sample of each class is used in any case.
TIME_LIMIT_SECONDS = 2.5


@dataclasses.dataclass(frozen=True)
class OcclusionSensitivity:
    """Decrease of the score of the true class by occlusion of a cell.

    Attributes
    ----------
    kind : {'probability', 'score'}
        The quantity that decreases; scores are relative to their mean over the classes.
    score_drop : dict of int to ndarray, shape (N_ROWS, N_COLUMNS)
        Mean decrease for each label code; negative where occlusion increases the score.
    n_samples : dict of int to int
        Number of samples of each label code.

    References
    ----------
    M. Zeiler, R. Fergus, "Visualizing and understanding convolutional networks", ECCV 2014,
    doi:10.1007/978-3-319-10590-1_53.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples, make_pipeline
    >>> from fer_features.explain import occlusion_sensitivity
    >>> images = np.random.default_rng(0).integers(0, 256, (12, 48, 48), dtype=np.uint8)
    >>> images[::2, 36:, 12:36] //= 4  # the mouth is dark where the class is joy
    >>> X = Samples.from_arrays(images, label=["joy", "fear"] * 6)
    >>> model = make_pipeline("lbp_linear", align__method="none", calibration_cv=0).fit(X[:8], X["label"][:8])
    >>> sensitivity = occlusion_sensitivity(model, X[8:])
    >>> sensitivity.kind, sensitivity.n_samples
    ('score', {0: 2, 1: 2})
    >>> sensitivity.score_drop[0].shape
    (6, 5)
    """

    kind: str
    score_drop: dict[int, np.ndarray]
    n_samples: dict[int, int]


def occlusion_sensitivity(
    model: BaseEstimator, X: Samples, seed: int = 0, time_limit: float = TIME_LIMIT_SECONDS
) -> OcclusionSensitivity:
    """Occlude the cells of faces one by one and measure the decrease of the score of the true class.

    Parameters
    ----------
    model : estimator
        Fitted on samples other than `X`.
    X : Samples
        Labelled samples of the classes of the model.
    seed : int, default 0
        Random state of the order of the samples, in which classes alternate.
    time_limit : float, default 2.5
        CPU time in seconds within which further samples are used, one of each class at once.

    Returns
    -------
    OcclusionSensitivity

    Raises
    ------
    FerError
        Where the model uses neither images nor landmarks, other samples of the same subject, or landmarks of stills.

    References
    ----------
    M. Zeiler, R. Fergus, "Visualizing and understanding convolutional networks", ECCV 2014,
    doi:10.1007/978-3-319-10590-1_53.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples, make_pipeline
    >>> from fer_features.explain import occlusion_sensitivity
    >>> images = np.random.default_rng(0).integers(0, 256, (12, 48, 48), dtype=np.uint8)
    >>> images[::2, 36:, 12:36] //= 4  # the mouth is dark where the class is joy
    >>> X = Samples.from_arrays(images, label=["joy", "fear"] * 6)
    >>> model = make_pipeline("lbp_linear", align__method="none", calibration_cv=0).fit(X[:8], X["label"][:8])
    >>> sensitivity = occlusion_sensitivity(model, X[8:])
    >>> sensitivity.score_drop[1].shape  # of the class joy
    (6, 5)
    """
    needed = required_columns(model)
    if not {"images", "landmarks"} & set(needed):
        raise FerError("the model uses neither images nor landmarks")
    if "subject" in needed:
        raise FerError("the model compares samples of the same subject, but samples are occluded one at a time")
    if "images" not in needed and X.column("landmarks").shape[1] < 2:
        raise FerError("landmarks of still images have no neutral position")
    codes, classes, start = X.label_codes, X.info.codes_of(model.classes_).tolist(), time.process_time()
    unknown = set(np.unique(codes).tolist()) - set(classes)
    if unknown:
        names = ", ".join(X.info.names_of(sorted(unknown)))
        raise FerError(f"the model was not trained on the class(es) {names}: select samples of its classes")
    found: dict[int, list[np.ndarray]] = {int(code): [] for code in np.unique(codes)}
    kind = "score"
    for n_rounds, indices in enumerate(_rounds(codes, seed)):
        used = time.process_time() - start
        if n_rounds and used * (n_rounds + 1) / n_rounds > time_limit:
            break
        with threadpool_limits(1):
            _, values, kind = predict_with_scores(model, occlude_cells(X[indices], model))
        if kind == "score":
            values = values - values.mean(1, keepdims=True)
        for code, of_sample in zip(codes[indices], np.split(values, len(indices)), strict=True):
            true = of_sample[:, classes.index(code)]
            found[int(code)].append((true[0] - true[1:]).reshape(N_ROWS, N_COLUMNS))
    score_drop = {code: np.mean(maps, axis=0) for code, maps in found.items()}
    return OcclusionSensitivity(kind, score_drop, {code: len(maps) for code, maps in found.items()})


def alignment_of(model: BaseEstimator, X: Samples) -> Align:
    """The alignment of a model, or of its first member that has one; else alignment by landmarks if there are some."""
    for member in ensemble_members(model):
        if "align" in getattr(member, "named_steps", {}):
            return member.named_steps["align"]
    return Align(method="procrustes" if "landmarks" in X else "none")


def occlude_cells(X: Samples, model: BaseEstimator) -> Samples:
    """Each sample without occlusion, followed by copies with one cell of the face occluded.

    Parameters
    ----------
    X : Samples
        n samples.
    model : estimator
        Its alignment defines the cells.

    Returns
    -------
    Samples
        A table of ``n * (1 + N_ROWS * N_COLUMNS)`` samples, whose images are made on access.
    """
    columns: dict[str, Any] = {}
    align = alignment_of(model, X)
    cells = [_cell_corners(X[[i]], align) for i in range(len(X))]
    if "images" in X:
        columns["images"] = OccludedImages(X["images"], cells)
    if "landmarks" in X:
        moves = "landmarks" in extractor_columns(model)
        copies = [_occluded_landmarks(p, c, moves) for p, c in zip(X["landmarks"], cells, strict=True)]
        columns["landmarks"] = np.concatenate(copies).astype(np.float32)
    return Samples(columns, X.info, check_input=False)


class OccludedImages(LazyColumn):
    """Clips, each followed by copies with one cell occluded, of which only the frames that are used are made.

    Parameters
    ----------
    clips : ndarray or list of ndarray, shape (n, T, H, W), uint8
    cells : list of ndarray, shape (T, n_cells, 4, 2)
        Corners of the cells of each clip in pixels.
    """

    def __init__(self, clips: Any, cells: list[np.ndarray]):
        self.clips, self.cells, self.n_copies = clips, cells, 1 + cells[0].shape[1]
        self.grey = [[int(image.mean()) for image in clip] for clip in clips]
        sizes = {clip.shape[1:] for clip in clips}
        tail = sizes.pop() if len(sizes) == 1 else (None, None)
        self.shape = (len(cells) * self.n_copies, len(cells[0]), *tail)

    def __getitem__(self, indices: Any) -> Any:
        indices = np.atleast_1d(np.arange(len(self))[indices])
        return stack_if_equal([np.stack([self._copy(i, t) for t in range(self.shape[1])]) for i in indices])

    def frame(self, indices: Any, t: int) -> Any:
        """Frame `t` of some samples, shape (k, H, W), or a list of (H, W)."""
        return stack_if_equal([self._copy(i, t) for i in np.arange(len(self))[indices]])

    def sizes(self, indices: np.ndarray) -> np.ndarray:
        """Width and height of the images of some samples, (k, 2)."""
        return np.array([self.clips[i // self.n_copies].shape[:0:-1] for i in indices]).reshape(-1, 2)

    def _copy(self, index: int, t: int) -> np.ndarray:
        i, k = divmod(int(index), self.n_copies)
        image = self.clips[i][t]
        if k == 0:
            return image
        image = image.copy()
        # Corners with 4 fractional bits.
        cv2.fillConvexPoly(image, np.rint(16 * self.cells[i][t, k - 1]).astype(np.int32), self.grey[i][t], shift=4)
        return image


def _occluded_landmarks(points: np.ndarray, cells: np.ndarray, moves: bool) -> np.ndarray:
    """Landmarks (T, 68, 2) and a copy for each cell; if `moves`, those in the cell follow the head motion only."""
    points = points.astype(float)
    landmarks = np.repeat(points[None], 1 + cells.shape[1], 0)
    if moves and len(points) > 1:
        neutral = apply_affine(estimate_similarity(points[:1], points), points[:1])
        for k, cell in enumerate(cells[0], 1):
            inside = _inside(points[0], cell)
            landmarks[k][:, inside] = neutral[:, inside]
    return landmarks


def extractor_columns(model: BaseEstimator) -> set[str]:
    """Columns from which features are extracted; landmarks that only align the face are not among them."""
    return {
        name
        for member in ensemble_members(model)
        for _, extractor in named_extractors(member)
        for name in extractor.required_columns
    }


def _cell_corners(sample: Samples, align: Align) -> np.ndarray:
    """Corners of the cells in each frame of one sample, in pixels of the image, (T, n_cells, 4, 2)."""
    n_frames = sample.column("images" if "images" in sample else "landmarks").shape[1]
    y, x = np.mgrid[:N_ROWS, :N_COLUMNS].reshape(2, -1)
    corners = np.stack([np.stack([x + i, y + j], 1) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))], 1).astype(float)
    corners /= (N_COLUMNS, N_ROWS)
    if "images" not in sample:
        low, high = np.nanmin(sample["landmarks"][0], 1), np.nanmax(sample["landmarks"][0], 1)
        # The margin includes points on the lower and right edge.
        return np.stack([a + corners * (b - a + 1e-6) for a, b in zip(low, high, strict=True)])
    column = align.transform(sample).column("images")
    if not isinstance(column, AlignedImages):
        height, width = np.asarray(sample["images"]).shape[2:]
        return np.repeat((corners * (width, height) - 0.5)[None], n_frames, 0)
    height, width = column.shape[2:]
    flat = (corners * (width, height) - 0.5).reshape(-1, 2)
    to_crop = ALIGNMENTS[column.method](np.asarray(sample["landmarks"])[0], column.template)
    return np.stack([apply_affine(cv2.invertAffineTransform(matrix), flat).reshape(-1, 4, 2) for matrix in to_crop])


def _inside(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Points inside a convex quadrilateral, (n,) bool."""
    edges = np.roll(corners, -1, 0) - corners
    offset = points[:, None] - corners
    cross = edges[:, 0] * offset[..., 1] - edges[:, 1] * offset[..., 0]
    return (cross >= 0).all(1) | (cross <= 0).all(1)


def _rounds(label: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    """Indices of samples, one of each class that has a further one."""
    rng = np.random.default_rng(seed)
    order = [rng.permutation(np.flatnonzero(label == code))[:MAX_SAMPLES_PER_CLASS] for code in np.unique(label)]
    for repeat in range(max(map(len, order), default=0)):
        yield np.array([indices[repeat] for indices in order if repeat < len(indices)])
