"""One clip: its frames are read once, and the neutral face, the apex and the frames between them are chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..media.decoding import UnreadableImage, decode_image
from ..media.video_frames import UnreadableVideo, VideoFrames
from .clip_column import NEUTRAL_IMAGE_NUMBER, ClipFrames, is_video, region_after_fit
from .clip_motion import FaceMotion
from .file_records import Record
from .frame_selection import FrameChoice, evenly_spaced
from .grey_frames import GreyFrame, grey_frame
from .still_images import Fault

#: Seconds by which the end of an expression may be after the last frame of its video: annotations are rounded.
END_TOLERANCE = 0.5


class ClipFault(Exception):
    """A record that cannot be used.

    Parameters
    ----------
    kind, message : str
        Those of the attribute `fault`, a `Fault`.
    """

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.fault = Fault(kind, message)


def is_pair(record: Record) -> bool:
    """Whether a record is an image with an image of the neutral face."""
    return len(record.files) == 1 and not record.is_clip and isinstance(record.neutral, Path)


def read_clip(record: Record, choice: FrameChoice, name: Callable[[Path], str]) -> tuple[ClipFrames, set[str]]:
    """Choose the frames of a clip.

    Parameters
    ----------
    record : Record
    choice : FrameChoice
    name : callable
        Name of a file or folder for messages.

    Returns
    -------
    clip : ClipFrames
    remarks : set of str
        What a user should know: 'short', 'reversed', 'resized', 'colour', 'reduced', 'truncated'.

    Raises
    ------
    ClipFault
    """
    return _ClipReader(record, choice, name).read()


@dataclass
class _Extent:
    """The part of a clip that shows the expression, and all frames that were read.

    Attributes
    ----------
    n_frames : int
        Number of frames of the clip, up to the end of the expression.
    first, last : int
    sample : GreyFrame or None
        A frame of a video.
    """

    n_frames: int
    first: int
    last: int
    sample: GreyFrame | None = None


class _ClipReader:
    def __init__(self, record: Record, choice: FrameChoice, name: Callable[[Path], str]):
        self.record, self.choice, self.name = record, choice, name
        self.remarks: set[str] = set()
        if not record.files:
            raise ClipFault("clip without frames", f"{record.id} has no frames")
        self.is_video = is_video(record.files)
        self.title = name(record.files[0] if len(record.files) == 1 else record.files[0].parent)
        self.apex_choice = choice.apex or (choice.default_apex if record.apex is None else "given")
        if choice.n_frames == 1 and len(record.files) == 1 and not record.is_clip:  # a still image is its own apex
            self.apex_choice = "last"
        self.neutral_is_found = record.neutral is None and record.onset is None and choice.neutral == "found"
        if not self.is_video and len(record.files) == 1:  # nothing to find in the only frame, such as that of a pair
            self.apex_choice = "last" if self.apex_choice == "found" else self.apex_choice
            self.neutral_is_found = False
        self.motion = FaceMotion() if self.apex_choice == "found" or self.neutral_is_found else None

    def read(self) -> tuple[ClipFrames, set[str]]:
        neutral_image = self._neutral_image()
        extent = self._read_video() if self.is_video else self._read_images()
        if self.choice.n_frames == 1 and self.apex_choice != "found":
            timeline: Sequence[int] = [self._apex(extent, None)]
        else:
            neutral = NEUTRAL_IMAGE_NUMBER if neutral_image is not None else self._neutral(extent)
            apex = self._apex(extent, neutral if neutral_image is None else neutral_image.image)
            timeline = self._timeline(extent, neutral, apex)
        if len(timeline) < self.choice.n_frames:
            self.remarks.add("short")
        return self._clip(evenly_spaced(timeline, self.choice.n_frames), extent, neutral_image), self.remarks

    def _neutral_image(self) -> GreyFrame | None:
        is_needed = self.choice.n_frames > 1 or self.apex_choice == "found"
        if not is_needed or not isinstance(self.record.neutral, Path):
            return None
        return self._image(self.record.neutral, "unreadable neutral image", None)

    def _read_images(self) -> _Extent:
        for limit in ("start", "end"):
            if getattr(self.record, limit) is not None:
                message = (
                    f"{self.title} is not a video and has a {limit} in seconds: give onset and apex as frame numbers"
                )
                raise ClipFault("start or end of images", message)
        if self.motion is not None:
            for number, file in enumerate(self.record.files):
                self.motion.add(number, self._image(file, "unreadable frame", self.record.box).image)
        return _Extent(len(self.record.files), 0, len(self.record.files) - 1)

    def _read_video(self) -> _Extent:
        try:
            with VideoFrames(self.record.files[0]) as video:
                return self._scan(video)
        except UnreadableVideo as error:
            raise ClipFault("unreadable video", f"{self.title} {error}") from error
        except UnreadableImage as error:
            raise ClipFault("unreadable frame", f"{self.title} {error}") from error

    def _scan(self, video: VideoFrames) -> _Extent:
        start = 0.0 if self.record.start is None else self.record.start
        end = np.inf if self.record.end is None else self.record.end
        if not 0 <= start < end:
            message = f"{self.title}: the start, {start:g} s, is not between 0 and the end, {end:g} s"
            raise ClipFault("start or end outside of the video", message)
        first, last, seconds, sample = -1, -1, 0.0, None
        for number, seconds in enumerate(video):
            if seconds > end:
                break
            if seconds < start:
                continue
            first, last = first if sample else number, number
            if sample is None or self.motion is not None:
                sample = grey_frame(video.image(), self.record.box)
            if self.motion is not None:
                self.motion.add(number, sample.image)
        else:
            if not video.n_read:
                raise UnreadableVideo("has no frame that can be decoded: it is empty, damaged or not a video")
            if sample is None or seconds + END_TOLERANCE < end < np.inf:
                limit = f"start, {start:g} s" if sample is None else f"end, {end:g} s"
                message = f"{self.title}: the {limit}, is after the last frame, which is at {seconds:.2f} s"
                raise ClipFault("start or end outside of the video", message)
            if video.is_truncated:
                self.remarks.add("truncated")
        return _Extent(video.n_read, first, last, sample)

    def _neutral(self, extent: _Extent) -> int:
        given = self.record.onset if self.record.neutral is None else self.record.neutral
        if isinstance(given, int):
            return self._checked("neutral" if given == self.record.neutral else "onset", given, extent)
        if self.neutral_is_found and self.motion is not None:
            return self.motion.find_neutral()
        return extent.first

    def _apex(self, extent: _Extent, neutral: int | np.ndarray | None) -> int:
        if self.apex_choice == "last":
            return extent.last
        if self.apex_choice == "given":
            if self.record.apex is None:
                message = f"{self.title} has no apex: give it, or use apex='last' or apex='found'"
                raise ClipFault("apex not given", message)
            return self._checked("apex", self.record.apex, extent)
        assert self.motion is not None
        assert neutral is not None
        return self.motion.find_apex(neutral)

    def _checked(self, what: str, number: int, extent: _Extent) -> int:
        if not 0 <= number < extent.n_frames:
            message = (
                f"{self.title}: the {what} frame {number} is outside of the clip (frames 0 to {extent.n_frames - 1})"
            )
            raise ClipFault("frame outside of the clip", message)
        return number

    def _timeline(self, extent: _Extent, neutral: int, apex: int) -> Sequence[int]:
        """Numbers of all frames from the neutral face to the apex."""
        if neutral == NEUTRAL_IMAGE_NUMBER:
            onset = extent.first if self.record.onset is None else self._checked("onset", self.record.onset, extent)
            if onset > apex:
                raise ClipFault("apex not after neutral frame", f"{self.title}: apex {apex} is before onset {onset}")
            return [NEUTRAL_IMAGE_NUMBER, *range(onset, apex + 1)]
        if neutral < apex:
            return range(neutral, apex + 1)
        if neutral == apex or not (self.neutral_is_found or isinstance(self.record.neutral, int)):
            message = f"{self.title}: apex {apex} is not after the neutral frame {neutral}"
            if extent.n_frames == 1:
                message = f"{self.title} has one frame: a neutral frame and an apex are needed"
            raise ClipFault("apex not after neutral frame", message)
        self.remarks.add("reversed")
        return range(neutral, apex - 1, -1)

    def _clip(self, numbers: np.ndarray, extent: _Extent, neutral_image: GreyFrame | None) -> ClipFrames:
        """The frames of the clip; the neutral face and the apex are decoded, which shows faults early."""
        in_clip = [int(number) for number in numbers if number != NEUTRAL_IMAGE_NUMBER]
        if extent.sample is not None:
            frames = dict.fromkeys(in_clip, extent.sample)
        else:
            frames = self._frames([in_clip[-1], in_clip[0]])
            if len({frame.image.shape for frame in frames.values()}) > 1:
                frames = self._frames([in_clip[-1], *in_clip])
        if neutral_image is not None and numbers[0] == NEUTRAL_IMAGE_NUMBER:
            frames[NEUTRAL_IMAGE_NUMBER] = neutral_image
        shown = list(frames.values())
        size = shown[0].image.shape
        properties = {
            "colour": any(frame.is_colour for frame in shown),
            "reduced": any(frame.is_reduced for frame in shown),
            "resized": any(frame.image.shape != size for frame in shown),
        }
        self.remarks.update(remark for remark, is_true in properties.items() if is_true)
        neutral = self.record.neutral if isinstance(self.record.neutral, Path) else None
        # Frames that are not decoded here have the size of the apex.
        regions = tuple(region_after_fit(frames.get(number, shown[0]), size) for number in numbers.tolist())
        return ClipFrames(self.record.files, tuple(numbers.tolist()), size, neutral, self.record.box, regions)

    def _frames(self, numbers: Sequence[int]) -> dict[int, GreyFrame]:
        """Frames of a folder by their number."""
        files = {number: self.record.files[number] for number in numbers}
        return {number: self._image(file, "unreadable frame", self.record.box) for number, file in files.items()}

    def _image(self, file: Path, kind: str, box: tuple[float, float, float, float] | None) -> GreyFrame:
        try:
            return grey_frame(decode_image(file), box)
        except UnreadableImage as error:
            raise ClipFault(kind, f"{self.name(file)} {error}") from error
