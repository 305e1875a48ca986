"""CK+: the Extended Cohn-Kanade Dataset.

593 sequences of 123 subjects from the neutral face to the peak of an expression, in frames of 640 x 490 pixels, most of
them grey. As the ``ReadMeFirst.txt`` of the distribution says, the archives are folders of subjects with folders of
sequences::

    cohn-kanade-images/S005/001/S005_001_00000011.png
    Emotion/S005/001/S005_001_00000011_emotion.txt          code of the expression of the peak, '   3.0000000e+00'
    Landmarks/S005/001/S005_001_00000011_landmarks.txt      68 lines 'x y' for each frame
    FACS/S005/001/S005_001_00000011_facs.txt                action units of the peak, which are not read

The archives can be unpacked beside each other or into folders of their own. Codes: 0 neutral, 1 anger, 2 contempt, 3
disgust, 4 fear, 5 happy, 6 sadness, 7 surprise. Only 327 sequences have an emotion file; the others have no label,
because they do not fit a prototypic expression. The peak is the frame in the name of the emotion file, which is the
last one.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict

from ...exceptions import FerError
from ...media.file_tree import FileTree
from ..file_records import FoundRecords, Record
from ..label_lists import class_in, read_list
from ..layout import Layout
from ..still_images import Fault, display_text

#: Codes in the emotion files -> classes.
CLASSES = dict(enumerate(("neutral", "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise")))

#: Folders of a subject and of a sequence, and the beginning of the names of the files in them.
_FRAME = r"(?P<clip>(?P<subject>S\d{3})/(?P<session>\d{3}))/(?P=subject)_(?P=session)_(?P<frame>\d{8})"


def _with_annotations(tree: FileTree, found: FoundRecords) -> FoundRecords:
    """Records with the labels and the landmarks of their sequences."""
    emotion_files: dict[str, list[str]] = defaultdict(list)
    for match in tree.matching(rf"(?:.*/)?{_FRAME}_emotion\.txt"):
        emotion_files[match["clip"].lower()].append(match[0])
    landmark_files = {_key(match[0]): match[0] for match in tree.matching(rf"(?:.*/)?{_FRAME}_landmarks\.txt")}
    records, faults, notes = [], list(found.faults), list(found.notes)
    n_incomplete = 0
    for record in found.records:
        emotion_names = emotion_files.get(_clip(record), [])
        label = _label(tree, record, emotion_names)
        if isinstance(label, Fault):
            faults.append(label)
            continue
        names = [landmark_files.get(f"{file.stem}_landmarks.txt".lower()) for file in record.files]
        landmarks = tuple(tree.path(name) for name in names if name is not None)
        is_complete = len(landmarks) == len(record.files)
        n_incomplete += bool(landmarks) and not is_complete
        records.append(
            dataclasses.replace(
                record,
                label=label,
                apex=_peak(record, emotion_names[0]) if emotion_names else None,
                landmarks=landmarks if is_complete else (),
            )
        )
    clips = {_clip(record) for record in found.records}
    for clip, names_of_clip in emotion_files.items():
        if clip not in clips:
            faults.append(Fault("label without frames", f"{display_text(names_of_clip[0])} has no frames beside it"))
    n_unlabelled = sum(not record.label for record in records)
    if n_unlabelled:
        notes.append(f"{n_unlabelled} of {len(records)} sequences have no emotion file and therefore no label")
    if n_incomplete:
        notes.append(f"landmarks of {n_incomplete} sequence(s) are not read: they are absent for some frames")
    annotation_files = [tree.path(name) for names_of_clip in emotion_files.values() for name in names_of_clip]
    return dataclasses.replace(found, records=records, faults=faults, notes=notes, annotation_files=annotation_files)


def _label(tree: FileTree, record: Record, names: list[str]) -> str | Fault:
    """Class in the emotion file of a sequence; empty without such a file."""
    if not names:
        return ""
    if len(names) > 1:
        listed = " and ".join(map(display_text, names[:2]))
        return Fault("several labels", f"{record.id} has {len(names)} emotion files, such as {listed}")
    if _peak(record, names[0]) is None:
        return Fault("absent frame", f"{display_text(names[0])} is the label of a frame that {record.id} lacks")
    try:
        lines, faults = read_list(tree, names[0], n_fields=1)
    except FerError as error:
        return Fault("unreadable label", str(error))
    if faults or len(lines) != 1:
        return faults[0] if faults else lines[1].fault("several labels", "one label is needed")
    return class_in(lines[0], lines[0].fields[0], CLASSES)


def _peak(record: Record, emotion_name: str) -> int | None:
    """Number of the frame that an emotion file names; None if the sequence lacks it."""
    frames = [f"{file.stem}_emotion.txt".lower() for file in record.files]
    return frames.index(_key(emotion_name)) if _key(emotion_name) in frames else None


def _clip(record: Record) -> str:
    """Folders of the subject and of the sequence."""
    return "/".join(record.files[0].parts[-3:-1]).lower()


def _key(name: str) -> str:
    """Name of a file without its folders, which is the same in every archive."""
    return name.rsplit("/", 1)[-1].lower()


CKPLUS = Layout(
    name="ckplus",
    description="CK+: 593 sequences of 123 subjects from neutral to peak, eight expressions, landmarks",
    layout="cohn-kanade-images/S005/001/S005_001_00000011.png with Emotion/S005/001/*_emotion.txt and Landmarks/",
    pattern=rf"{_FRAME}\.(png|jpe?g|tiff?)",
    apex="last",
    annotate=_with_annotations,
    reference="Lucey et al., The Extended Cohn-Kanade Dataset (CK+), CVPR Workshops 2010, "
    "doi:10.1109/CVPRW.2010.5543262; Kanade, Cohn, Tian, FG 2000, doi:10.1109/AFGR.2000.840611",
    licence="non-commercial research after signing an agreement; redistribution is not permitted",
    homepage="https://www.jeffcohn.net/resources",
)
