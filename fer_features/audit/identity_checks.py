"""Check of subject ids against the faces that the samples show."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._threads import map_in_threads
from ..samples.table import Samples
from ..vision.identity_features import extract_identity_features, whiten_within_subjects
from ..vision.subject_agreement import SubjectAgreement, subject_agreement
from ..vision.subject_clustering import MIN_GROUPING_CONFIDENCE, infer_subjects
from .context import AuditContext, Check

#: Samples, and subjects with several of them, that a comparison needs.
MIN_SAMPLES, MIN_SUBJECTS = 12, 3
#: P-value above which the faces of one subject count as no more similar than those of several.
MAX_P_VALUE = 0.05
#: Fraction of the subjects with two kinds of faces from which illumination or image quality is the likely reason.
MAX_MERGED_FRACTION = 1 / 3
#: Subjects and samples that a message lists.
MAX_LISTED = 5


def check_subjects_match_images(context: AuditContext) -> Check:
    """Whether the neutral faces agree with the subject ids.

    It finds ids that were assigned to other samples, for example by another order of the samples; two subjects with
    one id; and one subject with two ids, which would be in training and test samples. The features of
    `fer_features.vision.identity_features` are compared within and between subjects.
    """
    name = "subjects and images"
    X, groups = context.X, context.subject
    column = "images" if "images" in X else "landmarks"
    if groups is None:
        return Check(name, "skipped", "subjects are unknown")
    if column not in X or np.shape(X.column(column))[1] < 2:
        return Check(name, "skipped", "the samples are stills: there are no neutral frames to compare")
    images, landmarks = _columns(X)
    indices, faces = _faces(images, landmarks)
    ids, groups = np.unique(groups[indices], return_inverse=True)
    names = [str(X["subject"][indices[groups == i][0]]) for i in range(len(ids))]
    if len(indices) < MIN_SAMPLES or (np.bincount(groups, minlength=1) > 1).sum() < MIN_SUBJECTS:
        text = f"fewer than {MIN_SAMPLES} faces, or than {MIN_SUBJECTS} subjects with several faces"
        return Check(name, "skipped", text)
    found = subject_agreement(faces, groups, compare_groups=images is not None, seed=context.seed)
    details = _details(found, names, X.indices[indices])
    text = f"mean similarity of faces {found.within:.2f} within and {found.between:.2f} between {len(ids)} subjects"
    if found.p_value > MAX_P_VALUE:
        confidence = infer_subjects(images, landmarks, map_batches=map_in_threads).confidence
        text += f", p {found.p_value:.2f}"
        if confidence < MIN_GROUPING_CONFIDENCE:
            return Check(name, "warning", f"{text}: the faces do not show which subject ids are right", details)
        text += ": the ids belong to other samples; check the order of the subject ids"
        return Check(name, "fail", text, details)
    faults = _faults(details)
    if len(found.merged) > MAX_MERGED_FRACTION * len(ids) and not found.misplaced and not found.split:
        text += f"; {faults[0]}, or have faces under two kinds of illumination"
        return Check(name, "warning", text, details)
    if faults:
        return Check(name, "fail", f"{text}; {'; '.join(faults)}: correct the subject ids", details)
    return Check(name, "pass", text, details)


def _columns(X: Samples) -> tuple[Any, Any]:
    """Images, unread, and landmarks; None where they are absent."""
    images, landmarks = (X.column_view(name) if name in X else None for name in ("images", "landmarks"))
    return images, None if landmarks is None else landmarks[np.arange(len(X))]


def _faces(images: Any, landmarks: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the samples with a neutral face, and its identity features."""
    neutral, apex = extract_identity_features(images, landmarks, map_in_threads)
    indices = np.flatnonzero(np.isfinite(neutral[0]).all(1))
    if not len(indices):
        return indices, np.zeros((0, 1))
    _, faces = whiten_within_subjects([block[indices] for block in neutral], [block[indices] for block in apex])
    different = np.linalg.norm(faces, axis=1) > 0.5  # identical images have no features after centring
    return indices[different], faces[different]


def _details(found: SubjectAgreement, names: list[str], samples: np.ndarray) -> dict[str, Any]:
    return {
        "n_subjects": len(names),
        "within": round(found.within, 4),
        "between": round(found.between, 4),
        "p": found.p_value,
        "misplaced": [int(samples[i]) for i in found.misplaced],
        "merged": [names[i] for i in found.merged],
        "split": [[names[a], names[b]] for a, b in found.split],
    }


def _faults(details: dict[str, Any]) -> list[str]:
    """What the faces contradict, as text."""
    pairs = [" and ".join(pair) for pair in details["split"]]
    kinds = (
        (details["misplaced"], "sample(s) show the face of another subject"),
        (details["merged"], "subject id(s) belong to two different faces each"),
        (pairs, "pair(s) of subject ids belong to the same face"),
    )
    return [f"{len(items)} {what} ({_listed(items)})" for items, what in kinds if items]


def _listed(items: list[Any]) -> str:
    return ", ".join(map(str, items[:MAX_LISTED])) + (", ..." if len(items) > MAX_LISTED else "")
