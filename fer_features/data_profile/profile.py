"""The profile of a data set: statistics of its contents, and findings about them."""

from __future__ import annotations

import dataclasses
import html

import numpy as np
import pandas as pd

from ..samples.duplicates import DuplicatePairs
from ..samples.table import Samples
from .located_faces import LocatedFaces

#: Class of the samples without a label.
UNLABELLED_CLASS = "no label"

#: Severities of findings, the highest first, and their headings.
SEVERITIES = {"warning": "Warnings", "note": "Notes", "pass": "Pass"}


@dataclasses.dataclass(frozen=True, eq=False)
class ImageStatistics:
    """Sizes and grey levels of the images; of a clip the apex counts.

    Attributes
    ----------
    sizes : list of (int, int, int)
        Width and height in pixels, and the number of samples of that size; the most frequent size first.
    n_frames : int
        Frames per sample.
    histogram : ndarray, shape (N_HISTOGRAM_BINS,), float64
        Fraction of pixels by grey level, 0 to 255; each sample has the same weight.
    brightness, contrast : ndarray, shape (n,), float64
        Mean and SD of the grey levels of each sample.
    near_blank : ndarray of int
        Samples with a contrast below `NEAR_BLANK_SD`, the lowest first.
    """

    sizes: list[tuple[int, int, int]]
    n_frames: int
    histogram: np.ndarray
    brightness: np.ndarray
    contrast: np.ndarray
    near_blank: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class DuplicateStatistics:
    """Samples with identical or nearly identical images.

    Attributes
    ----------
    group : ndarray of int, shape (n,)
        Result of `exact_duplicates`.
    groups : list of ndarray of int
        Samples of each group of two or more, the largest group first.
    n_within : dict of str to int
        For each split the number of its samples that repeat another sample of the split.
    n_across : dict of (str, str) to int
        For splits (a, b), a before b, the number of samples of b with a duplicate in a.
    contradictory : list of ndarray of int
        Groups whose samples have different labels.
    near : DuplicatePairs
        Near-duplicates among the first samples of all groups.
    n_across_with_near : dict of (str, str) to int
        As `n_across`, including near-duplicates.
    near_contradictory : ndarray of bool, shape (m,)
        Pairs of `near` with different labels.
    """

    group: np.ndarray
    groups: list[np.ndarray]
    n_within: dict[str, int]
    n_across: dict[tuple[str, str], int]
    contradictory: list[np.ndarray]
    near: DuplicatePairs
    n_across_with_near: dict[tuple[str, str], int]
    near_contradictory: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class SubjectStatistics:
    """Samples of each subject.

    Attributes
    ----------
    ids : list of str
        Known subjects.
    counts : ndarray of int, shape (n_subjects, n_classes)
        Samples of each subject by class, in the order of `DataProfile.classes`.
    n_unknown : int
        Samples whose subject is unknown.
    in_several_splits : list of str
        Subjects that occur in more than one split.
    """

    ids: list[str]
    counts: np.ndarray
    n_unknown: int
    in_several_splits: list[str]


@dataclasses.dataclass(frozen=True, eq=False)
class MotionStatistics:
    """Motion of landmarks from the first frame on, without head motion.

    Attributes
    ----------
    displacement : dict of str to ndarray, shape (T,)
        For each class the mean distance of a landmark from its position in the first frame, in interocular
        distances.
    missing : ndarray of int
        Samples without landmarks.
    """

    displacement: dict[str, np.ndarray]
    missing: np.ndarray


@dataclasses.dataclass(frozen=True)
class Finding:
    """A property of a data set that matters for training and evaluation.

    Attributes
    ----------
    severity : {'warning', 'note', 'pass'}
        A key of `SEVERITIES`.
    text : str
        One or two sentences.
    section : {'data', 'classes', 'images', 'duplicates', 'subjects', 'motion'}
        Section of the report with the details.

    Examples
    --------
    >>> from fer_features import Samples, inspect_data
    >>> profile = inspect_data(Samples.from_arrays(label=["joy", "fear", "joy"], subject=[1, 1, 2]))
    >>> profile.findings[0]
    Finding(severity='warning', text='fear is shown by 1 of 2 subjects.', section='subjects')
    """

    severity: str
    text: str
    section: str


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class DataProfile:
    """Contents of a data set.

    ``print(profile)`` shows the facts and findings, and a notebook shows them with the counts.

    Attributes
    ----------
    X : Samples
    classes : list of str
        Names in the order of their codes; `UNLABELLED_CLASS` last if there are samples without a label.
    class_index, split_index : ndarray of int, shape (n,)
        Position of the class of each sample in `classes`, and of its split in `splits`.
    splits : list of str
        Predefined splits; 'all' for data without these.
    counts : ndarray of int, shape (n_classes, n_splits)
        Samples by class and split.
    images : ImageStatistics or None
    duplicates : DuplicateStatistics or None
        None without images.
    subjects : SubjectStatistics or None
        None if no subject is known.
    motion : MotionStatistics or None
        None without sequences of landmarks.
    mean_faces : dict of str to ndarray, shape (H, W), uint8
        Mean apex of each class; empty without images.
    faces : LocatedFaces, optional
        Faces that the first step of a pipeline locates in some of the images.
    facts : tuple of (str, str), default=()
        Title and one line each.
    findings : tuple of Finding, default=()
        The highest severity first.

    Examples
    --------
    >>> from fer_features import Samples, inspect_data
    >>> profile = inspect_data(Samples.from_arrays(label=["joy", "fear", "joy"], subject=[1, 1, 2]))
    >>> profile.classes, profile.counts.tolist()
    (['fear', 'joy'], [[1], [2]])
    >>> [finding.severity for finding in profile.findings]
    ['warning', 'warning', 'pass']
    """

    X: Samples
    classes: list[str]
    class_index: np.ndarray
    splits: list[str]
    split_index: np.ndarray
    counts: np.ndarray
    images: ImageStatistics | None
    duplicates: DuplicateStatistics | None
    subjects: SubjectStatistics | None
    motion: MotionStatistics | None
    mean_faces: dict[str, np.ndarray]
    faces: LocatedFaces | None = None
    facts: tuple[tuple[str, str], ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def labelled_classes(self) -> list[int]:
        """Positions in `classes` without that of the samples without a label."""
        return [k for k, name in enumerate(self.classes) if name != UNLABELLED_CLASS]

    def to_frame(self) -> pd.DataFrame:
        """Number of samples: one row per class, one column per split.

        Examples
        --------
        >>> from fer_features import Samples, inspect_data
        >>> X = Samples.from_arrays(label=["joy", "fear", "joy"], split=["train", "train", "test"])
        >>> inspect_data(X).to_frame().loc["joy"].to_dict()
        {'train': 1, 'test': 1}
        """
        index, columns = pd.Index(self.classes, name="class"), pd.Index(self.splits, name="split")
        return pd.DataFrame(self.counts, index, columns)

    def __str__(self) -> str:
        lines = [f"{title:<15} {text}" for title, text in self.facts]
        listed = [finding for finding in self.findings if finding.severity != "pass"]
        lines.append("findings:" if listed else "findings: none")
        return "\n".join([*lines, *(f"  {finding.severity}: {finding.text}" for finding in listed)])

    def __repr__(self) -> str:
        n = len(self.findings)
        of = f"{len(self.X)} samples of {self.X.info.dataset}"
        return f"{type(self).__name__}({of}: {len(self.classes)} classes, {n} findings)"

    def _repr_html_(self) -> str:
        left = "style='text-align:left'"
        facts = "".join(
            f"<tr><th {left}>{html.escape(title)}</th><td {left}>{html.escape(text)}</td></tr>"
            for title, text in self.facts
        )
        findings = "".join(
            f"<li><b>{html.escape(finding.severity)}</b>: {html.escape(finding.text)}</li>" for finding in self.findings
        )
        return f"<div><table>{facts}</table><ul>{findings}</ul>{self.to_frame().to_html(border=0)}</div>"
