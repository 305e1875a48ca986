"""AFEW: Acted Facial Expressions in the Wild, clips of movies, from the challenges EmotiW.

``Train/Angry/000046280.avi`` (also below ``Train_AFEW`` and ``Val_AFEW``) is split, expression and the time in the
movie at which the clip begins. Clips of the split Test have no expression folder and no label. The faces that the
organizers cropped are frames in folders of the same names, ``Train_Aligned_Faces/000046280/*.jpg`` or
``AlignedFaces_LBPTOP_Points/Faces/000046280/*.jpg``; their labels are those of the videos, which must be beside them.
The files name neither movie nor actor, so subjects are unknown.
"""

from __future__ import annotations

import dataclasses

from ...media.file_tree import FileTree
from ..file_records import FoundRecords
from ..layout import Layout

_VIDEO, _ALIGNED = "video", "aligned faces"


def _label_aligned_faces(tree: FileTree, found: FoundRecords) -> FoundRecords:
    """Records with their edition; those of aligned faces have the label and the split of the video."""
    labels: dict[tuple[str, str], set[str]] = {}
    for record in found.records:
        if record.is_video:
            labels.setdefault((record.split, record.extra["time"]), set()).add(record.label)
    records, n_unknown = [], 0
    for record in found.records:
        label = record.label
        if not record.is_video and not label:
            of_videos = labels.get((record.split, record.extra["time"]), set())
            label = next(iter(of_videos)) if len(of_videos) == 1 else ""
            n_unknown += len(of_videos) != 1
        extra = {**record.extra, "edition": _VIDEO if record.is_video else _ALIGNED}
        records.append(dataclasses.replace(record, label=label, extra=extra))
    if n_unknown:
        found.notes.append(
            f"{n_unknown} sequence(s) of aligned faces have no label, because not exactly one video has their name"
        )
    found.records = records
    return found


AFEW = Layout(
    name="afew",
    description="AFEW: clips of movies, six expressions and neutral, predefined splits; subjects unknown",
    layout="Train/Angry/000046280.avi: split, expression, time in the movie",
    pattern=r"(?P<split>Train|Val|Test)(?:_AFEW|_vid_Distribute|_Aligned_Faces|)/"
    r"(?:(?:videos|faces|[^/]*Aligned_?Faces[^/]*)/)*"
    r"(?:(?P<label>Angry|Disgust|Fear|Happy|Neutral|Sad|Surprise)/)?"
    r"(?P<clip>(?P<time>\d{9})(?:\.(?:avi|mp4)|(?=/[^/]+\.)))(?:/[^/]+\.(?:jpe?g|png))?",
    splits={"train": "train", "val": "validation", "test": "test"},
    versions={"edition": (_VIDEO, _ALIGNED)},
    apex="found",
    annotate=_label_aligned_faces,
    reference="Dhall, Goecke, Lucey, Gedeon, Collecting large, richly annotated facial-expression databases from "
    "movies, IEEE MultiMedia 2012, doi:10.1109/MMUL.2012.26",
    licence="academic research, after a signed agreement",
    homepage="https://cs.anu.edu.au/few/AFEW.html",
)
