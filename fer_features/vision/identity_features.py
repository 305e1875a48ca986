"""Identity features of face clips: what differs between subjects, and little of what changes within one face.

The neutral face of each clip is represented so that illumination and head pose have little influence. The first and the
last frame of a clip show one subject; the covariance of their differences is estimated and divided out.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import cv2
import numpy as np
from scipy.linalg import eigh
from scipy.sparse import csr_array
from scipy.spatial import Delaunay

from .geometry import MEAN_FACE, apply_affine, estimate_similarity
from .hog import hog

#: Size of the warped face in pixels: moles and brows are visible, pores and noise are not.
WIDTH_PX, HEIGHT_PX = 72, 96
#: Principal components that are retained.
N_COMPONENTS = 250
#: Shrinkage of the within-subject covariance towards a multiple of the identity.
SHRINKAGE = 0.2
#: At most so many clips are used to estimate components and covariance, because the cost is cubic.
MAX_FITTED_CLIPS = 600
#: Images that are processed together.
BATCH_IMAGES = 64
#: Standard deviation in pixels of the Gaussian window in which local mean and contrast are taken.
LOCAL_SIGMA_PX = 4.0


def extract_identity_features(
    images: Any, landmarks: np.ndarray | None, map_batches: Callable[..., Iterable[Any]] | None = None
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Features of the first and of the last frame of each clip.

    Parameters
    ----------
    images : column, shape (n, T, H, W), uint8, or None
        As in `infer_subjects`.
    landmarks : ndarray, shape (n, T, 68, 2), or None
        As in `infer_subjects`.
    map_batches : callable, optional
        As in `infer_subjects`.

    Returns
    -------
    neutral, apex : list of ndarray, shape (n, d)
        Blocks of features: histograms of gradients and pixels, or normalized landmarks where no images are given. NaN
        where a frame has no face.

    Raises
    ------
    ValueError
        If neither images nor landmarks are given, or there are no samples.
    """
    if images is None and landmarks is None:
        raise ValueError("subjects are inferred from images or from landmarks; neither is given")
    map_batches = map_batches or map
    given: Any = landmarks if images is None else images
    if len(given) == 0:
        raise ValueError("there are no samples to group by subject")
    if landmarks is None:
        registered = _register(np.concatenate([_scaled_images(images, t) for t in (0, -1)]))
        neutral, apex = (_appearance(half, map_batches) for half in np.split(registered, 2))
        return neutral, apex
    neutral_points, apex_points = (np.asarray(landmarks[:, t], np.float64) for t in (0, -1))
    if images is None:
        neutral_shape, apex_shape = (
            apply_affine(estimate_similarity(points, MEAN_FACE), points).reshape(len(points), -1)
            for points in (neutral_points, apex_points)
        )
        return [neutral_shape], [apex_shape]
    neutral = _warped_appearance(images, neutral_points, 0, map_batches)
    if landmarks.shape[1] == 1:
        return neutral, neutral
    return neutral, _warped_appearance(images, apex_points, -1, map_batches)


def whiten_within_subjects(neutral: list[np.ndarray], apex: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Divide out what changes between the neutral face and the apex of one subject.

    Parameters
    ----------
    neutral, apex : list of ndarray, shape (n, d)
        From `extract_identity_features`, without samples whose neutral features are NaN.

    Returns
    -------
    scaled : ndarray, shape (n, D), float64
        Neutral features of all blocks, centred, in units of the mean change from neutral to apex.
    whitened : ndarray, shape (n, r), float64
        These features on their principal components, whitened by the covariance of the changes, of unit length.

    References
    ----------
    A. O. Hatch, S. Kajarekar, A. Stolcke, "Within-class covariance normalization for SVM-based speaker recognition",
    Interspeech 2006. Departure: the classes are not labelled; each clip is a class of its own.

    Notes
    -----
    Where nothing changes, as in still images, the features are scaled by their variance and not whitened.
    """
    n = len(neutral[0])
    fitted = np.arange(0, n, -(-n // MAX_FITTED_CLIPS))
    clips = fitted[np.isfinite(apex[0][fitted]).all(1)]
    units = []
    for a, b in zip(neutral, apex, strict=True):
        change = np.square(b[clips] - a[clips]).sum() / max(len(clips), 1)
        variance = np.square(a - a.mean(0)).sum() / n  # for still images and frozen clips, in which nothing changes
        units.append(np.sqrt(len(neutral) * (change or variance or 1.0)))
    scaled = np.hstack([block / unit for block, unit in zip(neutral, units, strict=True)]).astype(np.float64)
    change = np.hstack([block[clips] / unit for block, unit in zip(apex, units, strict=True)]) - scaled[clips]
    scaled -= scaled[fitted].mean(0)
    # Components of faces and of changes: those of few subjects alone would miss what has to be divided out.
    both = np.vstack([scaled[fitted], change - change.mean(0) if len(change) else change])
    r = min(N_COMPONENTS, len(both))
    variances, vectors = eigh(both @ both.T, subset_by_index=[len(both) - r, len(both) - 1])
    significant = variances > 1e-6 * max(variances[-1], 1e-9)
    components = both.T @ (vectors[:, significant] / np.sqrt(variances[significant]))
    faces, change = scaled @ components, change @ components
    if change.any():
        within = change.T @ change
        sphere = np.trace(within) / len(within) * np.eye(len(within))
        variances, vectors = eigh((1 - SHRINKAGE) * within + SHRINKAGE * sphere)
        faces = faces @ (vectors / np.sqrt(variances))
    return scaled, faces / (np.linalg.norm(faces, axis=1, keepdims=True) + 1e-12)


def _appearance(faces: np.ndarray, map_batches: Callable[..., Iterable[Any]]) -> list[np.ndarray]:
    """Histograms of gradients per cell, and the pixels at half the resolution, of faces (n, H, W)."""
    batches = [faces[i : i + BATCH_IMAGES] for i in range(0, len(faces), BATCH_IMAGES)]
    return [np.concatenate(blocks) for blocks in zip(*map_batches(_batch_appearance, batches), strict=True)]


def _batch_appearance(faces: np.ndarray) -> list[np.ndarray]:
    grey = np.clip(40 * np.nan_to_num(faces) + 128, 0, 255).astype(np.uint8)
    gradients = hog(grey, 8, 8, 1, signed_gradients=True)
    n, height, width = faces.shape
    halves = faces.reshape(n, height // 2, 2, width // 2, 2).mean((2, 4)).reshape(n, -1)
    length = np.linalg.norm(halves, axis=1, keepdims=True)
    gradients[~(length[:, 0] > 1)] = np.nan  # no face, or an image of one grey level
    return [np.sqrt(gradients), halves / (length + 1e-6)]


def _warped_appearance(
    images: Any, landmarks: np.ndarray, t: int, map_batches: Callable[..., Iterable[Any]]
) -> list[np.ndarray]:
    """Appearance of the faces of frame `t`, warped to the mean face."""

    def of_batch(indices: np.ndarray) -> list[np.ndarray]:
        return _batch_appearance(_shape_free_faces(_read_frame(images, indices, t), landmarks[indices]))

    batches = map_batches(of_batch, _batches(len(landmarks)))
    return [np.concatenate(blocks) for blocks in zip(*batches, strict=True)]


def _shape_free_faces(images: Iterable[np.ndarray], landmarks: np.ndarray) -> np.ndarray:
    """Faces warped piecewise affinely to the mean face, which removes pose and an open mouth; NaN without a face."""
    inside, weights = _triangles()
    mask = inside.astype(np.float32)
    local_weight = _local_weight(mask)
    faces = np.full((len(landmarks), HEIGHT_PX, WIDTH_PX), np.nan, np.float32)
    for face, image, points in zip(faces, images, landmarks, strict=True):
        size = max(np.ptp(points[:, 0]), 1.0)
        if np.isfinite(points).all():
            # The image is reduced to little more than the resolution of the face, against aliasing.
            factor = min(1.0, 1.3 * WIDTH_PX / size)
            small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
            x, y = (weights @ ((points + 0.5) * factor - 0.5)).T.astype(np.float32)
            grey = np.zeros(inside.shape, np.float32)
            border = cv2.BORDER_REPLICATE  # for points outside of the image
            grey[inside] = cv2.remap(small, x[None], y[None], cv2.INTER_LINEAR, borderMode=border)[0]
            if np.ptp(grey[inside]) > 0:  # an image of one grey level has no face
                face[:] = _normalize_illumination(grey, mask, local_weight)
    return faces


@functools.cache
def _triangles() -> tuple[np.ndarray, csr_array]:
    """Pixels inside the mean face (H, W), and their barycentric weights (pixels, 68), three of which are not 0."""
    low, high = MEAN_FACE.min(0), MEAN_FACE.max(0)
    mesh = Delaunay((MEAN_FACE - low) / (high - low) * [WIDTH_PX - 1, HEIGHT_PX - 1])
    pixels = np.stack(np.meshgrid(np.arange(WIDTH_PX), np.arange(HEIGHT_PX)), -1).astype(float)
    triangle = mesh.find_simplex(pixels)
    inside = triangle >= 0
    affine = mesh.transform[triangle[inside]]
    weights = np.einsum("pij,pj->pi", affine[:, :2], pixels[inside] - affine[:, 2])
    values = np.column_stack([weights, 1 - weights.sum(1)])
    corners = mesh.simplices[triangle[inside]]
    starts = np.arange(0, values.size + 1, 3)
    return inside, csr_array((values.ravel(), corners.ravel(), starts), shape=(len(values), len(MEAN_FACE)))


def _local_weight(mask: np.ndarray) -> np.ndarray:
    """Weight of the mask in the window around each pixel."""
    return cv2.GaussianBlur(mask, (0, 0), LOCAL_SIGMA_PX) + 1e-6


def _normalize_illumination(grey: np.ndarray, mask: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Subtract the local mean and divide by the local contrast, within the mask; `weight` is its `_local_weight`."""
    grey = cv2.GaussianBlur(grey, (0, 0), 0.8)
    detail = (grey - cv2.GaussianBlur(grey * mask, (0, 0), LOCAL_SIGMA_PX) / weight) * mask
    contrast = np.sqrt(cv2.GaussianBlur(detail**2, (0, 0), 1.5 * LOCAL_SIGMA_PX) / weight)
    return detail / (contrast + 0.25 * contrast[mask > 0].mean() + 1e-3)


def _scaled_images(images: Any, t: int) -> np.ndarray:
    """Complete images of frame `t`, scaled to the size of the warped face."""
    size, mask = (WIDTH_PX, HEIGHT_PX), np.ones((HEIGHT_PX, WIDTH_PX), np.float32)
    scaled = (cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in _frames(images, len(images), t))
    weight = _local_weight(mask)
    return np.stack([_normalize_illumination(image.astype(np.float32), mask, weight) for image in scaled])


def _register(images: np.ndarray) -> np.ndarray:
    """Images rotated and translated to match their mean (ECC), and faded towards the border, which shows no face."""
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 12, 1e-3)
    halve = np.array([1, 1, 0.5], np.float32)  # the translation of a motion, for images of half the size
    everywhere = np.ones((HEIGHT_PX // 2, WIDTH_PX // 2), np.uint8)
    smooth = [cv2.GaussianBlur(image, (0, 0), 1.5) for image in images]
    motions = np.tile(np.eye(2, 3, dtype=np.float32), (len(images), 1, 1))
    for _ in range(2):
        mean = np.mean(_apply_motions(smooth, motions), 0)[::2, ::2].copy()
        for motion, image in zip(motions, smooth, strict=True):
            initial, half = motion * halve, image[::2, ::2].copy()
            with contextlib.suppress(cv2.error):  # without convergence the previous motion remains
                found = cv2.findTransformECC(mean, half, initial, cv2.MOTION_EUCLIDEAN, stop, everywhere, 3)
                motion[:] = found[1] / halve
    return _apply_motions(images, motions) * np.sqrt(cv2.createHanningWindow((WIDTH_PX, HEIGHT_PX), cv2.CV_32F))


def _apply_motions(images: Iterable[np.ndarray], motions: np.ndarray) -> np.ndarray:
    flags, size = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, (WIDTH_PX, HEIGHT_PX)
    warped = [cv2.warpAffine(image, motion, size, flags=flags) for image, motion in zip(images, motions, strict=True)]
    return np.stack(warped)


def _frames(images: Any, n: int, t: int) -> Iterator[np.ndarray]:
    """Frame `t` of all samples, read in batches."""
    for indices in _batches(n):
        yield from _read_frame(images, indices, t)


def _batches(n: int) -> list[np.ndarray]:
    return [np.arange(start, min(start + BATCH_IMAGES, n)) for start in range(0, n, BATCH_IMAGES)]


def _read_frame(images: Any, indices: np.ndarray, t: int) -> Any:
    """Frame `t` of some samples; other frames are not read where the column supports this."""
    if isinstance(images, np.ndarray):
        return images[indices, t]
    if hasattr(images, "frame"):
        return images.frame(indices, t)
    return [clip[t] for clip in images[indices]]
