"""`Record`: the files and annotations of one sample. Layouts find records; `record_reader` reads their files."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..media.media_files import VIDEO_SUFFIXES
from .still_images import Fault


@dataclass(frozen=True)
class Record:
    """Files and annotations of one sample of a data set; the files are not read yet.

    Attributes
    ----------
    id : str
        Unique name of the sample in its data set, such as the path of its file relative to the folder of the data.
    files : tuple of Path
        One image; the frames of a clip, ordered by time; or one video.
    is_clip : bool
        Whether the sample is a sequence: always for a video. A folder with one frame is a sequence, too.
    label : str
        Name of the class; empty where unknown.
    subject : str
        Empty where unknown.
    split : {'', 'train', 'validation', 'test'}
        Predefined split.
    session : str
        Recording within which the neutral face of a subject holds; empty where there is one only.
    neutral : Path, int or None
        Image of the neutral face, or the number of the neutral frame in the clip from 0.
    onset, apex : int or None
        Frame numbers in the clip from 0: the end of the neutral face, and the strongest expression.
    start, end : float or None
        Part of a video that shows the expression, in seconds.
    landmarks : tuple of Path
        Files with landmarks: one for each of `files`, or one for a video. Empty where there are none.
    box : tuple of 4 float, or None
        x, y, width and height of the face in pixels; the image is cropped to it.
    extra : mapping of str to str
        Further annotations, which become columns of the table. All records of a data set have the same keys.
    """

    id: str
    files: tuple[Path, ...]
    is_clip: bool = False
    label: str = ""
    subject: str = ""
    split: str = ""
    session: str = ""
    neutral: Path | int | None = None
    onset: int | None = None
    apex: int | None = None
    start: float | None = None
    end: float | None = None
    landmarks: tuple[Path, ...] = ()
    box: tuple[float, float, float, float] | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_video(self) -> bool:
        """Whether the sample is one video file."""
        return len(self.files) == 1 and self.files[0].suffix.lower() in VIDEO_SUFFIXES


@dataclass
class FoundRecords:
    """Samples that a layout finds in a folder.

    Attributes
    ----------
    records : list of Record
    faults : list of Fault
        Entries that are not among the records, such as an empty folder.
    annotation_files : list of Path
        Files that were read to find the records, in addition to those of the records.
    notes : list of str
        Decisions that a user should know.
    apex : {'last', 'found'}
        Where the apex of a clip is, if its record does not say it and the user does not either.
    classes : tuple of str
        Classes in the order of their codes; by default that of `class_order`.
    versions : mapping of str to tuple of str
        Annotation that names the version of a recording -> its values, the preferred one first; see
        `record_versions.one_version_each`.
    """

    records: list[Record]
    faults: list[Fault] = field(default_factory=list)
    annotation_files: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    apex: str = "last"
    classes: tuple[str, ...] = ()
    versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def copy(self) -> FoundRecords:
        """The same records in lists of their own."""
        return dataclasses.replace(
            self,
            records=list(self.records),
            faults=list(self.faults),
            annotation_files=list(self.annotation_files),
            notes=list(self.notes),
        )

    def used_files(self) -> list[Path]:
        """All files of the records, and the annotation files."""
        used = [file for record in self.records for file in (*record.files, *record.landmarks)]
        neutral = [record.neutral for record in self.records if isinstance(record.neutral, Path)]
        return [*used, *neutral, *self.annotation_files]
