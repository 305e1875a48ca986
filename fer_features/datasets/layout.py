"""`Layout`: a data set whose file names or annotation files say what its samples are, described by a pattern."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..exceptions import FerError
from ..media.file_tree import FileTree, file_tree
from ..media.media_files import VIDEO_SUFFIXES, natural_sort_key
from ..samples.data_info import DataInfo
from ..samples.table import Samples
from .dataset import Dataset
from .file_records import FoundRecords, Record
from .record_reader import RECORD_OPTIONS, ReadOptions, read_records
from .still_images import Fault, display_text

#: Named groups of a pattern that are attributes of a `Record`; others become further columns of the table.
RECORD_GROUPS = ("label", "subject", "split", "session")

#: Group of a pattern that names the clip of a frame.
CLIP_GROUP = "clip"

#: Number of files, evenly taken from all, with which a layout is compared, and the fraction of them that must match.
N_COMPARED_FILES, MIN_MATCHING_FRACTION = 400, 0.5


@dataclass(frozen=True)
class Layout:
    r"""A data set of files that are described by a pattern.

    Parameters
    ----------
    name, description, layout, reference, licence, homepage : str
        See `Dataset`.
    pattern : str
        Regular expression for the path of an image, a frame or a video relative to the folder, in any case. It is
        searched at the beginning of the path and below any folders, and must reach to the end. Named groups are
        annotations: ``label``, ``subject``, ``split``, ``session``, and others, which become columns. The group
        ``clip`` makes the layout one of sequences: files that agree in it, and in the folders before it, are the frames
        of a clip in natural order.
    labels : mapping of str to str
        Class of each value of the group ``label``, which is compared in lower case. A value that is absent is a fault;
        an empty class means that the label is unknown.
    values : mapping of str to mapping
        Names of the values of further groups, such as ``{"view": {"S": "frontal"}}``; other values stay as they are.
    splits : mapping of str to str
        Predefined split of each value of the group ``split``, in lower case.
    classes : tuple of str
        Classes in the order of their codes; by default that of `class_order`.
    versions : mapping of str to tuple of str
        Groups that name the version of a recording, such as its edition, and their values, the preferred one first.
        One version of each recording is used.
    apex : {'last', 'found'}
        Where the apex of a clip is, unless a record says it.
    annotate : callable, optional
        ``annotate(tree, found) -> FoundRecords``: reads annotation files beside the images, and returns the records
        with what they say.
    find : callable, optional
        ``find(tree) -> FoundRecords`` instead of the pattern, for data sets that are lists. It is called only if
        `marks` match. The records are sorted by their ids, so that the order of the lines of a list does not matter.
    marks : tuple of str
        Patterns of which each must match the path of a file, as `pattern` does, such as that of a list.
    recognize : callable, optional
        ``recognize(tree) -> bool``: whether files with these names are of this data set, where `marks` and `pattern` do
        not decide it. It is called only if `marks` match.

    Examples
    --------
    >>> import tempfile
    >>> layout = Layout(
    ...     name="smiles",
    ...     description="smiles of one subject after another",
    ...     layout="S01_happy_1.png",
    ...     pattern=r"(?P<subject>S\d+)_(?P<label>[a-z]+)_\d+\.png",
    ...     labels={"happy": "happy", "none": "neutral"},
    ... )
    >>> folder = tempfile.TemporaryDirectory()
    >>> for name in ("S01_happy_1.png", "S01_none_1.png"):
    ...     Path(folder.name, name).touch()
    >>> [(record.subject, record.label) for record in layout.find_records(file_tree(Path(folder.name))).records]
    [('S01', 'happy'), ('S01', 'neutral')]
    >>> folder.cleanup()
    """

    name: str
    description: str
    layout: str
    pattern: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    splits: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    apex: str = "found"
    annotate: Callable[[FileTree, FoundRecords], FoundRecords] | None = None
    find: Callable[[FileTree], FoundRecords] | None = None
    marks: tuple[str, ...] = ()
    recognize: Callable[[FileTree], bool] | None = None
    reference: str = ""
    licence: str = ""
    homepage: str = ""

    def can_load(self, path: Path) -> bool:
        """Whether a folder has this layout."""
        return path.is_dir() and self.matches(file_tree(path))

    def matches(self, tree: FileTree) -> bool:
        """Whether a list of files is that of this data set."""
        if not all(next(tree.matching(_anywhere(mark)), None) for mark in self.marks):
            return False
        if self.recognize is not None:
            return self.recognize(tree)
        return True if self.find is not None else self._matches_pattern(tree)

    def load(self, path: Path, **options: Any) -> Samples:
        """Read the data set; the options are those of `ReadOptions`.

        Raises
        ------
        FerError
            For faults unless they are skipped, a folder without files of this layout, and options that do not fit.
        """
        read_options = ReadOptions(**options)
        found = self.find_records(file_tree(path))
        if not found.records and not found.faults:
            raise FerError(f"{path} has no file of the layout of {self.name}: {self.layout}")
        return read_records(found, path, DataInfo(dataset=self.name, source=str(path)), read_options)

    def find_records(self, tree: FileTree) -> FoundRecords:
        """Find the samples in a list of files."""
        if self.find is None:
            found = self._find_by_pattern(tree)
        else:
            found = tree.result(self.find).copy()
            found.records.sort(key=lambda record: natural_sort_key(record.id))
        return found if self.annotate is None else self.annotate(tree, found)

    def as_dataset(self) -> Dataset:
        """The layout as one of the `DATASETS`."""
        return Dataset(
            name=self.name,
            description=self.description,
            layout=self.layout,
            can_load=self.can_load,
            load=self.load,
            find_records=lambda path, **_: self.find_records(file_tree(path)),
            reference=self.reference,
            licence=self.licence,
            homepage=self.homepage,
            options=RECORD_OPTIONS,
        )

    def _matches_pattern(self, tree: FileTree) -> bool:
        step = max(1, len(tree.media) // N_COMPARED_FILES)
        compared = tree.media[::step]
        expression = re.compile(_anywhere(self.pattern), re.IGNORECASE)
        matches = [match for match in map(expression.fullmatch, compared) if match]
        has_labels = "label" in expression.groupindex and bool(self.labels)
        known = [match for match in matches if not has_labels or (match["label"] or "").lower() in {"", *self.labels}]
        return bool(known) and len(known) >= MIN_MATCHING_FRACTION * len(compared)

    def _find_by_pattern(self, tree: FileTree) -> FoundRecords:
        is_of_clips = CLIP_GROUP in re.compile(self.pattern).groupindex
        groups: dict[str, list[re.Match[str]]] = {}
        for match in tree.matching(_anywhere(self.pattern)):
            groups.setdefault(match[0][: match.end(CLIP_GROUP)] if is_of_clips else match[0], []).append(match)
        found = FoundRecords([], apex=self.apex, classes=self.classes, versions=self.versions)
        for name, matches in groups.items():
            record = self._record(tree, name, matches, is_of_clips)
            if isinstance(record, Fault):
                found.faults.append(record)
            else:
                found.records.append(record)
        return found

    def _record(self, tree: FileTree, name: str, matches: list[re.Match[str]], is_of_clips: bool) -> Record | Fault:
        annotations = {key: value or "" for key, value in matches[0].groupdict().items() if key != CLIP_GROUP}
        label = annotations.pop("label", "").lower()
        if label and self.labels and label not in self.labels:
            known = ", ".join(self.labels)
            return Fault("unknown label", f"{display_text(name)} has the label '{label}', which is not one of {known}")
        split = annotations.pop("split", "").lower()
        extra = {key: self._value(key, value) for key, value in annotations.items() if key not in RECORD_GROUPS}
        files = tuple(tree.path(match[0]) for match in matches)
        return Record(
            id=display_text(name),
            files=files,
            is_clip=is_of_clips or name.lower().endswith(VIDEO_SUFFIXES),
            label=self.labels[label] if label and self.labels else label,
            subject=annotations.get("subject", ""),
            session=annotations.get("session", ""),
            split=self.splits.get(split, ""),
            extra=extra,
        )

    def _value(self, group: str, value: str) -> str:
        names = {key.lower(): name for key, name in self.values.get(group, {}).items()}
        return names.get(value.lower(), value)


def _anywhere(pattern: str) -> str:
    """A pattern that also matches below any folders; its optional groups at the beginning come before these folders."""
    return f"(?:.*?/)??(?:{pattern})"
