"""Computation of the profile of a data set."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np

from .._progress import progress
from ..exceptions import FerError
from ..extractors import Align
from ..samples.data_info import class_name
from ..samples.duplicates import exact_duplicates, has_duplicate_in, merge_groups, near_duplicates
from ..samples.splits import SPLITS, split_column
from ..samples.table import Samples
from ..vision.registration import register_landmarks
from .findings import profile_facts, profile_findings
from .located_faces import locate_some_faces
from .profile import (
    UNLABELLED_CLASS,
    DataProfile,
    DuplicateStatistics,
    ImageStatistics,
    MotionStatistics,
    SubjectStatistics,
)

#: SD of the grey levels below which an image is near-blank. The lowest of the photographs of FER2013 is 9.
NEAR_BLANK_SD = 8.0

#: Samples that are read together.
BATCH_SIZE = 64

#: Bins of the histogram of grey levels.
N_HISTOGRAM_BINS = 64

#: Side of the aligned crops that are averaged to mean faces, in pixels.
MEAN_FACE_SIDE_PX = 96


def profile_samples(X: Samples) -> DataProfile:
    """Profile of a data set; `fer_features.inspect_data` describes it."""
    if not len(X):
        raise FerError("the data have no sample")
    label = X.label_codes if "label" in X else np.full(len(X), -1)
    label = np.maximum(label, -1)
    # Classes that the data name are listed even if they have no sample.
    codes = sorted({*range(len(X.info.classes)), *(int(code) for code in np.unique(label[label >= 0]))})
    classes = [class_name(X.info, code) for code in codes]
    class_index = np.searchsorted(codes, label)
    if (label < 0).any():
        class_index[label < 0] = len(classes)
        classes.append(UNLABELLED_CLASS)
    split = split_column(X)
    splits = ["all"] if split is None else [name for name in SPLITS if name in split]
    split_index = np.zeros(len(X), int) if split is None else np.array([splits.index(name) for name in split])
    counts = np.zeros((len(classes), len(splits)), int)
    np.add.at(counts, (class_index, split_index), 1)
    has_images = "images" in X
    profile = DataProfile(
        X=X,
        classes=classes,
        class_index=class_index,
        splits=splits,
        split_index=split_index,
        counts=counts,
        images=_image_statistics(X) if has_images else None,
        duplicates=_duplicate_statistics(X, label, splits, split_index) if has_images else None,
        subjects=_subject_statistics(X, len(classes), class_index, split_index),
        motion=_motion_statistics(X, classes, class_index),
        mean_faces=_mean_faces(X, classes, class_index) if has_images else {},
        faces=locate_some_faces(X),
    )
    return dataclasses.replace(profile, facts=profile_facts(profile), findings=profile_findings(profile))


def _image_statistics(X: Samples) -> ImageStatistics:
    sizes = Counter((int(width), int(height)) for width, height in X.sizes())
    brightness, contrast = np.empty(len(X)), np.empty(len(X))
    histogram = np.zeros(256)
    starts = range(0, len(X), BATCH_SIZE)
    for start in progress(starts, len(starts), "computing grey levels"):
        for index, image in enumerate(X[start : start + BATCH_SIZE].frame("images", -1), start):
            levels = np.bincount(image.ravel(), minlength=256) / image.size
            histogram += levels
            brightness[index] = levels @ np.arange(256)
            contrast[index] = np.sqrt(levels @ (np.arange(256) - brightness[index]) ** 2)
    order = np.argsort(contrast, kind="stable")
    return ImageStatistics(
        sizes=[(width, height, n) for (width, height), n in sizes.most_common()],
        n_frames=int(X.column("images").shape[1]),
        histogram=histogram.reshape(N_HISTOGRAM_BINS, -1).sum(1) / len(X),
        brightness=brightness,
        contrast=contrast,
        near_blank=order[contrast[order] < NEAR_BLANK_SD],
    )


def _duplicate_statistics(
    X: Samples, label: np.ndarray, splits: list[str], split_index: np.ndarray
) -> DuplicateStatistics:
    group = exact_duplicates(X)
    near = near_duplicates(X, group=group)
    order = np.argsort(group, kind="stable")
    all_groups = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    groups = sorted((members for members in all_groups if len(members) > 1), key=lambda m: (-len(m), m[0]))
    indices_of = {name: np.flatnonzero(split_index == k) for k, name in enumerate(splits)}
    pairs = [(a, b) for k, a in enumerate(splits) for b in splits[k + 1 :]]
    merged = merge_groups(group, near)
    pair_labels = label[near.indices]
    return DuplicateStatistics(
        group=group,
        groups=groups,
        n_within={name: len(indices) - len(np.unique(group[indices])) for name, indices in indices_of.items()},
        n_across={(a, b): int(has_duplicate_in(group, indices_of[b], indices_of[a]).sum()) for a, b in pairs},
        contradictory=[members for members in groups if len(np.unique(label[members][label[members] >= 0])) > 1],
        near=near,
        n_across_with_near={
            (a, b): int(has_duplicate_in(merged, indices_of[b], indices_of[a]).sum()) for a, b in pairs
        },
        near_contradictory=(pair_labels >= 0).all(1) & (pair_labels[:, 0] != pair_labels[:, 1]),
    )


def _subject_statistics(
    X: Samples, n_classes: int, class_index: np.ndarray, split_index: np.ndarray
) -> SubjectStatistics | None:
    groups = X.groups
    if groups is None:
        return None
    known = groups >= 0
    ids, subject_index = np.unique(np.asarray(X["subject"])[known], return_inverse=True)
    counts = np.zeros((len(ids), n_classes), int)
    np.add.at(counts, (subject_index, class_index[known]), 1)
    n_splits = [len(np.unique(split_index[known][subject_index == k])) for k in range(len(ids))]
    return SubjectStatistics(
        ids=[str(name) for name in ids],
        counts=counts,
        n_unknown=int((~known).sum()),
        in_several_splits=[str(name) for name, n in zip(ids, n_splits, strict=True) if n > 1],
    )


def _motion_statistics(X: Samples, classes: list[str], class_index: np.ndarray) -> MotionStatistics | None:
    if "landmarks" not in X or X.column("landmarks").shape[1] < 2:
        return None
    blocks = []
    starts = range(0, len(X), BATCH_SIZE)
    for start in progress(starts, len(starts), "registering landmarks"):
        landmarks = X[start : start + BATCH_SIZE]["landmarks"]
        landmarks = register_landmarks(landmarks, n_apex_frames=landmarks.shape[1] - 1)
        blocks.append(np.linalg.norm(landmarks - landmarks[:, :1], axis=-1).mean(-1))
    distance = np.concatenate(blocks)
    usable = np.isfinite(distance).all(1)
    masks = {name: usable & (class_index == k) for k, name in enumerate(classes)}
    displacement = {name: distance[mask].mean(0) for name, mask in masks.items() if mask.any()}
    return MotionStatistics(displacement, np.flatnonzero(X.missing("landmarks")))


def _mean_faces(X: Samples, classes: list[str], class_index: np.ndarray) -> dict[str, np.ndarray]:
    """Mean apex of each class: aligned if there are landmarks."""
    has_landmarks = "landmarks" in X
    usable = ~X.missing("landmarks") if has_landmarks else np.ones(len(X), bool)
    X = Align("procrustes" if has_landmarks else "none", size=MEAN_FACE_SIDE_PX).transform(X)
    faces = {}
    for k, name in enumerate(classes):
        indices = np.flatnonzero(usable & (class_index == k))
        starts = range(0, len(indices), BATCH_SIZE)
        total: np.ndarray | float = 0.0
        for start in progress(starts, len(starts), f"mean face of {name}"):
            batch = X[indices[start : start + BATCH_SIZE]]
            total = total + np.asarray(batch.frame("images", -1)).sum(0, dtype=np.float64)
        if indices.size:
            faces[name] = np.rint(total / len(indices)).astype(np.uint8)
    return faces
