"""MMI: videos from neutral over onset, apex and offset to neutral.

A folder for each session, ``Sessions/1/S001-001.avi``, with its metadata: ``S001-001.xml`` has the emotion as
``<Metatag Name="Emotion" Value="1"/>`` (1 anger, 2 disgust, 3 fear, 4 happiness, 5 sadness, 6 surprise),
``session.xml`` the view of the camera as ``<track view="0">`` (0 frontal, 1 profile, 2 both in one image), and
``S001-001-oao_aucs.xml`` the onset, apex and offset of Action Units, which is not used. The first three digits of the
name are the subject. Most sessions show single Action Units and have no emotion, or one with a higher code (such as
scream or boredom); they are counted and are not samples.
"""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from ..._files import regular_file
from ...exceptions import FerError
from ...media.file_tree import FileTree
from ..file_records import FoundRecords
from ..layout import Layout
from ..still_images import Fault

EMOTIONS = {"1": "angry", "2": "disgust", "3": "fear", "4": "happy", "5": "sad", "6": "surprise"}
VIEWS = {"0": "frontal", "1": "profile", "2": "frontal and profile"}


def _read_metadata(tree: FileTree, found: FoundRecords) -> FoundRecords:
    """Records of the sessions that show an emotion."""
    records = []
    for record in found.records:
        video = record.files[0]
        try:
            emotion, view = _emotion(video.with_suffix(".xml"), found), _view(video.parent / "session.xml", found)
        except FerError as error:
            found.faults.append(Fault("invalid metadata", f"{record.id}: {error}"))
            continue
        if emotion in EMOTIONS:
            extra = {**record.extra, "view": VIEWS.get(view, view)}
            records.append(dataclasses.replace(record, label=EMOTIONS[emotion], extra=extra))
    n_unused = len(found.records) - len(records) - len(found.faults)
    if n_unused and not records and not found.faults:
        raise FerError(f"{tree.root}: none of the {n_unused} session(s) of MMI is annotated with a basic emotion")
    if n_unused:
        found.notes.append(
            f"not used: {n_unused} session(s) of MMI without a basic emotion, such as single Action Units"
        )
    views = sorted({record.extra["view"] for record in records})
    if len(views) > 1:
        found.notes.append(f"the videos have the views {', '.join(views)}; where='view=frontal' selects one")
    found.records = records
    return found


def _emotion(file: Path, found: FoundRecords) -> str:
    for tag in _parse(file, found).iter("Metatag"):
        if tag.get("Name") == "Emotion":
            return (tag.get("Value") or "").strip()
    return ""


def _view(file: Path, found: FoundRecords) -> str:
    if not file.exists():
        return ""
    return next((tag.get("view", "") for tag in _parse(file, found).iter("track")), "")


def _parse(file: Path, found: FoundRecords) -> ElementTree.Element:
    if not file.exists():
        raise FerError(f"its metadata {file.name} is absent")
    try:
        root = ElementTree.parse(regular_file(file)).getroot()
    except (ElementTree.ParseError, ValueError, OSError) as error:
        raise FerError(f"{file.name} is not valid XML: {error}") from error
    found.annotation_files.append(file)
    return root


MMI = Layout(
    name="mmi",
    description="MMI: videos from neutral to apex and back, six emotions, frontal and profile views",
    layout="Sessions/1/S001-001.avi with S001-001.xml and session.xml",
    pattern=r"S(?P<subject>\d{3})-\d{3,4}\.(avi|mp4|mov|mpe?g)",
    apex="found",
    annotate=_read_metadata,
    reference="Pantic, Valstar, Rademaker, Maat, Web-based database for facial expression analysis, ICME 2005, "
    "doi:10.1109/ICME.2005.1521424",
    licence="research only, after a signed agreement",
    homepage="https://mmifacedb.eu",
)
