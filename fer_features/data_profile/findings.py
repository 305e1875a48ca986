"""Facts and findings of a data profile: its contents, and properties that can make scores untrustworthy."""

from __future__ import annotations

import numpy as np

from .._text import counted
from ..samples.data_info import SUBJECT_SOURCES, WARNING_PREFIX
from ..samples.validation import COLUMNS
from .profile import SEVERITIES, UNLABELLED_CLASS, DataProfile, DuplicateStatistics, Finding

#: Ratio of the most to the least frequent class above which classes are imbalanced.
MAX_CLASS_RATIO = 5

#: Subjects that must show a class so that it can occur in each of five folds.
MIN_SUBJECTS_PER_CLASS = 5

#: Fraction of the largest displacement that the last frame must reach to be the apex.
MIN_APEX_MOTION_FRACTION = 0.8

#: Image sizes, and names, that are listed; more are counted.
MAX_LISTED_SIZES, MAX_LISTED_NAMES = 4, 8


def profile_facts(profile: DataProfile) -> tuple[tuple[str, str], ...]:
    """Contents of the data, as pairs of a short title and one line.

    Parameters
    ----------
    profile : DataProfile

    Returns
    -------
    tuple of (str, str)
    """
    info, n = profile.X.info, len(profile.X)
    source = f", {info.source}" if info.source and info.source != info.dataset else ""
    per_split = ", ".join(f"{name} {m}" for name, m in zip(profile.splits, profile.counts.sum(0), strict=True))
    per_class = ", ".join(f"{name} {m}" for name, m in zip(profile.classes, profile.counts.sum(1), strict=True))
    return (
        ("data", f"{info.title}{source}"),
        ("samples", f"{n}" if profile.splits == ["all"] else f"{n}: {per_split}"),
        ("classes", per_class),
        *_image_facts(profile),
        *_duplicate_facts(profile),
        *_frame_facts(profile),
        ("landmarks", _landmarks_text(profile)),
        *([("faces", str(profile.faces))] if profile.faces else []),
        ("subjects", subjects_text(profile)),
        *_annotation_facts(profile),
    )


def subjects_text(profile: DataProfile) -> str:
    """Number and source of the subjects, and their samples, in one line."""
    if profile.subjects is None:
        return "unknown"
    info = profile.X.info
    source = SUBJECT_SOURCES.get(info.subjects_from, info.subjects_from)
    if info.subjects_confidence is not None:
        source += f", confidence {info.subjects_confidence:.2f}"
    per_subject = profile.subjects.counts.sum(1)
    low, high = per_subject.min(), per_subject.max()
    span = f"{low}" if low == high else f"{low} to {high}"
    n_unknown = profile.subjects.n_unknown
    unknown = f"; {counted(n_unknown, 'sample')} of unknown subjects" if n_unknown else ""
    return f"{len(profile.subjects.ids)}, {source}; {span} {'sample' if span == '1' else 'samples'} each{unknown}"


def profile_findings(profile: DataProfile) -> tuple[Finding, ...]:
    """Findings about the data, the highest severity first.

    Parameters
    ----------
    profile : DataProfile

    Returns
    -------
    tuple of Finding
    """
    info = profile.X.info
    found = [Finding("warning", f"Possible leakage: {info.leakage}.", "subjects")] if info.leakage else []
    found += _duplicate_findings(profile)
    found += _class_findings(profile)
    found += _subject_findings(profile)
    found += _image_findings(profile)
    found += _landmark_findings(profile)
    found += [_finding_of_note(note) for note in info.notes]
    if info.synthetic:
        found.append(Finding("note", "The faces are rendered: scores on them do not hold for real faces.", "data"))
    order = list(SEVERITIES)
    return tuple(sorted(found, key=lambda finding: order.index(finding.severity)))


def _finding_of_note(note: str) -> Finding:
    text = note.removeprefix(WARNING_PREFIX)
    return Finding("note" if text == note else "warning", f"{text[:1].upper()}{text[1:]}.", "data")


def unexpected_near_duplicates(profile: DataProfile, duplicates: DuplicateStatistics) -> np.ndarray:
    """Pairs of near-duplicates that are not of one known subject in one split.

    Parameters
    ----------
    profile : DataProfile
    duplicates : DuplicateStatistics
        With m pairs of near-duplicates.

    Returns
    -------
    ndarray of bool, shape (m,)
    """
    groups = profile.X.groups
    if groups is None:
        return np.ones(len(duplicates.near), bool)
    first, second = duplicates.near.indices.T
    across = profile.split_index[first] != profile.split_index[second]
    return across | (groups[first] != groups[second]) | (groups[first] < 0)


def _frame_facts(profile: DataProfile) -> list[tuple[str, str]]:
    """Which frames of their clips the samples show."""
    if "frame_numbers" not in profile.X:
        return []
    numbers = profile.X["frame_numbers"]
    n_images = int((numbers[:, 0] < 0).sum())
    first, last = (_span(numbers[:, t][numbers[:, t] >= 0]) for t in (0, -1))
    if numbers.shape[1] == 1:
        return [("frames", f"the apex of each clip: frame {last}")]
    neutral = f"frame {first}" if n_images < len(numbers) else "an image of its own"
    if 0 < n_images < len(numbers):
        neutral += f", or an image of its own ({counted(n_images, 'sample')})"
    return [("frames", f"{numbers.shape[1]} of each clip; neutral is {neutral}; the apex is frame {last}")]


def _span(values: np.ndarray) -> str:
    if not values.size:
        return "none"
    return f"{values.min()}" if values.min() == values.max() else f"{values.min()} to {values.max()}"


def _annotation_facts(profile: DataProfile) -> list[tuple[str, str]]:
    """Columns beyond those that have a meaning, and their values."""
    facts = []
    for name in profile.X.columns:
        column = profile.X.column(name)
        if name not in COLUMNS and isinstance(column, np.ndarray) and column.ndim == 1 and column.dtype.kind in "US":
            values, counts = np.unique(profile.X[name], return_counts=True)
            order = np.argsort(-counts, kind="stable")[:MAX_LISTED_NAMES]
            listed = ", ".join(f"{values[k] or 'empty'} {counts[k]}" for k in order)
            facts.append((name, listed + (f" and {len(values) - len(order)} more" if len(values) > len(order) else "")))
    return facts


def _image_facts(profile: DataProfile) -> list[tuple[str, str]]:
    if profile.images is None:
        return [("images", "none")]
    images = profile.images
    if len(images.sizes) == 1:
        sizes = f"{images.sizes[0][0]} x {images.sizes[0][1]} pixels"
    else:
        listed = ", ".join(f"{w} x {h} ({m} samples)" for w, h, m in images.sizes[:MAX_LISTED_SIZES])
        sizes = f"{len(images.sizes)} sizes: {listed}"
    brightness = images.brightness
    grey_levels = (
        f"mean {brightness.mean():.0f} of 255, from {brightness.min():.0f} (sample {brightness.argmin()}) to "
        f"{brightness.max():.0f} (sample {brightness.argmax()}); {len(images.near_blank)} near-blank"
    )
    return [("images", f"{sizes}, {counted(images.n_frames, 'frame')} per sample"), ("grey levels", grey_levels)]


def _duplicate_facts(profile: DataProfile) -> list[tuple[str, str]]:
    if profile.duplicates is None:
        return []
    duplicates = profile.duplicates
    n_repeated = sum(len(members) - 1 for members in duplicates.groups)
    identical = counted(len(duplicates.groups), "group")
    identical += f", {counted(n_repeated, 'sample repeats', 'samples repeat')} another one"
    identical += "".join(f"; {m} of {b} are in {a} too" for (a, b), m in duplicates.n_across.items())
    identical += f"; {counted(len(duplicates.contradictory), 'group')} with different labels"
    near = f"{counted(len(duplicates.near), 'pair')}, {int(duplicates.near.mirrored.sum())} of them mirrored"
    near += "".join(
        f"; {m} of {b} identical or nearly identical to one in {a}"
        for (a, b), m in duplicates.n_across_with_near.items()
    )
    near += f"; {counted(int(duplicates.near_contradictory.sum()), 'pair')} with different labels"
    return [("duplicates", identical), ("near-duplicates", near)]


def _landmarks_text(profile: DataProfile) -> str:
    if "landmarks" not in profile.X:
        return "none"
    if profile.motion is None:
        return _missing_text(int(profile.X.missing("landmarks").sum()))
    text = _missing_text(len(profile.motion.missing))
    apex = {name: moved[-1] for name, moved in profile.motion.displacement.items() if name != UNLABELLED_CLASS}
    if apex:
        least, most = min(apex, key=apex.__getitem__), max(apex, key=apex.__getitem__)
        text += f"; displacement at the apex {apex[least]:.3f} ({least}) to {apex[most]:.3f} ({most}) "
        text += "interocular distances"
    return text


def _missing_text(n_missing: int) -> str:
    return f"missing in {counted(n_missing, 'sample')}" if n_missing else "in all samples"


def _duplicate_findings(profile: DataProfile) -> list[Finding]:
    duplicates = profile.duplicates
    if duplicates is None:
        return []
    texts = []
    for (a, b), m in duplicates.n_across.items():
        n_near = duplicates.n_across_with_near[a, b] - m
        fraction = f"{m / max(1, profile.counts[:, profile.splits.index(b)].sum()):.1%}"
        if m:
            text = counted(m, f"sample of {b} ({fraction}) has", f"samples of {b} ({fraction}) have")
            text += f" an identical image in {a}: a score on all of {b} is too high."
            text += f" {counted(n_near, 'more has', 'more have')} a nearly identical one." if n_near else ""
            texts.append(text)
        elif n_near:
            text = counted(n_near, f"sample of {b} has", f"samples of {b} have")
            texts.append(f"{text} a nearly identical image in {a}.")
    if duplicates.contradictory:
        text = counted(
            len(duplicates.contradictory), "group of identical images has", "groups of identical images have"
        )
        texts.append(f"{text} different labels: not all of them can be correct.")
    if any(duplicates.n_within.values()):
        text = counted(sum(duplicates.n_within.values()), "sample repeats", "samples repeat")
        texts.append(f"{text} another one of the same split: random folds put duplicates on both sides.")
    unexpected = unexpected_near_duplicates(profile, duplicates)
    n_contradictory = int((unexpected & duplicates.near_contradictory).sum())
    n_expected = int((~unexpected).sum())
    pair = ("pair of nearly identical images", "pairs of nearly identical images")
    if n_contradictory:
        texts.append(f"{counted(n_contradictory, f'{pair[0]} has', f'{pair[1]} have')} different labels.")
    found = [Finding("warning", text, "duplicates") for text in texts]
    if n_expected:
        text = f"{counted(n_expected, f'{pair[0]} shows', f'{pair[1]} show')} one subject in one split: studio images "
        text += "of a subject are similar, and folds grouped by subject keep such pairs together."
        found.append(Finding("note", text, "duplicates"))
    return found or [Finding("pass", "No image occurs twice.", "duplicates")]


def _class_findings(profile: DataProfile) -> list[Finding]:
    labelled = profile.labelled_classes
    if not labelled or not profile.counts[labelled].sum():
        return [Finding("warning", "No sample has a label: a model cannot be trained on these data alone.", "classes")]
    found = []
    totals = {profile.classes[k]: int(profile.counts[k].sum()) for k in labelled}
    empty = [name for name, n in totals.items() if not n]
    if empty:
        # The coding of a data set may have codes that the data set does not contain.
        found.append(Finding("note", f"There is no sample of {', '.join(empty)}.", "classes"))
    present = {name: n for name, n in totals.items() if n}
    rarest, most_frequent = min(present, key=present.__getitem__), max(present, key=present.__getitem__)
    if present[most_frequent] > MAX_CLASS_RATIO * present[rarest]:
        ratio = present[most_frequent] / present[rarest]
        text = f"{most_frequent} has {ratio:.0f} times the samples of {rarest}: report balanced accuracy too."
        found.append(Finding("warning", text, "classes"))
    else:
        text = f"No class is more than {MAX_CLASS_RATIO} times as frequent as another."
        found.append(Finding("pass", text, "classes"))
    for k, name in enumerate(profile.splits):
        counts = profile.counts[labelled, k]
        absent = [key for key, n in zip(totals, counts, strict=True) if not n and key not in empty]
        if counts.sum() and absent:
            found.append(Finding("warning", f"{name} has no sample of {', '.join(absent)}.", "classes"))
    return found


def _subject_findings(profile: DataProfile) -> list[Finding]:
    subjects = profile.subjects
    if subjects is None:
        text = "Subjects are unknown: a subject may be in training and test samples, and scores may be too high."
        return [Finding("warning", text, "subjects")]
    texts = []
    if profile.X.info.subjects_from == "inferred":
        texts.append("Subjects are inferred: check them before you rely on a score.")
    if subjects.in_several_splits:
        text = counted(len(subjects.in_several_splits), "subject is", "subjects are")
        texts.append(f"{text} in several splits: {_listed(subjects.in_several_splits)}.")
    for k in profile.labelled_classes:
        n = int((subjects.counts[:, k] > 0).sum())
        if 0 < n < min(MIN_SUBJECTS_PER_CLASS, len(subjects.ids)):
            texts.append(f"{profile.classes[k]} is shown by {n} of {len(subjects.ids)} subjects.")
    n_classes = (subjects.counts[:, profile.labelled_classes] > 0).sum(1)
    single = [name for name, n in zip(subjects.ids, n_classes, strict=True) if n == 1]
    if single:
        text = counted(len(single), "subject shows", "subjects show")
        text += f" one class only: {_listed(single)}. The model may learn the face instead of the expression."
        texts.append(text)
    return [Finding("warning", text, "subjects") for text in texts]


def _image_findings(profile: DataProfile) -> list[Finding]:
    if profile.images is None:
        return []
    found, images = [], profile.images
    if len(images.near_blank):
        text = f"{counted(len(images.near_blank), 'image is', 'images are')} near-blank: no face is visible."
        found.append(Finding("warning", text, "images"))
    if len(images.sizes) > 1:
        found.append(Finding("note", f"Images have {len(images.sizes)} different sizes.", "images"))
    return found


def _landmark_findings(profile: DataProfile) -> list[Finding]:
    found = []
    n_missing = int(profile.X.missing("landmarks").sum()) if "landmarks" in profile.X else 0
    if n_missing:
        text = (
            f"{counted(n_missing, 'sample has', 'samples have')} no landmarks: landmark features cannot be extracted."
        )
        found.append(Finding("warning", text, "motion"))
    if profile.motion:
        displacement = profile.motion.displacement.items()
        early = [name for name, moved in displacement if moved[-1] < MIN_APEX_MOTION_FRACTION * moved.max()]
        if early:
            text = f"The last frame of {', '.join(early)} is not the apex: landmarks are displaced more before it."
            found.append(Finding("warning", text, "motion"))
    return found


def _listed(names: list[str]) -> str:
    n_more = len(names) - MAX_LISTED_NAMES
    return ", ".join(names[:MAX_LISTED_NAMES]) + (f" and {n_more} more" if n_more > 0 else "")
