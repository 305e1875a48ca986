"""Records of files to `Samples`: one path for class folders, tables of files and every named layout."""

from __future__ import annotations

import dataclasses
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..exceptions import FerError
from ..samples.columns import as_lazy_column
from ..samples.data_info import DataInfo
from ..samples.groups import UNKNOWN_SUBJECT
from ..samples.source_regions import SOURCE_REGIONS, shows_whole_files
from ..samples.table import Samples
from ..samples.validation import COLUMNS
from .class_names import class_of, class_order, parse_classes
from .clips import read_clips
from .file_records import FoundRecords, Record
from .record_landmarks import landmarks_of_records
from .record_stills import read_stills
from .record_versions import one_version_each
from .still_images import Fault, StillImages, display_name, to_samples

#: Options of `read_records`, which are those of every data set of files.
RECORD_OPTIONS = (
    *("on_error", "cache", "holdout", "subject_pattern"),
    *("frames", "apex", "neutral_frame", "classes", "where"),
)

#: Column with the name of the neutral image of each sample, empty where it is a frame of the sample itself.
NEUTRAL_IMAGE_COLUMN = "neutral_image"
#: Name of the class of neutral faces.
NEUTRAL = "neutral"


@dataclass(frozen=True)
class ReadOptions:
    """How the files of records are read; `fer_features.datasets.load_dataset` describes the options."""

    on_error: str = "stop"
    cache: Path | None = None
    subject_pattern: str | None = None
    frames: int | None = None
    apex: str | None = None
    neutral_frame: str | None = None
    classes: str | Mapping[str, str] | None = None
    where: str | Sequence[str] | None = None

    def __post_init__(self) -> None:
        for name, values in (("apex", ("given", "last", "found")), ("neutral_frame", ("first", "found"))):
            value = getattr(self, name)
            if value is not None and value not in values:
                raise FerError(f"{name}='{value}': {' or '.join(repr(one) for one in values)} is needed")
        if self.frames is not None and not (isinstance(self.frames, int) and 1 <= self.frames <= 1000):
            raise FerError(f"frames={self.frames!r}: a number from 1 to 1000 is needed")

    @property
    def class_map(self) -> Mapping[str, str]:
        """Class of each name in the files."""
        return parse_classes(self.classes) if isinstance(self.classes, str) else self.classes or {}


def read_records(found: FoundRecords, root: Path, info: DataInfo, options: ReadOptions) -> Samples:
    """Read the files of records.

    Parameters
    ----------
    found : FoundRecords
    root : Path
        Folder to which names in messages are relative.
    info : DataInfo
        Without classes and notes.
    options : ReadOptions

    Returns
    -------
    Samples
        Columns 'images' (n, T, H, W), 'label', 'id', and where the records have them 'split', 'subject', 'session',
        'landmarks' and further annotations. Sequences also have 'frame_numbers' (n, T), the frame of the clip that each
        frame shows, -1 for a neutral image of its own. Images that are cropped, reduced or fitted have 'source_region'
        (n, T, 6), the part of its file that each frame shows.

    Raises
    ------
    FerError
        For faults unless they are skipped, images and clips together, and options that the records do not support.
    """
    faults, notes = list(found.faults), list(found.notes)
    _check_class_names(options.class_map, found.records)
    records = one_version_each(_selected(found.records, options.where), found.versions, notes)
    records, classes = _with_classes(records, options, found.classes, notes)
    if options.subject_pattern is not None:
        records = _with_subjects(records, options.subject_pattern, notes)
        info = dataclasses.replace(info, subjects_from="file names")
    elif any(record.subject for record in records):
        info = dataclasses.replace(info, subjects_from="dataset")
    _check_ids(records)
    image_landmarks = {r.files[0]: r.landmarks[0] for r in records if len(r.files) == len(r.landmarks) == 1}
    records = _with_neutral_images(records, options, notes, faults)
    columns: dict[str, Any] = {}
    if _are_clips(records, options):
        still_images, kept, columns["frame_numbers"] = _read_clips(records, root, found.apex, options)
    else:
        still_images, kept = read_stills(records, root, options.cache)
    kept_records = [records[i] for i in kept]
    columns |= _annotations(kept_records)
    columns |= _neutral_names(kept_records, root)
    numbers = columns.get("frame_numbers")
    regions, images = still_images.regions, as_lazy_column(still_images.images)
    landmarks = landmarks_of_records(kept_records, images, numbers, regions, image_landmarks, faults, notes)
    if landmarks is not None:
        columns["landmarks"] = landmarks
    if not shows_whole_files(regions, images.sizes(np.arange(len(images)))):
        columns[SOURCE_REGIONS] = regions
    still_images.faults = [*faults, *still_images.faults]
    still_images.notes = [*notes, *still_images.notes]
    return to_samples(still_images, dataclasses.replace(info, classes=classes), options.on_error, columns)


def _selected(records: Sequence[Record], where: str | Sequence[str] | None) -> list[Record]:
    """Records whose annotations have the given values."""
    kept = list(records)
    for text in [where] if isinstance(where, str) else where or ():
        name, equals, values = text.partition("=")
        given = [_annotation(record, name.strip()) for record in kept]
        if not equals or any(value is None for value in given):
            names = sorted({"label", "subject", "split", "session"} | {key for record in kept for key in record.extra})
            raise FerError(f"where='{text}': NAME=VALUE is needed, and the names are {', '.join(names)}")
        wanted = {value.strip().lower() for value in values.split(",")}
        matching = [record for record, value in zip(kept, given, strict=True) if str(value).lower() in wanted]
        if not matching:
            found = ", ".join(f"{value} ({n})" for value, n in Counter(given).most_common(12))
            raise FerError(f"where='{text}' selects no sample: '{name.strip()}' is {found}")
        kept = matching
    return kept


def _annotation(record: Record, name: str) -> str | None:
    value = getattr(record, name) if name in ("label", "subject", "split", "session") else record.extra.get(name)
    return None if value is None else str(value)


def _check_class_names(class_map: Mapping[str, str], records: Sequence[Record]) -> None:
    """Raise `FerError` if a name that gets a class is not a label of the data, of which some may not be selected."""
    labels = {record.label.strip().lower() for record in records}
    unknown = [name for name in class_map if name.strip().lower() not in labels]
    if unknown:
        listed = ", ".join(sorted({record.label for record in records if record.label})) or "absent"
        raise FerError(f"classes: no sample has the label '{unknown[0]}'; the labels are {listed}")


def _with_classes(
    records: list[Record], options: ReadOptions, order: tuple[str, ...], notes: list[str]
) -> tuple[list[Record], tuple[str, ...]]:
    """Records with the classes of their labels, and the classes in the order of their codes."""
    class_map = options.class_map
    excluded = {name.lower() for name, title in class_map.items() if not title}
    kept = [record for record in records if not record.label or record.label.strip().lower() not in excluded]
    if len(kept) < len(records):
        notes.append(f"excluded: {len(records) - len(kept)} sample(s) of classes that are not used")
    names = [class_of(record.label, class_map) for record in kept]
    spelling = {name.lower(): name for name in sorted(names, reverse=True)}  # 'Pain' and 'pain' are one class
    labelled = [
        dataclasses.replace(record, label=spelling[one.lower()]) for record, one in zip(kept, names, strict=True)
    ]
    present = {record.label for record in labelled if record.label}
    return labelled, order if present <= set(order) and not class_map else class_order(present)


def _with_subjects(records: list[Record], pattern: str, notes: list[str]) -> list[Record]:
    """Records with the subjects that a pattern finds in the names of their files."""
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise FerError(f"subject_pattern='{pattern}' is not a regular expression: {error}") from error
    names = [record.id if "/" in pattern else record.id.rsplit("/", 1)[-1] for record in records]
    matches = [expression.search(name) for name in names]
    subjects = [(m[1] if expression.groups else m[0]) or "" if m else "" for m in matches]
    if not any(subjects):
        raise FerError(f"subject_pattern='{pattern}' matches no file name; the first one is {names[0]}")
    first = next(i for i, subject in enumerate(subjects) if subject)
    n_known = sum(map(bool, subjects))
    n_subjects = len(set(subjects) - {""})
    notes.append(
        f"the subject pattern finds {n_subjects} subject(s) in {n_known} samples, such as '{subjects[first]}' in "
        f"{names[first]}"
    )
    if n_known < len(records):
        unmatched = names[subjects.index("")]
        notes.append(f"{len(records) - n_known} file name(s) do not match the subject pattern, such as {unmatched}")
    return [dataclasses.replace(record, subject=one) for record, one in zip(records, subjects, strict=True)]


def _check_ids(records: Sequence[Record]) -> None:
    repeated = [name for name, count in Counter(record.id for record in records).items() if count > 1]
    if repeated:
        raise FerError(f"{len(repeated)} id(s) are repeated, such as '{repeated[0]}': each sample needs its own")


def _with_neutral_images(
    records: list[Record], options: ReadOptions, notes: list[str], faults: list[Fault]
) -> list[Record]:
    """Images with that of the neutral face of the same subject and session, if pairs are asked for or given."""
    are_images = not any(record.is_clip for record in records)
    has_given = any(isinstance(record.neutral, Path) for record in records)
    if not are_images or options.frames == 1 or not (has_given or options.frames):
        return records
    neutral: dict[tuple[str, ...], Path] = {}
    for record in records:
        if record.label == NEUTRAL and record.subject:
            neutral.setdefault(_recording(record), record.files[0])
    pairs, n_neutral = [], 0
    for record in records:
        given = record.neutral or neutral.get(_recording(record))
        if given is None:
            faults.append(Fault("image without a neutral image", f"{record.id} has no neutral image of its subject"))
        elif given == record.files[0]:
            n_neutral += 1
        else:
            pairs.append(dataclasses.replace(record, neutral=given))
    if n_neutral:
        notes.append(f"{n_neutral} neutral image(s) are the neutral frames of the sequences, and not samples")
    return pairs


def _recording(record: Record) -> tuple[str, ...]:
    """What a neutral image has in common with the other images of a recording."""
    return record.subject, record.session, *(record.extra.get(name, "") for name in ("view", "gaze"))


def _are_clips(records: Sequence[Record], options: ReadOptions) -> bool:
    """Whether the samples are sequences, or single frames of clips."""
    n_clips = sum(record.is_clip for record in records)
    if 0 < n_clips < len(records) and options.frames != 1:
        raise FerError(
            f"{len(records) - n_clips} image(s) and {n_clips} sequence(s): images cannot be sequences; frames=1 uses "
            "the apex of each sequence as an image"
        )
    return n_clips > 0 or any(isinstance(record.neutral, Path) for record in records)


def _read_clips(
    records: Sequence[Record], root: Path, apex: str, options: ReadOptions
) -> tuple[StillImages, np.ndarray, np.ndarray]:
    """Clips, the positions of their records, and the numbers of the frames that they show."""
    table = read_clips(
        records,
        n_frames=options.frames,
        apex=options.apex,
        default_apex=apex,
        neutral=options.neutral_frame,
        name=lambda path: display_name(path, root),
        cache=options.cache,
    )
    still_images = StillImages(
        table.images, faults=table.faults, notes=table.notes, n_entries=len(records), regions=table.regions
    )
    return still_images, table.kept, table.frame_numbers


def _neutral_names(records: Sequence[Record], root: Path) -> dict[str, Any]:
    """Column with the names of neutral images, which are like those of samples; none without such images."""
    files = [record.neutral if isinstance(record.neutral, Path) else None for record in records]
    if not any(files):
        return {}
    names = ["" if file is None else Path(os.path.relpath(file, root)).as_posix() for file in files]
    return {NEUTRAL_IMAGE_COLUMN: np.array(names, str)}


def _annotations(records: Sequence[Record]) -> dict[str, Any]:
    """Columns of the annotations that the records have."""
    columns: dict[str, Any] = {
        name: np.array([getattr(record, name) for record in records], str) for name in ("label", "id")
    }
    for name, empty in (("split", ""), ("subject", str(UNKNOWN_SUBJECT)), ("session", "")):
        values = [getattr(record, name) or empty for record in records]
        if any(value != empty for value in values):
            columns[name] = np.array(values, str)
    for name in records[0].extra if records else ():
        values = [record.extra.get(name, "") for record in records]
        columns[name if name not in COLUMNS else f"{name}_given"] = np.array(values, str)
    return columns
