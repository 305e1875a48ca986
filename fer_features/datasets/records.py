"""`Record`: the files and annotations of one sample, which readers of layouts find and `record_reader` reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..media.media_files import VIDEO_SUFFIXES


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
    landmarks : Path or None
        File with the landmarks of the image.
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
    landmarks: Path | None = None
    box: tuple[float, float, float, float] | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_video(self) -> bool:
        """Whether the sample is one video file."""
        return len(self.files) == 1 and self.files[0].suffix.lower() in VIDEO_SUFFIXES
